"""Ten numbers about each stride of a foot sensor, the same way for recorded and for simulated feet.

Strides are found in the signal itself, by one rule for all, so that labels of different making cannot tell them apart.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Feature(NamedTuple):
    """One column: its name, unit, and what it is."""

    name: str
    unit: str
    sentence: str


FEATURES = (
    Feature("stride time", "s", "from one beginning of toe-up turning in swing to the next"),
    Feature("swing share", "", "share of the stride in which the toe turns up in swing"),
    Feature("push-off", "rad/s", "fastest toe-down turning in the 0.35 s before"),
    Feature("swing peak", "rad/s", "fastest toe-up turning in swing"),
    Feature("landing", "rad/s", "fastest toe-down turning in the 0.25 s after"),
    Feature("sideways", "rad/s", "RMS rate about the sensor's long axis over the stride"),
    Feature("turning", "rad/s", "RMS rate about the sensor's upright axis over the stride"),
    Feature("impact", "m/s2", "largest difference of |acceleration| from gravity around landing"),
    Feature("roughness", "", "RMS second difference of the swing's rate at 100 Hz, over its peak"),
    Feature("rest", "rad/s", "RMS rate in the quietest 0.15 s of the stance"),
)
GRAVITY_MPS2 = 9.80665
SMOOTH_S = 0.03
LOBE_MIN_S, LOBE_MIN_RAD_S, LOBE_MIN_SHARE = 0.12, 1.2, 0.4
STRIDE_S = (0.6, 3.0)
BEFORE_S, AFTER_S, REST_S = 0.35, 0.25, 0.15
LEAST = 0.05  # so that a logarithm exists


def swings_of(rate: Floats, fs: float) -> list[tuple[int, int]]:
    """Return [start, end) of each stretch of toe-up turning that is long and fast enough for a swing."""
    width = max(1, round(fs * SMOOTH_S))
    smooth = np.convolve(rate, np.ones(width) / width, "same")
    fastest = max(LOBE_MIN_RAD_S, LOBE_MIN_SHARE * float(np.percentile(smooth, 97)))
    change = np.diff((smooth > 0).astype(np.int8), prepend=0, append=0)
    return [
        (int(a), int(b))
        for a, b in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
        if b - a >= LOBE_MIN_S * fs and smooth[a:b].max() > fastest
    ]


def features_of(gyro: Floats, acc: Floats, fs: float) -> Floats:
    """Return (strides, 10) in the order of FEATURES. gyro (n, 3) rad/s, acc (n, 3) m/s2, fs Hz; Y is sagittal."""
    rate, n = gyro[:, 1], len(gyro)
    swings, found = swings_of(rate, fs), []
    for (a, b), (after, _) in pairwise(swings):
        seconds = (after - a) / fs
        if not STRIDE_S[0] <= seconds <= STRIDE_S[1] or a < BEFORE_S * fs or after + 1 >= n:
            continue
        window = round(REST_S * fs)
        square = (gyro[b:after] ** 2).sum(axis=1)
        if len(square) <= window:
            continue
        peak = rate[a:b].max()
        force = np.linalg.norm(acc[max(0, b - round(0.1 * fs)) : b + round(0.2 * fs)], axis=1)
        bends = np.diff(rate[a:b], 2) * (fs / 100.0) ** 2
        found.append(
            (
                seconds,
                (b - a) / fs / seconds,
                max(LEAST, -rate[a - round(BEFORE_S * fs) : a].min()),
                peak,
                max(LEAST, -rate[b : b + round(AFTER_S * fs)].min()),
                np.sqrt((gyro[a:after, 0] ** 2).mean()),
                np.sqrt((gyro[a:after, 2] ** 2).mean()),
                np.abs(force - GRAVITY_MPS2).max(),
                np.sqrt((bends**2).mean()) / peak,
                np.sqrt(np.convolve(square, np.ones(window) / window, "valid").min()),
            )
        )
    return np.array(found, np.float64).reshape(-1, len(FEATURES))
