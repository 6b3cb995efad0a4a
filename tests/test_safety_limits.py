"""Limits can only be made within the absolute ones: every field at its edges and one step beyond."""

import pytest

from safety.limits import is_absolute, make_limits

EDGES = {
    "current_max_ua": (0, 100_000),
    "width_max_us": (50, 450),
    "charge_max_nc": (0, 30_000),
    "interval_min_us": (16_600, 1_000_000),
    "current_step_ua": (1, 2_000),
    "area_cm2": (20, 200),
    "return_group": (0, 3),
    "plateau_nc": (1, 30_000),
}


@pytest.mark.parametrize(("name", "low", "high"), [(name, *edges) for name, edges in EDGES.items()])
def test_each_field_holds_at_its_edges(name, low, high):
    for value in (low, high):
        made = make_limits(**{name: value})
        assert is_absolute(made)
        assert name == "area_cm2" or getattr(made, name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"{name} is {value}; allowed is {low} to {high}"):
            make_limits(**{name: value})


def test_what_is_left_out_has_its_default():
    assert make_limits() == (60_000, 450, 20_000, 16_600, 500, 400, 0, 1, False)


@pytest.mark.parametrize("name", ["current_max_ma", "rms_sq_max_ma", "colour"])
def test_a_limit_that_does_not_exist_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"There is no limit {name}. Name one of current_max_ua"):
        make_limits(**{name: 1})


def test_the_rms_comes_from_the_area_and_not_from_whoever_asks():
    with pytest.raises(ValueError, match="rms_sq_max_ma2 comes from area_cm2"):
        make_limits(rms_sq_max_ma2=100)


OUTSIDE = [
    *[(name, low - 1) for name, (low, high) in EDGES.items() if name != "area_cm2"],
    *[(name, high + 1) for name, (low, high) in EDGES.items() if name != "area_cm2"],
    *[("rms_sq_max_ma2", -1), ("rms_sq_max_ma2", 401), ("doublet", 2)],
]


@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_a_record_built_by_hand_is_not_absolute_one_step_beyond(name, value):
    assert not is_absolute(make_limits()._replace(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value"), [("rms_sq_max_ma2", 0), ("rms_sq_max_ma2", 400), ("doublet", True)]
)
def test_a_record_built_by_hand_is_absolute_at_its_edges(name, value):
    assert is_absolute(make_limits()._replace(**{name: value}))
