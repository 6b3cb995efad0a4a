"""One recorded walk of one foot or shank, whatever file it came from, and how it becomes `Sample`s."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

CDPS_PER_RAD_S = 18_000 / math.pi
MG_PER_MPS2 = 1000 / 9.80665
FS_MIN_HZ, FS_MAX_HZ = 20, 1000

# A comparator with hysteresis over the recording's own range: closes above 25 %, opens below 15 %.
HEEL_CLOSES, HEEL_OPENS = 0.25, 0.15


class RecordingError(ValueError):
    """A recording cannot be used; the text says what is wrong, what is allowed and what to do."""

    is_for_people = True


def fill_sample(
    sample: Sample, t_s: float, gyro_rad_s: Sequence[float], acc_mps2: Sequence[float], heel: bool | None
) -> None:
    """Write one reading in SI floats into `sample` as whole numbers: the only place that converts.

    t_s         time since the start of the recording, s
    gyro_rad_s  (3,), acc_mps2 (3,), axes as in safety.sample; nan or inf means that the IMU did not answer
    heel        True down, False up, None no switch
    """
    sample.t_us = round(t_s * 1e6) & WRAP_MASK_US
    try:
        sample.gyro_x_cdps = round(gyro_rad_s[0] * CDPS_PER_RAD_S)
        sample.gyro_y_cdps = round(gyro_rad_s[1] * CDPS_PER_RAD_S)
        sample.gyro_z_cdps = round(gyro_rad_s[2] * CDPS_PER_RAD_S)
        sample.acc_x_mg = round(acc_mps2[0] * MG_PER_MPS2)
        sample.acc_y_mg = round(acc_mps2[1] * MG_PER_MPS2)
        sample.acc_z_mg = round(acc_mps2[2] * MG_PER_MPS2)
        sample.has_imu = 1
    except (ValueError, OverflowError):
        sample.has_imu = 0
    sample.heel = HEEL_NONE if heel is None else HEEL_DOWN if heel else HEEL_UP


@dataclass(frozen=True, kw_only=True)  # without slots: `heel_down` is kept once computed
class Recording:
    """One walk of one foot.

    gyro_counts, acc_counts   (n, 3) as stored; times scale they are rad/s and m/s2; nan: no answer
    heel_counts               (n,) int16 raw force of a heel sole, or None
    heel_levels               (n,) int8 HEEL_* of a heel switch, or None
    steps                     rows (HO, FF, TO, IC), sample numbers, -1 unknown
    ignore                    [start, end) sample numbers where a trigger is neither right nor wrong
    meta                      the whole entry of the index
    """

    number: int
    dataset: str
    subject: str
    trial: str
    side: str
    place: str
    group: str
    fs: float
    is_slow: bool
    is_weak_pushoff: bool
    gyro_scale: float
    acc_scale: float
    gyro_counts: NDArray[np.number] = field(repr=False)
    acc_counts: NDArray[np.number] = field(repr=False)
    heel_counts: NDArray[np.int16] | None = field(repr=False)
    heel_levels: NDArray[np.int8] | None = field(repr=False, default=None)
    steps: tuple[tuple[int, int, int, int], ...] = field(repr=False)
    ignore: tuple[tuple[int, int], ...] = field(repr=False)
    meta: dict[str, Any] = field(repr=False)

    @property
    def n_samples(self) -> int:
        """How many samples it has."""
        return len(self.gyro_counts)

    @property
    def gyro_rad_s(self) -> NDArray[np.float64]:
        """Angular rate, (n, 3), rad/s."""
        return self.gyro_counts.astype(np.float64) * self.gyro_scale

    @property
    def acc_mps2(self) -> NDArray[np.float64]:
        """Specific force, (n, 3), m/s2."""
        return self.acc_counts.astype(np.float64) * self.acc_scale

    @cached_property
    def heel_down(self) -> NDArray[np.bool_] | None:
        """Heel contact, (n,), as a comparator set once for this recording would see it; None without sole."""
        if self.heel_counts is None:
            return None
        low, high = np.percentile(self.heel_counts, [5, 95])
        closes, opens = low + HEEL_CLOSES * (high - low), low + HEEL_OPENS * (high - low)
        down = np.empty(self.n_samples, bool)
        is_down = False
        for i, force in enumerate(self.heel_counts):
            is_down = bool(force > (opens if is_down else closes))
            down[i] = is_down
        return down

    @property
    def has_switch(self) -> bool:
        """Whether a heel switch or sole was worn."""
        return self.heel_counts is not None or self.heel_levels is not None

    @cached_property
    def heel_readings(self) -> list[bool | None]:
        """What the heel says at each sample: down, up, or None where there is no switch or no answer."""
        if self.heel_levels is not None:
            word = {HEEL_DOWN: True, HEEL_UP: False, HEEL_NONE: None}
            return [word[level] for level in self.heel_levels.tolist()]
        if self.heel_down is not None:
            return list(self.heel_down.tolist())
        return [None] * self.n_samples

    def fill(self, i: int, sample: Sample) -> None:
        """Write sample number `i` into `sample`; time 0 is the start of the recording."""
        x, y, z = self.gyro_counts[i].tolist()
        ax, ay, az = self.acc_counts[i].tolist()
        g, a = self.gyro_scale, self.acc_scale
        heel = self.heel_readings[i]
        fill_sample(sample, i / self.fs, (x * g, y * g, z * g), (ax * a, ay * a, az * a), heel)

    def samples(self) -> Iterator[Sample]:
        """Yield one `Sample`, filled anew for each reading."""
        sample = Sample()
        for i in range(self.n_samples):
            self.fill(i, sample)
            yield sample

    def describe(self) -> str:
        """Return one line for a person."""
        marks = "".join(
            f", {word}"
            for word, holds in (("slow", self.is_slow), ("weak push-off", self.is_weak_pushoff))
            if holds
        )
        return (
            f"{self.dataset} recording {self.number}: {self.group}, subject {self.subject}, trial {self.trial}, "
            f"{self.side} {self.place}, {self.n_samples / self.fs:.0f} s at {self.fs:g} Hz, "
            f"{len(self.steps)} steps labelled{marks}"
        )
