"""The configuration of `./swingphase run`: every key documented, every mistake answered with a sentence."""

import re
import tomllib

import pytest
from pydantic import ValidationError

from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.exercise_file import load_plan
from firmware_py.pi.gpio_port import CHIP
from firmware_py.pi.prescription_file import load_prescription
from firmware_py.pi.run import config, config_docs
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


LINE_KEYS = {
    ("lines", "heel_switch"),
    ("lines", "stop"),
    ("lines", "beeper"),
    ("lines", "lamp"),
    ("keys", "up"),
    ("keys", "down"),
    ("keys", "pause"),
    ("keys", "mute"),
    ("keys", "hand"),
    ("keys", "beeper"),
    ("keys", "motor"),
    ("link", "pairing_button"),
}


def test_no_line_is_left_out_of_what_is_compared():
    found = {(s, key) for s, m in config_docs.sections() for key, f in m.model_fields.items() if is_line(f)}
    assert found == LINE_KEYS


def is_line(field):
    return config.IS_LINE in field.metadata


@pytest.mark.parametrize(("section", "key"), sorted(LINE_KEYS - {("lines", "stop")}))
def test_a_line_that_two_keys_name_is_refused_with_both(tmp_path, section, key):
    stop = f'[lines]\nstop = "19"\n{"" if section == "lines" else f"[{section}]{chr(10)}"}'
    said = refused(tmp_path, f'{stop}{key} = "/dev/gpiochip0:019"\n')
    for part in (f"{key} in [{section}]", "stop in [lines]", "share line 19. Give each"):
        assert part in said


def test_every_line_that_is_shared_is_told_at_once(tmp_path):
    said = refused(tmp_path, '[lines]\nstop = "17"\n[keys]\nup = "22"\nbeeper = "22"\n').splitlines()
    assert len(said) == 2
    assert "heel_switch in [lines] and stop in [lines] share line 17" in said[0]
    assert "beeper in [lines] and up in [keys] and beeper in [keys] share line 22" in said[1]


@pytest.mark.parametrize(
    ("line", "imu", "what"),
    [
        ("2", "", "SDA of the IMU"),
        ("3", "", "SCL of the IMU"),
        ("5", "", "INT1 of the IMU"),
        ("2", 'kind = "iio"\nbus = 3', "SDA of the IMU"),
        ("2", 'kind = "i2c"', "SDA of the IMU"),
        ("3", 'kind = "i2c"', "SCL of the IMU"),
    ],
)
def test_a_line_of_the_imu_is_no_key(tmp_path, line, imu, what):
    said = refused(tmp_path, f'[imu]\n{imu}\n[keys]\npause = "{line}"\n')
    assert f"pause in [keys] and {what} share line {line}" in said


@pytest.mark.parametrize(
    ("line", "imu"),
    [
        ("5", 'kind = "i2c"'),
        ("2", 'kind = "i2c"\nbus = 3'),
        ("/dev/gpiochip9:2", ""),
        ("/dev/gpiochip9:17", ""),
        ("4", ""),
    ],
)
def test_a_line_that_nobody_else_uses_is_free(tmp_path, line, imu):
    text = f'[imu]\n{imu}\n[keys]\npause = "{line}"\n'
    assert load_config(written(tmp_path, text)).keys.pause == line


def test_two_names_of_one_chip_are_one_chip(tmp_path, monkeypatch):
    (tmp_path / "chip").touch()
    (tmp_path / "other").symlink_to(tmp_path / "chip")
    monkeypatch.setattr(config, "LINE", re.compile(r"(?:(/[\w/.-]+):)?(\d{1,3})$"))  # not below /dev
    text = f'[lines]\nstop = "{tmp_path}/chip:7"\nlamp = "{tmp_path}/other:7"\n'
    assert "share line 7" in refused(tmp_path, text)


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
