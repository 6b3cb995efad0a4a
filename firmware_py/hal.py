"""What a board must offer. The Pi, the boards and `hw_sim` each implement these plain classes.

A simulator is a second implementation, never an `if simulated:` inside the first.
"""


class Port:
    """A byte stream to a stimulator. Never blocks. Every trouble is an OSError; the port is then gone."""

    def __init__(self) -> None:
        self.written_total: int = 0  # bytes handed over since opening

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes of `buf`, all of them or OSError."""
        raise NotImplementedError

    def readinto(self, buf: bytearray) -> int:
        """Put what has arrived into `buf`; return how many bytes, 0 if none. OSError if the port is gone."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        raise NotImplementedError


class Sensors:
    """The heel switch and the IMU of one leg."""

    def read(self, sample) -> bool:
        """Fill `sample` (safety.sample.Sample) with the oldest unread reading; False if there is none.

        Readings carry the time at which the sensor measured, so several may wait for one cycle.
        """
        raise NotImplementedError


class Log:
    """Takes rows of whole numbers: what came in and what was decided. Never blocks, never raises."""

    def note(
        self,
        kind: int,
        t_us: int,
        a: int,
        b: int = 0,
        c: int = 0,
        d: int = 0,
        e: int = 0,
        f: int = 0,
        g: int = 0,
    ) -> None:
        """Keep one row; what a to g mean for each kind stands in `firmware_py.blackbox`."""
        raise NotImplementedError

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Keep the first `n` bytes of `data` (bytes or bytearray), in as many rows as they need."""
        raise NotImplementedError


class Signals:
    """What the wearer hears and feels: a buzzer and a vibration motor. Never blocks, never raises.

    The numbers are those of `stimulator.cues`; a part that a board does not have does nothing.
    """

    def tone(self, number: int) -> None:
        """Sound this until told another: SOUND_* of `safety.supervisor`, or TONE_*; 0 is silence.

        Each number must be told apart by ear; the alarms are the loudest.
        """
        raise NotImplementedError

    def beep(self, cue: int) -> None:
        """Play one short cue of `stimulator.cues` over the tone."""
        raise NotImplementedError

    def vibrate(self, cue: int) -> None:
        """Let the same cue be felt."""
        raise NotImplementedError
