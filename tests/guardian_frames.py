"""What tests of the guardian share: frames to send it, and a foot whose samples look like a step."""

from firmware_py.frames import FrameWriter
from firmware_py.messages import CommandFrame, CycleFrame
from safety.clock import WRAP_MASK_US
from safety.pulse import PulseRequest
from safety.sample import HEEL_DOWN, HEEL_UP, Sample

_writer = FrameWriter()


def frame_bytes(frame) -> bytes:
    """Encode any record of `firmware_py.messages`; fails if it does not fit."""
    n = frame.encode(_writer)
    assert n > 0, "the frame does not fit its fields"
    return bytes(_writer.buf[:n])


def command(kind: int, t_us: int = 0, asked_us: int | None = None) -> bytes:
    frame = CommandFrame()
    frame.kind, frame.t_us = kind, t_us & WRAP_MASK_US
    frame.asked_us = (t_us if asked_us is None else asked_us) & WRAP_MASK_US
    return frame_bytes(frame)


def request(**fields: int) -> PulseRequest:
    made = PulseRequest()
    for name, value in {"current_ua": 10_000, "width_us": 300, "gap_us": 100, **fields}.items():
        setattr(made, name, value)
    return made


def sample(t_us: int, is_up: bool) -> Sample:
    """A foot that rests, or swings forward with its heel up. No two readings are equal."""
    made = Sample()
    made.t_us = t_us & WRAP_MASK_US
    made.has_imu = 1
    made.heel = HEEL_UP if is_up else HEEL_DOWN
    made.gyro_y_cdps = (25_000 if is_up else 0) + t_us // 1000 % 97
    made.acc_z_mg = 1_000
    return made


def cycle(sequence: int, t_us: int, *, swing: int = 0, mode: int = 0, samples=(), requests=()) -> bytes:
    frame = CycleFrame()
    frame.sequence, frame.t_us, frame.swing = sequence, t_us & WRAP_MASK_US, swing
    frame.mode = mode
    for one in samples:
        assert frame.add_sample(one)
    for one in requests:
        assert frame.add_request(one)
    return frame_bytes(frame)
