"""What the superloop needs of a board; `rp2.py` and `esp32.py` build one, tests build another.

Each part is the HAL's (`firmware_py.hal`) or one of this folder's; None where a board has none.
"""


class Board:
    """One board with everything that is wired to it.

    sensors, port, sounds   the HAL's Sensors, Port and Signals
    imu                     `imu.Imu`, to be set up again while nothing is armed
    stop, key, test_key     `buttons`
    battery                 `battery.Battery` or None
    watch_armed_ms, watch_idle_ms   longest time without a finished cycle; idle is long enough for a write to flash
    """

    watch_armed_ms: int = 250
    watch_idle_ms: int = 8_000

    def __init__(self) -> None:
        self.sensors = None
        self.imu = None
        self.port = None
        self.sounds = None
        self.stop = None
        self.key = None
        self.test_key = None
        self.battery = None

    def ticks_us(self) -> int:
        """Return the clock, us, wraps at 2**30."""
        raise NotImplementedError

    def step(self, t_us: int) -> None:
        """Look after what is under way between two steps of the guard. Allocates nothing."""

    def outputs_off(self) -> None:
        """Every output off at once, whatever stage and loop believe."""
        raise NotImplementedError

    def allow(self, is_armed: bool) -> None:
        """Somebody is armed, or no longer: a line beside the stage's own enable, where there is one."""

    def watch(self, timeout_ms: int) -> None:
        """Start the watchdog, or give it another time. It can never be stopped again."""
        raise NotImplementedError

    def feed(self) -> None:
        """A whole cycle has finished."""
        raise NotImplementedError

    def mark_session(self, is_armed: bool) -> None:
        """Keep in memory that survives a reset, and no loss of power, whether somebody is armed."""
        raise NotImplementedError

    def was_in_session(self) -> bool:
        """Whether the last start ended while armed. Asked once, before `mark_session`."""
        raise NotImplementedError
