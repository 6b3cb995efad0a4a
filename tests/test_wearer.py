"""The wearer's control: keys, lock and corridor, and what is heard."""

import pytest

from stimulator import cues
from stimulator.cues import Cues
from stimulator.wearer import (
    DEFAULT_CORRIDOR,
    DOWN,
    MUTE,
    PAUSE,
    UP,
    Corridor,
    Wearer,
    corridor_problems,
)


class Keys:
    """A wearer with fingers, and ears."""

    def __init__(self, corridor=DEFAULT_CORRIDOR):
        self.cues = Cues()
        self.wearer = Wearer(corridor, self.cues)

    def go(self, ms):
        for _ in range(ms // 5):
            self.wearer.step(5_000)
        return self

    def press(self, *keys, ms=100):
        for key in keys:
            self.wearer.key_down(key)
            self.go(ms)
            self.wearer.key_up(key)
            self.go(50)
        return self

    def free(self):
        self.press(MUTE, ms=2_000)
        self.heard()
        return self

    def heard(self):
        found = []
        while cue := self.cues.take():
            found.append(cue)
        return found


# Keys ----------------------------------------------------------------------------------------------


def test_keys_are_locked_from_the_start_and_say_so():
    keys = Keys().press(DOWN, UP, MUTE)
    assert (keys.wearer.level, keys.wearer.is_muted, keys.wearer.is_locked) == (100, False, True)
    assert keys.heard() == [cues.KEY_LOCKED] * 3


@pytest.mark.parametrize("key", [UP, DOWN, MUTE])
@pytest.mark.parametrize(("held_ms", "is_locked"), [(1_995, True), (2_000, False), (9_000, False)])
def test_a_key_held_for_2_s_frees_the_keys_and_does_nothing_else(key, held_ms, is_locked):
    keys = Keys().press(key, ms=held_ms)
    assert (keys.wearer.is_locked, keys.wearer.level, keys.wearer.is_muted) == (is_locked, 100, False)
    assert keys.heard() == [cues.KEY_LOCKED] + [cues.UNLOCKED] * (not is_locked)


@pytest.mark.parametrize(("waited_ms", "is_locked"), [(3_945, False), (3_950, True)])
def test_after_4_s_without_a_key_they_are_locked(waited_ms, is_locked):
    keys = Keys().free().press(DOWN)  # 50 ms pass after the key is up
    keys.go(waited_ms)
    assert keys.wearer.is_locked == is_locked


def test_a_key_that_stays_down_neither_repeats_nor_locks():
    keys = Keys().free()
    keys.wearer.key_down(DOWN)
    for _ in range(100):
        keys.go(100)
        keys.wearer.key_down(DOWN)
    assert keys.wearer.level == 95
    assert not keys.wearer.is_locked


def test_levels_go_in_steps_of_5_with_beeps_at_50_and_at_0_percent_and_stop_at_both_ends():
    keys = Keys().free()
    levels, heard = [], []
    for _ in range(21):
        keys.press(DOWN)
        levels.append(keys.wearer.level)
        heard.append(keys.heard())
    assert levels == [*range(95, -1, -5), 0]
    changed = [cues.LEVEL_CHANGED]
    assert heard[9] == [*changed, cues.LEVEL_HALF]
    assert heard[19] == [*changed, cues.LEVEL_ZERO]
    assert heard[20] == [cues.LEVEL_END]
    assert [h for i, h in enumerate(heard) if i not in (9, 19, 20)] == [changed] * 18
    keys.press(*[UP] * 20)
    assert keys.wearer.level == 100
    keys.heard()
    assert keys.press(UP).heard() == [cues.LEVEL_END]


@pytest.mark.parametrize(
    ("corridor", "at_0", "at_50", "at_100"),
    [((0, 100), 0, 50, 100), ((40, 90), 40, 65, 90), ((100, 100), 100, 100, 100), ((0, 0), 0, 0, 0)],
)
def test_the_level_moves_inside_the_therapists_corridor(corridor, at_0, at_50, at_100):
    keys = Keys(Corridor(*corridor, 100)).free()
    shares = [keys.wearer.share_percent]
    for _ in range(20):
        keys.press(DOWN)
        shares.append(keys.wearer.share_percent)
    assert (shares[-1], shares[10], shares[0]) == (at_0, at_50, at_100)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("corridor", "part"),
    [
        ((50, 40, 100), "min_percent is 50; max_percent allows 0 to 40"),
        ((-5, 100, 100), "min_percent is -5; allowed is 0 to 100 % in steps of 5"),
        ((0, 105, 100), "max_percent is 105"),
        ((0, 100, 52), "start_level is 52"),
        ((0, 100.0, 50), "max_percent is 100.0; it must be a whole number"),
        ((True, 100, 50), "min_percent is True"),
    ],
)
def test_a_corridor_that_makes_no_sense_is_refused(corridor, part):
    found = corridor_problems(Corridor(*corridor))
    assert part in found[0]
    assert found[0].endswith(".")
    with pytest.raises(ValueError, match=part.split(";")[0]):
        Wearer(Corridor(*corridor), Cues())


