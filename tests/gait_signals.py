"""Made walks for the detector's tests: smooth lobes with the timing of a slow, weak or normal foot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWalk:
    """Stand, walk, stand. Each stride: foot flat, heel rise, swing, landing, in s and deg/s.

    The foot ends each stride at the pitch where it began it: push-off, swing and landing lobes cancel.
    """

    strides: int = 6
    stand_s: float = 1.5
    flat_s: float = 0.45
    rise_s: float = 0.25
    swing_s: float = 0.40
    land_s: float = 0.10
    push_dps: float = 220.0

    @property
    def stride_s(self) -> float:
        return self.flat_s + self.rise_s + self.swing_s + self.land_s

    @property
    def length_s(self) -> float:
        return 2 * self.stand_s + self.strides * self.stride_s

    def heel_off_s(self, stride: int) -> float:
        return self.stand_s + stride * self.stride_s + self.flat_s

    def toe_off_s(self, stride: int) -> float:
        return self.heel_off_s(stride) + self.rise_s

    def contact_s(self, stride: int) -> float:
        return self.toe_off_s(stride) + self.swing_s

    def rate_dps(self, t_s: float) -> float:
        """Sagittal rate, deg/s, toe-up positive."""
        stride, phase_s = divmod(t_s - self.stand_s, self.stride_s)
        if not 0 <= stride < self.strides or phase_s < self.flat_s:
            return 0.0
        land_dps = 0.4 * self.push_dps
        swing_dps = (self.push_dps * self.rise_s + land_dps * self.land_s) / self.swing_s
        phase_s -= self.flat_s
        for length_s, peak_dps in (
            (self.rise_s, -self.push_dps),
            (self.swing_s, swing_dps),
            (self.land_s, -land_dps),
        ):
            if phase_s < length_s:
                return peak_dps * math.sin(math.pi * phase_s / length_s)
            phase_s -= length_s
        return 0.0

    def is_heel_down(self, t_s: float) -> bool:
        """What a heel switch without bounce would say."""
        return not any(self.heel_off_s(k) <= t_s < self.contact_s(k) for k in range(self.strides))


def samples(
    walk: MadeWalk, *, fs: float = 100.0, start_us: int = 0, has_imu: bool = True, has_switch: bool = False
) -> Iterator[Sample]:
    """Yield the walk sample by sample, a new object each; the clock starts at `start_us` and wraps."""
    for i in range(int(walk.length_s * fs)):
        t_s = i / fs
        s = Sample()
        s.t_us = (start_us + round(t_s * 1e6)) & WRAP_MASK_US
        s.has_imu = int(has_imu)
        if has_imu:
            rate_dps = walk.rate_dps(t_s)
            s.gyro_y_cdps = round(100 * rate_dps)
            s.acc_z_mg = 1000 + round(abs(rate_dps))
        s.heel = HEEL_NONE if not has_switch else HEEL_DOWN if walk.is_heel_down(t_s) else HEEL_UP
        yield s


def swings(detector, walk_samples) -> list[tuple[float, float]]:
    """Step `detector` through the samples; return (begin, end) of each swing, s since the first sample."""
    found: list[tuple[float, float]] = []
    t_s, last_us, begin_s = 0.0, None, None
    for s in walk_samples:
        if last_us is not None:
            t_s += ((s.t_us - last_us) & WRAP_MASK_US) / 1e6
        last_us = s.t_us
        is_on = detector.step(s).swing == 1
        if is_on and begin_s is None:
            begin_s = t_s
        elif not is_on and begin_s is not None:
            found.append((begin_s, t_s))
            begin_s = None
    if begin_s is not None:
        found.append((begin_s, t_s))
    return found
