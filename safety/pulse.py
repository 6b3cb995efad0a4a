"""What is asked for (`PulseRequest`) and what became of it (`PulseResult`): one biphasic pulse."""

OFF_UA = 0
SYMMETRIC = 1


class PulseRequest:
    """One charge-balanced biphasic pulse that the scheduler would like to see. Nothing more than a wish.

    sequence     int, counts requests of a channel, 0 to 2**20 - 1, then again from 0
    channel      int, 0 tibialis anterior, 1 peroneal
    fire_at_us   int, clock reading at which the pulse should start, us, wraps
    current_ua   int, amplitude of each phase, uA
    width_us     int, width of each phase, us
    gap_us       int, pause between the phases, us
    shape        int, SYMMETRIC: two equal phases; 2 to 4: the second has this part of the current and so many
                 times the width, so the same charge; negative: the same with the other polarity first
    """

    __slots__ = ("channel", "current_ua", "fire_at_us", "gap_us", "sequence", "shape", "width_us")

    def __init__(self) -> None:
        self.sequence: int = 0
        self.channel: int = 0
        self.fire_at_us: int = 0
        self.current_ua: int = OFF_UA
        self.width_us: int = 0
        self.gap_us: int = 0
        self.shape: int = SYMMETRIC

    def copy_from(self, other: "PulseRequest") -> None:
        """Take over every field of `other` (no allocation)."""
        self.sequence = other.sequence
        self.channel = other.channel
        self.fire_at_us = other.fire_at_us
        self.current_ua = other.current_ua
        self.width_us = other.width_us
        self.gap_us = other.gap_us
        self.shape = other.shape


class PulseResult:
    """What became of one request: granted current and width, or why not, and the device's answer.

    sequence, channel   of the request
    t_us                clock reading of the decision
    asked_ua            int, current asked for
    granted_ua          int, current granted, 0 if refused; never above asked_ua
    width_us            int, width granted, 0 if refused
    reason              int of `safety.reasons`, OK if granted
    """

    __slots__ = ("asked_ua", "channel", "granted_ua", "reason", "sequence", "t_us", "width_us")

    def __init__(self) -> None:
        self.sequence: int = 0
        self.channel: int = 0
        self.t_us: int = 0
        self.asked_ua: int = OFF_UA
        self.granted_ua: int = OFF_UA
        self.width_us: int = 0
        self.reason: int = 0
