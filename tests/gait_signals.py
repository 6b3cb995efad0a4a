"""Made walks for the detector's tests: smooth lobes with the timing of a slow, weak or normal foot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

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
            s.gyro_x_cdps = i * 7 % 11 - 5  # the least count of noise: no living sensor repeats itself
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


def movement(
    rows: list[tuple[float, float, float, float]], *, fs: float = 100.0, seed: int = 1, heel: int = HEEL_NONE
) -> Iterator[Sample]:
    """Yield made samples for (length s, sagittal rate peak deg/s, rate across deg/s, shake g) rows, with noise.

    Each row is one half wave of the rates; a real sensor's noise lies on all six words.
    """
    random = Random(seed)
    t_s = 0.0
    for length_s, sagittal_dps, across_dps, shake_g in rows:
        for i in range(round(length_s * fs)):
            wave = math.sin(math.pi * i / (length_s * fs))
            s = Sample()
            s.t_us = round(t_s * 1e6) & WRAP_MASK_US
            s.has_imu = 1
            s.gyro_y_cdps = round(100 * sagittal_dps * wave + random.gauss(0, 20))
            s.gyro_x_cdps = round(100 * across_dps * wave + random.gauss(0, 20))
            s.gyro_z_cdps = round(random.gauss(0, 20))
            s.acc_x_mg = round(random.gauss(0, 7))
            s.acc_y_mg = round(random.gauss(0, 7))
            s.acc_z_mg = round(1000 + random.gauss(0, 7) + 1000 * shake_g * wave)
            s.heel = heel
            yield s
            t_s += 1 / fs


STAND = (2.0, 0.0, 0.0, 0.0)


def weight_shift(times: int = 5) -> list[tuple[float, float, float, float]]:
    """The heel lightens and comes back by 4 deg, the foot rolls by 3: the switch opens, nobody steps."""
    return [STAND, *[(0.4, -16.0, 12.0, 0.03), (0.4, 16.0, -12.0, 0.03), (1.0, 0.0, 0.0, 0.0)] * times]


def sitting_down() -> list[tuple[float, float, float, float]]:
    """Both feet stay, the shin leans: a foot sensor sees little; then a seated person taps the toe."""
    tap = [(0.25, 60.0, 0.0, 0.02), (0.25, -60.0, 0.0, 0.02), (0.5, 0.0, 0.0, 0.0)]
    return [STAND, (0.8, -10.0, 5.0, 0.05), (0.8, 10.0, -5.0, 0.05), STAND, *tap * 4]


def standing_up() -> list[tuple[float, float, float, float]]:
    """The heels are drawn back and lifted by 5 deg, then the body rises."""
    return [STAND, (0.5, -15.0, 8.0, 0.05), (0.5, 15.0, -8.0, 0.05), (1.0, -5.0, 5.0, 0.08), STAND]


def turning_on_the_spot(times: int = 4) -> list[tuple[float, float, float, float]]:
    """The foot stays down and pivots with the body by 40 deg, the heel lightens by 4 deg; then back."""
    return [STAND, *[(0.6, -10.0, 100.0, 0.05), (0.6, 10.0, -100.0, 0.05), (1.0, 0.0, 0.0, 0.0)] * times]


def trembling(
    hz: float = 5.0, dps: float = 35.0, length_s: float = 6.0
) -> list[tuple[float, float, float, float]]:
    """Trembling in place: the knee shakes, the heel drums, the foot goes nowhere."""
    n = round(length_s * hz)
    return [STAND, *[(0.5 / hz, -dps, 10.0, 0.05), (0.5 / hz, dps, -10.0, 0.05)] * n, STAND]


def idling(minutes: float, seed: int) -> Iterator[Sample]:
    """Yield a person with a heel switch who stands, shifts weight, sits, rises and trembles, but does not step.

    Sizes are drawn: heel lifts of 1 to 5 deg, trembling of 3 to 8 Hz that lifts the heel by up to 2 deg. The
    switch opens during half of the weight shifts and always when the person sits or rises.
    """
    random = Random(f"idling {seed}")
    end_s, t_s = 60 * minutes, 0.0
    while t_s < end_s:
        kind = random.choice(("stand", "shift", "shift", "sit", "rise", "tremble"))
        share = random.uniform(0.3, 1.2)
        if kind == "stand":
            rows = [(random.uniform(1, 10), 0.0, 0.0, 0.0)]
        elif kind == "tremble":
            hz = random.uniform(3, 8)
            rows = trembling(
                hz=hz, dps=random.uniform(5, 2 * math.pi * hz * 1.0), length_s=random.uniform(1, 6)
            )
        else:
            rows = {"shift": weight_shift(1), "sit": sitting_down(), "rise": standing_up()}[kind]
        rows = [(length_s, share * y, share * x, share * g) for length_s, y, x, g in rows]
        opens = kind in ("sit", "rise") or (kind == "shift" and random.random() < 0.5)
        length_s = sum(row[0] for row in rows)
        for i, s in enumerate(movement(rows, seed=random.randrange(10**6))):
            up = opens and 2.0 < i / 100 < min(2.7, length_s - 0.3)
            s.t_us = round(t_s * 1e6) & WRAP_MASK_US
            s.heel = HEEL_UP if up else HEEL_DOWN
            yield s
            t_s += 0.01
