"""The guided check of a stimulator on a resistor, rehearsed with the emulators: the sheet, and every way to fail."""

import io
import json

import pytest

from benchmarks import bench_check
from benchmarks.bench_check import main
from benchmarks.bench_check_line import EmulatedCable, Line
from benchmarks.bench_check_person import AtTheEmulator, Keyboard
from benchmarks.bench_check_steps import Answers, Bench, run
from firmware_py.pi.console import UserError
from stimulator.drivers import devices, faults

BENCH = Bench(ohm=1000.0, ohm_percent=1.0, channels=(0,), max_ma=20.0)


# A fifth too little is found out from 10 mA on; at 5 mA the reading itself is not exact enough (0.5 V).
HIGH = ("10 mA, 300 us", "20 mA, 300 us", "40 mA, 300 us", "20 mA, 100 us")


def checked(tmp_path, *arguments):
    code = main([*arguments, "--out", str(tmp_path)])
    return code, json.loads((tmp_path / "bench-check.json").read_text())


def verdicts(told):
    return {step["name"]: step["verdict"] for step in told["steps"]}


@pytest.mark.parametrize("name", devices.NAMES)
def test_every_emulated_stimulator_is_checked_to_the_end(tmp_path, name, capsys):
    code, told = checked(tmp_path, "--emulator", name)
    found = verdicts(told)
    failed = {step for step, verdict in found.items() if verdict != "passed"}
    assert failed == ({"answer times"} if name == devices.REHASTIM2 else set())
    assert code == bool(failed)
    assert len(found) >= 18
    assert (told["emulated"], told["resistor_ohm"]) == (True, 1000.0)
    assert told["version"]
    assert told["date"]
    said = capsys.readouterr().out
    assert "NOBODY may be connected" in said
    assert "Sheet:" in said


def test_sheet_is_one_page_without_anything_from_outside(tmp_path):
    checked(tmp_path, "--emulator", "p24", "--channels", "3")
    page = (tmp_path / "bench-check.html").read_text()
    assert "Every step passed." in page
    assert "no device was checked" in page
    assert "channel 3: 40 mA, 300 us" in page
    assert "EMULATED24" in page
    assert not [word for word in ("http:", "https:", "<script", "src=", "@import") if word in page]


def test_another_resistor_than_the_one_that_was_named_is_found_out(tmp_path):
    code, told = checked(tmp_path, "--emulator", "p24", "--emulator-ohm", "800")
    failed = [name for name, verdict in verdicts(told).items() if verdict == "failed"]
    assert code == 1
    assert failed == [f"channel {c}: {step}" for c in (0, 1) for step in HIGH]
    assert "steps failed" in (tmp_path / "bench-check.html").read_text()


class Wrong(AtTheEmulator):
    """A bench on which something is not as it should be. wrong(self, deed): what happens instead of the deed."""

    def __init__(self, cable, wrong):
        super().__init__(cable)
        self._wrong = wrong

    def act(self, deed, prompt, tick):
        if not self._wrong(self, deed):
            super().act(deed, prompt, tick)


def steps_with(wrong, name=devices.P24, prepare=lambda cable: None, **device):
    chosen = devices.choose(name, **device)
    cable = EmulatedCable(chosen, 1000.0)
    prepare(cable)
    line = Line(chosen, cable)
    line.open()
    answers = Answers()
    found = {}
    try:
        for step in run(line, Wrong(cable, wrong), BENCH, answers):
            found[step.name] = step
    except RuntimeError as e:
        found["end"] = e
    line.close()
    return found, answers.told(), line


def nothing_happens(deed):
    return lambda person, asked: asked == deed


@pytest.mark.parametrize(
    ("deed", "step"),
    [("lead off", "open lead"), ("stop", "stop without this computer"), ("unplug", "unplugged")],
)
def test_what_does_not_end_the_pulses_fails_its_step(deed, step):
    found, _, _ = steps_with(nothing_happens(deed))
    assert found[step].verdict == "failed"


class Clumsy(AtTheEmulator):
    """Types something else first, once."""

    typed = 0

    def read(self, prompt, channel, tick):
        self.typed += 1
        return "about 20" if self.typed == 1 else super().read(prompt, channel, tick)


def test_what_is_no_reading_is_asked_for_again():
    chosen = devices.choose("p24")
    cable = EmulatedCable(chosen, 1000.0)
    line, person = Line(chosen, cable), Clumsy(cable)
    line.open()
    found = {step.name: step.verdict for step in run(line, person, BENCH, Answers())}
    assert set(found.values()) == {"passed"}
    assert person.typed == 5


