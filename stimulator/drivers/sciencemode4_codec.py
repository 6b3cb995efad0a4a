"""ScienceMode 4 commands by name: what is said to a P24 and what it answers. Bytes only, no I/O.

Every encoder is exact: what the wire cannot express spoils the frame (length 0), it is never rounded.
Walking uses only the low level: one ll_channel_config is one pulse. The mid level is here for the
emulator's peers and the golden frames.
Source: P24 Science, Instructions for Use v1.1, protocol chapter.
"""

from stimulator.drivers.sciencemode4_frame import FrameWriter

LL_INIT = 0
LL_CHANNEL_CONFIG = 2
LL_STOP = 4
ML_INIT = 30
ML_UPDATE = 32
ML_STOP = 34
ML_GET_CURRENT_DATA = 36
GET_VERSION_MAIN = 50
GET_DEVICE_ID = 52
GET_BATTERY_STATUS = 54
RESET = 58
GET_VERSION_STIM = 60
GET_STIM_STATUS = 62
GENERAL_ERROR = 66  # device to host only
UNKNOWN_COMMAND = 67  # device to host only
GET_EXTENDED_VERSION = 68
ACK = 1  # an answer carries the number of its command + 1

RESULT_OK = 0
RESULT_TRANSFER = 1
RESULT_PARAMETER = 2
RESULT_PROTOCOL = 3
RESULT_STIM_TIMEOUT = 4
RESULT_NOT_INITIALISED = 7
RESULT_HIGH_VOLTAGE = 8
RESULT_DEMUX_TIMEOUT = 9
RESULT_ELECTRODE = 10
RESULT_INVALID_COMMAND = 11
RESULT_PULSE_TIMEOUT = 16
RESULT_BUSY = 21
RESULT_LOW_CURRENT = 28
RESULT_MAX = 28  # larger values are not in the maker's list

ACTIVE_NONE = 0  # answers to get_stim_status
ACTIVE_LOW_LEVEL = 1
ACTIVE_MID_LEVEL = 2
ACTIVE_MID_LEVEL_RUNNING = 3

HIGH_VOLTAGE_STANDARD = 0  # 150 V
HIGH_VOLTAGE_OFF = 1

CHANNEL_MAX = 7  # 0 to 3 yellow connector, 4 to 7 green connector
CURRENT_STEP_UA = 500
CURRENT_FIELD_MAX_UA = 150_000  # what the 10-bit field means
CURRENT_PULSE_MAX_UA = 130_000  # what the maker's library allows
CURRENT_ZERO_CODE = 300
SHAPE_MAX = 4  # the second phase has at least a quarter of the current
DURATION_MIN_US = 10  # the device makes shorter points 10 us long
DURATION_MAX_US = 4095
POINTS_MAX = 16
PERIOD_CODE_MAX = 32_767
EXECUTE = 0x80


def encode_plain(writer: FrameWriter, packet_number: int, command: int) -> int:
    """Encode a command without data; return the frame's length, 0 if it cannot be expressed."""
    writer.begin(packet_number, command)
    return writer.finish()


def encode_byte(writer: FrameWriter, packet_number: int, command: int, value: int) -> int:
    """Encode a command with one data byte (ml_init, ml_get_current_data); return its length or 0."""
    writer.begin(packet_number, command)
    writer.put(value)
    return writer.finish()


def encode_ll_init(writer: FrameWriter, packet_number: int, high_voltage: int) -> int:
    """Encode "low level on", without measurement. high_voltage 0 (150 V) to 7; return length or 0."""
    writer.begin(packet_number, LL_INIT)
    if not 0 <= high_voltage <= 7:
        writer.refuse()
    writer.put(high_voltage << 1 & 0xFF)
    return writer.finish()


def encode_pulse(
    writer: FrameWriter,
    packet_number: int,
    channel: int,
    current_ua: int,
    width_us: int,
    gap_us: int,
    shape: int = 1,
) -> int:
    """Encode one biphasic pulse: [width, +I] [gap, 0] [n x width, -I / n]; gap 0 leaves its point out.

    channel      int, 0 to 7
    current_ua   int, 0 to 130000, a multiple of 500
    width_us     int, 10 to 4095
    gap_us       int, 0 or 10 to 4095
    shape        int, n of the second phase, 1 to 4, negative if the negative phase leads
    returns      length of the frame in `writer.buf`, 0 if the wire cannot express exactly this pulse
    """
    writer.begin(packet_number, LL_CHANNEL_CONFIG)
    if (
        not 0 <= channel <= CHANNEL_MAX
        or not 0 <= current_ua <= CURRENT_PULSE_MAX_UA
        or not DURATION_MIN_US <= width_us <= DURATION_MAX_US
        or not (gap_us == 0 or DURATION_MIN_US <= gap_us <= DURATION_MAX_US)
        or not 1 <= abs(shape) <= SHAPE_MAX
        or current_ua % abs(shape) != 0
    ):
        writer.refuse()
        return 0
    if shape < 0:
        current_ua = -current_ua
    n_points = 2 if gap_us == 0 else 3
    writer.put(EXECUTE | (channel & 3) << 5 | (channel >> 2) << 4 | (n_points - 1))
    put_point(writer, width_us, current_ua)
    if gap_us != 0:
        put_point(writer, gap_us, 0)
    put_point(writer, width_us * abs(shape), -(current_ua // abs(shape)))
    return writer.finish()


def put_point(writer: FrameWriter, duration_us: int, current_ua: int) -> None:
    """Append one point: duration 0 to 4095 us (12 bits), current -150 to 150 mA in 0.5 mA (10 bits)."""
    if (
        not 0 <= duration_us <= DURATION_MAX_US
        or not -CURRENT_FIELD_MAX_UA <= current_ua <= CURRENT_FIELD_MAX_UA
        or current_ua % CURRENT_STEP_UA != 0
    ):
        writer.refuse()
        return
    code = current_ua // CURRENT_STEP_UA + CURRENT_ZERO_CODE
    writer.put(duration_us >> 4)
    writer.put((duration_us & 15) << 4 | code >> 6)
    writer.put((code & 63) << 2)
    writer.put(0)  # interpolation bits stay 0: a step, no slope


def begin_ml_update(writer: FrameWriter, packet_number: int, channel_mask: int) -> None:
    """Begin a mid level update: bit i of channel_mask (0 to 255) switches channel i on.

    For each set bit, ascending: `put_ml_channel`, then its points with `put_point`; then `writer.finish`.
    Mask 0 switches every channel off and leaves the mid level initialised.
    """
    writer.begin(packet_number, ML_UPDATE)
    writer.put(channel_mask)


def put_ml_channel(writer: FrameWriter, n_points: int, ramp_pulses: int, period_us: int) -> None:
    """Append one channel's head: 1 to 16 points, 0 to 15 growing pulses, period in steps of 250 us."""
    if not 1 <= n_points <= POINTS_MAX or not 0 <= ramp_pulses <= 15:
        writer.refuse()
        return
    writer.put((n_points - 1) << 4 | ramp_pulses)
    if period_us % 500 == 0 and 1 <= period_us // 500 <= PERIOD_CODE_MAX:
        writer.put_word(period_us // 500 << 1)
    elif period_us % 250 == 0 and 1 <= period_us // 250 <= PERIOD_CODE_MAX:
        writer.put_word(period_us // 250 << 1 | 1)
    else:
        writer.refuse()


def ack_channel(byte: int) -> int:
    """Return the channel (0 to 7) that the second data byte of an ll_channel_config answer names, or -1."""
    if byte & 0xEC:
        return -1
    return (byte >> 4) * 4 + (byte & 3)
