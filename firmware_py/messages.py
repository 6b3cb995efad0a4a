"""What controller, guardian and operator say to each other, as frames of `firmware_py.frames`.

Controller to guardian: CYCLE, one per finished control cycle, and STOP. Guardian to both: STATUS.
Operator to guardian: every command. The guardian takes all but STOP from the operator alone.
Every record is filled in place; encoding and decoding allocate nothing. A value that a field cannot
hold gives no frame; a frame with a value out of range is refused whole. The ranges are those of the
fields: whether a current is too high is for the gate to say, with its reason.
"""

from safety.gate import SEQUENCE_MASK
from safety.limits import CHANNELS_MAX
from safety.pulse import PulseRequest, PulseResult
from safety.sample import Sample
from safety.supervisor import EXERCISE, WALK

CYCLE = 1
STATUS = 2
STOP = 3
ARM = 4
ARM_TEST = 5  # for one test burst
CLEAR = 6  # a person has looked at the latched fault
ACKNOWLEDGE = 7  # contraindications, for this wearer
CHANNELS_CHECKED = 8  # the right leg, and no channels swapped
PAUSE = 9
RESUME = 10
DISARM = 11  # no fault and no tone after a test
PROFILE_CHANGED = 12  # another wearer, leg or set of electrodes
ARM_EXERCISE = 13  # for exercises of a seated person
TELL = 14  # changes nothing: how does the guardian stand?
COMMAND_LAST = TELL

SAMPLES_MAX = 8
REQUESTS_MAX = 4
RESULTS_MAX = 8
SHAPE_ZERO = 128  # a signed shape as one byte; which of them are allowed is for the gate to say


class CycleFrame:
    """One finished control cycle of the controller.

    sequence                int, counts cycles, 0 to 2**20 - 1, then again from 0
    t_us                    int, clock reading at which the frame was made, us, wraps
    swing                   1 if the detector asks for help now, else 0
    mode                    of the scheduler in charge, as of safety.supervisor: WALK, TEST, EXERCISE
    samples[0:samples_n]    Sample, every raw reading of this cycle, oldest first
    requests[0:requests_n]  PulseRequest
    """

    __slots__ = ("mode", "requests", "requests_n", "samples", "samples_n", "sequence", "swing", "t_us")

    def __init__(self) -> None:
        self.sequence: int = 0
        self.t_us: int = 0
        self.swing: int = 0
        self.mode: int = WALK
        self.samples = tuple([Sample() for _ in range(SAMPLES_MAX)])
        self.samples_n: int = 0
        self.requests = tuple([PulseRequest() for _ in range(REQUESTS_MAX)])
        self.requests_n: int = 0

    def clear(self) -> None:
        """Forget samples, swing and requests."""
        self.swing = 0
        self.samples_n = 0
        self.requests_n = 0

    def add_sample(self, sample) -> bool:
        """Take a copy of `sample`; False if there is no room."""
        if self.samples_n >= SAMPLES_MAX:
            return False
        own = self.samples[self.samples_n]
        self.samples_n += 1
        own.t_us = sample.t_us
        own.gyro_x_cdps = sample.gyro_x_cdps
        own.gyro_y_cdps = sample.gyro_y_cdps
        own.gyro_z_cdps = sample.gyro_z_cdps
        own.acc_x_mg = sample.acc_x_mg
        own.acc_y_mg = sample.acc_y_mg
        own.acc_z_mg = sample.acc_z_mg
        own.heel = sample.heel
        own.has_imu = sample.has_imu
        return True

    def add_request(self, request) -> bool:
        """Take a copy of `request`; False if there is no room."""
        if self.requests_n >= REQUESTS_MAX:
            return False
        self.requests[self.requests_n].copy_from(request)
        self.requests_n += 1
        return True

    def encode(self, writer) -> int:
        """Build the frame in `writer`; return its length, 0 if a value does not fit its field."""
        writer.begin(CYCLE)
        if not 0 <= self.sequence <= SEQUENCE_MASK or not 0 <= self.swing <= 1:
            return 0
        if not WALK <= self.mode <= EXERCISE:
            return 0
        writer.put_u30(self.sequence)
        writer.put_u30(self.t_us)
        writer.put_u8(self.swing)
        writer.put_u8(self.mode)
        writer.put_u8(self.samples_n)
        writer.put_u8(self.requests_n)
        for i in range(self.samples_n):
            if not _put_sample(writer, self.samples[i]):
                return 0
        for i in range(self.requests_n):
            if not _put_request(writer, self.requests[i]):
                return 0
        return writer.finish()

    def decode(self, reader) -> bool:
        """Fill from the frame in `reader`; False (and fields without meaning) unless all is in range."""
        if reader.kind != CYCLE:
            return False
        self.sequence = reader.get_u30(SEQUENCE_MASK)
        self.t_us = reader.get_u30()
        self.swing = reader.get_u8(1)
        self.mode = reader.get_u8(EXERCISE)
        self.samples_n = reader.get_u8(SAMPLES_MAX)
        self.requests_n = reader.get_u8(REQUESTS_MAX)
        for i in range(self.samples_n):
            _get_sample(reader, self.samples[i])
        for i in range(self.requests_n):
            _get_request(reader, self.requests[i])
        return reader.is_all_read()


