"""The controller's end of the socket to the guardian: it stands where the guard stands on a board.

`ControlCycle` calls it as it would call `Guard`. One frame goes out with each finished cycle; whatever
prevents that (a full socket, a value that fits no field) drops the frame, and the guardian then disarms,
because the next cycle is out of order. Nothing here waits.
"""

import socket
from collections.abc import Callable

from firmware_py.frames import FrameReader, FrameWriter
from firmware_py.messages import STOP, CommandFrame, CycleFrame, StatusFrame
from safety.clock import WRAP_MASK_US

PACKET_N = 2048
PACKETS_MAX = 16  # in one `hear`


class GuardianLink:
    """Hand samples, swing and requests over; hear how the guardian stands.

    sock      AF_UNIX SOCK_SEQPACKET socket inherited from the parent
    clock_us  returns CLOCK_MONOTONIC in us; the guardian reads the same clock
    status    StatusFrame, the newest heard; its results are those since the one before
    is_gone   True once the guardian closed its end
    lost      int, frames that did not go out
    """

    def __init__(self, sock: socket.socket, clock_us: Callable[[], int]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._clock_us = clock_us
        self._cycle = CycleFrame()
        self._command = CommandFrame()
        self._writer = FrameWriter()
        self._reader = FrameReader()
        self.status = StatusFrame()
        self.is_gone = False
        self.lost = 0

    def take_sample(self, sample) -> None:
        """Hear a raw sample; more than a frame holds cannot happen, a cycle reads no more."""
        if not self._cycle.add_sample(sample):
            self.lost += 1

    def take_swing(self, swing: int) -> None:
        """Hear whether the detector asks for help now (1) or not (0)."""
        self._cycle.swing = swing

    def take_mode(self, mode: int) -> None:
        """Hear who is in charge: WALK, TEST or EXERCISE of `safety.supervisor`."""
        self._cycle.mode = mode

    def take(self, request) -> None:
        """Pass a request on with this cycle."""
        if not self._cycle.add_request(request):
            self.lost += 1

    def cycle_finished(self, sequence: int) -> None:
        """Send the cycle. A controller that was late leaves cycles out: a bunch of them counts as a flood."""
        cycle = self._cycle
        cycle.sequence = sequence
        cycle.t_us = self._clock_us() & WRAP_MASK_US
        self._send(cycle.encode(self._writer))
        cycle.clear()

    def stop(self) -> None:
        """Ask for a stop. Always allowed; arming is not: that is the operator's."""
        self._command.kind = STOP
        self._command.t_us = self._command.asked_us = self._clock_us() & WRAP_MASK_US
        self._send(self._command.encode(self._writer))

    def hear(self) -> bool:
        """Take in what the guardian said; True once per new status, which then stands in `status`."""
        if self._reader.next():
            return self.status.decode(self._reader)
        for _ in range(PACKETS_MAX):
            try:
                packet = self._sock.recv(PACKET_N)
            except BlockingIOError:
                return False
            except OSError:
                packet = b""
            if not packet:
                self.is_gone = True
                return False
            self._reader.feed(packet, 0, len(packet))
            if self._reader.next():
                return self.status.decode(self._reader)
        return False

    def _send(self, n: int) -> None:
        if n == 0:
            self.lost += 1
            return
        try:
            self._sock.send(memoryview(self._writer.buf)[:n])
        except BlockingIOError:  # full: the guardian does not read, and stops by itself
            self.lost += 1
        except OSError:
            self.is_gone = True
