"""A person who walks without any fault is never stopped, never held back and never warned.

An hour of varied simulated walking in CI, a day with --all; and the recorded walks of real people, a few of
them in CI, all with --all. A failure names the walker's seed or the recording.
"""

from collections import Counter

import pytest

from firmware_py.pi import words
from hw_sim.recordings import load_recordings
from safety import reasons
from tests.trip_rig import Trips, drawn_walker, replayed, walked

WALK_S = 300.0
CI_WALKERS = 12  # one hour
ALL_WALKERS = 288  # 24 hours
HELD_PER_BOUT_MAX = 50  # two channels at 40 Hz for 0.6 s: from heel-off until the first foot swings forward
THINNED = 30  # every so many-th recording in CI
# Recorded people (nobody stimulated them, so nothing depends on it): swings without three pulses a channel.
UNHELPED_SHARE_MAX = 0.05
HUNG_MAX = 4  # of an eighth of the recordings
# The emulated P24 answers a pulse after 3 to 15 ms, at random, and one answer is awaited before the next pulse. At two
# channels of 40 Hz 4 pulses in a million meet so many slow answers on end that they are over 10 ms late, and are left
# out (drawn 8 million times). That is the stimulator's pace and no trip: no fault, no burst ends.
LATE_MAX = 2  # of some 8,000 pulses of a walk
ONLY = {reasons.NOT_PLAUSIBLE, reasons.TOO_LATE}


def check_walk(seed: int, record_property) -> Trips:
    found = walked(seed, WALK_S)
    who = f"seed {seed}, {drawn_walker(seed)}: {found}"
    assert found.faults == Counter(), who
    assert found.missed == [], f"steps after the first two of a bout without help: {who}"
    assert set(found.refused) <= ONLY, f"{[words.of_reason(r) for r in found.refused]}: {who}"
    assert found.refused[reasons.TOO_LATE] <= LATE_MAX, who
    assert found.late_held == 0, f"held back after the second step: {who}"
    assert found.refused[reasons.NOT_PLAUSIBLE] <= HELD_PER_BOUT_MAX * found.bouts, who
    assert found.steps >= WALK_S / 4, f"a walk without steps proves nothing: {who}"
    assert found.bouts >= 3, f"a walk without stops proves little: {who}"
    record_property("steps", found.steps)
    return found


@pytest.mark.parametrize("seed", range(CI_WALKERS))
def test_an_hour_of_walking_raises_no_fault_and_helps_every_step(seed, record_property):
    check_walk(seed, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_000 + ALL_WALKERS))
def test_a_day_of_walking_raises_no_fault_and_helps_every_step(seed, record_property):
    check_walk(seed, record_property)


def check_recordings(numbers: slice, record_property) -> None:
    recordings = load_recordings()[numbers]
    total = Trips()
    tripped = []
    for recording in recordings:
        found = replayed(recording)
        total.add(found)
        if found.faults:
            tripped.append((recording.describe(), dict(found.faults), found.at_us))
    said = f"{total.faults}, {total.steps} steps, {total.helped} helped, refused {total.refused}"
    assert tripped == [], f"{tripped}, {said}"
    # The file itself holds six equal readings for 0.25 s: gaps of the radio, ends of files; not always in motion.
    assert total.hung <= HUNG_MAX, said
    assert total.steps > 0
    assert total.steps - total.helped <= UNHELPED_SHARE_MAX * total.steps, said
    record_property("recordings", len(recordings))
    record_property("steps", total.steps)
    record_property("steps with pulses on every channel", total.helped)
    record_property("false trips", sum(total.faults.values()))
    record_property("faults where the recorded sensor hung", total.hung)


def test_some_recorded_walks_raise_no_fault(gait_dir, record_property):
    check_recordings(slice(0, None, THINNED), record_property)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_all_recorded_walks_raise_no_fault(gait_dir, part, record_property):
    check_recordings(slice(part, None, 8), record_property)
