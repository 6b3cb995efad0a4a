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
CLIENT = "tests/test_therapist_client.py"
# What was seen to pass. The rest looks into bumble's own server, or was not run to an end (docs/link.md).
SUITE: dict[str, tuple[str, ...]] = {
    "device": ("tests/guest/attacks.py",),
    "laptop": tuple(
        f"{CLIENT}::test_{name}"
        for name in (
            "a_device_that_is_not_there_is_said_so",
            "a_laptop_that_is_not_paired_is_told_how",
            "before_pairing_only_what_is_open_can_be_read",
            "a_closed_window_is_said_so",
            "after_unpairing_it_is_a_stranger",
            "a_wrong_pin_is_refused_and_the_wait_is_named",
            "a_device_that_does_not_know_the_pin_is_found_out",
            "a_device_that_would_learn_the_pin_from_a_cheap_proof_gets_none",
            "a_change_is_tried_read_back_and_confirmed",
            "a_change_that_is_not_confirmed_goes_back",
            "what_the_device_refuses_comes_with_its_sentence",
            "a_change_waits_for_the_end_of_the_step",
        )
    ),
}
BOOT_AND_RUN_S = 5_400  # minutes if nothing else runs


@pytest.fixture(scope="module", params=("device", "laptop"))
def outcome(request, tmp_path_factory):
    """Return (role, {test: why it failed, "" if it passed}) of a run inside the guest."""
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
        f"-q --junitxml=/guest/results.xml {' '.join(SUITE[role])}"
    )
    said = machine.run(command, REPO, out, main_conf=MAIN_CONF, timeout_s=BOOT_AND_RUN_S)
    assert (out / "results.xml").exists(), said[-3000:]
    return role, results_in((out / "results.xml").read_text(encoding="utf-8"))


def results_in(xml: str) -> dict[str, str]:
    found = {}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        found[f"{case.get('name')}"] = bad[0].get("message", "failed")[:300] if bad else ""
    return found


def test_the_guest_has_the_settings_that_a_device_needs():
    assert main_conf_problems(MAIN_CONF) == []


def test_with_a_real_bluez_all_is_as_it_should_be(outcome):
    role, results = outcome
    assert len(results) >= len(SUITE[role])
    assert {name: why for name, why in results.items() if why} == {}
