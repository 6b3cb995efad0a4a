"""The configuration of `./swingphase run`: every key documented, every mistake answered with a sentence."""

import re
import tomllib

import pytest
from pydantic import ValidationError

from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.exercise_file import load_plan
from firmware_py.pi.gpio_port import CHIP
from firmware_py.pi.prescription_file import load_prescription
from firmware_py.pi.run import config_docs
from firmware_py.pi.run.config import RunConfig, line_of, load_config
from stimulator.prescription import PrescriptionError, default_prescription


def written(tmp_path, text):
    path = tmp_path / "swingphase.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path, text):
    with pytest.raises(UserError) as caught:
        load_config(written(tmp_path, text))
    return str(caught.value)


def keys_of_models():
    return {(section, key) for section, model in config_docs.sections() for key in model.model_fields}


def test_every_key_stands_on_the_page_and_no_other():
    found, section = set(), ""
    for line in config_docs.PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## `\[(\w+)\]`", line):
            section = heading[1]
        elif row := re.match(r"\| `(\w+)` \|", line):
            found.add((section, row[1]))
    assert found == keys_of_models()
    assert len(found) >= 20


def test_page_and_example_are_those_that_the_models_make():
    command = "run python -m firmware_py.pi.run.config_docs"
    assert config_docs.PAGE.read_text(encoding="utf-8") == config_docs.page(), command
    assert config_docs.EXAMPLE.read_text(encoding="utf-8") == config_docs.example(), command


def test_the_example_holds_every_key_at_its_default_and_is_valid():
    data = tomllib.loads(config_docs.EXAMPLE.read_text(encoding="utf-8"))
    assert {(section, key) for section, keys in data.items() for key in keys} == keys_of_models()
    assert RunConfig.model_validate(data) == RunConfig()
    assert load_config(config_docs.EXAMPLE).files.logs == str(ROOT / "logs")


def test_every_key_has_a_sentence():
    for section, model in config_docs.sections():
        for key, field in model.model_fields.items():
            assert (field.description or "").endswith("."), f"{key} in [{section}]"


def test_what_is_left_out_has_its_default_and_paths_are_meant_from_the_file(tmp_path):
    path = written(
        tmp_path, '[wearer]\nside = "left"\n[files]\nprescription = "mine.toml"\nlogs = "/var/log/x"\n'
    )
    config = load_config(path)
    assert config.wearer.side == "left"
    assert config.imu == RunConfig().imu
    assert config.files.prescription == str(tmp_path / "mine.toml")
    assert config.files.settings == str(tmp_path / "settings")
    assert config.files.logs == "/var/log/x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[wearers]\n", r"no section \[wearers\]; allowed are \[wearer\], \[stimulator\]"),
        ("wearer = 3\n", r"\[wearer\] is not a section"),
        ('[imu]\nprat = "x"\n', r"no key prat in \[imu\]; allowed are part, place"),
        ("[imu]\nrate_hz = 99\n", r"rate_hz in \[imu\] is 99: .*100\. Readings a second"),
        ("[imu]\nrate_hz = 417\n", r"rate_hz in \[imu\] is 417: .*416"),
        ('[imu]\nrate_hz = "208"\n', r"rate_hz in \[imu\] is '208'"),
        ('[imu]\naxes = ["+x", "+x", "+z"]\n', r"axes in \[imu\]"),
        ('[lines]\nstop = "GPIO27"\n', r"stop in \[lines\] is 'GPIO27': a line is its number"),
        ('[wearer]\nside = "both"\n', r"side in \[wearer\] is 'both': .*'right' or 'left'"),
        ("[stimulator]\nallow_host_death_tail_ms = 2001\n", "allow_host_death_tail_ms .* 2000"),
        ("[files]\nlogs_max_mib = 15\n", "logs_max_mib .* 16"),
        ("[files\n", "is not TOML .* Mend the line"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path, text, said):
    assert re.search(said, refused(tmp_path, text), re.DOTALL)


def test_every_mistake_is_told_at_once(tmp_path):
    said = refused(tmp_path, "[imu]\nrate_hz = 1\nbus = 99\n")
    assert "rate_hz" in said
    assert "bus" in said


def test_a_file_that_is_not_there_says_what_to_copy(tmp_path):
    with pytest.raises(UserError, match=r"Copy swingphase\.example\.toml"):
        load_config(tmp_path / "none.toml")


def test_a_line_is_a_number_on_the_first_chip_or_names_its_chip():
    assert line_of("17") == (CHIP, 17)
    assert line_of("/dev/gpiochip4:5") == ("/dev/gpiochip4", 5)
    with pytest.raises(UserError):
        line_of("seventeen")


def test_another_leg_pads_or_switch_is_another_profile():
    base = RunConfig()
    profiles = {base.profile()}
    for text in (
        {"wearer": {"side": "left"}},
        {"wearer": {"electrodes": "50 mm"}},
        {"wearer": {"electrode_area_cm2": 30}},
        {"lines": {"heel_switch": ""}},
    ):
        profiles.add(RunConfig.model_validate(text).profile())
    assert len(profiles) == 5


@pytest.mark.parametrize(("area_cm2", "is_taken"), [(19, False), (20, True), (200, True), (201, False)])
def test_pads_below_20_cm2_are_refused(area_cm2, is_taken):
    try:
        RunConfig.model_validate({"wearer": {"electrode_area_cm2": area_cm2}})
    except ValidationError:
        assert not is_taken
    else:
        assert is_taken


def test_the_wiring_page_uses_the_lines_that_are_the_defaults_and_names_what_must_not_be_forgotten():
    text = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
    lines = RunConfig().lines
    for what, line in (("heel switch", lines.heel_switch), ("stop button", lines.stop), ("lamp", lines.lamp)):
        row = next(one for one in text.splitlines() if one.startswith(f"| {what} | ") and "GPIO" in one)
        assert f"GPIO {line} |" in row
    assert f"| gate | GPIO {lines.beeper} |" in text
    for word in (
        "## Raspberry Pi",
        "needs no Python",
        "passkey",
        "never on hardware",
        "walking goes on; a test burst",
    ):
        assert word in text, word


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00", b"a = " + b"[" * 5_000, b"a = " + b"9" * 5_000, b"\x00", b"a = 2026-99-99"]
)
def test_garbage_in_a_file_that_people_write_is_a_sentence(tmp_path, garbage):
    path = tmp_path / "some.toml"
    path.write_bytes(garbage)
    with pytest.raises(UserError, match="is not TOML"):
        load_config(path)
    with pytest.raises(PrescriptionError, match="is not TOML"):
        load_prescription(path)
    with pytest.raises(PrescriptionError, match="is not TOML"):
        load_plan(path, default_prescription())
