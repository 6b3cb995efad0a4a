"""The simulated sensors speak the HAL's language, with the axes and rates of recorded feet."""

import math
from itertools import pairwise

import pytest

from hw_sim.imu import ImuSettings, mount_matrix
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.style import Style
from hw_sim.walker import WalkerSettings
from safety.clock import elapsed_us
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

G_MG = 1000
PERFECT = ImuSettings(place="foot", gyro_noise_dps=0.0, acc_noise_mps2=0.0, average_ms=1)


class Recorded:
    """All samples of one walk, each as a tuple of Sample's fields, with the leg that made them."""

    def __init__(self, seconds: float, *, sensors: dict | None = None, **settings: object) -> None:
        self.leg = Leg(WalkerSettings(**settings))  # type: ignore[arg-type]
        source = SimSensors(self.leg, **(sensors or {}))
        sample = Sample()
        self.rows: list[Sample] = []
        self.now_us: list[int] = []
        while self.leg.now_us < seconds * 1e6:
            self.leg.advance(5000)
            while source.read(sample):
                kept = Sample()
                for name in Sample.__slots__:
                    setattr(kept, name, getattr(sample, name))
                self.rows.append(kept)
                self.now_us.append(elapsed_us(kept.t_us, source.t_us_start))

    def between(self, from_us: int, until_us: int) -> list[Sample]:
        return [row for row, t_us in zip(self.rows, self.now_us, strict=True) if from_us <= t_us < until_us]

    def median_over_strides(self, pick) -> float:
        found = sorted(pick(stride) for stride in self.leg.strides[1:])
        return found[len(found) // 2]


def push_off_rad_s(walk: Recorded) -> float:
    return walk.median_over_strides(
        lambda s: min(
            r.gyro_y_cdps for r in walk.between(s.swing_start_us - 300_000, s.swing_start_us + 100_000)
        )
    ) * math.radians(0.01)


def swing_rad_s(walk: Recorded) -> float:
    return walk.median_over_strides(
        lambda s: max(r.gyro_y_cdps for r in walk.between(s.swing_start_us, s.swing_end_us))
    ) * math.radians(0.01)


# Medians of recorded feet: 10th to 90th percentile over the people of each group.
@pytest.mark.parametrize(
    ("settings", "push_off", "swing"),
    [
        ({"severity": "healthy", "stride_s": 1.1}, (-11.6, -7.0), (5.0, 7.3)),
        ({"severity": "moderate", "stride_s": 1.2}, (-9.6, -5.0), (3.9, 7.2)),
        ({"severity": "severe", "stride_s": 1.9}, (-6.4, -2.2), (1.5, 5.1)),
    ],
)
def test_foot_rates_are_those_of_recorded_feet(settings, push_off, swing):
    walk = Recorded(25.0, **settings)
    assert push_off[0] <= push_off_rad_s(walk) <= push_off[1]
    assert swing[0] <= swing_rad_s(walk) <= swing[1]


def test_shank_swings_forward_with_positive_rate_as_fast_as_the_curve():
    walk = Recorded(
        25.0, severity="healthy", stride_s=1.1, speed_mps=1.3, stance_share=0.62, sensors={"place": "shank"}
    )
    assert swing_rad_s(walk) == pytest.approx(6.63 / 1.1, rel=0.10)
    assert push_off_rad_s(walk) == pytest.approx(-3.33 / 1.1, rel=0.10)


@pytest.mark.parametrize("severity", ["healthy", "severe"])
def test_impact_at_contact_is_that_of_recorded_feet(severity):
    walk = Recorded(25.0, severity=severity, stride_s=1.2)

    def peak_mps2(stride) -> float:
        rows = walk.between(stride.swing_end_us - 50_000, stride.swing_end_us + 150_000)
        return max(math.hypot(r.acc_x_mg, r.acc_y_mg, r.acc_z_mg) for r in rows) * 0.00980665

    assert 15.0 <= walk.median_over_strides(peak_mps2) <= 50.0


@pytest.mark.parametrize("place", ["foot", "shank"])
def test_standing_sensor_feels_gravity_upwards(place):
    walk = Recorded(1.5, sensors={"place": place})
    for row in walk.rows:
        assert math.hypot(row.acc_x_mg, row.acc_y_mg, row.acc_z_mg) == pytest.approx(G_MG, abs=60)
        assert row.acc_z_mg > 700
    if place == "foot":  # on the sloped dorsum, toe-down, as in the recordings: X backward feels the slope
        assert 380 <= sum(row.acc_x_mg for row in walk.rows) / len(walk.rows) <= 680


def test_flat_foot_is_at_rest_exactly():
    perfect = {"imu": PERFECT}
    walk = Recorded(20.0, severity="healthy", stride_s=1.2, style=Style(), sensors=perfect)
    seen = 0
    for stride in walk.leg.strides[2:]:
        # From 0.2 s after contact (the ringing has died) until the heel begins to rise.
        quiet = walk.between(stride.start_us + 230_000, stride.start_us + 265_000)
        seen += len(quiet)
        for row in quiet:
            assert (row.gyro_x_cdps, row.gyro_y_cdps, row.gyro_z_cdps) == (0, 0, 0)
            assert (row.acc_x_mg, row.acc_y_mg, row.acc_z_mg) == (0, 0, G_MG)
    assert seen > 30


@pytest.mark.parametrize("severity", ["healthy", "severe"])
def test_integrated_rate_is_the_change_of_pitch(severity):
    perfect = {"imu": PERFECT, "rate_hz": 1000.0}
    walk = Recorded(9.0, severity=severity, sensors=perfect)
    pitch_deg = {round(row.t_s * 1e6): row.foot_pitch_deg for row in walk.leg.trace}
    stride = walk.leg.strides[3]
    from_us = round(stride.swing_start_us + 20_000, -4)
    for until_us in (from_us + 120_000, from_us + 240_000):
        turned_deg = sum(row.gyro_y_cdps for row in walk.between(from_us + 1000, until_us + 1000)) * 1e-5
        # Roll tilts the sideways axis a little, a scuffing toe shakes it.
        assert turned_deg == pytest.approx(pitch_deg[until_us] - pitch_deg[from_us], abs=1.5)
        assert abs(turned_deg) > 3.0


@pytest.mark.parametrize(("side", "sign"), [("right", -1), ("left", 1)])
def test_inverting_foot_lowers_its_outer_edge_on_either_side(side, sign):
    leg = Leg(WalkerSettings(severity="severe", side=side, stand_s=0.0, style=Style()))
    source = SimSensors(leg, imu=PERFECT, rate_hz=1000.0)
    sample, inverting = Sample(), 0
    while leg.now_us < 3_000_000:
        leg.advance(1000)
        source.read(sample)
        if leg.foot.roll_rate > 0.2:
            inverting += 1
            assert sample.gyro_x_cdps * sign > 0
    assert inverting > 10


def test_clock_starts_before_its_wrap_and_passes_it():
    walk = Recorded(8.0, severity="severe")
    clock = [row.t_us for row in walk.rows]
    assert clock[0] > 2**30 - 5_000_000
    assert min(clock) < 2_000_000
    assert {elapsed_us(b, a) for a, b in pairwise(clock)} == {10_000}
    assert max(clock) < 2**30


@pytest.mark.parametrize("rate_hz", [100.0, 104.0, 128.0, 204.8, 208.0])
def test_sampling_keeps_its_rate(rate_hz):
    walk = Recorded(10.0, severity="healthy", sensors={"rate_hz": rate_hz})
    assert len(walk.rows) == pytest.approx(10.0 * rate_hz, abs=1.0)
    steps_us = [b - a for a, b in pairwise(walk.now_us)]
    assert max(steps_us) - min(steps_us) <= 1


def test_values_are_whole_numbers_within_the_sensor_s_range():
    walk = Recorded(10.0, severity="flaccid")
    for row in walk.rows:
        for name in Sample.__slots__:
            assert type(getattr(row, name)) is int
        assert max(abs(row.gyro_x_cdps), abs(row.gyro_y_cdps), abs(row.gyro_z_cdps)) <= 200_000
        assert max(abs(row.acc_x_mg), abs(row.acc_y_mg), abs(row.acc_z_mg)) <= 16_000
        assert row.has_imu == 1


def test_same_seed_same_samples_and_noise_never_repeats_a_reading():
    first, again, other = (Recorded(6.0, severity="severe", seed=seed) for seed in (4, 4, 5))
    as_tuples = [[[getattr(r, n) for n in Sample.__slots__] for r in w.rows] for w in (first, again, other)]
    assert as_tuples[0] == as_tuples[1]
    assert as_tuples[0] != as_tuples[2]
    standing = as_tuples[0][:150]
    assert all(a[:6] != b[:6] for a, b in pairwise(standing))


def heel_closings_ms(walk: Recorded) -> list[float]:
    """Return for each stride how long after contact the switch is closed for good, ms."""
    found = []
    for stride in walk.leg.strides[2:]:
        rows = walk.between(stride.start_us - 100_000, stride.start_us + 250_000)
        last_open = max(i for i, row in enumerate(rows) if row.heel == HEEL_UP)
        found.append((elapsed_us(rows[last_open].t_us, rows[0].t_us) - 100_000) * 1e-3)
    return found


def test_heel_switch_closes_at_contact_opens_at_heel_off_and_bounces():
    walk = Recorded(40.0, severity="healthy", sensors={"rate_hz": 1000.0})
    assert all(-40.0 <= ms <= 40.0 for ms in heel_closings_ms(walk))
    heel = [row.heel for row in walk.rows]
    assert set(heel) == {HEEL_UP, HEEL_DOWN}
    edges = sum(1 for a, b in pairwise(heel) if a != b)
    assert edges > 4 * len(walk.leg.strides), "two clean edges a stride would be a switch that never bounces"
    closed = sum(1 for row in walk.rows[5000:] if row.heel == HEEL_DOWN) / len(walk.rows[5000:])
    assert 0.30 <= closed <= 0.50


def test_equinus_lands_on_the_forefoot_and_closes_the_switch_late():
    equinus = Recorded(30.0, severity="severe", stride_s=1.7, sensors={"rate_hz": 1000.0})
    heel_first = Recorded(30.0, severity="healthy", stride_s=1.7, sensors={"rate_hz": 1000.0})
    assert sum(s.pitch_at_contact_deg for s in equinus.leg.strides[2:]) / len(equinus.leg.strides[2:]) < 0.0
    late, normal = (sorted(heel_closings_ms(w)) for w in (equinus, heel_first))
    assert late[len(late) // 2] > normal[len(normal) // 2] + 10.0


def test_missing_switch_says_so():
    walk = Recorded(3.0, sensors={"has_heel": False})
    assert {row.heel for row in walk.rows} == {HEEL_NONE}


def test_unread_samples_fall_out_like_those_of_a_chip():
    leg = Leg(WalkerSettings())
    sensors = SimSensors(leg)
    leg.advance(10_000_000)
    sample, count = Sample(), 0
    while sensors.read(sample):
        count += 1
    assert count == 512
    assert sensors.lost_total == 1000 - 512


def test_mounting_turns_gravity_as_a_tilted_sensor_feels_it():
    (_, _, x_up), (_, _, y_up), (_, _, z_up) = mount_matrix((0.0, -30.0, 0.0))  # toe-down
    assert (x_up, y_up, z_up) == pytest.approx((0.5, 0.0, math.sqrt(0.75)))


def test_wrong_place_and_rate_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match="known are foot, shank"):
        SimSensors(Leg(), place="knee")
    with pytest.raises(ValueError, match="rate_hz is 5"):
        SimSensors(Leg(), rate_hz=5)
