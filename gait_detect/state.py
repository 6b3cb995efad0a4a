"""What the detector says about one foot: phase, swing, since when, how sure."""

from gait_detect.durations import LONG_US

PHASE_NOT_WALKING = 0  # standing, sitting, or not yet known
PHASE_STANCE = 1  # foot flat while walking
PHASE_HEEL_OFF = 2  # heel rises, the window for stimulation opens
PHASE_SWING = 3  # foot swings forward
PHASE_LOADING = 4  # initial contact until foot flat

PHASE_NAMES = ("not walking", "stance", "heel off", "swing", "loading")


class GaitState:
    """Decision of the detector after one sample. One object, rewritten at each step.

    t_us            int, clock reading of the sample decided on
    phase           one of PHASE_*
    swing           1 from heel-off to initial contact: the foot needs help; else 0
    phase_age_us    int, how long this phase has lasted, us, saturates
    confidence      int, 0 to 100, of all sensors together; 0 means that nothing may be built on this state
    imu_confidence, switch_confidence   int, 0 to 100, of each alone; 0 if it is not there or says nothing
    disagreed       int, steps that only one of IMU and switch has told, 0 to 2**20 - 1, then again from 0
    disagreed_pct   int, 0 to 100, share of such among the last few steps
    steps           int, how often swing began, 0 to 2**20 - 1, then again from 0
    stride_us       int, last full stride (swing start to swing start), us, 0 if unknown
    pitch_cdeg      int, pitch of the sensor since foot-flat, 0.01 deg, toe-up (shank: foot-forward) +
    rate_cdps       int, sagittal rate, 0.01 deg/s, same sign
    other_us        int, how long ago the other heel met the ground, us, saturates; LONG_US if nobody tells
    """

    __slots__ = (
        "confidence",
        "disagreed",
        "disagreed_pct",
        "imu_confidence",
        "other_us",
        "phase",
        "phase_age_us",
        "pitch_cdeg",
        "rate_cdps",
        "steps",
        "stride_us",
        "swing",
        "switch_confidence",
        "t_us",
    )

    def __init__(self) -> None:
        self.t_us: int = 0
        self.phase: int = PHASE_NOT_WALKING
        self.swing: int = 0
        self.phase_age_us: int = 0
        self.confidence: int = 0
        self.imu_confidence: int = 0
        self.switch_confidence: int = 0
        self.disagreed: int = 0
        self.disagreed_pct: int = 0
        self.steps: int = 0
        self.stride_us: int = 0
        self.pitch_cdeg: int = 0
        self.rate_cdps: int = 0
        self.other_us: int = LONG_US
