"""The closed loop: what the emulated stimulator delivers moves the foot, and the foot asks for more."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hw_sim import geometry
from hw_sim.demo import demo_prescription, run_demo
from hw_sim.metrics import drag_share
from hw_sim.moving_leg import FLOOR_Y, ORANGE, PX_PER_M, joints, moving_leg
from hw_sim.report import demo_html, summary_lines


def walk(**changes):
    return run_demo(demo_prescription(), walk_s=40, off_s=10, **changes)


@pytest.fixture(scope="module")
def whole():
    return walk()


def mean(strides, name):
    return float(np.mean([getattr(s, name) for s in strides]))


def test_without_stimulation_the_toe_drags_and_with_it_the_toe_clears(whole):
    assert len(whole.strides_off) >= 5
    assert len(whole.strides_on) >= 15
    assert drag_share(whole.strides_off) >= 0.80
    assert drag_share(whole.strides_on) <= 0.05


def test_every_walked_step_is_stimulated_once_armed(whole):
    assert all(min(s.pulses) >= 3 for s in whole.strides_on)
    assert all(max(s.pulses) == 0 for s in whole.strides_off)


def test_before_arming_every_pulse_is_refused_and_none_is_delivered(whole):
    assert sum(whole.tally.refused.values()) > 0
    assert all(p.start_us >= whole.on_from_us for p in whole.pulses)
    assert len(whole.pulses) == whole.tally.granted


def test_pulses_that_never_reach_the_leg_leave_the_toe_dragging():
    run = walk(on_its_way=lambda pulse: None)
    assert len(run.pulses) > 100, "the emulator delivered them; they were lost on the way"
    assert drag_share(run.strides_on) >= 0.80


def test_pulses_that_come_300_ms_late_lift_the_foot_less(whole):
    late = walk(on_its_way=lambda p: (p.start_us + 300_000, p.channel, p.reached_ma, p.width_us))
    before, after = (mean(r.strides_on, "min_clearance_mm") for r in (whole, late))
    assert after < before - 5, f"clearance {before:.1f} mm on time, {after:.1f} mm late"


def test_swapped_channels_turn_the_foot(whole):
    swapped = walk(on_its_way=lambda p: (p.start_us, 1 - p.channel, p.reached_ma, p.width_us))
    straight, turned = (mean(r.strides_on, "roll_at_contact_deg") for r in (whole, swapped))
    assert abs(turned - straight) > 5, f"roll at contact {straight:.1f} deg, swapped {turned:.1f} deg"


def test_the_same_seed_gives_the_same_bytes(whole):
    assert walk().rows == whole.rows
    assert (
        run_demo(demo_prescription(), walk_s=10, off_s=4, seed=2).rows != whole.rows[: len(whole.rows) // 4]
    )


def test_the_report_is_one_file_that_needs_nothing_else(whole):
    page = demo_html(whole, demo_prescription(), [("command", "<test>")])
    assert "&lt;test&gt;" in page
    assert page.count("<svg") == 4
    for outside in ("<script", "src=", "@import", "url(http", 'href="http'):
        assert outside not in page, f"{outside} would need something outside the file"


def test_the_leg_moves_by_css_alone_and_gives_way_to_the_filmstrip(whole):
    figure = moving_leg(whole)
    for rule in (
        "@media print { .moving { display: none; } }",
        "(prefers-reduced-motion: reduce)",
        "step-end",
    ):
        assert rule in figure
    assert 'input type="checkbox"' in figure, "whoever is disturbed can pause it"
    without, with_it = figure.split("With stimulation</text>")
    assert ">drags<" in without
    assert ">drags<" not in with_it
    assert without.count('class="frame"') == with_it.count('class="frame"') > 20
    assert ORANGE not in without, "no muscle is active without stimulation"
    assert ORANGE in with_it


def test_a_walk_without_strides_has_no_moving_leg(whole):
    assert moving_leg(replace(whole, strides_on=[])) == ""


def test_the_moving_leg_keeps_its_bones_long_and_its_foot_above_the_floor(whole):
    for row in whole.leg.trace[300:900]:
        hip, knee, ankle, toe, heel = joints(row)
        assert math.dist(hip, knee) == pytest.approx(PX_PER_M * geometry.THIGH_M)
        assert math.dist(knee, ankle) == pytest.approx(PX_PER_M * geometry.SHANK_M)
        assert max(toe[1], heel[1]) <= FLOOR_Y + 1.0


def test_the_summary_names_drag_pulses_and_charge(whole):
    text = "\n".join(summary_lines(whole, demo_prescription()))
    for word in ("toe drags", "clearance", "granted", "refused", "uC"):
        assert word in text