class StatusFrame:
    """How the guardian stands, and what became of the pulses since the last status.

    t_us, sequence     clock reading, and the last cycle that was accepted
    armed              0 no, 1 for walking, 2 for a test burst, 3 for an exercise
    is_ready           1 if the stimulator is ready to be armed, else 0
    disarmed_by        safety.reasons, why not armed
    state, fault, sound   of safety.supervisor
    device_fault       of the driver
    held_by, warnings, stops   of the supervisor, and of the guard
    ends               changes with every stop, disarm and changed profile: wishes to arm end with it
    refused            int, frames refused since the start, 0 to 2**30 - 1
    results[0:results_n]  PulseResult, oldest first
    """

    __slots__ = (
        "armed",
        "device_fault",
        "disarmed_by",
        "ends",
        "fault",
        "held_by",
        "is_ready",
        "refused",
        "results",
        "results_n",
        "sequence",
        "sound",
        "state",
        "stops",
        "t_us",
        "warnings",
    )

    def __init__(self) -> None:
        self.t_us: int = 0
        self.sequence: int = 0
        self.armed: int = 0
        self.is_ready: int = 0
        self.disarmed_by: int = 0
        self.state: int = 0
        self.fault: int = 0
        self.sound: int = 0
        self.device_fault: int = 0
        self.held_by: int = 0
        self.warnings: int = 0
        self.stops: int = 0
        self.ends: int = 0
        self.refused: int = 0
        self.results = tuple([PulseResult() for _ in range(RESULTS_MAX)])
        self.results_n: int = 0

    def encode(self, writer) -> int:
        """Build the frame in `writer`; return its length, 0 if a value does not fit its field."""
        writer.begin(STATUS)
        writer.put_u30(self.t_us)
        writer.put_u30(self.sequence)
        writer.put_u8(self.armed)
        writer.put_u8(self.is_ready)
        writer.put_u8(self.disarmed_by)
        writer.put_u8(self.state)
        writer.put_u8(self.fault)
        writer.put_u8(self.sound)
        writer.put_u8(self.device_fault)
        writer.put_u8(self.held_by)
        writer.put_u8(self.warnings)
        writer.put_u16(self.stops)
        writer.put_u16(self.ends)
        writer.put_u30(self.refused)
        writer.put_u8(self.results_n)
        for i in range(self.results_n):
            result = self.results[i]
            writer.put_u30(result.sequence)
            writer.put_u8(result.channel & 0xFF)  # a channel that does not exist may be any number
            writer.put_u30(result.t_us)
            writer.put_u30(result.asked_ua)
            writer.put_u30(result.granted_ua)
            writer.put_u16(result.width_us)
            writer.put_u16(result.reason)
        return writer.finish()

    def decode(self, reader) -> bool:
        """Fill from the frame in `reader`; False (and fields without meaning) unless all is in range."""
        if reader.kind != STATUS:
            return False
        self.t_us = reader.get_u30()
        self.sequence = reader.get_u30(SEQUENCE_MASK)
        self.armed = reader.get_u8(3)
        self.is_ready = reader.get_u8(1)
        self.disarmed_by = reader.get_u8()
        self.state = reader.get_u8()
        self.fault = reader.get_u8()
        self.sound = reader.get_u8()
        self.device_fault = reader.get_u8()
        self.held_by = reader.get_u8()
        self.warnings = reader.get_u8()
        self.stops = reader.get_u16()
        self.ends = reader.get_u16()
        self.refused = reader.get_u30()
        self.results_n = reader.get_u8(RESULTS_MAX)
        for i in range(self.results_n):
            result = self.results[i]
            result.sequence = reader.get_u30()
            result.channel = reader.get_u8()
            result.t_us = reader.get_u30()
            result.asked_ua = reader.get_u30()
            result.granted_ua = reader.get_u30()
            result.width_us = reader.get_u16()
            result.reason = reader.get_u16()
        return reader.is_all_read()


