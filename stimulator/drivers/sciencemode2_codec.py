"""ScienceMode 2 commands by name: what is said to a RehaStim2 and what it answers. Bytes only, no I/O.

Every encoder is exact: what the wire cannot express spoils the frame (length 0), it is never rounded.
Our driver uses single pulses only. The channel list, in which the device repeats pulses by itself, is here
for the emulator's peers and the golden frames.
Source: ScienceMode2, Description and Protocol v1.24 (2012). Where its three tables of answers print a wrong
command name, the number list holds.
"""

from stimulator.drivers.sciencemode2_frame import FrameWriter

INIT = 1  # device to host, every 500 ms until it is answered
INIT_ACK = 2
UNKNOWN_COMMAND = 3  # device to host
WATCHDOG = 4  # has no answer
GET_STIMULATION_MODE = 10
INIT_CHANNEL_LIST = 30
START_CHANNEL_LIST = 32
STOP_CHANNEL_LIST = 34
SINGLE_PULSE = 36
STIMULATION_ERROR = 38  # device to host
MOTOMED_ACTUAL_VALUES = 60  # device to host: these three come unasked when a trainer is connected
MOTOMED_COMMAND_DONE = 89
MOTOMED_ERROR = 90
ACK = 1  # an answer carries the number of its command + 1
PROTOCOL_VERSION = 1

RESULT_OK = 0
RESULT_TRANSFER = -1
RESULT_PARAMETER = -2
RESULT_WRONG_MODE = -3
RESULT_WRONG_VERSION = -5
RESULT_BUSY = -8
ERROR_QUICK_STOP = -1  # pressed, or not plugged in
ERROR_ELECTRODE = -2
ERROR_MODULE = -3

MODE_START = 0  # nothing but single pulses
MODE_INITIALISED = 1
MODE_STARTED = 2

CHANNEL_MAX = 7
CURRENT_STEP_UA = 1_000
CURRENT_FIELD_MAX_UA = 130_000  # of the protocol; the device's own data sheet says 126 mA
WIDTH_MIN_US = 20
WIDTH_MAX_US = 500
FACTOR_MAX = 7
GROUP_MAX = 2  # 0 single pulse, 1 doublet, 2 triplet
PERIOD_MIN_US = 8_000  # shorter ones are quietly lengthened by the firmware
PULSE_PERIOD_MAX_US = 129_000
LIST_PERIOD_MAX_US = 1_025_000
HALF_MS_US = 500


def encode_plain(writer: FrameWriter, packet_number: int, command: int) -> int:
    """Encode a command without data; return the frame's length, 0 if it cannot be expressed."""
    writer.begin(packet_number, command)
    return writer.finish()


def encode_init_ack(writer: FrameWriter, packet_number: int, result: int) -> int:
    """Answer the device's Init: its packet number, and 0 (accepted) or -5 (wrong version)."""
    writer.begin(packet_number, INIT_ACK)
    if result != RESULT_OK and result != RESULT_WRONG_VERSION:
        writer.refuse()
    writer.put(result & 0xFF)
    return writer.finish()


def encode_pulse(
    writer: FrameWriter, packet_number: int, channel: int, current_ua: int, width_us: int
) -> int:
    """Encode one pulse; the device adds the second, opposite phase by itself.

    channel      int, 0 to 7
    current_ua   int, 0 to 130000, a multiple of 1000
    width_us     int, each phase, 20 to 500
    returns      length of the frame in `writer.buf`, 0 if the wire cannot express exactly this pulse
    """
    writer.begin(packet_number, SINGLE_PULSE)
    if channel > CHANNEL_MAX:
        writer.refuse()
    writer.put(channel)
    put_pulse(writer, width_us, current_ua)
    return writer.finish()


def put_pulse(writer: FrameWriter, width_us: int, current_ua: int) -> None:
    """Append width (20 to 500 us) and current (0 to 130 mA in whole mA). Below 0, `put` refuses by itself."""
    if (
        not WIDTH_MIN_US <= width_us <= WIDTH_MAX_US
        or current_ua > CURRENT_FIELD_MAX_UA
        or current_ua % CURRENT_STEP_UA != 0
    ):
        writer.refuse()
    writer.put_word(width_us)
    writer.put(current_ua // CURRENT_STEP_UA)


def encode_list_init(
    writer: FrameWriter,
    packet_number: int,
    channel_mask: int,
    period_us: int,
    group_period_us: int,
    low_mask: int,
    low_factor: int,
) -> int:
    """Encode "prepare the channel list"; return the frame's length, 0 if not exactly expressible.

    channel_mask      bit i = channel i; the others stay off
    period_us         0: the list runs once per start; else 8000 to 1025000 in steps of 500
    group_period_us   between the pulses of a doublet or triplet: 8000 to 129000 in steps of 500
    low_mask          channels that pulse only every (low_factor + 1)th period; low_factor 0 to 7
    """
    writer.begin(packet_number, INIT_CHANNEL_LIST)
    if low_factor > FACTOR_MAX:
        writer.refuse()
    writer.put(low_factor)
    writer.put(channel_mask)
    writer.put(low_mask)
    _check_period(writer, group_period_us, PULSE_PERIOD_MAX_US)
    writer.put(group_period_us // HALF_MS_US - 3)  # t2 = code x 0.5 + 1.5 ms
    if period_us == 0:
        writer.put_word(0)
    else:
        _check_period(writer, period_us, LIST_PERIOD_MAX_US)
        writer.put_word(period_us // HALF_MS_US - 2)  # t1 = code x 0.5 + 1 ms
    writer.put(0)  # execution: as the document fixes it
    return writer.finish()


def begin_list_start(writer: FrameWriter, packet_number: int) -> None:
    """Begin to start or update the list. For each active channel, ascending: `put_list_channel`; then finish."""
    writer.begin(packet_number, START_CHANNEL_LIST)


def put_list_channel(writer: FrameWriter, group: int, width_us: int, current_ua: int) -> None:
    """Append one channel: group 0 (single pulse), 1 (doublet) or 2 (triplet), width and current."""
    if group > GROUP_MAX:
        writer.refuse()
    writer.put(group)
    put_pulse(writer, width_us, current_ua)


def signed(byte: int) -> int:
    """Return the number that a result byte means: 0xFF is -1."""
    return byte - 256 if byte >= 128 else byte


def _check_period(writer: FrameWriter, period_us: int, max_us: int) -> None:
    if not PERIOD_MIN_US <= period_us <= max_us or period_us % HALF_MS_US != 0:
        writer.refuse()
