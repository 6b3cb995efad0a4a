"""The device behind the link where the link is a process of its own: calls become messages.

Stop, arm, disarm, clear and what is said of leg and channels go straight to the guardian; buttons, level and changes of
the prescription to the controller. A call may wait for the controller's answer: the radio waits for therapy.
"""

import contextlib
import select
import socket
from collections.abc import Callable

from firmware_py import acts, messages
from firmware_py.link.contracts import FOR_TEST, FOR_WALK, NO_TEST, Device, DeviceStatus, TestOutcome
from firmware_py.link.kept import hash_of
from firmware_py.modes import profile_problems
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run import link_packets
from firmware_py.pi.run.link_packets import News
from firmware_py.pi.run.orders import TEST, WALK, order
from gait_detect import mounting_problems
from safety.clock import WRAP_MASK_US
from safety.limits import Limits
from stimulator.drivers.capability import Capability
from stimulator.prescription import Prescription, canonical_bytes, from_bytes, steep_changes
from stimulator.wearer import LEVEL_FULL, LEVEL_STEP

ANSWER_US = 1_000_000  # twice as old as a question may become: whoever waited so long is not obeyed later
ASK_EVERY_US = 100_000
BATTERY_UNKNOWN = 255


class ControllerLost(OSError):
    """The controller has not answered: nobody knows what it has done. The link has to begin anew."""


