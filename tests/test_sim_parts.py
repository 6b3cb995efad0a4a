"""The parts that a person wears: a switch that wears out, an IMU with its errors, a battery that empties."""

import math
from itertools import pairwise
from typing import Any

import pytest

from hw_sim.battery import Battery, BatterySettings
from hw_sim.heel_switch import HeelSwitchSettings
from hw_sim.imu import ImuSettings, drawn_settings
from hw_sim.leg import Leg
from hw_sim.population import drawn_person
from hw_sim.sensors import SimSensors
from hw_sim.style import Style, drawn_style
from hw_sim.walker import WalkerSettings
from safety.sample import HEEL_DOWN, HEEL_UP, Sample


def perfect(**more: Any) -> ImuSettings:
    """Return an IMU without noise."""
    return ImuSettings(gyro_noise_dps=0.0, acc_noise_mps2=0.0, **more)


def readings(seconds: float, *, sensors: dict, **settings: object) -> tuple[list[tuple[int, ...]], Leg]:
    """Return (gyro x y z, acc x y z, heel) of each reading, and the leg."""
    leg = Leg(WalkerSettings(**settings), keeps_trace=False)  # type: ignore[arg-type]
    source, sample, rows = SimSensors(leg, **sensors), Sample(), []
    while leg.now_us < seconds * 1e6:
        leg.advance(100_000)
        while source.read(sample):
            s = sample
            rows.append(
                (s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg, s.heel)
            )
    return rows, leg


def heel_levels(**heel: float) -> list[int]:
    rows, _ = readings(
        20.0,
        sensors={"heel": HeelSwitchSettings(**heel), "imu": perfect()},
        severity="healthy",
        varies=False,
    )
    return [row[6] for row in rows[300:]]


def closed_share(levels: list[int]) -> float:
    return sum(level == HEEL_DOWN for level in levels) / len(levels)


def edges(levels: list[int]) -> int:
    return sum(a != b for a, b in pairwise(levels))


def test_a_worn_switch_needs_more_load_so_it_closes_late_and_opens_early():
    new, worn, dead = (heel_levels(closes_at_load=load) for load in (0.0, 0.3, 0.9))
    assert closed_share(worn) < closed_share(new) - 0.05
    assert closed_share(dead) < 0.12

    def first_closing(levels: list[int], after: int) -> int:
        return next(i for i in range(after, len(levels)) if all(x == HEEL_DOWN for x in levels[i : i + 5]))

    start = next(i for i in range(20, 200) if all(x == HEEL_UP for x in new[i - 10 : i]))
    assert first_closing(worn, start) > first_closing(new, start)


def test_a_sticky_switch_opens_late():
    new, sticky = heel_levels(), heel_levels(sticks_ms=150.0)
    assert closed_share(sticky) == pytest.approx(closed_share(new) + 0.15 / 1.2, abs=0.03)


def test_a_cold_joint_interrupts_the_closed_switch():
    new, loose = heel_levels(), heel_levels(drops_per_s=4.0)
    assert edges(loose) > edges(new) + 20
    assert closed_share(loose) < closed_share(new)


def test_saturation_is_at_the_chosen_full_scale():
    narrow = ImuSettings(gyro_range_dps=250.0, acc_range_g=2.0)
    rows, _ = readings(12.0, sensors={"imu": narrow}, severity="healthy")
    assert max(abs(x) for row in rows for x in row[:3]) == 25_000
    assert max(abs(x) for row in rows for x in row[3:6]) == 2_000


def test_bias_and_any_mounting_are_told_as_they_are():
    imu = perfect(mount_deg=(90.0, 0.0, 0.0), gyro_bias_dps=(1.0, -2.0, 3.0), acc_bias_mps2=(0.1, 0.0, 0.0))
    for side in ("right", "left"):
        rows, _ = readings(1.0, sensors={"imu": imu}, side=side)
        assert rows[50][:3] == (100, -200, 300), side
        assert rows[50][3:6] == (10, 1000, 0), side