class CommandFrame:
    """STOP to TELL.

    t_us     when it was given
    asked_us when a person first asked for it: an arm is given again and again while the stimulator wakes up
    """

    __slots__ = ("asked_us", "kind", "t_us")

    def __init__(self) -> None:
        self.kind: int = STOP
        self.t_us: int = 0
        self.asked_us: int = 0

    def encode(self, writer) -> int:
        """Build the frame in `writer`; return its length, 0 if this is no command."""
        if not STOP <= self.kind <= COMMAND_LAST:
            return 0
        writer.begin(self.kind)
        writer.put_u30(self.t_us)
        writer.put_u30(self.asked_us)
        return writer.finish()

    def decode(self, reader) -> bool:
        """Fill from the frame in `reader`; False unless it is a command and all is in range."""
        if not STOP <= reader.kind <= COMMAND_LAST:
            return False
        self.kind = reader.kind
        self.t_us = reader.get_u30()
        self.asked_us = reader.get_u30()
        return reader.is_all_read()


def _put_sample(writer, s) -> bool:
    if not -1 <= s.heel <= 1 or not 0 <= s.has_imu <= 1:
        return False
    writer.put_u30(s.t_us)
    writer.put_i30(s.gyro_x_cdps)
    writer.put_i30(s.gyro_y_cdps)
    writer.put_i30(s.gyro_z_cdps)
    writer.put_i30(s.acc_x_mg)
    writer.put_i30(s.acc_y_mg)
    writer.put_i30(s.acc_z_mg)
    writer.put_u8((s.heel + 1) * 2 + s.has_imu)
    return True


def _get_sample(reader, s) -> None:
    s.t_us = reader.get_u30()
    s.gyro_x_cdps = reader.get_i30()
    s.gyro_y_cdps = reader.get_i30()
    s.gyro_z_cdps = reader.get_i30()
    s.acc_x_mg = reader.get_i30()
    s.acc_y_mg = reader.get_i30()
    s.acc_z_mg = reader.get_i30()
    flags = reader.get_u8(5)
    s.heel = (flags >> 1) - 1
    s.has_imu = flags & 1


def _put_request(writer, r) -> bool:
    if not 0 <= r.channel < CHANNELS_MAX or not 0 <= r.sequence <= SEQUENCE_MASK:
        return False
    writer.put_u8(r.channel)
    writer.put_u30(r.sequence)
    writer.put_u30(r.fire_at_us)
    writer.put_u30(r.current_ua)
    writer.put_u16(r.width_us)
    writer.put_u16(r.gap_us)
    writer.put_u8(r.shape + SHAPE_ZERO)
    return True


def _get_request(reader, r) -> None:
    r.channel = reader.get_u8(CHANNELS_MAX - 1)
    r.sequence = reader.get_u30(SEQUENCE_MASK)
    r.fire_at_us = reader.get_u30()
    r.current_ua = reader.get_u30()
    r.width_us = reader.get_u16()
    r.gap_us = reader.get_u16()
    r.shape = reader.get_u8() - SHAPE_ZERO
