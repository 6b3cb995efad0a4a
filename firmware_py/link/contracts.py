"""What the link needs of its surroundings, as plain classes: the device, a store, a display, chance, a log.

On a board `firmware_py.link.loop_device` is the device, in line with the loop. Where controller and guardian
are processes of their own, the same calls become their messages; a call may then wait for the answer,
because the radio waits for therapy and never the other way round.
"""

FOR_WALK = 1
FOR_TEST = 2
FOR_EXERCISE = 3
NO_TEST = "It is not armed for a test. Arm for a test, wait until it is, then press again."


class DeviceStatus:
    """How the device stands; filled by `Device.fill_status`. Numbers of `safety.supervisor` and `safety.faults`.

    armed          0 no, FOR_WALK, FOR_TEST, FOR_EXERCISE
    is_ready       1 if the stimulator can be armed
    state, fault, held_by, sound   of the supervisor
    device_fault   of the driver;  warnings  WARN_* of `firmware_py.guard_session`
    stops          counts every stop, wraps at 2**16;  ends  changes with every stop and disarm
    level          the wearer's, 0 to 100 %;  is_paused  by the wearer
    battery        charge, 0 to 100 %; 255 unknown;  stride_us  length of the last stride, 0 unknown
    press          1 while a test burst is held;  presses  counts them;  ended_by  of `stimulator.test_burst`
    """

    # fmt: off
    __slots__ = (
        "armed", "is_ready", "state", "fault", "held_by", "sound", "device_fault", "warnings", "stops", "ends",
        "level", "is_paused", "battery", "stride_us", "press", "presses",
        "ended_by",
    )
    # fmt: on

    def __init__(self) -> None:
        self.armed: int = 0
        self.is_ready: int = 0
        self.state: int = 0
        self.fault: int = 0
        self.held_by: int = 0
        self.sound: int = 0
        self.device_fault: int = 0
        self.warnings: int = 0
        self.stops: int = 0
        self.ends: int = 0
        self.level: int = 100
        self.is_paused: int = 0
        self.battery: int = 255
        self.stride_us: int = 0
        self.press: int = 0
        self.presses: int = 0
        self.ended_by: int = 0


class TestOutcome:
    """What the last test burst showed. Angles in 0.01 deg, toe-up and eversion positive.

    verdict   of `firmware_py.channel_check`;  granted  pulses
    """

    def __init__(self) -> None:
        self.channel: int = 0
        self.verdict: int = 0
        self.ended_by: int = 0
        self.granted: int = 0
        self.lift_cdeg: int = 0
        self.evert_cdeg: int = 0


class Device:
    """The device behind the link. The link has checked who asks; the device still refuses what is not safe.

    capability   record of the stimulator (`stimulator.drivers.capability`)
    """

    capability: tuple

    def stop(self) -> None:
        """No pulse from now on. Never refused, never late."""
        raise NotImplementedError

    def pause(self) -> None:
        """The wearer wants a rest: no step is helped after this one."""
        raise NotImplementedError

    def resume(self) -> None:
        """The wearer wants to go on."""
        raise NotImplementedError

    def set_level(self, percent: int) -> bool:
        """Set the wearer's level inside the corridor; False if it cannot be."""
        raise NotImplementedError

    def acknowledge(self) -> None:
        """Somebody has read and acknowledged the contraindications for this wearer."""
        raise NotImplementedError

    def channels_checked(self) -> None:
        """Somebody says: the right leg, and no channels swapped. Counts only after test bursts."""
        raise NotImplementedError

    def wish(self) -> None:
        """Somebody wants to be armed from this moment on: no `arm_walk` or `arm_test` undoes an end after it."""
        raise NotImplementedError

    def arm_walk(self) -> bool:
        """Try to arm for walking; True if it is armed then. Asked again until it is, for a while."""
        raise NotImplementedError

    def arm_test(self) -> bool:
        """Try to arm for one test burst; True if it is armed then. Asked again until it is, for a while."""
        raise NotImplementedError

    def disarm(self) -> None:
        """Nobody wants stimulation for now; no fault."""
        raise NotImplementedError

    def clear(self) -> None:
        """Somebody has looked at the latched fault and mended its cause."""
        raise NotImplementedError

    def hold(self, channel: int, current_max_ua: int) -> None:
        """The test button of `channel` goes down. ValueError if there is no such channel, or no test in charge."""
        raise NotImplementedError

    def beat(self) -> None:
        """Whoever holds the button is still there. The device ends the burst by itself without it."""
        raise NotImplementedError

    def release(self) -> None:
        """The test button is up. Allocates nothing: it is called in the control cycle."""
        raise NotImplementedError

    def fill_outcome(self, outcome: TestOutcome) -> None:
        """Say what the last test burst showed."""
        raise NotImplementedError

    def prescription(self):
        """Return the prescription that is in use now: what was committed counts from the next step on."""
        raise NotImplementedError

    def problems(self, prescription) -> list:
        """Return what forbids taking `prescription` over now, as sentences; empty if it may be."""
        raise NotImplementedError

    def commit(self, prescription, confirmed=None) -> None:
        """Take `prescription` over between steps. ValueError (PrescriptionError too) with the reason if not.

        confirmed   what a person has confirmed, if this is a trial: a device that outlives its link ends the trial by
                    itself when the link is lost, with `firmware_py.link.smaller.ended`; None: no trial
        """
        raise NotImplementedError

    def confirm(self, prescription) -> None:
        """The trial of `prescription` is over, a person has confirmed it. ValueError if it does not run any more."""
        raise NotImplementedError

    def fill_status(self, status: DeviceStatus) -> None:
        """Say how the device stands. Allocates nothing."""
        raise NotImplementedError


class Store:
    """Keeps small things over power cycles. Trouble is an OSError; damage is a ValueError."""

    def load(self, name: str) -> bytes | None:
        """Return what was saved last under `name`; None if nothing ever was."""
        raise NotImplementedError

    def save(self, name: str, data: bytes) -> None:
        """Keep `data`: after a power cut either the old or the new is there, whole."""
        raise NotImplementedError

    def append(self, name: str, entry: bytes) -> None:
        """Add an entry to a list that only grows."""
        raise NotImplementedError

    def count(self, name: str) -> int:
        """Return how many entries the list has."""
        raise NotImplementedError

    def entry(self, name: str, index: int) -> bytes:
        """Return one entry, 0 for the oldest."""
        raise NotImplementedError


class Display:
    """Shows six digits to whoever stands at the device: a display, or the USB console. Never a log."""

    def show_passkey(self, passkey: int) -> None:
        """Show the passkey, 1 to 999999, as six digits."""
        raise NotImplementedError

    def clear(self) -> None:
        """Show it no longer."""
        raise NotImplementedError


class Chance:
    """Random bytes that nobody can foretell."""

    def fill(self, n: int) -> bytes:
        """Return `n` random bytes."""
        raise NotImplementedError


NOT_YET = b""  # no record is empty


class LogSource:
    """The black box, record by record. A record is a row of `firmware_py.blackbox`.

    epoch   4 bytes that name this log: numbers of another epoch mean other records
    """

    epoch: bytes

    def first(self) -> int:
        """Return the number of the oldest record that is still there."""
        raise NotImplementedError

    def end(self) -> int:
        """Return the number after the newest record."""
        raise NotImplementedError

    def read(self, number: int) -> bytes | None:
        """Return one record; None if it is not there any more, NOT_YET while it is still being fetched."""
        raise NotImplementedError
