"""The client's tests and the attacks with a real BlueZ in the place of one of the two stacks; only with --all.

A QEMU guest runs a Debian kernel and bluetoothd; BlueZ's radio is a virtual controller in the same software air. Once
BlueZ is the device (`firmware_py.pi.bluez_server`, a laptop of bumble), once the laptop (bleak, a device of bumble).
"""

import sys
from xml.etree import ElementTree

import pytest

from firmware_py.pi.bluez_config import main_conf_problems
from tests.guest import machine
from tests.house import REPO

pytestmark = pytest.mark.slow

MAIN_CONF = """[General]
SecureConnections = only
JustWorksRepairing = never
[GATT]
KeySize = 16
"""
CLIENT = tuple(
    f"tests/test_therapist_{name}.py" for name in ("client", "client_streams", "press", "lost_link", "pin")
)
SUITE: dict[str, tuple[str, ...]] = {"device": ("tests/guest/attacks.py", *CLIENT), "laptop": CLIENT}
# BlueZ puts the device's name into its scan response, and the software air has none; one test silences bumble itself.
NOT_FOR_IT: dict[str, tuple[str, ...]] = {
    "device": (
        "tests/test_therapist_client.py::test_a_scan_names_what_is_nearby",
        "tests/test_therapist_client.py::test_a_device_that_is_not_there_is_said_so[None]",
        "tests/test_therapist_press.py::test_the_job_stop_needs_no_answer_to_hello",
    ),
    "laptop": (),
}
TESTS_MIN = 60  # the guest has run them, and not found an empty folder
BOOT_AND_RUN_S = 5_400  # minutes if nothing else runs


@pytest.fixture(scope="module", params=("device", "laptop"))
def outcome(request, tmp_path_factory):
    """Return {test: why it failed, "" if it passed} of a run inside the guest."""
    why_not = machine.missing()
    if why_not:
        pytest.skip(f"a guest with a real BlueZ {why_not}")
    role = request.param
    out = tmp_path_factory.mktemp(f"guest-{role}")
    # What the suite outside needs besides (hypothesis, evidence) would take minutes to load on an emulated processor.
    pytest_here = "-m pytest --noconftest -p no:hypothesispytest -p no:cacheprovider -p tests.guest.bluez_rig"
    pytest_here += (
        " -W ignore::ResourceWarning -W ignore::pytest.PytestUnraisableExceptionWarning"  # bleak's D-Bus
    )
    command = (
        f"SWINGPHASE_BLUEZ={role} {sys.executable} {pytest_here} -m 'not slow' "
        f"-q --junitxml=/guest/results.xml {' '.join(SUITE[role])} "
        f"{' '.join(f'--deselect={test}' for test in NOT_FOR_IT[role])}"
    )
    said = machine.run(command, REPO, out, main_conf=MAIN_CONF, timeout_s=BOOT_AND_RUN_S)
    assert (out / "results.xml").exists(), said[-3000:]
    return results_in((out / "results.xml").read_text(encoding="utf-8"))


def results_in(xml: str) -> dict[str, str]:
    found = {}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        found[f"{case.get('name')}"] = bad[0].get("message", "failed")[:300] if bad else ""
    return found


def test_the_guest_has_the_settings_that_a_device_needs():
    assert main_conf_problems(MAIN_CONF) == []


def test_with_a_real_bluez_all_is_as_it_should_be(outcome):
    assert len(outcome) >= TESTS_MIN
    assert {name: why for name, why in outcome.items() if why} == {}
