"""Faulty sensors spoil what is read, from one moment to another, and nothing else."""

from collections import deque

import pytest

from firmware_py.hal import Sensors
from hw_sim import faulty_sensors as fs
from hw_sim.faulty_sensors import FaultySensors, Spell
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

MASK = 2**30 - 1
PERIOD_US = 10_000


class Made(Sensors):
    """A foot that turns a little more with each reading; the heel changes every ten readings."""

    def __init__(self, n=100, t0_us=2**30 - 200_000):
        self.left = deque(range(n))
        self.t0_us = t0_us

    def read(self, sample):
        if not self.left:
            return False
        i = self.left.popleft()
        sample.t_us = (self.t0_us + i * PERIOD_US) & MASK
        sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps = i, 100 * i - 5_000, -i
        sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg = i, -i, 1_000 + i
        sample.heel = HEEL_DOWN if i // 10 % 2 == 0 else HEEL_UP
        sample.has_imu = 1
        return True


def told(sensors):
    """Every reading as (t, gyro, acc, heel, has_imu)."""
    sample, found = Sample(), []
    while sensors.read(sample):
        s = sample
        gyro = (s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps)
        acc = (s.acc_x_mg, s.acc_y_mg, s.acc_z_mg)
        found.append((s.t_us, gyro, acc, s.heel, s.has_imu))
    return found


def with_fault(kind, amount=None, from_us=200_000, until_us: int | None = 400_000):
    script = [Spell(kind=kind, from_us=from_us, until_us=until_us, amount=amount)]
    return told(FaultySensors(Made(), script))


TRUE = told(Made())


def test_without_a_fault_every_reading_passes_unchanged():
    assert told(FaultySensors(Made())) == TRUE


@pytest.mark.parametrize("kind", [k for k in fs.KINDS if k not in (fs.BOTH_GONE,)])
def test_a_spell_spoils_only_its_own_time_also_over_the_wrap_of_the_clock(kind):
    found = with_fault(kind, amount={fs.CLIPPED: 20, fs.SPIKES: 50, fs.GAPS: 50, fs.COLD_JOINT: 50}.get(kind))
    assert found[:20] == TRUE[:20]
    assert found[40:] == TRUE[40:]
    assert found[20:40] != TRUE[20:40], "and it does spoil that"


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        (fs.STUCK_OPEN, None, lambda true, seen: seen[3] == HEEL_UP),
        (fs.STUCK_CLOSED, None, lambda true, seen: seen[3] == HEEL_DOWN),
        (fs.UNPLUGGED, None, lambda true, seen: seen[3] == HEEL_NONE and seen[1] == true[1]),
        (fs.FROZEN, None, lambda true, seen: (seen[1], seen[2]) == (TRUE[19][1], TRUE[19][2])),
        (fs.STALE, None, lambda true, seen: seen[4] == 0 and seen[3] == true[3]),
        (fs.FAST, None, lambda true, seen: seen[1][1] > 400_000),
        (fs.HEAVY, None, lambda true, seen: seen[2][2] > 32_000),
        (fs.WEIGHTLESS, None, lambda true, seen: seen[2] == (0, 0, 0)),
        (fs.AT_THE_RAIL, None, lambda true, seen: seen[1] == (200_000,) * 3),
        (fs.CLIPPED, 20, lambda true, seen: seen[1][1] == max(-2_000, true[1][1])),
        (fs.AXIS_DEAD, None, lambda true, seen: seen[1] == (true[1][0], 0, true[1][2])),
        (fs.FACTOR, 10, lambda true, seen: seen[1] == tuple(10 * x for x in true[1])),
        (fs.TURNED, None, lambda true, seen: seen[1] == (-true[1][0], -true[1][1], true[1][2])),
        (fs.ZERO_ERROR, -7.5, lambda true, seen: seen[1] == (true[1][0], true[1][1] - 750, true[1][2])),
        (fs.SLIPPED, 90, lambda true, seen: seen[1][:2] == (true[1][1], -true[1][0])),
        (
            fs.CLOCK_JUMP,
            300,
            lambda true, seen: seen[0] == (true[0] + 300_000) & MASK and seen[1:] == true[1:],
        ),
        (fs.UPSIDE_DOWN, None, lambda true, seen: seen[2] == (true[2][0], -true[2][1], -true[2][2])),
    ],
)
def test_each_kind_says_what_its_name_says(kind, amount, expected):
    found = with_fault(kind, amount)
    for true, seen in zip(TRUE[20:40], found[20:40], strict=True):
        assert expected(true, seen), f"{kind}: true {true}, seen {seen}"


