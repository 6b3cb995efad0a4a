"""One trial: a person with a severe foot drop walks with help, something breaks, and what came of it."""

import copy
import functools
from dataclasses import dataclass

from benchmarks.fault_cases import AT_COMMAND, AT_MOTION, AT_STRONG_PULSE, HEEL, Case
from benchmarks.fault_rig import FaultRig
from hw_sim.emulators.p24 import DeliveredPulse
from hw_sim.observer import HEEL_DOWN_BELOW_M, JITTER_MS, PAUSE_MS, PULSE_MS
from safety import faults, supervisor

LONGEST_US = 9_000_000  # a trial after its fault: longer than the slowest detection and a step
AFTERWARDS_US = 1_500_000  # what is to stay off is watched so long
HELD_US = 4_000_000
STANCE_SHARE_MAX = 0.05  # of true flat stance with pulses, undetected; without a fault it is 0.00
WRONG_MAX_S = 2.0  # of pulses in true flat stance until a detected fault has ended them (assumed bound)
SOUND_US = 200_000
STRONG_MA = 15.0
READING_US = 15_000  # until the first spoilt reading has been through a control cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one trial.

    verdict       "detected", "harmless" or "harmful"
    fault_id      first fault of `safety.faults` that came up, 0 none
    react_ms      from the injection to it, None if there was none
    seen_ms       the same from the first moment at which it could be seen
    stance_share  of the true flat stance with pulses, 0 to 1
    wrong_s       pulses in true flat stance, as time
    silent_steps  steps without help and without sound after the fault
    why           what was wrong, as sentences
    """

    case: str
    phase: str
    place: str
    has_switch: bool
    verdict: str
    fault_id: int
    react_ms: float | None
    seen_ms: float | None
    stance_share: float
    wrong_s: float
    longest_burst_s: float
    silent_steps: int
    why: tuple[str, ...]


class Trial(FaultRig):
    """One fault in one rig. `run`, then `outcome`."""

    def __init__(self, place: str, has_switch: bool, seed: int) -> None:
        self.onset_us: int | None = None
        self.case: Case | None = None
        self.found: dict[int, int] = {}  # fault id -> when it first came up
        self.seen_us: int | None = None
        self.why: list[str] = []
        self.n_silent_steps = 0
        self._written = 0
        self._heel_was_down = True
        self._strides = 0
        self._was_heard = False  # a sound since the last contact
        self._quiet_since_us: int | None = None
        self._held_from_us: int | None = None
        self._has_strong_pulse = False  # one that the device judges, and that found no way
        super().__init__(place, has_switch, seed)

    def run(self, case: Case) -> None:
        """Inject the fault now and go on until nothing more can come of it."""
        self.case = case
        self.observer.mark()
        self._written = self.port.written_total
        self._heel_was_down = self._heel_is_down()
        self._strides = len(self.leg.strides)
        self.onset_us = self.world.now_us
        self.found.clear()
        case.inject(self)
        end_us = self.onset_us + LONGEST_US
        while self.world.now_us < end_us:
            self.world.advance(50_000)
            if self.found:
                at_us = min(self.found.values())
                latch = faults.FAULTS[self.first_fault].latch
                is_over = latch == faults.UNTIL_CLEAR or latch == faults.UNTIL_ARM
                end_us = min(
                    end_us, max(at_us, self._last_pulse_us) + (AFTERWARDS_US if is_over else HELD_US)
                )

    @property
    def first_fault(self) -> int:
        """The id of the fault that came up first."""
        return min(self.found, key=lambda fault_id: self.found[fault_id]) if self.found else 0

    @property
    def _last_pulse_us(self) -> int:
        return self.device.pulses[-1].start_us if self.device.pulses else 0

    def deliver(self, p: DeliveredPulse) -> None:
        is_new = not self.observer.bursts or p.start_us - self.observer.bursts[-1].end_us >= PAUSE_MS * 1000
        super().deliver(p)
        if p.current_ma >= STRONG_MA and p.reached_ma == 0 and self.onset_us is not None:
            self._has_strong_pulse = True
        if self.found:
            self._judge_late_pulse(p, is_new)

    def _judge_late_pulse(self, p: DeliveredPulse, is_new: bool) -> None:
        """A pulse after a fault came up: does the fault's class allow it?"""
        for fault_id, at_us in self.found.items():
            if p.start_us <= at_us + JITTER_MS * 1000:
                continue
            fault = faults.FAULTS[fault_id]
            ends = fault.latch == faults.UNTIL_CLEAR or fault.latch == faults.UNTIL_ARM
            if fault.stop == faults.CUT:
                self._complain(f"a pulse {(p.start_us - at_us) / 1000:.1f} ms after {fault.name}")
            elif is_new and (ends or self._is_held_since(p.start_us)):
                self._complain(f"a new burst {(p.start_us - at_us) / 1000:.0f} ms after {fault.name}")

    def _is_held_since(self, now_us: int) -> bool:
        """The hold is older than a pulse on its way."""
        return self._held_from_us is not None and now_us > self._held_from_us + JITTER_MS * 1000

    def look(self, now_us: int) -> None:
        super().look(now_us)
        if not self.guard.supervisor.held_by:
            self._held_from_us = None
        elif self._held_from_us is None:
            self._held_from_us = now_us
        if self.onset_us is None:
            return
        sup = self.guard.supervisor
        for fault_id in (sup.fault_id, sup.held_by):
            if fault_id:
                self.found.setdefault(fault_id, now_us)
        self._look_for_first_sign(now_us)
        self._look_for_sound(now_us)

    def _look_for_first_sign(self, now_us: int) -> None:
        if self.seen_us is not None or self.case is None or self.onset_us is None:
            return
        if self.case.seen == AT_COMMAND:
            if self.port.written_total == self._written:
                return
        elif self.case.seen == AT_STRONG_PULSE:
            if not self._has_strong_pulse:
                return
        elif self.case.seen == AT_MOTION and (now_us < self.onset_us + READING_US or self._is_quiet()):
            return
        self.seen_us = now_us

    def _is_quiet(self) -> bool:
        """Neither the detector nor an edge of the switch has shown that the foot moves; a burst alone does not."""
        has_edge = self.has_switch and self._heel_is_down() != self._heel_was_down
        return not self.guard.gate.swing and not has_edge

    def _heel_is_down(self) -> bool:
        return self.leg.foot.heel_m < HEEL_DOWN_BELOW_M

    def _look_for_sound(self, now_us: int) -> None:
        """Loss of help by a fault that speaks is audible within 200 ms; count steps that nobody helped."""
        sup, sound = self.guard.supervisor, self.guard.sound()
        loud = [i for i in self.found if not faults.FAULTS[i].is_quiet]
        is_pulsing = now_us - self._last_pulse_us < PAUSE_MS * 1000
        if (
            loud
            and not sup.sound
            and not is_pulsing
            and (sup.held_by in loud or sup.state < supervisor.ARMED)
        ):
            if self._quiet_since_us is None:
                self._quiet_since_us = now_us
            elif now_us - self._quiet_since_us > SOUND_US:
                self._complain(f"no sound for {faults.FAULTS[loud[0]].name}")
        else:
            self._quiet_since_us = None
        self._was_heard = self._was_heard or sound != supervisor.SOUND_NONE
        if len(self.leg.strides) > self._strides:
            self._strides = len(self.leg.strides)
            if min(self.leg.strides[-1].pulses) < 3 and not self._was_heard:
                self.n_silent_steps += 1
            self._was_heard = sound != supervisor.SOUND_NONE

    def _complain(self, sentence: str) -> None:
        if len(self.why) < 3:
            self.why.append(sentence)

    def outcome(self, phase: str) -> Outcome:
        """Judge."""
        case, onset_us = self.case, self.onset_us
        if case is None or onset_us is None:
            raise ValueError("There was no fault yet. Call run() first.")
        seen = self.observer
        why = [*self.why, *[f"{said} at {at_us / 1e6:.3f} s" for at_us, said in seen.broken[:3]]]
        answers = [i for i in self.found if i in case.answers]
        others = [i for i in self.found if i not in case.answers and i not in case.also]
        if others:
            why.append(f"it was taken for: {', '.join(faults.FAULTS[i].name for i in others)}")
        wrong_s = seen.wrong_pulses * PULSE_MS / 1000
        if seen.stance_share > STANCE_SHARE_MAX and not self.found:
            why.append(f"{seen.stance_share:.0%} of flat stance had pulses, and nothing was detected")
        elif wrong_s > WRONG_MAX_S:
            why.append(f"{wrong_s:.1f} s of pulses in flat stance, though a fault was detected")
        if case.must and not answers:
            why.append("it was not detected")
        told = answers or [i for i in self.found if i in case.also]
        first = min(told, key=lambda i: self.found[i]) if told else 0
        at_us = self.found[first] if first else None
        return Outcome(
            case=case.name,
            phase=phase,
            place=self.place,
            has_switch=self.has_switch,
            verdict="harmful" if why else "detected" if first else "harmless",
            fault_id=first or (others[0] if others else 0),
            react_ms=None if at_us is None else (at_us - onset_us) / 1000,
            seen_ms=None
            if at_us is None
            else max(0.0, (at_us - (at_us if self.seen_us is None else self.seen_us)) / 1000),
            stance_share=seen.stance_share,
            wrong_s=wrong_s,
            longest_burst_s=seen.longest_burst_s,
            silent_steps=self.n_silent_steps,
            why=tuple(why),
        )


@functools.lru_cache(maxsize=32)
def prepared(place: str, has_switch: bool, phase: str, seed: int) -> Trial:
    """Return a trial that has come to `phase`; to be copied, never run."""
    trial = Trial(place, has_switch, seed)
    trial.go_to(phase)
    trial.device.pulses[:-4] = []
    trial.world.rows.clear()
    return trial


def play(case: Case, place: str, has_switch: bool, phase: str, seed: int = 1) -> Outcome:
    """Run one trial."""
    trial = copy.deepcopy(prepared(place, has_switch, phase, seed))
    trial.run(case)
    return trial.outcome(phase)


def applies(case: Case, has_switch: bool) -> bool:
    """Say whether the fault can happen at all: without a switch none breaks."""
    return has_switch or case.group != HEEL
