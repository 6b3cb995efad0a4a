"""`./swingphase run --check`: every part wired and missing, told in a sentence, without the hardware."""

import errno
import os

import pytest

import swingphase
from firmware_py.link.kept import NAME, SETTLED, Kept, hash_of
from firmware_py.pi.console import UserError
from firmware_py.pi.gpio_port import GpioError
from firmware_py.pi.link_store import FileStore
from firmware_py.pi.link_users import add_user
from firmware_py.pi.run import check
from firmware_py.pi.run.check import MISSING, NOTE, OK, Openers, look
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.link import FILE
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.serial_port import PortError
from firmware_py.pi.settings_files import FolderFiles, opened
from stimulator.prescription import default_prescription
from tests.mpy.link_session import changed

UPRIGHT = (0, 0, 0, 0, 5, -8, 998)  # t_us, rates, forces


class Part:
    """Stands for any part; remembers that it was let go of."""

    def __init__(self, readings=(), is_closed=True):
        self.readings, self.is_closed, self.n_closed = list(readings), is_closed, 0

    def read(self):
        return self.readings

    def percent(self):
        return 71

    def close(self):
        self.n_closed += 1


class Bench:
    """Parts that are all there and well, unless a test says otherwise."""

    def __init__(self, tmp_path, **sections):
        files = {"logs": str(tmp_path / "logs"), "settings": str(tmp_path / "settings")}
        parts = {"stimulator": {"port": "/dev/stim"}, "supply": {"battery": "BAT0"}, "files": files}
        for name, values in sections.items():
            parts[name] = parts.get(name, {}) | values
        self.config = RunConfig.model_validate(parts)
        self.imu, self.switch, self.contact = Part([UPRIGHT]), Part(is_closed=False), Part()
        self.port, self.output, self.battery = Part(), Part(), Part()
        self.naps = 0

    def nap(self, seconds):
        self.naps += 1

    def found(self, is_sim=False, **openers):
        how = {
            "port": lambda path, settings: self.port,
            "contact": lambda chip, line, what: self.contact,
            "output": lambda chip, line, what: self.output,
            "battery": lambda name: self.battery,
            "imu": lambda config, places, clock: self.imu,
            "switch": lambda config, places: self.switch,
            "nap": self.nap,
        }
        found = look(self.config, is_sim=is_sim, openers=Openers(**(how | openers)))
        return {one.what: one for one in found}


def raises(error):
    def opener(*_):
        raise error

    return opener


@pytest.mark.parametrize("enabled", [False, True])
def test_what_was_confirmed_over_the_link_is_told_where_it_differs_from_the_file(tmp_path, enabled):
    bench = Bench(tmp_path, link={"enabled": enabled})
    old, store = default_prescription(), FileStore(tmp_path / "settings" / "link")
    less = changed(old, 1, current_ua=12_000)
    store.save(FILE, hash_of(old))
    store.save(NAME, Kept(SETTLED, 1, old, old).to_bytes())
    assert "not the file" not in bench.found()["prescription"].text
    store.save(NAME, Kept(SETTLED, 2, less, less).to_bytes())
    found = bench.found()["prescription"]
    assert found.state == NOTE
    assert "peroneal current_ua 12000 (file: 20000)" in found.text
    store.save(NAME, b"nonsense")
    found = bench.found()["prescription"]
    assert found.state == NOTE, "nobody is kept from walking"
    assert "leg and channels have to be checked again" in found.text


def test_all_that_is_there_is_told_and_let_go_of(tmp_path):
    bench = Bench(tmp_path)
    found = bench.found()
    for what in (
        "stimulator",
        "imu",
        "heel switch",
        "stop contact",
        "beeper",
        "lamp",
        "battery",
        "logs",
        "settings",
    ):
        assert found[what].state == OK, found[what].line()
    assert found["hand switch"].state == NOTE, "what nobody can see from here is said every time"
    assert "needs no Python" in found["hand switch"].text
    assert found["battery"].text == "71 %."
    assert "open (heel lifted)" in found["heel switch"].text
    for part in (bench.imu, bench.switch, bench.contact, bench.port):
        assert part.n_closed == 1
    assert bench.output.n_closed == 2
    assert bench.naps > 0