def test_device_that_fails_in_the_middle_fails_that_reading_and_the_check_goes_on():
    def prepare(cable):
        cable.device.faults.pulse_result = 16

    class Once(AtTheEmulator):
        def read(self, prompt, channel, tick):
            found = super().read(prompt, channel, tick)
            self._cable.device.faults.pulse_result = None
            return found

    chosen = devices.choose("p24")
    cable = EmulatedCable(chosen, 1000.0)
    prepare(cable)
    line = Line(chosen, cable)
    line.open()
    steps = list(run(line, Once(cable), BENCH, Answers()))
    assert [s.name for s in steps if s.verdict == "failed"] == ["channel 0: 5 mA, 300 us"]
    assert "Another result of the device's list" in steps[1].found


def test_check_that_is_broken_off_still_leaves_its_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(EmulatedCable, "unplug", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    code, told = checked(tmp_path, "--emulator", "p24")
    assert code == 1
    assert told["steps"][-1]["name"] == "not completed"
    assert told["steps"][-1]["found"] == "stopped at the keyboard"
    assert told["answers"]["n"] == 200


def test_device_that_does_not_answer_ends_the_check():
    def prepare(cable):
        cable.device.faults.silent = True

    found, told, _ = steps_with(lambda *_: False, prepare=prepare)
    assert list(found) == ["end"]
    assert "Nothing was measured" in str(found["end"])
    assert told["answer_max_ms"] is None


def test_device_of_another_kind_is_named():
    cable = EmulatedCable(devices.choose("rehamove3"), 1000.0)
    line = Line(devices.choose("p24"), cable)
    line.open()
    assert not line.connect()
    assert line.driver.fault == faults.FAULT_WRONG_PROTOCOL
    assert "another protocol version" in line.story()


def test_measured_rehastim2_gets_a_setting_that_it_keeps():
    found, told, _ = steps_with(lambda *_: False, name=devices.REHASTIM2, answer_max_ms=30)
    assert {step.verdict for step in found.values()} == {"passed"}
    assert 30 <= told["answer_max_ms"] <= 50
    assert told["min"] <= told["median"] <= told["max"] <= told["answer_max_ms"]
    assert "its own time-out" in found
    assert f"answer_max_ms = {told['answer_max_ms']}" in bench_check._advice(
        devices.choose("rehastim2"), told
    )


@pytest.mark.parametrize(
    ("ms", "expected"),
    [([], None), ([1.0], 5), ([10.0, 20.0], 24), ([83.3], 100), ([83.4], None)],
)
def test_recommendation_is_the_slowest_answer_and_a_fifth(ms, expected):
    assert Answers(ms).told()["answer_max_ms"] == expected


def test_advice_says_what_the_answers_allow():
    p24 = devices.choose("p24")
    assert "100 pulses a second are possible" in bench_check._advice(p24, {"answer_max_ms": 10})
    assert "Above 50 pulses" in bench_check._advice(p24, {"answer_max_ms": 20})
    assert "too slow" in bench_check._advice(p24, {"answer_max_ms": None})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--emulator", "p24", "--channels", "8"],
        ["--emulator", "rehamove3", "--channels", "0,4"],
        ["--emulator", "p24", "--channels", "x"],
        ["--emulator", "p24", "--channels", "-1"],
        ["--emulator", "p24", "--ohm", "50"],
        ["--emulator", "p24", "--ohm", "nan"],
        ["--emulator", "p24", "--ohm-percent", "30"],
        ["--emulator", "p24", "--max-ma", "101"],
        ["--emulator", "p24", "--max-ma", "19"],
        ["--emulator", "p24", "--max-ma", "40", "--ohm", "4700"],
    ],
)
def test_bad_options_get_a_sentence(tmp_path, arguments):
    with pytest.raises(UserError, match=r"\. (Choose|Give|Take|Lower)"):
        main([*arguments, "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("typed", ["", "yes\n", "resistor, no person\n", "RESISTOR\n"])
def test_without_the_words_nothing_is_begun_and_no_port_is_opened(tmp_path, monkeypatch, typed):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(UserError, match="Not begun"):
        main(["--port", str(tmp_path / "none"), "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_with_the_words_a_port_that_is_not_there_gets_its_own_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("RESISTOR, NO PERSON\n"))
    with pytest.raises(OSError, match="cannot be opened as a serial port"):
        main(["--port", str(tmp_path / "none"), "--out", str(tmp_path)])


def test_keyboard_reads_while_pulses_go_on_and_knows_yes_from_no(tmp_path, monkeypatch, capsys):
    with (tmp_path / "typed").open("w+") as typed:
        typed.write("20 -20 300\n\nmaybe\ny\nno\n")
        typed.seek(0)
        monkeypatch.setattr("sys.stdin", typed)
        person = Keyboard()
        assert person.read("Type:", 0, lambda: None) == "20 -20 300"
        person.act("lead off", "Take it off.", lambda: None)
        assert person.saw_end("Ended?", 0) is True
        assert person.saw_end("Ended?", 0) is False
        with pytest.raises(UserError, match="keyboard is gone"):
            person.read("Type:", 0, lambda: None)
    assert "Then press Enter." in capsys.readouterr().out
