"""The guardian without its process: time and bytes in, the guard's steps out. Reads no clock, does no I/O.

Same inputs, same bytes at the stimulator; for frames that keep to the contract, the same bytes as the
guard gives in line on a board.
"""

from dataclasses import dataclass

from firmware_py import messages
from firmware_py.frames import FrameReader
from firmware_py.messages import RESULTS_MAX, CommandFrame, CycleFrame, StatusFrame
from safety import reasons, supervisor
from safety.clock import WRAP_MASK_US, elapsed_us

GAP_MAX_US = 100_000  # R18; a guardian that did not run for so long knows nothing any more
FRAME_AGE_MAX_US = 100_000  # R18; and the permit counts from the moment at which the frame was made
FRAME_AHEAD_MAX_US = 1_000  # one clock for both processes: only its rounding and a hair more
PACE_US = 2_500  # cycles run every 5 ms; twice as many, for long, are a flood and no controller
BUNCH_US = 10_000  # so four in a row may follow a delay of the controller
COMMAND_AGE_MAX_US = 1_000_000  # somebody who armed a second ago may think otherwise by now
WISH_AGE_MAX_US = 4_000_000  # an arm is asked for again while the stimulator wakes up, no longer
ARM_MODES = {
    messages.ARM: supervisor.WALK,
    messages.ARM_TEST: supervisor.TEST,
    messages.ARM_EXERCISE: supervisor.EXERCISE,
}
AGES_AGO_US = 1 << 40  # before anything happened
WRITE_WITHIN_US = 10_000  # from the step's clock reading to the byte: later, the judgement is stale


@dataclass(slots=True)
class Incoming:
    """What arrived since the last step.

    controller, operator   packets from their sockets, each of whole frames; several operators in turn
    stop                   True if the button was pressed or a signal asked for a stop
    controller_gone        True if the controller's socket was closed
    slept                  True if the machine was suspended in between
    battery                charge of the supply in percent, -1 if nothing new is known
    """

    controller: tuple[bytes, ...] = ()
    operator: tuple[bytes, ...] = ()
    stop: bool = False
    controller_gone: bool = False
    slept: bool = False
    battery: int = -1


NOTHING = Incoming()


class Deadline:
    """Until when a pulse of the current step may still be written; shared with the port."""

    __slots__ = ("us",)

    def __init__(self) -> None:
        self.us: int = -1  # power-on: never


class Pace:
    """Tell cycles from a flood, a replay or a wrong order: each is newer than the last, few come in a bunch."""

    __slots__ = ("_ahead_us", "_made_us")

    def __init__(self) -> None:
        self._made_us = -AGES_AGO_US  # when the newest cycle was made
        self._ahead_us = 0  # how far the cycles have run ahead of their pace

    def take(self, made_us: int) -> bool:
        """Hear of a cycle that was made at `made_us` (does not wrap); False if it must be refused."""
        since_us = made_us - self._made_us
        ahead_us = max(0, self._ahead_us - since_us) + PACE_US
        if since_us <= 0 or ahead_us > BUNCH_US:
            return False
        self._made_us = made_us
        self._ahead_us = ahead_us
        return True


