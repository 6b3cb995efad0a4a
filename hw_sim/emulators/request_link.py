"""The way to an emulated P24 without bytes for pulses: what the gate granted reaches the device as numbers.

For campaigns. All else stays what it is: the driver's state machine and its other frames, the emulator with its
delays, queue, faults and random draws. So the same pulses flow at the same microsecond as over `MemoryLink`
(tests/test_transports.py). Left out are only encoding, read-back and decoding of pulses, and with them whatever
such code could do wrong. While a fault spoils its bytes, the device answers in bytes again.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from hw_sim.emulators.memory_link import MemoryLink, MemoryPort
from hw_sim.emulators.p24 import LL_CHANNEL_CONFIG, P24, QUEUE_MAX, Queued
from hw_sim.emulators.sciencemode_wire import WireFrame
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck

WISH_N = 1  # "length" of a pulse that has no bytes; no frame is that short
HEADS = tuple(bytes((codec.EXECUTE | (channel & 3) << 5 | (channel >> 2) << 4,)) for channel in range(8))


class Wish(NamedTuple):
    """One pulse as the driver was asked for it; `shape` as in safety.pulse."""

    packet_number: int
    channel: int
    current_ua: int
    width_us: int
    gap_us: int
    shape: int


@dataclass(frozen=True, slots=True)
class WishFrame(WireFrame):
    """What stands for the frame of a pulse: its head, which an answer repeats, and the wish."""

    wish: Wish


class Answer(NamedTuple):
    """What the device says about one pulse: packet number and data as in its frame."""

    packet_number: int
    data: bytes


def _is_good(said: bytes | Answer) -> bool:
    """Say whether it is the word that a pulse was given: all that an idle guard need not hear at once."""
    return isinstance(said, Answer) and said.data[0] == codec.RESULT_OK


class RequestP24(P24):
    """A P24 that also takes pulses as numbers and answers those in numbers.

    said   everything that was sent so far, oldest first: bytes and Answers; the link takes them out
    """

    def take_pulse(self, now_us: int, wish: Wish) -> None:
        """Take one pulse command that reaches the device at `now_us`."""
        self._run_until(now_us)
        if not self.faults.silent and now_us >= self._deaf_until_us:
            frame = WishFrame(wish.packet_number, LL_CHANNEL_CONFIG, HEADS[wish.channel], True, wish)
            self._inbox.append((now_us, frame))

    def step(self, now_us: int) -> bytes:
        """Do everything that is due until `now_us`; what is sent goes to `said`."""
        self._run_until(now_us)
        return b""

    def due_us(self, now_us: int, is_awaited: bool = True) -> int | None:
        """Return when the device next does something; good answers only count if the host waits for them."""
        if self._inbox or self._mid.is_running:
            return super().due_us(now_us)
        at_us = None
        for leaves_us, said in self._line.waiting():
            if (is_awaited or not _is_good(said)) and (at_us is None or leaves_us < at_us):
                at_us = leaves_us
        if self._queue:
            pulse_us = max(self._queue[0].ready_us, self._stage.free_us)
            if at_us is None or pulse_us < at_us:
                at_us = pulse_us
        return None if at_us is None else max(now_us, at_us)

    def _run_until(self, now_us: int) -> None:
        if self._inbox or self._mid.is_running:
            super()._run_until(now_us)
            return
        queue = self._queue  # the common case, without a list of events
        while queue:
            at_us = max(queue[0].ready_us, self._stage.free_us)
            if at_us > now_us:
                break
            self._fire_next(at_us)
        self._send_until(now_us)

    def _send_until(self, now_us: int) -> None:
        while self._line.is_due(now_us):
            self.said.append(self._line.pop())

    def _forget_everything(self) -> None:
        super()._forget_everything()
        self.said: deque[bytes | Answer] = deque()

    def _channel_config(self, now_us: int, frame: WireFrame) -> None:
        is_welcome = self._low_on and not self.faults.busy and len(self._queue) < QUEUE_MAX
        if not isinstance(frame, WishFrame) or not is_welcome:
            super()._channel_config(now_us, frame)
            return
        wish = frame.wish
        times = abs(wish.shape)
        phase_ma = wish.current_ua / 1000 if wish.shape > 0 else -wish.current_ua / 1000
        points = [(wish.width_us, phase_ma), (times * wish.width_us, -phase_ma / times)]
        if wish.gap_us:
            points.insert(1, (wish.gap_us, 0.0))
        self._queue.append(Queued(now_us + self._command_delay_us, frame, wish.channel, points))

    def _answer(self, done_us: int, frame: WireFrame, data: bytes, command: int | None = None) -> None:
        if isinstance(frame, WishFrame) and not self.faults.strikes(frame.command):
            self._line.send(self._answered_at_us(done_us), Answer(frame.packet_number, data))
        else:
            super()._answer(done_us, frame, data, command)


class RequestPort(MemoryPort):
    """The host's end: bytes as usual; a pulse is handed over by `wish`, an answer taken by `heard`."""

    def __init__(self) -> None:
        super().__init__()
        self.wish: Wish | None = None  # encoded, not written
        self.heard: Answer | None = None  # read, not yet taken by the driver
        self.is_awaited = False  # the driver was asked for a pulse before it had its answer
        self.to_device_pulses: list[Wish] = []
        self.from_device: deque[bytes | Answer] = deque()

    def write(self, buf: bytearray, n: int) -> None:
        if n == WISH_N and self.wish is not None:
            self._check()
            self.to_device_pulses.append(self.wish)
            self.wish = None
            self.written_total += n
        else:
            super().write(buf, n)

    def readinto(self, buf: bytearray) -> int:
        if not self.to_host:
            if self.is_gone:
                self._check()
            if not self.from_device:
                return 0
            said = self.from_device.popleft()
            if isinstance(said, Answer):
                self.heard = said
                return WISH_N
            self.to_host += said
        return super().readinto(buf)