@pytest.mark.parametrize(
    ("what", "openers", "said"),
    [
        ("stimulator", {"port": raises(PortError(2, "nothing is plugged in"))}, "nothing is plugged in"),
        ("imu", {"imu": raises(SensorError("no IIO device"))}, "no IIO device"),
        ("imu", {"imu": lambda *_: Part()}, "says nothing"),
        ("heel switch", {"switch": raises(GpioError("line 17 is in use"))}, "in use"),
        ("stop contact", {"contact": lambda *_: Part(is_closed=False)}, "pressed, unplugged or broken"),
        ("beeper", {"output": raises(GpioError("no such line"))}, "no such line"),
        ("battery", {"battery": raises(OSError(2, "No such file"))}, "No such file"),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_still_looked_at(tmp_path, what, openers, said):
    found = Bench(tmp_path).found(**openers)
    assert found[what].state == MISSING
    assert said in found[what].text
    assert found[what].line().startswith("MISSING ")
    assert found["logs"].state == OK


@pytest.mark.parametrize(
    ("sections", "what", "state"),
    [
        ({"stimulator": {"port": ""}}, "stimulator", MISSING),
        ({"lines": {"stop": ""}}, "stop contact", MISSING),
        ({"lines": {"beeper": ""}}, "beeper", MISSING),
        ({"lines": {"lamp": ""}}, "lamp", NOTE),
        ({"supply": {"battery": ""}}, "battery", NOTE),
        ({"files": {"prescription": "/nowhere.toml"}}, "prescription", MISSING),
        ({"files": {"logs": "/proc/none"}}, "logs", MISSING),
    ],
)
def test_what_is_not_configured(tmp_path, sections, what, state):
    assert Bench(tmp_path, **sections).found()[what].state == state


def test_no_heel_switch_is_a_choice(tmp_path):
    bench = Bench(tmp_path, lines={"heel_switch": ""})
    assert bench.found(switch=lambda *_: None)["heel switch"].state == NOTE


def test_an_imu_that_is_not_upright_is_told(tmp_path):
    bench = Bench(tmp_path)
    bench.imu = Part([(0, 0, 0, 0, 1_000, 0, 10)])
    found = bench.found()["imu"]
    assert found.state == NOTE
    assert "mend axes" in found.text


def test_a_simulation_needs_no_parts(tmp_path):
    found = Bench(tmp_path, stimulator={"port": ""}).found(is_sim=True, port=raises(AssertionError()))
    assert "stimulator" not in found
    assert "logs" in found
    assert not any(one.state == MISSING for one in found.values())


def test_the_command_says_what_is_missing_and_fails(tmp_path, capsys):
    path = tmp_path / "swingphase.toml"
    path.write_text("[lines]\nstop = ''\nbeeper = ''\nlamp = ''\nheel_switch = ''\n", encoding="utf-8")
    assert swingphase.main(["run", "--config", str(path), "--check"]) == 1
    said = capsys.readouterr().out
    assert "MISSING stimulator: port in [stimulator] is empty." in said
    assert "Something that is needed is missing." in said
    assert "Errno" not in said
    assert swingphase.main(["run", "--config", str(path)]) == 1, "nor does it run"
    assert swingphase.main(["run", "--config", str(path), "--check", "--sim"]) == 0
    assert "Nothing that is needed is missing." in capsys.readouterr().out


def test_no_sentence_begins_with_a_number_of_the_system(tmp_path, capsys):
    path = tmp_path / "swingphase.toml"
    path.write_text("[stimulator]\nport = '/dev/nowhere'\n[imu]\nkind = 'i2c'\nbus = 20\n", encoding="utf-8")
    assert swingphase.main(["run", "--config", str(path), "--check"]) == 1
    said = capsys.readouterr().out
    assert "/dev/nowhere" in said
    assert "i2c-20" in said
    assert "Errno" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "nowhere.toml"], "Copy swingphase.example.toml"),
        (["--sim", "--for", "0"], "--for is 0.0; it must be above 0."),
        (["--sim", "--for", "nan"], "--for is nan"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert swingphase.main(["run", *arguments]) == 2
    assert said in capsys.readouterr().err


GOOD_CONF = "[General]\nSecureConnections = only\n[GATT]\nKeySize = 16\n"


def link_found(tmp_path, *, conf=GOOD_CONF, adapter="hci0", has_terminal=True, is_sim=False, **link):
    bench = Bench(tmp_path, link={"enabled": True} | link)
    (tmp_path / "main.conf").write_bytes(conf if isinstance(conf, bytes) else conf.encode())
    (tmp_path / adapter).mkdir(exist_ok=True)
    how = {"adapters": tmp_path, "main_conf": tmp_path / "main.conf", "has_terminal": lambda: has_terminal}
    return bench, bench.found(is_sim=is_sim, **how)["link"]


def test_a_link_that_is_off_or_simulated_is_told(tmp_path):
    _, found = link_found(tmp_path, enabled=False)
    assert (found.state, found.text[:3]) == (NOTE, "off")
    _, found = link_found(tmp_path, is_sim=True)
    assert found.state == OK


def test_a_link_says_all_that_is_missing_and_keeps_nobody_from_walking(tmp_path):
    _, found = link_found(tmp_path, conf="", adapter="hci7", has_terminal=False)
    assert found.state == NOTE
    for sentence in (
        "no Bluetooth adapter hci0",
        "SecureConnections",
        "KeySize",
        "--add-user",
        "no terminal",
    ):
        assert sentence in found.text, sentence


def test_a_link_with_all_that_it_needs_says_who_opens_the_pairing_window(tmp_path):
    add_user(FileStore(tmp_path / "settings" / "link"), "Ada", "therapist", "481516")
    _, found = link_found(tmp_path)
    assert (found.state, "typing pair" in found.text) == (OK, True)
    bench, found = link_found(tmp_path, pairing_button="5")
    assert (found.state, "line 5" in found.text, bench.contact.n_closed) == (OK, True, 2)


@pytest.mark.parametrize(
    ("what", "name", "state"),
    [
        ("settings", "settings.0", MISSING),
        ("settings", "checked.1", MISSING),
        ("logs", "session-000003", NOTE),
    ],
)
def test_what_another_user_has_left_in_a_folder_is_said(tmp_path, monkeypatch, what, name, state):
    """As somebody who tried the device out before the service was installed."""
    bench = Bench(tmp_path)
    assert bench.found()[what].state == OK
    left = tmp_path / what / name
    left.mkdir()
    access = os.access
    monkeypatch.setattr(check.os, "access", lambda path, mode: path != left and access(path, mode))
    found = bench.found()[what]
    assert found.state == state
    assert str(left) in found.text
    assert "install-service" in found.text


def test_settings_that_may_not_be_read_are_one_sentence(tmp_path, monkeypatch):
    def refuse(self, name):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / name))

    monkeypatch.setattr(FolderFiles, "size", refuse)
    with pytest.raises(UserError, match=r"settings\.0 cannot be used \(Permission denied\)"):
        opened(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be used"):
        opened(tmp_path / "file")
