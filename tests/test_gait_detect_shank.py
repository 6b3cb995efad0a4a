"""The detector with the IMU on the shank: each stride of the norm curve once, at ordinary and slow pace."""

import math

import pytest

from gait_detect.detector import GaitDetector
from safety.sample import Sample
from tests.gait_signals import swings

# Shank angle over the stride, deg, distal end forward positive, 0 = initial contact: Fourier fit (c0, then
# cos and sin pairs) to the normal walk of OpenSim's gait2392 tutorial, largest error 0.17 deg.
SHANK = (-14.61, 22.64, 15.58, 10.14, -8.78, 0.07, -2.96, 0.54, -0.62, 0.16, -0.60, -0.15, -0.16)
STRIDES = 8
TOE_OFF, STAND_S = 0.62, 1.0


def rate_dps(phase: float, stride_s: float) -> float:
    rate = 0.0
    for k in range(1, 7):
        c, s = SHANK[2 * k - 1], SHANK[2 * k]
        w = 2 * math.pi * k
        rate += w * (s * math.cos(w * phase) - c * math.sin(w * phase))
    return rate / stride_s


def walk(stride_s: float, fs: float):
    """Stand, then stride from mid-stance (phase 0.3) on."""
    for i in range(int((STAND_S + STRIDES * stride_s) * fs)):
        t_s = i / fs
        s = Sample()
        s.t_us, s.has_imu, s.acc_z_mg = round(t_s * 1e6), 1, 1000
        if t_s >= STAND_S:
            s.gyro_y_cdps = round(100 * rate_dps((t_s - STAND_S) / stride_s + 0.3, stride_s))
        yield s


@pytest.mark.parametrize("fs", [50, 100, 128, 208])
@pytest.mark.parametrize("stride_s", [0.95, 1.1, 1.5, 1.8])
def test_each_stride_of_the_norm_curve_gives_one_swing_from_before_toe_off_to_contact(
    stride_s: float, fs: float
) -> None:
    found = swings(GaitDetector(place="shank"), walk(stride_s, fs))
    assert len(found) == STRIDES
    for k, (begin_s, end_s) in enumerate(found):
        toe_off_s = STAND_S + (k + TOE_OFF - 0.3) * stride_s
        contact_s = STAND_S + (k + 1 - 0.3) * stride_s
        assert toe_off_s - 0.3 * stride_s < begin_s < toe_off_s + 0.03, f"stride {k} begins at {begin_s}"
        assert abs(end_s - contact_s) < 0.1, f"stride {k} ends at {end_s}, contact is at {contact_s}"
