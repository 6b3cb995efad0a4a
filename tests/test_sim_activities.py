"""A walk is a list of what the person does: each of it moves leg and sensors as it should, and nothing jumps."""

import copy
import math
from itertools import pairwise

import pydantic
import pytest

from hw_sim.activities import KINDS, Activity
from hw_sim.imu import ImuSettings
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.stairs import down_curves, up_curves
from hw_sim.style import Style
from hw_sim.walker import WalkerSettings
from safety.sample import HEEL_DOWN, Sample

STAND = Activity(do="stand", seconds=1.0)
PERFECT = ImuSettings(gyro_noise_dps=0.0, acc_noise_mps2=0.0)


def done(*activities: Activity, seconds: float, **settings: object) -> Leg:
    """Return a leg that has done these things."""
    leg = Leg(WalkerSettings(activities=activities, **settings))  # type: ignore[arg-type]
    leg.advance(round(seconds * 1e6))
    return leg


def sampled(seconds: float, *, sensors: dict | None = None, **settings: object) -> list[tuple[int, ...]]:
    """Return (gyro x y z, acc x y z, heel) of each reading."""
    leg = Leg(WalkerSettings(**settings), keeps_trace=False)  # type: ignore[arg-type]
    source, sample, rows = SimSensors(leg, **(sensors or {})), Sample(), []
    while leg.now_us < seconds * 1e6:
        leg.advance(50_000)
        while source.read(sample):
            s = sample
            rows.append(
                (s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg, s.heel)
            )
    return rows


EVERYTHING = (
    STAND,
    Activity(do="walk", seconds=4.0, speed_mps=0.6),
    Activity(do="turn", turn_deg=180.0),
    Activity(do="walk", strides=3, slope_deg=6.0),
    Activity(do="shift_weight", seconds=4.0),
    Activity(do="sit_down"),
    Activity(do="sit", seconds=2.0),
    Activity(do="stand_up"),
    Activity(do="stairs_up", steps=6),
    Activity(do="stairs_down", steps=6),
    Activity(do="walk", seconds=3.0, size=0.4, stride_s=0.7),
    Activity(do="freeze", seconds=3.0),
    Activity(do="walk", strides=2, slope_deg=-6.0),
    STAND,
)
EVERYTHING_S = 60.0


@pytest.mark.parametrize("severity", ["healthy", "severe"])
def test_nothing_jumps_from_one_activity_to_the_next(severity):
    leg = done(*EVERYTHING, seconds=EVERYTHING_S, severity=severity)
    assert len(leg.strides) > 20
    for before, after in pairwise(leg.trace):
        assert abs(after.thigh_deg - before.thigh_deg) < 6.0, f"at {after.t_s} s"  # 600 deg/s
        assert abs(after.shank_deg - before.shank_deg) < 7.0, f"at {after.t_s} s"
        assert abs(after.foot_pitch_deg - before.foot_pitch_deg) < 9.0, f"at {after.t_s} s"
        assert min(after.toe_clearance_mm, after.heel_height_mm) >= 0.0
    last = leg.trace[-1]
    assert (last.thigh_deg, last.shank_deg, last.foot_pitch_deg) == (0.0, 0.0, 0.0)


def test_everything_that_can_be_done_is_in_the_walk_that_nothing_jumps_in():
    assert {a.do for a in EVERYTHING} == set(KINDS) - {"hang"}


def test_a_walk_lasts_as_long_as_said_and_its_speed_sets_stride_and_size():
    slow = done(STAND, Activity(do="walk", seconds=20.0, speed_mps=0.4), seconds=25.0, varies=False)
    quick = done(STAND, Activity(do="walk", seconds=20.0, speed_mps=1.2), seconds=25.0, varies=False)
    for leg, stride_s in ((slow, 1.7), (quick, 1.083)):
        assert leg.strides[-1].swing_end_us * 1e-6 == pytest.approx(21.0, abs=stride_s)
        inner = leg.strides[1:-1]
        assert all((s.swing_end_us - s.start_us) * 1e-6 == pytest.approx(stride_s, abs=0.002) for s in inner)

    def largest_thigh(leg: Leg) -> float:
        return max(row.thigh_deg for row in leg.trace if 5.0 < row.t_s < 15.0)

    assert largest_thigh(slow) < 0.85 * largest_thigh(quick)


def test_strides_and_steps_are_counted():
    assert len(done(STAND, Activity(do="walk", strides=7), seconds=20.0).strides) == 7
    assert len(done(STAND, Activity(do="stairs_up", steps=9), seconds=20.0).strides) == 5


