"""The line from an emulated stimulator to the host, and what may be wrong with it and with the device."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, kw_only=True)
class LineFaults:
    """What is wrong. Every field may be changed at any time.

    only_command concerns the first six: they then strike only answers to this command.
    """

    drop_answers: bool = False  # does what it is told, but the answer is lost
    late_us: int = 0  # answers come this much later; others may overtake them
    wrong_packet_number: bool = False
    corrupt_checksum: bool = False
    noise: bytes = b""  # sent just before each answer
    split_us: int = 0  # the second half of each answer comes this much later
    only_command: int | None = None
    corrupt_heard: bool = False  # what the host says arrives damaged
    busy: bool = False  # refuses every stimulation command as busy
    pulse_result: int | None = None  # every pulse is given, and answered with this result
    silent: bool = False  # hangs: hears nothing, says nothing

    def strikes(self, command: int) -> bool:
        """Whether an answer to this command does not leave as it should."""
        is_wrong = self.drop_answers or self.late_us or self.wrong_packet_number or self.corrupt_checksum
        return self.only_command in (None, command) and bool(is_wrong or self.noise or self.split_us)


class Line:
    """Bytes on their way to the host, in order of time. checksum_at: index of a byte that a damage may strike."""

    def __init__(self, number_max: int, checksum_at: int) -> None:
        self._number_max = number_max  # 2**n - 1
        self._checksum_at = checksum_at
        self._waiting: list[tuple[int, int, Any]] = []
        self._n = 0
        self._sent = bytearray()

    def send(self, at_us: int, wire: Any) -> None:
        """Let `wire` leave at `at_us`; of one moment, what was sent first leaves first. Bytes, or what a line without
        bytes carries in their place (`request_link`).
        """
        self._n += 1
        heapq.heappush(self._waiting, (at_us, self._n, wire))

    def answer(
        self, at_us: int, command: int, number: int, encode: Callable[[int], bytes], faults: LineFaults
    ) -> None:
        """Answer `command` at `at_us`, through whatever is wrong. `encode(number)` gives the frame."""
        if faults.only_command not in (None, command):
            self.send(at_us, encode(number))
        elif not faults.drop_answers:
            wire = bytearray(encode(number + faults.wrong_packet_number & self._number_max))
            if faults.corrupt_checksum:
                wire[self._checksum_at] ^= 0x10
            at_us += faults.late_us
            half = len(wire) // 2 if faults.split_us else len(wire)
            self.send(at_us, faults.noise + bytes(wire[:half]))
            if faults.split_us:
                self.send(at_us + faults.split_us, bytes(wire[half:]))

    def due_us(self) -> int | None:
        """Return when the next bytes leave, None if nothing waits."""
        return self._waiting[0][0] if self._waiting else None

    def run_until(self, now_us: int) -> None:
        """Let everything leave that is due."""
        while self.is_due(now_us):
            self._sent += self.pop()

    def is_due(self, now_us: int) -> bool:
        """Whether something leaves until then."""
        return bool(self._waiting) and self._waiting[0][0] <= now_us

    def pop(self) -> Any:
        """Take out what leaves next."""
        return heapq.heappop(self._waiting)[2]

    def waiting(self) -> Iterator[tuple[int, Any]]:
        """Yield (time us, what is sent), in no order."""
        return ((at_us, said) for at_us, _, said in self._waiting)

    def take(self) -> bytes:
        """Return what has left since the last call."""
        sent = bytes(self._sent)
        self._sent.clear()
        return sent

    def clear(self) -> None:
        """Lose what has not left yet."""
        self._waiting.clear()
