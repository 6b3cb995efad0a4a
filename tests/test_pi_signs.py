"""What the wearer hears, sees and feels: patterns that are told apart; and the charge of the supply."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py.pi.battery import Battery, BatteryError
from firmware_py.pi.guardian import sign
from firmware_py.pi.guardian.sign import GpioSign
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.link import BATTERY
from firmware_py.pi.run.watch import BATTERY_EVERY_US, SILENT, Watch
from firmware_py.pi.signals import PATTERNS, TONES, PiSignals
from safety.supervisor import SOUND_HELD, SOUND_LOST, SOUND_NONE
from stimulator import cues

START_US = 10**12


class Output:
    def __init__(self):
        self.is_on, self.changes, self.is_closed = False, 0, False

    def set(self, is_on):
        self.is_on = is_on
        self.changes += 1

    def close(self):
        self.is_closed = True


def heard(sound, seconds=10, armed=True):
    """Return (share of time on, times it goes on) for the beeper, and the share of light."""
    beeper, lamp = Output(), Output()
    shown = GpioSign(beeper, lamp)
    shown.show(START_US, armed, sound)
    on = light = starts = 0
    was_on = False
    for i in range(seconds * 1000):
        shown.step(START_US + i * 1000)
        on += beeper.is_on
        light += lamp.is_on
        starts += beeper.is_on and not was_on
        was_on = beeper.is_on
    return on / seconds / 1000, starts, light / seconds / 1000


def test_each_sound_is_told_apart_by_ear_and_the_loss_is_the_loudest():
    none, held, lost = (heard(sound) for sound in (SOUND_NONE, SOUND_HELD, SOUND_LOST))
    assert none[:2] == (0, 0)
    assert held[1] == 7
    assert 0.03 < held[0] < 0.1
    assert lost[1] == 20
    assert lost[0] == pytest.approx(0.5, abs=0.01)
    assert set(sign.PATTERNS) == {SOUND_NONE, SOUND_HELD, SOUND_LOST}


def test_a_loss_is_heard_within_the_very_step_that_tells_it():
    beeper = Output()
    shown = GpioSign(beeper, None)
    shown.show(START_US, True, SOUND_NONE)
    shown.show(START_US + 12_345, False, SOUND_LOST)
    assert beeper.is_on


def test_an_unknown_sound_is_a_loss():
    assert heard(77)[0] == pytest.approx(0.5, abs=0.01)


def test_the_lamp_is_on_while_armed_and_blinks_while_help_is_lost():
    assert heard(SOUND_NONE, armed=True)[2] == 1
    assert heard(SOUND_NONE, armed=False)[2] == 0
    assert heard(SOUND_LOST, armed=False)[2] == pytest.approx(0.5, abs=0.01)
    assert heard(SOUND_HELD, armed=True)[2] == 1


def test_a_sign_without_parts_and_a_closed_one_do_no_harm():
    shown = GpioSign(None, None)
    shown.show(START_US, True, SOUND_LOST)
    shown.close()
    beeper, lamp = Output(), Output()
    GpioSign(beeper, lamp).close()
    assert beeper.is_closed
    assert lamp.is_closed


# Cues ----------------------------------------------------------------------------------------------------


def played(what, seconds=3):
    beeper, motor = Output(), Output()
    signals = PiSignals(beeper, motor)
    signals.step(START_US)
    what(signals)
    row = {beeper: 0, motor: 0}
    before = {beeper: False, motor: False}
    for i in range(seconds * 200):
        signals.step(START_US + i * 5_000)
        for one in row:
            row[one] += one.is_on and not before[one]
            before[one] = one.is_on
    signals.close()
    return row[beeper], row[motor]


def test_every_cue_has_a_pattern_and_is_felt_as_it_is_heard():
    assert set(PATTERNS) == set(range(1, len(cues.CUE_NAMES)))
    for cue, pattern in PATTERNS.items():
        n = len(pattern)
        assert played(lambda s, cue=cue: s.beep(cue)) == (n, 0)
        assert played(lambda s, cue=cue: s.vibrate(cue)) == (0, n)


def test_cues_wait_their_turn_and_a_flood_of_them_is_cut():
    def two(signals):
        signals.beep(cues.LEVEL_HALF)
        signals.beep(cues.LEVEL_CHANGED)

    assert played(two)[0] == 3

    def many(signals):
        for _ in range(1000):
            signals.beep(cues.CLICK)

    assert played(many, 10)[0] < 40


def test_a_tone_goes_on_until_another_and_alarms_are_left_to_the_guardian():
    assert played(lambda s: s.tone(cues.TONE_EXERCISE), 6)[0] in (3, 4)
    assert played(lambda s: s.tone(cues.TONE_TEST), 6)[0] in (12, 13)
    for alarm in (SOUND_NONE, SOUND_HELD, SOUND_LOST):
        assert alarm not in TONES
        assert played(lambda s, alarm=alarm: s.tone(alarm)) == (0, 0)
    assert played(lambda s: s.beep(12345)) == (0, 0)


# Battery -------------------------------------------------------------------------------------------------


def test_a_battery_is_read_from_the_kernels_file(tmp_path):
    folder = tmp_path / "bat"
    folder.mkdir()
    (folder / "capacity").write_text("87\n")
    battery = Battery("bat", tmp_path)
    assert battery.percent() == 87
    (folder / "capacity").write_text("0\n")
    assert battery.percent() == 0


@pytest.mark.parametrize("text", ["", "101", "-3", "full"])
def test_a_gauge_that_says_nonsense_says_nothing_and_not_what_it_said_last(tmp_path, text):
    folder = tmp_path / "bat"
    folder.mkdir()
    (folder / "capacity").write_text("40")
    battery = Battery("bat", tmp_path)
    (folder / "capacity").write_text(text)
    assert battery.percent() == 255
    (folder / "capacity").unlink()
    assert battery.percent() == 255
    (folder / "capacity").write_text("39")
    assert battery.percent() == 39


def test_a_battery_that_is_not_there_is_refused_with_what_is(tmp_path):
    (tmp_path / "AC").mkdir()
    with pytest.raises(BatteryError, match="shows AC"):
        Battery("bat", tmp_path)


def test_a_gauge_that_falls_silent_is_said_once_and_its_charge_is_unknown_to_the_link(tmp_path):
    (tmp_path / "bat").mkdir()
    gauge = tmp_path / "bat/capacity"
    gauge.write_text("40")
    read, write = os.pipe()
    told, said = [], []
    link: Any = SimpleNamespace(tell=told.append)
    processes: Any = SimpleNamespace(operator=None, order=None, link=link, battery_fd=-1)
    say: Any = said.append
    check: Any = None
    mark: Any = None
    watch = Watch(RunConfig(), processes, None, check, mark, say, is_by_hand=False)
    watch._battery, processes.battery_fd = Battery("bat", tmp_path), write
    for n, text in enumerate(("40", "", "nonsense", "15", "")):
        gauge.write_text(text)
        watch._tell_battery(START_US + n * BATTERY_EVERY_US)
        watch._tell_battery(START_US + n * BATTERY_EVERY_US + 1)
    assert told == [BATTERY + bytes([percent]) for percent in (40, 255, 255, 15, 255)]
    assert os.read(read, 99) == bytes([40, 15]), "for the guardian a low one stays low"
    assert said == [SILENT, "The battery's gauge answers again.", SILENT]
    for fd in (read, write):
        os.close(fd)
