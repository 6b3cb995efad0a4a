"""ScienceMode 1 commands (RehaStim1, MotionStim 8) as bytes, and back from an answer. There is no driver for them.

A command is a row of bit fields, most significant first, in groups of seven; the first byte has its top bit
set, all others have not. A checksum, the sum of all other fields, stands behind the command's number.
**The devices have no time-out**: a list with a period goes on when the host dies. Whoever writes a driver may
use single pulses, or a list with period 0, which runs once.
The ranges here are those of the fields. Every encoder is exact: what no field can hold gives length 0.
Source: ScienceMode RehaStim, protocol of 2009-09-21; its five worked examples are golden frames.
Nothing here allocates after `__init__`.
"""

INIT = 0
UPDATE = 1
STOP = 2
SINGLE_PULSE = 3
PACKED_MAX_N = 25  # an update of eight channels

LIST_CHECK_BITS = 3  # of an init
CHECK_BITS = 5  # of all others
GROUP_MAX = 2  # 0 single pulse, 1 doublet, 2 triplet
HALF_MS_US = 500
CURRENT_STEP_UA = 1_000


class Packer:
    """Builds one command in `buf`: begin, put each field, finish.

    A field out of its range spoils the command: `finish` then returns 0, and nothing may be sent.
    """

    __slots__ = ("_at", "_check_bits", "_spoilt", "_sum", "buf")

    def __init__(self) -> None:
        self.buf = bytearray(PACKED_MAX_N)
        self._at: int = 0  # how many bits stand in buf, without the top bits
        self._check_bits: int = 0
        self._sum: int = 0
        self._spoilt: bool = True  # nothing begun yet

    def begin(self, command: int, check_bits: int) -> None:
        """Start a new command: its number (2 bits), and a checksum of 3 or 5 bits that `finish` fills in."""
        for i in range(PACKED_MAX_N):
            self.buf[i] = 0
        self._at = 0
        self._spoilt = False
        self.put(command, 2)
        self._at += check_bits
        self._check_bits = check_bits
        self._sum = 0

    def put(self, value: int, bits: int) -> None:
        """Append one field of `bits` bits and add it to the sum; spoil the command if it does not fit."""
        if not 0 <= value < 1 << bits or self._at + bits > 7 * PACKED_MAX_N:
            self._spoilt = True
            return
        self._sum += value
        for i in range(bits - 1, -1, -1):
            if value >> i & 1:
                self.buf[self._at // 7] |= 64 >> self._at % 7
            self._at += 1

    def refuse(self) -> None:
        """Spoil the command: its content cannot be expressed exactly."""
        self._spoilt = True

    def finish(self) -> int:
        """Close the command; return its length in bytes, or 0 if it was spoilt. Once per `begin`."""
        if self._spoilt:
            return 0
        self._spoilt = True
        check = self._sum % (1 << self._check_bits)
        self.buf[0] |= 0x80 | check << 5 - self._check_bits
        return self._at // 7  # every command fills its groups of seven


def encode_pulse(packer: Packer, channel: int, current_ua: int, width_us: int) -> int:
    """Encode one pulse: channel 0 to 7, 0 to 127000 uA in whole mA, 0 to 511 us; return 4, or 0."""
    packer.begin(SINGLE_PULSE, CHECK_BITS)
    packer.put(channel, 3)
    packer.put(0, 2)
    _put_pulse(packer, current_ua, width_us)
    return packer.finish()


def encode_stop(packer: Packer) -> int:
    """Encode "end the list"; return 1."""
    packer.begin(STOP, CHECK_BITS)
    return packer.finish()


def encode_list_init(
    packer: Packer,
    channel_mask: int,
    period_us: int,
    group_period_us: int,
    low_mask: int,
    low_factor: int,
    group_max: int,
) -> int:
    """Encode "prepare the list"; return 6, or 0 if not exactly expressible.

    channel_mask      bit i = channel i
    period_us         0: once per start; else 1500 to 1024500 in steps of 500
    group_period_us   between the pulses of a doublet or triplet: 1500 to 17000 in steps of 500
    low_mask          channels that pulse only every (low_factor + 1)th period; low_factor 0 to 7
    group_max         0 for a RehaStim1; for a MotionStim 8 the largest group that will be asked for, 0 to 2
    """
    packer.begin(INIT, LIST_CHECK_BITS)
    packer.put(low_factor, 3)
    packer.put(channel_mask, 8)
    packer.put(low_mask, 8)
    if group_max > GROUP_MAX or group_period_us % HALF_MS_US != 0 or period_us % HALF_MS_US != 0:
        packer.refuse()
    packer.put(group_max, 2)
    packer.put(group_period_us // HALF_MS_US - 3, 5)
    packer.put(period_us // HALF_MS_US - 2 if period_us != 0 else 0, 11)
    if period_us == 2 * HALF_MS_US:
        packer.refuse()  # its code would mean "once"
    return packer.finish()


def begin_list_update(packer: Packer) -> None:
    """Begin to start or update the list. For each active channel, ascending: `put_list_channel`; then finish."""
    packer.begin(UPDATE, CHECK_BITS)


def put_list_channel(packer: Packer, group: int, current_ua: int, width_us: int) -> None:
    """Append one channel: group 0 (single pulse), 1 (doublet) or 2 (triplet), current and width."""
    if group > GROUP_MAX:
        packer.refuse()
    packer.put(group, 2)
    packer.put(0, 3)
    _put_pulse(packer, current_ua, width_us)


def answer_command(byte: int) -> int:
    """Return which command (0 to 3) an answer belongs to, -1 if the byte is no answer."""
    return byte >> 6 if not byte & 0x3E else -1


def answer_is_ok(byte: int) -> bool:
    """Return whether an answer says that its command was accepted."""
    return answer_command(byte) >= 0 and byte & 1 == 1


def _put_pulse(packer: Packer, current_ua: int, width_us: int) -> None:
    if current_ua % CURRENT_STEP_UA != 0:
        packer.refuse()
    packer.put(width_us, 9)
    packer.put(current_ua // CURRENT_STEP_UA, 7)