def test_averaging_smooths_the_rate_and_keeps_its_integral():
    quick, slow = (
        readings(6.0, sensors={"imu": perfect(average_ms=ms)}, style=Style(), varies=False)[0]
        for ms in (1, 40)
    )
    assert min(row[1] for row in slow) > min(row[1] for row in quick)
    pitch, pitch_slow = (sum(row[1] for row in rows[:560]) * 1e-4 for rows in (quick, slow))
    assert pitch_slow == pytest.approx(pitch, abs=3.0)


def test_a_low_pass_lowers_the_impact_and_repeated_rates_stay_the_same():
    plain, smooth = (
        readings(12.0, sensors={"imu": perfect(**more)}, severity="healthy", seed=2)[0]
        for more in ({}, {"acc_smoothing_ms": 30.0, "gyro_repeats": 0.2})
    )

    def peak(rows) -> float:
        return max(math.dist(row[3:6], (0, 0, 0)) for row in rows)

    assert peak(smooth) < 0.75 * peak(plain)
    moving = [(a, b) for a, b in pairwise(smooth) if abs(a[1]) > 5_000]
    assert 0.1 < sum(a[:3] == b[:3] for a, b in moving) / len(moving) < 0.3


def test_soft_tissue_shakes_the_shank_s_sensor_after_contact_only():
    still, soft = (
        readings(10.0, sensors={"imu": perfect(place="shank", tissue_deg=deg)}, style=Style())[0]
        for deg in (0.0, 2.0)
    )
    differs = [abs(a[1] - b[1]) for a, b in zip(still, soft, strict=True)]
    assert max(differs) > 2_000  # 2 deg at 9 Hz are 110 deg/s at first
    assert max(differs[:200]) == 0
    assert sum(d > 100 for d in differs) < 0.5 * len(differs)


def test_a_plain_person_has_no_sideways_motion_and_a_drawn_one_has():
    plain, drawn = (
        readings(10.0, sensors={"imu": perfect()}, severity="healthy", seed=3, style=style)[0]
        for style in (Style(), None)
    )
    assert max(abs(row[2]) for row in plain) < 2_500
    assert max(abs(row[2]) for row in drawn) > 5_000


def test_people_differ_and_each_is_the_same_each_time():
    assert drawn_style(5, True) == drawn_style(5, True) != drawn_style(6, True)
    assert drawn_style(5, False).unsteadiness > drawn_style(5, True).unsteadiness
    assert drawn_person(9) == drawn_person(9) != drawn_person(10)
    people = [drawn_person(seed) for seed in range(60)]
    assert {p.settings.severity for p in people} == {"healthy", "mild", "moderate", "severe"}
    assert {p.settings.side for p in people} == {"left", "right"}
    right, left = (drawn_settings("foot", side, 4) for side in ("right", "left"))
    assert right.mount_deg == (-left.mount_deg[0], left.mount_deg[1], -left.mount_deg[2])


def test_a_battery_empties_by_time_and_by_pulses_and_not_below_zero():
    idle, walking = Battery(), Battery()
    for _ in range(3600):
        idle.advance(1_000_000)
        walking.advance(1_000_000)
        for _ in range(48):  # two channels at 40 Hz for 60 % of the time
            walking.pulse(26.0, 300)
    assert idle.percent == 93
    assert 80 <= walking.percent < idle.percent
    for _ in range(100):
        walking.advance(3_600_000_000)
    assert walking.percent == 0
    assert Battery(BatterySettings(full_percent=4.0)).percent == 4


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: HeelSwitchSettings(sticks_ms=-1.0), "sticks_ms is -1.0; allowed is 0 to 600"),
        (lambda: ImuSettings(gyro_range_dps=50.0), "gyro_range_dps is 50.0; allowed is 125 to 4000"),
        (lambda: ImuSettings(place="knee"), "place is 'knee'; known are foot, shank"),
        (lambda: BatterySettings(full_percent=120.0), "full_percent is 120.0; allowed is 0 to 100"),
        (lambda: Style(push_size=9.0), "push_size is 9.0; allowed is 0.3 to 1.5"),
        (lambda: SimSensors(Leg(), heel_foot="both"), "heel_foot is 'both'; known are own, other"),
    ],
)
def test_impossible_parts_are_refused_with_what_is_allowed(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