class ProcessDevice(Device):
    """Drive controller and guardian.

    controller   socket to `link_end.LinkEnd`;  guardian  an operator's socket
    limits       per channel, that the guardian was started with
    hears_other  whether a switch is under the other heel
    on_news      is called with each News
    wait         waits until the socket has something, or so many seconds
    is_lost      True once an answer did not come: what the controller has done is not known, end this process
    """

    def __init__(
        self,
        controller: socket.socket,
        guardian: OperatorLink,
        clock_us: Callable[[], int],
        *,
        capability: Capability,
        limits: tuple[Limits, ...],
        hears_other: bool,
        on_news: Callable[[News], None] = lambda news: None,
        wait: Callable[[socket.socket, float], object] | None = None,
    ) -> None:
        controller.setblocking(False)
        self.capability = capability
        self.battery = BATTERY_UNKNOWN
        self.on_news = on_news
        self.is_lost = False
        self.has_news = False
        self._controller, self._guardian, self._clock_us = controller, guardian, clock_us
        self._limits, self._hears_other = limits, hears_other
        self._wait = wait or (lambda sock, s: select.select((sock,), (), (), s))
        self._news = News()
        self._ended = 0
        self._known: dict[bytes, Prescription] = {}
        self._question = 0
        self._answers: dict[int, tuple[bool, bytes]] = {}
        self._asked_us = -ASK_EVERY_US
        self._wish_us = 0  # when a person asked for what is asked for again and again
        self._told_us = 0

    # Time -----------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Take in what controller and guardian say; and let the controller know that this process lives."""
        for _ in self._guardian.hear():
            pass
        self._drain()
        now_us = self._clock_us()
        if now_us - self._told_us >= link_packets.ALIVE_US:
            self._told_us = now_us
            self._tell(bytes([link_packets.ALIVE]))

    def take_ended(self) -> bool:
        """Return whether the controller has ended a trial by itself since the last call."""
        is_new = self._news.ended != self._ended
        self._ended = self._news.ended
        return is_new

    def _take(self, packet: bytes) -> None:
        if packet[0] == link_packets.NEWS:
            self._news = News.from_bytes(packet)
            if not self.has_news:
                self._ended = self._news.ended
            self.has_news = True
            self.on_news(self._news)
        elif packet[0] == link_packets.ANSWER:
            _, number, is_done = link_packets.REPLY.unpack_from(packet)
            if number == self._question:  # of an older one nobody waits any more
                self._answers = {number: (bool(is_done), packet[link_packets.REPLY.size :])}

    # The wearer -----------------------------------------------------------------------------------

    def stop(self) -> None:
        self._command(messages.STOP)
        self._tell(order(acts.ACT_RELEASE))

    def pause(self) -> None:
        self._tell(order(acts.ACT_PAUSE))

    def resume(self) -> None:
        self._tell(order(acts.ACT_RESUME))

    def set_level(self, percent: int) -> bool:
        if not 0 <= percent <= LEVEL_FULL or percent % LEVEL_STEP:
            return False
        self._tell(order(acts.ACT_LEVEL, percent))
        return True

    # The therapist --------------------------------------------------------------------------------

    def acknowledge(self) -> None:
        self._command(messages.ACKNOWLEDGE)

    def channels_checked(self) -> None:
        self._command(messages.CHANNELS_CHECKED)

    def wish(self) -> None:
        self._wish_us = self._clock_us()
        self._asked_us = self._wish_us - ASK_EVERY_US

    def arm_walk(self) -> bool:
        return self._arm(FOR_WALK, WALK, messages.ARM)

    def arm_test(self) -> bool:
        return self._arm(FOR_TEST, TEST, messages.ARM_TEST)

    def disarm(self) -> None:
        self._command(messages.DISARM)

    def clear(self) -> None:
        self._command(messages.CLEAR)

    def hold(self, channel: int, current_max_ua: int) -> None:
        count = len(self.prescription().channels)
        if not 0 <= channel < count:
            raise ValueError(
                f"channel is {channel}; the prescription has 0 to {count - 1}. Name one of these."
            )
        if self._news.in_charge != TEST:
            raise ValueError(NO_TEST)
        self._tell(order(acts.ACT_HOLD, channel, current_max_ua))

    def beat(self) -> None:
        self._tell(order(acts.ACT_BEAT))

    def release(self) -> None:
        self._tell(order(acts.ACT_RELEASE))

    def fill_outcome(self, outcome: TestOutcome) -> None:
        shown = link_packets.SHOWN.unpack(self._ask(link_packets.OUTCOME))
        outcome.channel, outcome.verdict, outcome.ended_by = shown[:3]
        outcome.granted, outcome.lift_cdeg, outcome.evert_cdeg = shown[3:]

    # The prescription -----------------------------------------------------------------------------

    def prescription(self) -> Prescription:
        used = self._news.used
        if used not in self._known:
            found = from_bytes(self._ask(link_packets.USED))
            self._known[hash_of(found)] = found
            return found  # if it has changed meanwhile, the next news says so
        return self._known[used]

    def problems(self, prescription: Prescription) -> list:
        found = profile_problems(prescription, self.capability, self._limits, self._hears_other)
        return found if found else steep_changes(self.prescription(), prescription)

    def commit(self, prescription: Prescription, confirmed: Prescription | None = None) -> None:
        if confirmed is None:
            self._ask(link_packets.RUN, canonical_bytes(prescription))
        else:
            self._ask(link_packets.TRY, link_packets.try_body(prescription, confirmed))
        self._known[hash_of(prescription)] = prescription

    def confirm(self, prescription: Prescription) -> None:
        self._ask(link_packets.CONFIRM, canonical_bytes(prescription))

    def fill_status(self, status: DeviceStatus) -> None:
        guardian, news = self._guardian.status, self._news
        status.armed, status.is_ready = guardian.armed, guardian.is_ready
        status.state, status.fault, status.held_by = guardian.state, guardian.fault, guardian.held_by
        status.sound, status.device_fault = guardian.sound, guardian.device_fault
        status.warnings, status.stops = guardian.warnings, guardian.stops
        status.ends = guardian.ends
        status.level, status.is_paused = news.level, news.is_paused
        status.battery, status.stride_us = self.battery, news.stride_us
        status.press, status.presses, status.ended_by = news.press, news.presses, news.ended_by

    # Messages -------------------------------------------------------------------------------------

    def _arm(self, armed: int, who: int, command: int) -> bool:
        """Ask for it, ten times a second while it is wanted; True once the guardian says that it is.

        The guardian is asked only once the right one is in charge: a step that still ends must not stimulate in a test.
        """
        status, now_us = self._guardian.status, self._clock_us()
        if status.armed or now_us - self._asked_us < ASK_EVERY_US:
            return status.armed == armed
        self._asked_us = now_us
        if who == WALK and self._news.mounting != mounting_problems.OK:
            self._tell(order(acts.ACT_DOUBTED, 0))
            return False
        if self._news.in_charge == who:
            self._command(command, self._wish_us)  # a stop or disarm since then ends it
        else:
            self._tell(order(acts.ACT_USE, who))
        return False

    def _command(self, kind: int, asked_us: int = -1) -> None:
        with contextlib.suppress(OSError):  # a guardian that is gone has switched off
            self._guardian.send(kind, asked_us)

    def _tell(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # a controller that does not listen is stopped by the guardian
            self._controller.send(packet)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._controller.recv(link_packets.PACKET_N):
                self._take(packet)

    def _ask(self, kind: int, body: bytes = b"") -> bytes:
        """Return the controller's answer; ValueError with the reason if it will not, ControllerLost without one."""
        self._question = number = (self._question + 1) & 0xFFFFFFFF
        self._answers = {}
        self._drain()  # so that there is room for the answer
        began_us = self._clock_us()
        head = link_packets.QUESTION.pack(kind, number, began_us & WRAP_MASK_US)
        with contextlib.suppress(OSError):
            self._controller.send(head + body)
        while number not in self._answers:
            left_us = began_us + ANSWER_US - self._clock_us()
            if left_us <= 0 or self.is_lost:
                self.is_lost = True
                raise ControllerLost("The controller does not answer. The link begins anew.")
            self._wait(self._controller, left_us / 1e6)
            self._drain()
        is_done, said = self._answers[number]
        if not is_done:
            raise ValueError(said.decode(errors="replace"))
        return said