class RequestDriver(ScienceMode4):
    """The P24's driver with the same states and deadlines; a pulse becomes a `Wish` instead of a frame."""

    __slots__ = ("_port",)

    def __init__(self, port: RequestPort) -> None:
        super().__init__()
        self._port = port

    def can_pulse(self) -> bool:
        can = super().can_pulse()
        self._port.is_awaited = not can
        return can

    def _encode_pulse(
        self, number: int, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int
    ) -> int:
        wish = Wish(number, channel, current_ua, width_us, gap_us, shape)
        self._port.wish = wish if _is_expressible(wish) else None
        return WISH_N if self._port.wish else 0

    def receive(self, buf: bytearray, n: int) -> None:
        answer = self._port.heard
        if answer is None:
            super().receive(buf, n)
            return
        self._port.heard = None
        reader = self.reader
        reader.command = codec.LL_CHANNEL_CONFIG + codec.ACK
        reader.packet_number = answer.packet_number
        reader.data_n = len(answer.data)
        reader.data[: reader.data_n] = answer.data
        self._hear()


class RequestCheck(FrameCheck):
    """Reads frames as the separate decoder does, and a `Wish` as it stands: there is nothing to decode."""

    __slots__ = ("_port",)

    def __init__(self, port: RequestPort) -> None:
        self._port = port
        super().__init__()

    def read(self, buf: bytearray, n: int) -> bool:
        wish = self._port.wish
        if n != WISH_N or wish is None:
            return super().read(buf, n)
        self.packet_number, self.channel, self.current_ua, self.width_us, self.gap_us, self.shape = wish
        self.net_charge_pc = 0
        self.is_pulse = self.can_stimulate = True
        return True


class RequestLink(MemoryLink):
    """Carries wishes and answers, and bytes where there are some; one host for its life.

    driver, check   what `firmware_py.compose` must build the guard with
    """

    def __init__(self, device: RequestP24) -> None:
        super().__init__(device)
        self._p24 = device
        self._port = RequestPort()
        self.driver = RequestDriver(self._port)
        self.check = RequestCheck(self._port)

    def open_port(self) -> RequestPort:
        """Return the host's end."""
        return self._port

    def urgent_us(self, now_us: int) -> int | None:
        """Return when a pump next matters: the word that a pulse was given can wait for an idle guard."""
        return self._p24.due_us(now_us, self._port.is_awaited)

    def pump(self, now_us: int, written_total: int) -> int:
        """Carry everything across; return how much came that the guard should hear at once."""
        self._now_us = now_us
        port, p24 = self._port, self._p24
        if not self.is_plugged:
            p24.step(now_us)
            p24.said.clear()
            return 0
        if port.to_device:
            p24.feed(now_us, bytes(port.to_device))
            port.to_device.clear()
        if port.to_device_pulses:
            for wish in port.to_device_pulses:
                p24.take_pulse(now_us, wish)
            port.to_device_pulses.clear()
        p24.step(now_us)
        n = 0
        while p24.said:
            said = p24.said.popleft()
            n += port.is_awaited or not _is_good(said)
            port.from_device.append(said)
        return n


def _is_expressible(wish: Wish) -> bool:
    """Say whether the wire could carry exactly this pulse (`sciencemode4_codec.encode_pulse`)."""
    times = abs(wish.shape)
    longest_us = codec.DURATION_MAX_US
    return (
        0 <= wish.channel <= codec.CHANNEL_MAX
        and 1 <= times <= codec.SHAPE_MAX
        and 0 <= wish.current_ua <= codec.CURRENT_PULSE_MAX_UA
        and wish.current_ua % (codec.CURRENT_STEP_UA * times) == 0
        and codec.DURATION_MIN_US <= wish.width_us <= longest_us // times
        and (wish.gap_us == 0 or codec.DURATION_MIN_US <= wish.gap_us <= longest_us)
    )