def test_pause_works_though_locked_and_going_on_needs_free_keys():
    keys = Keys().press(PAUSE)
    assert keys.wearer.is_paused
    assert keys.heard() == [cues.PAUSED]
    keys.press(PAUSE)
    assert keys.wearer.is_paused
    assert keys.heard() == [cues.KEY_LOCKED]
    keys.press(PAUSE, ms=2_000)
    assert keys.wearer.is_paused
    assert keys.press(PAUSE).wearer.is_paused is False
    assert keys.heard()[-2:] == [cues.UNLOCKED, cues.RESUMED]


def test_pause_works_while_another_key_is_held_and_no_other_key_does():
    keys = Keys().free()
    keys.wearer.key_down(UP)
    keys.heard()
    keys.press(DOWN, MUTE)
    assert (keys.wearer.level, keys.wearer.is_muted) == (100, False)
    keys.press(PAUSE)
    assert keys.wearer.is_paused


@pytest.mark.parametrize("key", [-1, 4, 100])
def test_an_unknown_key_does_nothing(key):
    keys = Keys().free().press(key)
    assert keys.heard() == []


# What is heard -------------------------------------------------------------------------------------


def test_cues_wait_their_turn_and_what_is_too_much_is_dropped():
    waiting = Cues()
    for cue in (cues.CLICK, 0, -1, 99, cues.MISSED):
        waiting.give(cue)
    assert [waiting.take() for _ in range(3)] == [cues.CLICK, cues.MISSED, cues.NO_CUE]
    for cue in range(1, 13):
        waiting.give(cue)
    assert [waiting.take() for _ in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 0]


class Heard:
    """Keeps what it was told."""

    def __init__(self):
        self.told = []

    def tone(self, number):
        self.told.append(("tone", number))

    def beep(self, cue):
        self.told.append(("beep", cue))

    def vibrate(self, cue):
        self.told.append(("vibrate", cue))


def test_the_alarm_comes_before_the_tone_of_a_mode_and_mute_silences_only_cues():
    ears, waiting = Heard(), Cues()
    speaker = cues.Speaker(ears, waiting)
    speaker.step(0, cues.TONE_EXERCISE, False)
    speaker.step(0, cues.TONE_EXERCISE, False)
    assert ears.told == [("tone", 3)], "told once"
    speaker.step(2, cues.TONE_EXERCISE, True)
    speaker.step(0, cues.TONE_EXERCISE, True)
    speaker.step(0, cues.TONE_NONE, True)
    assert ears.told[1:] == [("tone", 2), ("tone", 3), ("tone", 0)]
    waiting.give(cues.CLICK)
    speaker.step(0, 0, True)
    waiting.give(cues.MISSED)
    speaker.step(0, 0, False)
    assert ears.told[4:] == [("vibrate", cues.CLICK), ("beep", cues.MISSED), ("vibrate", cues.MISSED)]


def test_mute_is_switched_on_and_off_by_its_key_and_says_so():
    keys = Keys().free()
    assert keys.press(MUTE).wearer.is_muted
    assert not keys.press(MUTE).wearer.is_muted
    assert keys.heard() == [cues.MUTED, cues.UNMUTED]
