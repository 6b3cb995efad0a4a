"""The controller's end of the link's process: it obeys, tells, and ends a trial when nobody hears of the link any more.

Nothing here waits: what the link does not read is lost, and a link that is killed, stopped or busy is only silence.
Walking goes on with what is committed. A trial goes on for LOST_US of silence, then the smaller of trial and confirmed
(`firmware_py.link.smaller`) is taken over between two steps; if that cannot be, everything is stopped.
"""

import socket
from collections.abc import Callable

from firmware_py.compose_controller import Controller
from firmware_py.link.kept import hash_of
from firmware_py.link.loop_device import cdeg
from firmware_py.link.smaller import ended
from firmware_py.pi.run import link_packets
from firmware_py.pi.run.link_packets import News
from firmware_py.pi.run.orders import obey
from safety.clock import WRAP_MASK_US, elapsed_us
from safety.limits import CHANNELS_MAX
from safety.pulse import OFF_UA
from stimulator.envelope import OFF
from stimulator.prescription import Prescription, canonical_bytes, from_bytes

PACKETS_MAX = 8  # between two cycles
NEWS_CYCLES = 2
LOST_US = 1_000_000  # assumed: longer than a busy machine keeps a process waiting, and about a step
AGAIN_US = 200_000  # a trial that could not be ended is ended again


class LinkEnd:
    """Serve one link over `sock`.

    stop       tells the guardian to stop
    is_gone        True once the other end was closed: the device ends
    hear(now_us)   take what has come;  step(now_us)  after each cycle;  granted(channel, ua)  what the guardian did
    """

    def __init__(self, sock: socket.socket, controller: Controller, stop: Callable[[], None]) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.is_gone = False
        self._controller, self._stop = controller, stop
        self._heard_us = 0
        self._confirmed: Prescription | None = None  # while a trial runs
        self._running = controller.walk.prescription  # what was committed last
        self._end_us = 0  # a trial is over, and could not be ended yet: again then
        self._cycles = 0
        self._news = News()
        self._currents_ua = [0] * CHANNELS_MAX
        self._granted = 0  # pulses of the press that runs, or of the last one
        self._presses = 0
        self._used: Prescription | None = None

    def hear(self, now_us: int) -> None:
        """Take some of what waits (`now_us` does not wrap)."""
        for _ in range(PACKETS_MAX):
            try:
                packet = self.sock.recv(link_packets.PACKET_N)
            except OSError:
                return
            if not packet:
                self.is_gone = True
                return
            self._heard_us = now_us
            if packet[0] in link_packets.QUESTIONS and len(packet) >= link_packets.QUESTION.size:
                self._answer(now_us, packet)
            elif packet[0] != link_packets.ALIVE:
                obey(self._controller, packet)

    def granted(self, channel: int, ua: int) -> None:
        """The guardian granted a pulse, or refused one (0)."""
        if ua != OFF_UA and channel < CHANNELS_MAX:
            self._granted += 1
            self._currents_ua[channel] = ua

    def step(self, now_us: int) -> None:
        """A cycle is over: look after the trial, tell the news."""
        presses = self._controller.burst.envelope.presses
        if presses != self._presses:
            self._presses, self._granted = presses, 0
        if self._confirmed is not None and now_us - self._heard_us > LOST_US:
            self.hear(now_us)  # it was not the controller itself that was late?
        confirmed = self._confirmed
        if confirmed is not None and now_us - self._heard_us > LOST_US and now_us >= self._end_us:
            self._end_trial(now_us, confirmed)
        self._cycles += 1
        if self._cycles >= NEWS_CYCLES:
            self._cycles = 0
            self._tell(now_us)

    # Trials -----------------------------------------------------------------------------------------

    def _end_trial(self, now_us: int, confirmed: Prescription) -> None:
        controller = self._controller
        controller.burst.release()  # whoever pressed over the link is gone; a press holds every change back
        in_use = controller.walk.prescription
        least = ended(self._running, confirmed, in_use, controller.capability, controller.problems)
        try:
            controller.commit(least)
        except ValueError:  # an exercise runs: nothing less can be had, then nothing
            self._stop()
            self._end_us = now_us + AGAIN_US
            return
        self._running, self._confirmed, self._end_us = least, None, 0
        self._news.ended = (self._news.ended + 1) & 0xFFFF

    def _commit(self, wanted: Prescription, confirmed: Prescription | None) -> None:
        self._controller.commit(wanted)
        self._running, self._confirmed, self._end_us = wanted, confirmed, 0

    def _confirm(self, wanted: Prescription) -> None:
        if wanted != self._running:
            raise ValueError("The trial has ended already: nobody heard of the link. Read what runs now.")
        self._confirmed = None

    # Questions --------------------------------------------------------------------------------------

    def _answer(self, now_us: int, packet: bytes) -> None:
        kind, number, t_us = link_packets.QUESTION.unpack_from(packet)
        body = packet[link_packets.QUESTION.size :]
        age_us = elapsed_us(now_us & WRAP_MASK_US, t_us & WRAP_MASK_US)
        try:
            if not -link_packets.QUESTION_AGE_MAX_US <= age_us <= link_packets.QUESTION_AGE_MAX_US:
                raise ValueError("The controller was busy; nothing was changed. Try again.")
            is_done, said = 1, self._do(kind, body)
        except ValueError as e:
            is_done, said = 0, str(e).encode()
        self._send(link_packets.REPLY.pack(link_packets.ANSWER, number, is_done) + said)

    def _do(self, kind: int, body: bytes) -> bytes:
        if kind == link_packets.TRY:
            self._commit(*link_packets.read_try(body))
        elif kind == link_packets.RUN:
            self._commit(from_bytes(body), None)
        elif kind == link_packets.CONFIRM:
            self._confirm(from_bytes(body))
        elif kind == link_packets.USED:
            return canonical_bytes(self._controller.walk.prescription)
        else:
            return self._outcome()
        return b""

    def _outcome(self) -> bytes:
        burst, check = self._controller.burst, self._controller.check
        return link_packets.SHOWN.pack(
            burst.channel,
            check.judge(self._granted),
            burst.envelope.ended_by,
            min(self._granted, 0xFFFF),
            cdeg(check.lift_udeg),
            cdeg(check.evert_udeg),
        )

    # News -------------------------------------------------------------------------------------------

    def _tell(self, now_us: int) -> None:
        news, controller = self._news, self._controller
        state, envelope = controller.cycle.detector.state, controller.cycle.scheduler.envelope
        news.t_us = now_us & WRAP_MASK_US
        news.phase, news.swing, news.stride_us = state.phase, state.swing, state.stride_us
        news.pitch_cdeg, news.rate_cdps = state.pitch_cdeg, state.rate_cdps
        news.envelope_state, news.level_of_step = envelope.state, envelope.level
        news.currents_ua = tuple(self._currents_ua)
        if controller.wearing is not None:
            wearer = controller.wearing.wearer
            news.level, news.is_paused = wearer.level, int(wearer.is_paused)
        press = controller.burst.envelope
        news.press, news.presses, news.ended_by = (
            int(press.state != OFF),
            press.presses & 0xFFFF,
            press.ended_by,
        )
        news.mounting = controller.cycle.detector.mounting.problem
        news.in_charge = controller.in_charge
        used = controller.walk.prescription
        if used is not self._used:
            self._used, news.used = used, hash_of(used)
        self._currents_ua = [0] * CHANNELS_MAX
        self._send(news.to_bytes())

    def _send(self, packet: bytes) -> None:
        try:
            self.sock.send(packet)
        except OSError:
            return  # it does not read, or is gone: that is its own trouble