def test_a_late_switch_tells_the_level_of_before():
    found = with_fault(fs.LATE, 50)
    assert [row[3] for row in found[20:40]] == [row[3] for row in TRUE[15:35]]


def test_a_sticky_switch_opens_late_and_closes_in_time():
    found = with_fault(fs.STICKY, 50, from_us=0, until_us=None)
    for i, (true, seen) in enumerate(zip(TRUE, found, strict=True)):
        was_down = any(row[3] == HEEL_DOWN for row in TRUE[max(0, i - 5) : i + 1])
        assert seen[3] == (HEEL_DOWN if was_down else HEEL_UP), f"reading {i}: true {true}"


def test_a_cold_joint_opens_the_closed_switch_for_moments_and_never_closes_the_open_one():
    script = [Spell(kind=fs.COLD_JOINT, from_us=0, amount=5)]
    found = told(FaultySensors(Made(n=2000, t0_us=0), script))
    true = told(Made(n=2000, t0_us=0))
    opened = [seen[3] == HEEL_UP for was, seen in zip(true, found, strict=True) if was[3] == HEEL_DOWN]
    assert 0.05 < sum(opened) / len(opened) < 0.4  # 5 a second, 40 ms each
    assert all(seen[3] == HEEL_UP for was, seen in zip(true, found, strict=True) if was[3] == HEEL_UP)


def test_lost_readings_are_lost_and_the_switch_goes_on():
    found = with_fault(fs.GAPS, 50)[20:40]
    lost = [row for row in found if row[4] == 0]
    assert 3 <= len(lost) <= 17
    assert [row[3] for row in found] == [row[3] for row in TRUE[20:40]]


def test_every_kind_says_in_a_sentence_what_breaks_and_its_usual_amount_is_allowed():
    for name, kind in fs.KINDS.items():
        assert kind.part in ("switch", "imu", "both"), name
        assert kind.sentence.endswith("."), name
        assert (kind.unit == "") == (kind.high == 0.0), name
        assert kind.low <= kind.usual <= kind.high, name
        if kind.unit:
            with pytest.raises(ValueError, match=f"amount of '{name}' is .*; allowed is .* {kind.unit}"):
                FaultySensors(Made()).begin(name, kind.high + 1)
        else:
            with pytest.raises(ValueError, match="it has no size"):
                FaultySensors(Made()).begin(name, 1.0)


def test_a_bouncing_switch_tells_both_levels():
    levels = [row[3] for row in with_fault(fs.BOUNCING)[20:30]]
    assert set(levels) == {HEEL_UP, HEEL_DOWN}


def test_some_readings_are_spikes():
    rates = [row[1][1] for row in with_fault(fs.SPIKES, 50)[20:40]]
    assert 3 <= sum(abs(rate) == 150_000 for rate in rates) <= 17


def test_when_both_are_gone_nothing_is_read_and_time_goes_on():
    found = with_fault(fs.BOTH_GONE)
    assert found == TRUE[:20] + TRUE[40:]


def test_an_imu_that_is_stale_without_a_switch_gives_no_reading():
    inner = Made()
    plain_read = inner.read

    def read_without_switch(sample):
        fine = plain_read(sample)
        sample.heel = HEEL_NONE
        return fine

    inner.read = read_without_switch
    sensors = FaultySensors(inner, [Spell(kind=fs.STALE, from_us=0)])
    assert told(sensors) == []


def test_a_fault_begins_and_ends_by_hand():
    sensors, sample = FaultySensors(Made()), Sample()
    sensors.read(sample)
    sensors.begin(fs.STUCK_OPEN)
    sensors.read(sample)
    assert sample.heel == HEEL_UP
    sensors.end(fs.STUCK_OPEN)
    sensors.read(sample)
    assert sample.heel == HEEL_DOWN


def test_an_unknown_kind_is_refused_with_the_names_of_the_known():
    with pytest.raises(ValueError, match="stuck open"):
        FaultySensors(Made()).begin("tired")
    with pytest.raises(ValueError, match="tired"):
        FaultySensors(Made(), [Spell(kind="tired", from_us=0)])