@pytest.mark.parametrize(("turn_deg", "sign"), [(180.0, -1), (-90.0, 1)])
@pytest.mark.parametrize("place", ["foot", "shank"])
def test_a_turn_turns_the_sensor_about_the_vertical_by_as_much(turn_deg, sign, place):
    imu = ImuSettings(place=place, gyro_noise_dps=0.0, acc_noise_mps2=0.0)
    rows = sampled(
        12.0,
        activities=(STAND, Activity(do="turn", turn_deg=turn_deg)),
        varies=False,
        severity="healthy",
        sensors={"imu": imu},
    )
    turned_deg = sum(row[2] for row in rows) * 1e-4  # cdps, 100 readings a second; Z is up, so left is +
    assert turned_deg * sign > 0.0
    assert abs(turned_deg) == pytest.approx(abs(turn_deg), rel=0.15)  # a pitched foot sees a little less


def test_on_a_slope_the_standing_foot_lies_as_the_ground_does():
    rows = sampled(
        8.0,
        activities=(STAND, Activity(do="walk", seconds=30.0, slope_deg=8.0)),
        varies=False,
        severity="healthy",
        sensors={"imu": PERFECT},
    )
    flat = [row for row in rows[300:] if max(abs(row[1]), abs(row[0])) < 100 and abs(row[5]) > 900]
    assert len(flat) > 20
    # X is backward: on a foot that points uphill gravity pulls the toes' way back, which the sensor feels as minus X.
    tilts = sorted(math.degrees(math.atan2(-row[3], row[5])) for row in flat)
    assert tilts[len(tilts) // 2] == pytest.approx(8.0, abs=1.0)


def test_stairs_have_the_published_peaks():
    for curves, hip, knee, ankle in ((up_curves(), 65, 94, (-31, 11)), (down_curves(), 40, 90, (-40, 21))):
        thigh, shank, foot = ([math.degrees(x) for x in row] for row in curves.rows[:3])
        assert max(thigh) == pytest.approx(hip, abs=2.0)
        assert max(t - s for t, s in zip(thigh, shank, strict=True)) == pytest.approx(knee, abs=2.0)
        ankles = [f - s for f, s in zip(foot, shank, strict=True)]
        assert (min(ankles), max(ankles)) == pytest.approx(ankle, abs=3.0)


def test_stairs_land_flat_going_up_and_on_the_forefoot_going_down():
    up = done(STAND, Activity(do="stairs_up", steps=12), seconds=14.0, severity="healthy", style=Style())
    down = done(STAND, Activity(do="stairs_down", steps=12), seconds=14.0, severity="healthy", style=Style())
    assert all(abs(s.pitch_at_contact_deg) < 5.0 for s in up.strides[1:-1])
    assert all(s.pitch_at_contact_deg < -20.0 for s in down.strides[1:-1])
    assert not any(s.dragged for s in (*up.strides[:-1], *down.strides[:-1]))
    dropped = done(STAND, Activity(do="stairs_up", steps=12), seconds=14.0, severity="severe", style=Style())
    assert sum(s.dragged for s in dropped.strides) >= len(dropped.strides) / 2, (
        "a dropped foot catches on the step"
    )


def test_sitting_levels_the_thigh_and_leaves_the_foot_on_the_floor():
    leg = done(STAND, Activity(do="sit_down"), Activity(do="sit", seconds=3.0), seconds=4.5)
    last = leg.trace[-1]
    assert (last.thigh_deg, last.foot_pitch_deg, last.heel_height_mm) == (90.0, 0.0, 0.0)
    assert leg.walker.weight_share < 0.2
    assert leg.strides == []


def test_shifting_weight_lifts_the_heel_and_no_step_is_made():
    leg = done(STAND, Activity(do="shift_weight", seconds=30.0), seconds=32.0)
    assert max(row.heel_height_mm for row in leg.trace) > 4.0
    assert max(row.toe_clearance_mm for row in leg.trace) == 0.0
    assert leg.strides == []


def test_freezing_trembles_at_three_to_eight_hertz_with_the_feet_on_the_ground():
    leg = done(STAND, Activity(do="freeze", seconds=6.0), seconds=7.5)
    shank = [row.shank_deg for row in leg.trace if 2.0 < row.t_s < 6.0]
    turns = sum(1 for a, b, c in zip(shank, shank[1:], shank[2:], strict=False) if (b - a) * (c - b) < 0)
    assert 3.0 <= turns / 2 / 4.0 <= 8.0
    assert max(row.toe_clearance_mm for row in leg.trace) == 0.0
    assert leg.strides == []


@pytest.mark.parametrize("place", ["foot", "shank"])
def test_a_left_leg_is_the_exact_mirror_image_of_a_right_one(place):
    right, left = (
        sampled(
            30.0,
            side=side,
            seed=7,
            circumduction_m=0.05,
            activities=(
                STAND,
                Activity(do="walk", seconds=12.0),
                Activity(do="turn", turn_deg=turn_deg),
                STAND,
            ),
            sensors={"place": place},
        )
        for side, turn_deg in (("right", 90.0), ("left", -90.0))
    )
    mirrored = [(-gx, gy, -gz, ax, -ay, az, heel) for gx, gy, gz, ax, ay, az, heel in left]
    assert right == mirrored
    assert max(abs(row[0]) for row in right) > 3000, "it does turn sideways"


def test_the_other_foot_s_switch_closes_half_a_stride_after_this_one_s():
    settings = {"stride_s": 1.2, "varies": False, "severity": "healthy"}
    own = sampled(12.0, **settings)
    other = sampled(12.0, sensors={"heel_foot": "other"}, **settings)

    def closings(rows) -> list[int]:
        levels = [row[6] == HEEL_DOWN for row in rows]
        return [
            i for i in range(300, len(rows) - 6) if not any(levels[i - 5 : i]) and all(levels[i + 3 : i + 6])
        ]

    own_at, other_at = closings(own), closings(other)
    assert len(own_at) >= 5
    for at in own_at[1:-1]:
        assert min(abs(at + 60 - x) for x in other_at) <= 6, f"own closes at {at}, other at {other_at}"


def test_a_copy_of_a_leg_goes_on_as_the_leg_does():
    leg = done(*EVERYTHING, seconds=6.3, severity="severe")
    twin = copy.deepcopy(leg)
    for one in (leg, twin):
        one.advance(30_000_000)
    assert leg.trace == twin.trace
    assert leg.strides == twin.strides


def test_looking_often_changes_nothing():
    settings = WalkerSettings(activities=EVERYTHING, severity="severe", seed=4)
    seldom, often = Leg(settings), Leg(settings)
    rows = []
    for leg, step_us in ((seldom, 700_000), (often, 1_000)):
        source, sample, found = SimSensors(leg), Sample(), []
        while leg.now_us < 35_000_000:
            leg.advance(step_us)
            assert leg.foot.heel_m >= 0.0
            while source.read(sample):
                found.append(tuple(getattr(sample, name) for name in Sample.__slots__))
        rows.append(found)
    assert rows[0] == rows[1]
    assert seldom.trace == often.trace


@pytest.mark.parametrize(
    ("activity", "sentence"),
    [
        ({"do": "dance"}, "do is 'dance'; known are stand, walk, turn"),
        ({"do": "walk", "speed_mps": 3.0}, "speed_mps is 3.0; allowed is 0.2 to 1.6"),
        ({"do": "walk", "turn_deg": 90.0}, "turn_deg is given for 'walk'; there may be seconds, strides"),
        ({"do": "walk", "seconds": 3.0, "strides": 5}, "seconds and strides are both given"),
        ({"do": "walk", "seconds": math.nan}, "seconds is nan; allowed is 0 to"),
    ],
)
def test_an_impossible_activity_is_refused_with_what_is_possible(activity, sentence):
    with pytest.raises(ValueError, match=sentence):
        Activity(**activity)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (("sit",), "activity 1 is 'sit', but the person is standing then; possible are stand, walk"),
        (
            ("stand", "sit_down", "walk"),
            "activity 3 is 'walk', but the person is sitting then; possible are sit",
        ),
        (("stand_up",), "activity 1 is 'stand_up'"),
    ],
)
def test_nobody_walks_while_sitting(order, sentence):
    with pytest.raises(ValueError, match=sentence):
        WalkerSettings(activities=tuple(Activity(do=do) for do in order))


def test_settings_can_be_read_from_a_file_s_tables_with_every_range_in_the_schema():
    reader = pydantic.TypeAdapter(WalkerSettings)
    read = reader.validate_python(
        {"severity": "mild", "activities": [{"do": "stand", "seconds": 3}, {"do": "walk", "speed_mps": 0.6}]}
    )
    assert read.activities[1] == Activity(do="walk", speed_mps=0.6)
    for wrong in ({"gait": 1}, {"stride_s": 9.0}, {"activities": [{"do": "walk", "tempo": 2}]}):
        with pytest.raises(pydantic.ValidationError):
            reader.validate_python(wrong)
    schema = reader.json_schema()
    assert schema["properties"]["stride_s"]["minimum"] == 0.8
    assert "speed" in schema["$defs"]["Activity"]["properties"]["speed_mps"]["description"]
