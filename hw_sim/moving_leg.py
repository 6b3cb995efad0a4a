"""The simulated leg in motion, as a picture that moves by itself: one stride without and one with stimulation.

An SVG with CSS only: no script, nothing from outside. It moves at a third of real speed and can be paused; who asked
for less motion, and who prints, gets the filmstrip below it instead.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from hw_sim import geometry
from hw_sim.demo import DemoRun
from hw_sim.strides import StrideRecord, TraceRow

FRAME_MS = 40
SLOWER = 3.0
PX_PER_M = 260.0
WIDTH, HEIGHT, FLOOR_Y, HIP_X = 470.0, 300.0, 272.0, 230.0
BLUE, RED, ORANGE, INK = "#0072B2", "#D55E00", "#E69F00", "#333333"
DRAGGED = f'stroke="{RED}" stroke-width="5"/>'
LIFTED = f'stroke="{BLUE}" stroke-width="2" stroke-dasharray="2 3"/>'
ACTIVE = 0.05  # an activation above this is drawn
SAID = (
    "The simulated leg through one stride, without and with stimulation; the filmstrip below shows the same."
)
CAPTION = (
    "One stride of the simulated leg at a third of its speed, the hip held still. Dotted: the way of the toe, red "
    "where it drags. Orange beside the shin: the tibialis anterior is active."
)
Point = tuple[float, float]

STYLE = """
.moving { margin: 0 0 1rem; } .moving svg { background: #fafafa; border: 1px solid #ddd; }
.moving .frame { visibility: hidden; animation: frame var(--cycle) step-end infinite; }
.moving label { font-size: .9rem; } .moving input:checked ~ svg .frame { animation-play-state: paused; }
@media (prefers-reduced-motion: reduce) { .moving { display: none; } }
@media print { .moving { display: none; } }
"""


def moving_leg(run: DemoRun) -> str:
    """Return an HTML figure: the leg of one stride of each part of the walk, side by side; "" if there is none."""
    parts = [_rows(run, strides) for strides in (run.strides_off, run.strides_on)]
    if not all(parts):
        return ""
    n = min(len(rows) for rows in parts)
    cycle_s = n * FRAME_MS / 1000.0 * SLOWER
    panels = "".join(
        f'<g transform="translate({i * (WIDTH + 20):.0f} 0)">{_panel(rows[:n], title, cycle_s)}</g>'
        for i, (rows, title) in enumerate(
            zip(parts, ("Without stimulation", "With stimulation"), strict=True)
        )
    )
    visible = 100.0 / n
    return f"""<figure class="moving" style="--cycle:{cycle_s:.2f}s">
<style>{STYLE}
@keyframes frame {{ 0% {{ visibility: visible; }} {visible:.3f}%, 100% {{ visibility: hidden; }} }}</style>
<input type="checkbox" id="pause-leg"> <label for="pause-leg">pause</label>
<svg viewBox="0 0 {2 * WIDTH + 20:.0f} {HEIGHT:.0f}" role="img" aria-label="{SAID}">{panels}</svg>
<figcaption class="small">{CAPTION}</figcaption></figure>"""


def _rows(run: DemoRun, strides: Sequence[StrideRecord]) -> list[TraceRow]:
    """Return every FRAME_MS of the stride in the middle of `strides`, contact to contact."""
    if not strides:
        return []
    stride = strides[len(strides) // 2]
    rows = [r for r in run.leg.trace if stride.start_us <= r.t_s * 1e6 < stride.swing_end_us]
    return rows[:: FRAME_MS // 10]


def _panel(rows: Sequence[TraceRow], title: str, cycle_s: float) -> str:
    frames = "".join(
        f'<g class="frame" style="animation-delay:{k * cycle_s / len(rows) - cycle_s:.3f}s">{_leg(r)}</g>'
        for k, r in enumerate(rows)
    )
    toes = [(joints(r)[3], r) for r in rows]
    path = "".join(
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        + (DRAGGED if r.toe_clearance_mm <= 0.0 else LIFTED)
        for (a, _), (b, r) in pairwise(toes)
        if r.is_swing
    )
    return (
        f'<text x="10" y="22" font-weight="bold" font-family="sans-serif" font-size="15">{title}</text>'
        f'<line x1="0" y1="{FLOOR_Y}" x2="{WIDTH}" y2="{FLOOR_Y}" stroke="#555555" stroke-width="1.5"/>'
        f"{path}{frames}"
    )


def joints(row: TraceRow) -> tuple[Point, Point, Point, Point, Point]:
    """Return hip, knee, ankle, toe and heel in the picture, px, with the hip at HIP_X; y points down."""
    thigh, shank, foot = (math.radians(a) for a in (row.thigh_deg, row.shank_deg, row.foot_pitch_deg))
    toe_up, heel_up = geometry.toe_above_ankle_m(foot), geometry.heel_above_ankle_m(foot)
    ankle_m = row.toe_clearance_mm / 1000.0 - toe_up if row.is_swing else max(-toe_up, -heel_up)
    knee_m = ankle_m + geometry.SHANK_M * math.cos(shank)
    hip_m = knee_m + geometry.THIGH_M * math.cos(thigh)
    knee_x = geometry.THIGH_M * math.sin(thigh)
    ankle_x = knee_x + geometry.SHANK_M * math.sin(shank)
    c, s = math.cos(foot), math.sin(foot)
    toe_x = ankle_x + geometry.TOE_FORWARD_M * c - geometry.TOE_UP_M * s
    heel_x = ankle_x + geometry.HEEL_FORWARD_M * c - geometry.HEEL_UP_M * s

    def at(x_m: float, up_m: float) -> Point:
        return HIP_X + PX_PER_M * x_m, FLOOR_Y - PX_PER_M * up_m

    return (
        at(0.0, hip_m),
        at(knee_x, knee_m),
        at(ankle_x, ankle_m),
        at(toe_x, ankle_m + toe_up),
        at(heel_x, ankle_m + heel_up),
    )


def _leg(row: TraceRow) -> str:
    hip, knee, ankle, toe, heel = joints(row)
    drags = row.is_swing and row.toe_clearance_mm <= 0.0
    limb = " ".join(f"{x:.1f},{y:.1f}" for x, y in (hip, knee, ankle))
    foot = " ".join(f"{x:.1f},{y:.1f}" for x, y in (ankle, toe, heel))
    drawn = (
        f'<polyline points="{limb}" fill="none" stroke="{INK}" stroke-width="7" stroke-linecap="round" '
        f'stroke-linejoin="round"/><polygon points="{foot}" fill="{RED if drags else BLUE}"/>'
    )
    if row.tibialis > ACTIVE:
        along = _beside(knee, ankle)
        drawn += (
            f'<line x1="{along[0][0]:.1f}" y1="{along[0][1]:.1f}" x2="{along[1][0]:.1f}" y2="{along[1][1]:.1f}" '
            f'stroke="{ORANGE}" stroke-width="{3 + 6 * min(1.0, row.tibialis):.1f}" stroke-linecap="round"/>'
        )
    if drags:
        drawn += (
            f'<text x="{toe[0] + 6:.1f}" y="{FLOOR_Y + 18:.1f}" fill="{RED}" font-size="13" '
            f'font-family="sans-serif">drags</text>'
        )
    return drawn


def _beside(knee: Point, ankle: Point) -> tuple[Point, Point]:
    """Return the belly of the tibialis anterior: in front of the upper half of the shin."""
    (kx, ky), (ax, ay) = knee, ankle
    length = math.hypot(ax - kx, ay - ky)
    front_x, front_y = (ay - ky) / length * 9.0, -(ax - kx) / length * 9.0
    return (
        (kx + 0.15 * (ax - kx) + front_x, ky + 0.15 * (ay - ky) + front_y),
        (kx + 0.6 * (ax - kx) + front_x, ky + 0.6 * (ay - ky) + front_y),
    )
