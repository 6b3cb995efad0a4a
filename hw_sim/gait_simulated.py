"""A simulated walk as a labelled recording: the labels are what the simulated leg did, not what a sensor saw."""

import math

import numpy as np

from hw_sim.foot import GROUND, LOADING, SWING
from hw_sim.heel_switch import CLOSES_BELOW_M
from hw_sim.leg import Leg
from hw_sim.recording import CDPS_PER_RAD_S, MG_PER_MPS2, Recording
from hw_sim.sensors import SimSensors
from hw_sim.walker_settings import WalkerSettings
from safety.sample import Sample

HEEL_OFF, TOE_OFF, CONTACT, FOOT_FLAT = range(4)
STEP_ORDER = (HEEL_OFF, FOOT_FLAT, TOE_OFF, CONTACT)  # as Recording.steps has them


class StepMarks:
    """Watches a leg and notes when each step's events happened, to the millisecond.

    steps   rows [heel-off, toe-off, contact, foot-flat], us since the leg's start
    """

    def __init__(self, leg: Leg) -> None:
        self.steps: list[list[int]] = []
        self._rising: list[int] = []
        self._mode = GROUND
        self._heel_is_up = False
        leg.attach(self)

    def look(self, leg: Leg) -> None:
        """Called by the leg after each millisecond."""
        now_us, foot = leg.walker.now_us, leg.foot
        is_up = foot.heel_m >= CLOSES_BELOW_M
        if is_up and not self._heel_is_up and foot.mode == GROUND:
            self._rising = [now_us]
        self._heel_is_up = is_up
        if foot.mode != self._mode:
            if foot.mode == SWING and self._mode == GROUND:
                self._rising = [*(self._rising or [now_us]), now_us]
            elif foot.mode == LOADING:
                self._rising.append(now_us)
            elif self._mode == LOADING and len(self._rising) == FOOT_FLAT:
                self.steps.append([*self._rising, now_us])
                self._rising = []
            self._mode = foot.mode


def simulated_recording(
    settings: WalkerSettings,
    *,
    seconds: float,
    place: str = "foot",
    rate_hz: float = 100.0,
    has_heel: bool = True,
    group: str = "simulated",
) -> Recording:
    """Return `seconds` of a walk as worn sensors would record it, with every step labelled."""
    leg = Leg(settings, keeps_trace=False)
    marks = StepMarks(leg)
    sensors = SimSensors(leg, place=place, rate_hz=rate_hz, t_us_start=0, has_heel=has_heel)
    sample, rows, heel = Sample(), [], []
    first_us = 0
    for _ in range(round(seconds * 1000)):
        leg.advance(1000)
        while sensors.read(sample):
            first_us = first_us or sample.t_us
            s = sample
            rows.append((s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg))
            heel.append(sample.heel)
    values = np.array(rows, np.int32)
    steps = []
    for step in marks.steps:
        at = [math.ceil((t_us - first_us) * rate_hz / 1e6) for t_us in step]
        if at[FOOT_FLAT] < len(values):
            steps.append(tuple(at[event] for event in STEP_ORDER))
    return Recording(
        number=0,
        dataset="simulated",
        subject=f"{settings.severity}-{settings.seed}",
        trial="1",
        side=settings.side[0].upper(),
        place=place,
        group=group,
        fs=rate_hz,
        is_slow=settings.stride_s > 1.5,
        is_weak_pushoff=False,
        gyro_scale=1 / CDPS_PER_RAD_S,
        acc_scale=1 / MG_PER_MPS2,
        gyro_counts=values[:, :3],
        acc_counts=values[:, 3:],
        heel_counts=None,
        heel_levels=np.array(heel, np.int8) if has_heel else None,
        steps=tuple(steps),
        ignore=(),
        meta={},
    )
