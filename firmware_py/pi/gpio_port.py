"""GPIO lines through `gpiod` 2.x: inputs with edges in CLOCK_MONOTONIC, outputs, and a stop line.

Every input is a contact between the line and ground, with the Pi's own pull-up: closed reads as active.
Nothing here waits. `open_*` raise GpioError with the next step; later trouble is told by the returned values.
"""

import contextlib
import errno
from pathlib import Path
from typing import Any, Protocol

CHIP = "/dev/gpiochip0"
EDGES_KEPT = 64  # in the kernel: a bouncing contact between two cycles

_NEXT_STEP = {
    errno.ENOENT: "Run this on a Raspberry Pi, or name the chip that `gpiodetect` shows.",
    errno.EACCES: "Add your user to the group gpio, then log in again.",
    errno.EBUSY: "Another program or overlay uses the line: `gpioinfo` says which.",
    errno.EINVAL: "Choose a line that `gpioinfo` lists.",
}


class GpioError(OSError):
    """A line cannot be had. The text is one sentence for a person."""

    is_for_people = True

    def __str__(self) -> str:
        return self.strerror or super().__str__()  # without the number, which OSError puts first


class Contact(Protocol):
    """A contact that closes to ground: its edges with the time at which they happened.

    is_closed   the level by the last edge that was read
    is_gone     True once it cannot be read: nothing is known any more
    """

    is_closed: bool
    is_gone: bool

    def fileno(self) -> int:
        """Return a descriptor that becomes readable at an edge."""
        ...

    def read(self) -> list[tuple[int, bool]]:
        """Return (t_us, is_closed) of each edge since the last call, oldest first; t_us does not wrap."""
        ...

    def level(self) -> bool:
        """Return whether it is closed now, asked of the contact itself; OSError if it is gone."""
        ...

    def close(self) -> None:
        """Let go. Safe to call twice."""
        ...


class Output(Protocol):
    """A line that is on or off."""

    def set(self, is_on: bool) -> None:
        """Switch; a line that is gone stays silent."""
        ...

    def close(self) -> None:
        """Switch off and let go. Safe to call twice."""
        ...


class GpioEdges(Contact):
    """A contact on a GPIO line; its edges as the kernel dated them.

    lost   int, edges that the kernel had no room for
    """

    def __init__(self, request: Any, line: int) -> None:
        self._request, self._line = request, line
        self.is_gone = False
        self.lost = 0
        self._sequence = 0
        self.is_closed = self.level()

    def level(self) -> bool:
        from gpiod.line import Value

        return self._request.get_value(self._line) == Value.ACTIVE

    def fileno(self) -> int:
        return self._request.fd

    def read(self) -> list[tuple[int, bool]]:
        found: list[tuple[int, bool]] = []
        try:
            while not self.is_gone and self._request.wait_edge_events(0):
                for event in self._request.read_edge_events():
                    self.lost += max(0, event.line_seqno - self._sequence - 1)
                    self._sequence = event.line_seqno
                    self.is_closed = event.event_type is event.Type.RISING_EDGE
                    found.append((event.timestamp_ns // 1000, self.is_closed))
        except OSError:
            self.is_gone = True
        return found

    def close(self) -> None:
        with contextlib.suppress(Exception):  # a chip that is gone may refuse even this
            self._request.release()


class GpioOutput(Output):
    """A GPIO line that drives a transistor."""

    def __init__(self, request: Any, line: int) -> None:
        self._request, self._line = request, line

    def set(self, is_on: bool) -> None:
        from gpiod.line import Value

        with contextlib.suppress(OSError):
            self._request.set_value(self._line, Value.ACTIVE if is_on else Value.INACTIVE)

    def close(self) -> None:
        with contextlib.suppress(Exception):  # as above
            self.set(False)
            self._request.release()


class StopLine:
    """A stop contact that is closed at rest: pressed, unplugged or broken all read as pressed.

    It stands where `guardian.ports.StopButton` stands. `is_broken` is true for as long as it is open.
    """

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self.is_broken = not contact.is_closed

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._contact.fileno()

    def was_pressed(self) -> bool:
        """Return True if it was open at any time since the last call."""
        edges = self._contact.read()
        try:
            is_open = self._contact.is_gone or not self._contact.level()
        except OSError:
            is_open = True
        self.is_broken = is_open
        return is_open or any(not is_closed for _, is_closed in edges)


def open_contact(chip: str, line: int, what: str) -> GpioEdges:
    """Return the contact between `line` of `chip` and ground; `what` names it in a refusal."""
    gpiod = _gpiod()
    settings = gpiod.LineSettings(
        direction=gpiod.line.Direction.INPUT,
        edge_detection=gpiod.line.Edge.BOTH,
        bias=gpiod.line.Bias.PULL_UP,
        active_low=True,
        event_clock=gpiod.line.Clock.MONOTONIC,
    )
    return GpioEdges(_request(gpiod, chip, line, what, settings), line)


def open_output(chip: str, line: int, what: str) -> GpioOutput:
    """Return `line` of `chip` as an output that is off."""
    gpiod = _gpiod()
    settings = gpiod.LineSettings(
        direction=gpiod.line.Direction.OUTPUT, output_value=gpiod.line.Value.INACTIVE
    )
    return GpioOutput(_request(gpiod, chip, line, what, settings), line)


def _request(gpiod: Any, chip: str, line: int, what: str, settings: Any) -> Any:
    try:
        if not Path(chip).exists():
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return gpiod.request_lines(
            chip, consumer="swingphase", config={line: settings}, event_buffer_size=EDGES_KEPT
        )
    except (OSError, ValueError) as e:
        number = getattr(e, "errno", None) or errno.EINVAL
        step = _NEXT_STEP.get(number, _NEXT_STEP[errno.EINVAL])
        why = e.strerror if isinstance(e, OSError) and e.strerror else e
        raise GpioError(number, f"Line {line} of {chip} cannot be used for the {what} ({why}). {step}") from e


def _gpiod() -> Any:
    try:
        import gpiod  # only on Linux
    except ImportError as e:
        raise GpioError(
            errno.ENOENT, "GPIO needs the package gpiod, which is installed on Linux only."
        ) from e
    return gpiod