class GuardianCore:
    """Decide what the guard hears.

    guard      firmware_py.guard.Guard
    deadline   Deadline that the port looks at just before it writes a pulse
    refused    int, frames and commands that were not taken, since the start
    """

    def __init__(self, guard, deadline: Deadline | None = None) -> None:
        self.guard = guard
        self.deadline = deadline or Deadline()
        self.refused = 0
        self.frames_taken = 0
        self.had_gap = False  # in the last step: whatever still waits in a socket is old
        self._now_us = -1
        self._pace = Pace()
        self._permit_us = -AGES_AGO_US  # when the newest frame was made, or when somebody armed since
        # When stimulation was last ended by a person: whoever asked to arm before that did not know of it.
        self._ended_us = -AGES_AGO_US
        self._sequence = 0
        self._controller = FrameReader()
        self._operator = FrameReader()
        self._cycle = CycleFrame()
        self._command = CommandFrame()
        self._results_told = 0

    def open(self) -> None:
        """Begin to talk to the stimulator."""
        self.guard.open()

    def step(self, now_us: int, incoming: Incoming = NOTHING) -> None:
        """Move to `now_us` (monotonic clock, us, does not wrap) with what has arrived until then.

        Whatever stops is looked at last and so wins over an arm in the same step.
        """
        dt_us = now_us - self._now_us if self._now_us >= 0 else 0
        self.had_gap = incoming.slept or not 0 <= dt_us <= GAP_MAX_US
        self._now_us = now_us
        if self.had_gap:
            self._disarm(reasons.CLOCK_JUMPED)
        else:
            self._hear(self._controller, incoming.controller, self._take_from_controller)
        self._hear(self._operator, incoming.operator, self._take_from_operator)
        if incoming.controller_gone or now_us - self._permit_us > FRAME_AGE_MAX_US:
            self._disarm(reasons.NO_CYCLE)
        if incoming.battery >= 0:
            self.guard.take_battery(incoming.battery)
        if incoming.stop:
            self._stop()
        self.deadline.us = min(now_us + WRITE_WITHIN_US, self._permit_us + FRAME_AGE_MAX_US)
        self.guard.step(now_us & WRAP_MASK_US)

    def fill_status(self, status: StatusFrame) -> None:
        """Say how the guardian stands; results are left out (see `fill_results`)."""
        guard = self.guard
        status.t_us = max(0, self._now_us) & WRAP_MASK_US
        status.sequence = self._sequence
        status.armed = int(guard.gate.armed) * (1 + guard.supervisor.mode)
        status.is_ready = int(guard.driver.is_ready())
        status.disarmed_by = guard.gate.disarmed_by
        status.state = guard.supervisor.state
        status.fault = guard.supervisor.fault_id
        status.sound = guard.sound()
        status.device_fault = guard.driver.fault
        status.held_by = guard.supervisor.held_by
        status.warnings = guard.warnings()
        status.stops, status.ends = guard.stops, guard.ends
        status.refused = min(self.refused, WRAP_MASK_US)
        status.results_n = 0

    def fill_results(self, status: StatusFrame) -> None:
        """Add the results that were not told yet, oldest first; what does not fit waits for the next."""
        results, total = self.guard.results, self.guard.results_total
        if total < self._results_told:  # the guard's counter started over
            self._results_told = 0
        self._results_told = max(self._results_told, total - len(results))
        while self._results_told < total and status.results_n < RESULTS_MAX:
            told = results[self._results_told % len(results)]
            own = status.results[status.results_n]
            own.sequence, own.channel, own.t_us = told.sequence, told.channel, told.t_us
            own.asked_ua, own.granted_ua = told.asked_ua, told.granted_ua
            own.width_us, own.reason = told.width_us, told.reason
            status.results_n += 1
            self._results_told += 1

    def _hear(self, reader: FrameReader, packets: tuple[bytes, ...], take) -> None:
        """Take every frame of each packet. A packet that ends in the middle of a frame says nothing to the next."""
        for packet in packets:
            reader.reset()
            at = 0
            while at < len(packet):
                at += reader.feed(packet, at, len(packet))
                while reader.next():
                    take(reader)
            if not reader.is_empty():
                self.refused += 1

    def _take_from_controller(self, reader: FrameReader) -> None:
        if reader.kind == messages.CYCLE and self._cycle.decode(reader):
            self._take_cycle(self._cycle)
        elif reader.kind == messages.STOP and self._command.decode(reader):
            self._stop()
        else:
            self._refuse(reasons.CYCLE_ORDER)  # a broken controller, or one that tries to arm

    def _take_cycle(self, cycle: CycleFrame) -> None:
        age_us = elapsed_us(self._now_us & WRAP_MASK_US, cycle.t_us)
        made_us = self._now_us - age_us
        if age_us < -FRAME_AHEAD_MAX_US:
            self._refuse(reasons.TOO_EARLY)
        elif age_us > FRAME_AGE_MAX_US:
            self._refuse(reasons.TOO_LATE)
        elif not self._pace.take(made_us):
            self._refuse(reasons.CYCLE_ORDER)
        else:
            self._permit_us = made_us
            self._sequence = cycle.sequence
            self.frames_taken += 1
            guard = self.guard
            for i in range(cycle.samples_n):
                guard.take_sample(cycle.samples[i])
            guard.take_swing(cycle.swing)
            guard.take_mode(cycle.mode)
            for i in range(cycle.requests_n):
                guard.take(cycle.requests[i])
            guard.cycle_finished(cycle.sequence)

    def _take_from_operator(self, reader: FrameReader) -> None:
        command = self._command
        if not command.decode(reader):
            self.refused += 1
            return
        age_us = elapsed_us(self._now_us & WRAP_MASK_US, command.t_us)
        wish_age_us = elapsed_us(self._now_us & WRAP_MASK_US, command.asked_us)
        if command.kind == messages.STOP:
            self._stop()  # however old
        elif self.had_gap or not -FRAME_AHEAD_MAX_US <= age_us <= COMMAND_AGE_MAX_US:
            self.refused += 1
        elif not age_us <= wish_age_us <= WISH_AGE_MAX_US or self._now_us - wish_age_us <= self._ended_us:
            self.refused += 1  # asked for before the stop, arrived after it
        else:
            self._obey(command.kind, self._now_us - wish_age_us)

    def _obey(self, kind: int, asked_us: int) -> None:
        guard = self.guard
        if kind in ARM_MODES:
            was_armed = guard.gate.armed
            if guard.arm(ARM_MODES[kind]) and not was_armed:
                self._permit_us = self._now_us  # the first cycle must come within 100 ms
                self._ended_us = asked_us  # one wish arms once
        elif kind == messages.CLEAR:
            guard.clear()
        elif kind == messages.ACKNOWLEDGE:
            guard.acknowledge()
        elif kind == messages.CHANNELS_CHECKED:
            guard.channels_checked()
        elif kind == messages.PAUSE:
            guard.pause()
        elif kind == messages.RESUME:
            guard.resume()
        elif kind == messages.DISARM:
            self._ended_us = asked_us
            guard.disarm()
        elif kind == messages.PROFILE_CHANGED:
            self._ended_us = asked_us
            guard.profile_changed()

    def _stop(self) -> None:
        self._ended_us = self._now_us
        self.guard.stop()

    def _refuse(self, reason: int) -> None:
        self.refused += 1
        self._disarm(reason)

    def _disarm(self, reason: int) -> None:
        self.guard.gate.disarm(reason)
