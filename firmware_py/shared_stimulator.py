"""One stimulator for two guards: each leg sees a driver and a frame check of its own, with channels from 0.

The right leg's channels are other outputs of the same device. Only one pulse is ever unacknowledged, whoever asked.
The device is stopped when neither leg wants it any more; its fault is the fault of both.
"""


class LegDriver:
    """What the guard of one leg sees of the shared driver; the calls of `stimulator.drivers`.

    driver    the real one
    first     output of the device that is this leg's channel 0
    count     channels of this leg
    is_clock  exactly one of the two: its `step` lets the driver's time pass. It is stepped first, the other after it
    """

    def __init__(self, driver, first: int, count: int, is_clock: bool) -> None:
        self.capability = driver.capability
        self.tx = driver.tx
        self.other = self  # the other leg's view, set by `shared`
        self.is_wanted: bool = False  # this leg has started it and not stopped it since
        self._driver = driver
        self._first: int = first
        self._count: int = count
        self._is_clock: bool = is_clock

    @property
    def state(self) -> int:
        """Of the device."""
        return self._driver.state

    @property
    def fault(self) -> int:
        """Of the device."""
        return self._driver.fault

    @property
    def pulses_acked(self) -> int:
        """Of both legs."""
        return self._driver.pulses_acked

    def is_ready(self) -> bool:
        """Whether the device is, and this leg wants it."""
        return self.is_wanted and self._driver.is_ready()

    def can_pulse(self) -> bool:
        """Whether this leg may encode a pulse now: nothing is unacknowledged, of either leg."""
        return self.is_wanted and self._driver.can_pulse()

    def quantise_current_ua(self, current_ua: int, shape: int = 1) -> int:
        """As the driver's."""
        return self._driver.quantise_current_ua(current_ua, shape)

    def encode_pulse(self, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int = 1) -> int:
        """As the driver's, on this leg's outputs; 0 for a channel that this leg does not have."""
        if not 0 <= channel < self._count or not self.is_wanted:
            return 0
        return self._driver.encode_pulse(channel + self._first, current_ua, width_us, gap_us, shape)

    def pulse_written(self) -> None:
        """As the driver's."""
        self._driver.pulse_written()

    def start(self) -> bool:
        """This leg wants the device; it is started if it is off."""
        self.is_wanted = True
        return self._driver.start()

    def stop(self) -> None:
        """This leg does not want it any more; it is stopped if the other does not either."""
        self.is_wanted = False
        if not self.other.is_wanted:
            self._driver.stop()

    def clear_fault(self) -> None:
        """As the driver's."""
        self._driver.clear_fault()

    def port_gone(self) -> None:
        """As the driver's: for both."""
        self._driver.port_gone()

    def receive(self, buf: bytearray, n: int) -> None:
        """As the driver's, whoever read the port."""
        self._driver.receive(buf, n)

    def step(self, dt_us: int) -> int:
        """As the driver's for the one that is its clock, else nothing."""
        return self._driver.step(dt_us) if self._is_clock else 0


class LegCheck:
    """The separate decoder of finished frames, with the channels of one leg; as `stimulator.drivers` has it."""

    def __init__(self, check, first: int) -> None:
        self.can_stimulate: bool = True
        self.is_pulse: bool = False
        self.channel: int = -1
        self.current_ua: int = 0
        self.width_us: int = 0
        self.gap_us: int = 0
        self.shape: int = 0
        self.net_charge_pc: int = 0
        self._check = check
        self._first: int = first

    def read(self, frame, n: int) -> bool:
        """Decode a frame; an output of the other leg is a channel that this one does not have."""
        check = self._check
        is_known = check.read(frame, n)
        self.can_stimulate = check.can_stimulate
        self.is_pulse = check.is_pulse
        self.channel = check.channel - self._first
        self.current_ua = check.current_ua
        self.width_us = check.width_us
        self.gap_us = check.gap_us
        self.shape = check.shape
        self.net_charge_pc = check.net_charge_pc
        return is_known


def shared(driver, count: int) -> tuple:
    """Return two LegDrivers of `count` channels each; the first is the driver's clock."""
    one = LegDriver(driver, 0, count, True)
    two = LegDriver(driver, count, count, False)
    one.other = two
    two.other = one
    return one, two
