"""gaitmap (MaD-Lab Erlangen, MIT; its segmentation in gaitmap_mad, AGPL-3.0) as an offline peer, if installed.

It sees the whole recording at once and returns toe-off and contact of each stride, so that it has neither
heel-off nor delay. Default settings: BarthDtw, RamppEventDetection. Not part of the product, nor of its tests.
"""

import warnings

import numpy as np

from hw_sim.gait_runs import Job, Result, result_of

TO_GAITMAP = (-1.0, -1.0, 1.0)  # X backward, Y right, Z up -> X forward, Y left, Z up
COLUMNS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")


def gaitmap_version() -> str | None:
    """Return the version of gaitmap, None if it or gaitmap_mad is not installed."""
    try:
        import gaitmap  # type: ignore[import-not-found]
        import gaitmap_mad  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return None
    return str(gaitmap.__version__)


def found_by_gaitmap(job: Job) -> Result:
    """Return how gaitmap's strides score for a foot sensor: on from its toe-off to its contact."""
    import pandas as pd  # type: ignore[import-not-found]
    from gaitmap.event_detection import RamppEventDetection  # type: ignore[import-not-found]
    from gaitmap.stride_segmentation import BarthDtw  # type: ignore[import-not-found]
    from gaitmap.utils import coordinate_conversion as to_body  # type: ignore[import-not-found]

    r = job.recording
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peer and its libraries; nothing that we could act on
        values = np.hstack([r.acc_mps2 * TO_GAITMAP, np.degrees(r.gyro_rad_s) * TO_GAITMAP])
        convert = to_body.convert_left_foot_to_fbf if r.side == "L" else to_body.convert_right_foot_to_fbf
        body = convert(pd.DataFrame(values, columns=list(COLUMNS)))
        strides = BarthDtw().segment(body, sampling_rate_hz=r.fs).stride_list_
        on = np.zeros(r.n_samples, bool)
        if len(strides):
            events = RamppEventDetection().detect(body, strides, sampling_rate_hz=r.fs).segmented_event_list_
            for toe_off, contact in zip(events["tc"], events["ic"], strict=True):
                on[int(toe_off) : int(contact)] = True
    return result_of(job, on)
