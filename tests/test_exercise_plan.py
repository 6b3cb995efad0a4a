"""The plan of an exercise: what it refuses and in which words, and that its bytes and hash name it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimulator import parameters
from stimulator.exercise_plan import (
    EXERCISE_CHANNEL_PARAMETERS,
    EXERCISE_PARAMETERS,
    IN_TURN,
    ExerciseChannel,
    ExercisePlan,
    burst_ms,
    canonical_bytes,
    charge_uc,
    checked,
    default_plan,
    from_bytes,
    plan_hash,
    problems,
    total_s,
    warnings,
)
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.prescription import canonical_bytes as walk_bytes
from stimulator.wearer import WEARER_PARAMETERS
from tests.drawn_prescriptions import steps_of

PRESCRIPTION = default_prescription()


def said(**changes):
    return "\n".join(problems(default_plan()._replace(**changes), PRESCRIPTION))


def test_the_default_plan_is_valid_recommended_and_as_clinics_use_it():
    plan = default_plan()
    assert problems(plan, PRESCRIPTION) == []
    assert warnings(plan, PRESCRIPTION) == []
    assert (plan.repetitions, plan.sets, burst_ms(plan), plan.off_ms) == (10, 3, 3500, 4000)
    assert total_s(plan) == 5 + 3 * 75 + 2 * 60


@pytest.mark.parametrize("p", EXERCISE_PARAMETERS, ids=lambda p: p.name)
def test_each_value_is_refused_one_step_outside_its_range_and_if_it_is_no_whole_number(p):
    for value in (p.min - 1, p.max + 1, -1, 2**30):
        assert f"{p.name} is {value}; allowed is {p.min} to {p.max}" in said(**{p.name: value})
    for value in (None, "5", 2.0, float("nan"), True):
        assert f"{p.name} is {value!r}; it must be a whole number" in said(**{p.name: value})
    for value in (p.min, p.max):
        assert f"{p.name} is {value}; allowed is {p.min} to" not in said(**{p.name: value})


def test_the_numbers_of_the_table_are_these():
    rows = [
        (p.id, p.name, p.min, p.max, p.default) for p in EXERCISE_PARAMETERS + EXERCISE_CHANNEL_PARAMETERS
    ]
    assert rows == [
        (64, "rise_ms", 200, 2000, 500),
        (65, "on_ms", 500, 3500, 2500),
        (66, "fall_ms", 100, 2000, 500),
        (67, "off_ms", 2000, 60_000, 4000),
        (68, "repetitions", 1, 50, 10),
        (69, "sets", 1, 10, 3),
        (70, "set_pause_s", 5, 300, 60),
        (71, "countdown_s", 3, 30, 5),
        (72, "order", 0, 1, 0),
        (73, "trigger", 0, 2, 0),
        (74, "window_ms", 1000, 20_000, 5000),
        (75, "helps_anyway", 0, 1, 1),
        (76, "attempt_cdps", 500, 20_000, 3000),
        (77, "missed_max", 1, 20, 5),
        (96, "channel", 0, 3, 0),
        (97, "share_percent", 10, 100, 100),
    ]


def test_no_number_of_a_parameter_is_given_twice():
    tables = (
        parameters.WALK_PARAMETERS,
        parameters.CHANNEL_PARAMETERS,
        EXERCISE_PARAMETERS,
        EXERCISE_CHANNEL_PARAMETERS,
        WEARER_PARAMETERS,
    )
    numbers = [p.id for table in tables for p in table]
    assert len(set(numbers)) == len(numbers)
    for table in tables:
        for p in table:
            assert p.min <= p.recommended_min <= p.recommended_max <= p.max
            assert p.min <= p.default <= p.max
            assert p.help.endswith(".")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"channels": ()}, "channels has 0 entries; the prescription allows 1 to 2"),
        ({"channels": (ExerciseChannel(0, 100),) * 3}, "channels has 3 entries"),
        ({"channels": (ExerciseChannel(0, 100),) * 2}, "tibialis_anterior: named twice"),
        ({"channels": (ExerciseChannel(2, 100),)}, "channel is 2; the prescription has 0 to 1"),
        ({"channels": (ExerciseChannel(4, 100),)}, "channel is 4; allowed is 0 to 3"),
        ({"channels": (ExerciseChannel(-1, 100),)}, "channel is -1; allowed is 0 to 3"),
        ({"channels": (ExerciseChannel(0, 9),)}, "share_percent is 9; allowed is 10 to 100"),
        ({"channels": (ExerciseChannel(0, 101),)}, "share_percent is 101; allowed is 10 to 100"),
        ({"rise_ms": 510, "on_ms": 3000}, "add up to 4010 ms; allowed is 0 to 4000"),
        ({"repetitions": 50, "sets": 5}, "lasts 2120 s; allowed is 0 to 1800"),
        ({"rise_ms": 200, "on_ms": 3500, "fall_ms": 110, "off_ms": 2000}, "add up to 3810"),
    ],
)
def test_what_is_wrong_is_said_with_the_range_and_the_next_step(changes, part):
    text = said(**changes)
    if part == "add up to 3810":  # allowed in sum, too much in 10 s
        assert "ms weighted by strength (allowed 0 to 7350). Make off_ms longer." in text
    else:
        assert part in text
    assert all(sentence.endswith(".") for sentence in text.split("\n"))


def prescribed(**changes):
    return PRESCRIPTION._replace(channels=(PRESCRIPTION.channels[0]._replace(**changes),))


def one(**changes):
    return default_plan(1)._replace(**changes)


def test_a_channel_without_current_cannot_be_exercised():
    assert "nothing is prescribed" in "\n".join(problems(one(), prescribed(current_ua=0)))


@pytest.mark.parametrize(("share_percent", "step_ua", "fits"), [(10, 2_000, True), (10, 2_001, False)])
def test_a_share_below_one_step_of_the_device_is_refused(share_percent, step_ua, fits):
    plan = one(channels=(ExerciseChannel(0, share_percent),))
    found = problems(plan, prescribed(current_ua=20_000), step_ua)
    assert (found == []) == fits
    assert fits or "share_percent is 10, which is 2000 uA; the device allows 2001 or more" in found[0]


@pytest.mark.parametrize(
    ("current_ua", "width_us", "rate_hz", "rise_ms"),
    [(60_000, 300, 40, 251), (100_000, 200, 15, 1111), (66_000, 450, 20, 826)],
)
def test_the_rise_must_be_as_long_as_strength_and_rate_need(current_ua, width_us, rate_hz, rise_ms):
    strong = prescribed(
        current_ua=current_ua,
        width_us=width_us,
        rate_hz=rate_hz,
        current_max_ua=100_000,
        charge_max_nc=30_000,
    )
    found = problems(one(rise_ms=rise_ms - 20, on_ms=1000), strong)
    assert any("Make the rise longer, or raise rate_hz" in s for s in found)
    assert problems(one(rise_ms=rise_ms, on_ms=1000), strong) == []


def test_much_charge_is_pointed_out_and_more_than_an_hour_allows_is_refused():
    strong = prescribed(
        current_ua=66_000, current_max_ua=100_000, width_us=450, rate_hz=45, charge_max_nc=30_000
    )
    plan = one(rise_ms=600, on_ms=3300, fall_ms=100, off_ms=2000, repetitions=28, sets=10, set_pause_s=5)
    assert 2_500_000 < charge_uc(plan, strong) < 3_600_000
    assert problems(plan, strong) == []
    assert any("from 2500 mC an hour on the device warns" in s for s in warnings(plan, strong))
    # No prescription that validates reaches the hour's limit in 30 min; one that does not validate shows the refusal.
    both = strong._replace(channels=strong.channels * 2)
    plan = plan._replace(channels=default_plan(2).channels)
    needed_mc = charge_uc(plan, both) // 1000
    assert any(f"needs {needed_mc} mC; an hour allows 0 to 3600" in s for s in problems(plan, both))


def test_the_charge_is_what_the_pulses_sum_up_to():
    plan = one(sets=1, repetitions=1)
    # 25 mA, 300 us: 15 uC a pulse; 40 Hz over 2.5 s and half of two ramps of 0.5 s: 120 pulses
    assert 120 * 15 <= charge_uc(plan, PRESCRIPTION) <= 125 * 15
    assert charge_uc(plan._replace(sets=3, repetitions=7), PRESCRIPTION) == 21 * charge_uc(plan, PRESCRIPTION)


def test_what_is_unusual_is_pointed_out():
    assert warnings(default_plan()._replace(off_ms=2000), PRESCRIPTION) == [
        "off_ms is 2000; recommended is 3000 to 15000 ms. Go on only if this is meant."
    ]


def test_a_plan_that_must_not_be_used_raises_with_every_reason():
    with pytest.raises(PrescriptionError) as raised:
        checked(default_plan()._replace(off_ms=0, sets=11), PRESCRIPTION)
    assert len(raised.value.sentences) == 2
    assert checked(default_plan(), PRESCRIPTION) == default_plan()


# Bytes ---------------------------------------------------------------------------------------------

plans = st.builds(
    lambda values, chosen: ExercisePlan(*values, tuple(chosen)),
    st.tuples(*[steps_of(p) for p in EXERCISE_PARAMETERS]),
    st.lists(st.builds(ExerciseChannel, st.integers(0, 3), st.integers(10, 100)), min_size=1, max_size=4),
)


@given(plans, plans)
def test_bytes_and_hash_name_exactly_one_plan(a, b):
    assert from_bytes(canonical_bytes(a)) == a
    assert (plan_hash(a) == plan_hash(b)) == (a == b)


def test_the_default_plan_has_this_hash_on_every_platform():
    assert canonical_bytes(default_plan())[:17].hex() == "535745310240fff401000041ffc4090000"
    assert plan_hash(default_plan()) == "48a4020a7fd47be0"


@pytest.mark.parametrize("cut", range(0, 113, 7))
def test_a_plan_that_is_cut_is_refused(cut):
    with pytest.raises(PrescriptionError):
        from_bytes(canonical_bytes(default_plan())[:cut])


@given(st.integers(0, 112), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_another_plan(at, flip):
    data = bytearray(canonical_bytes(default_plan()))
    data[at] ^= flip
    try:
        got = from_bytes(bytes(data))
    except PrescriptionError as error:
        got = error.sentences
    assert got != default_plan()


def test_a_prescription_is_no_plan():
    with pytest.raises(PrescriptionError, match="not an exercise plan"):
        from_bytes(walk_bytes(PRESCRIPTION))


def test_in_turn_the_exercise_lasts_longer():
    assert total_s(default_plan()._replace(order=IN_TURN)) == 5 + 3 * 150 + 2 * 60
