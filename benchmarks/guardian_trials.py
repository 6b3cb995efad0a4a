"""The trials of the guardian's bench: what is done to the processes, and what the stimulator then saw.

A pulse is counted where it matters, at the emulated stimulator, twice: by the number that its request
carries (exact, whatever the clock of a busy machine does) and by the clock. The guardian's own log says
in addition when it decided.
"""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.guardian_controller import GAP_BAD_US, NUMBERS, WIDTH_FIRST_US, Request, now_us
from benchmarks.guardian_emulator import Pulse
from benchmarks.guardian_rig import Rig
from firmware_py.blackbox import RESULT, rows
from firmware_py.messages import STOP
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_folder import segments
from safety.clock import WRAP_MASK_US, elapsed_us

AFTER_MAX = 1  # pulses that belong to the last valid request or to a later one
TAIL_MAX_US = 100_000  # R18
STOP_MAX_US = 20_000  # R23
FREEZE_S = 0.3
LOOK_ON_S = 0.25  # after the last act: longer than any permit
PHASE_S = 0.03  # a trial begins anywhere between two pulses


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial's figures, all times in us from the last valid request (or from the stop).

    n_after         pulses at the stimulator of the last valid request or a later (or bad) one
    n_after_clock   pulses that started at the stimulator later than the last valid request was made
    tail_us         latest start of a pulse at the stimulator, 0 if none came
    decided_us      latest decision for a pulse in the guardian's log, 0 if none came
    is_disarmed     False if the guardian still was armed at the end (None: it was killed)
    sound           what it sounds at the end (None: it was killed)
    """

    kind: str
    n_after: int
    n_after_clock: int
    tail_us: int
    decided_us: int
    is_disarmed: bool | None
    sound: int | None


@dataclass(frozen=True, slots=True)
class Kind:
    """name, what is done, and whether times count from a stop (else from the last valid request).

    act(rig, draw) returns the last moment (CLOCK_MONOTONIC, us) at which a request counts as valid, or at
    which the stop was given.
    """

    name: str
    act: Callable[[Rig, random.Random], int]
    is_stop: bool = False
    kills_guardian: bool = False


def _freeze(rig: Rig, _: random.Random) -> int:
    rig.signal_controller(signal.SIGSTOP)
    rig.wait(FREEZE_S)
    return now_us()


def _thaw(rig: Rig, draw: random.Random) -> int:
    mark_us = _freeze(rig, draw)
    rig.signal_controller(signal.SIGCONT)
    rig.wait(FREEZE_S)
    return mark_us


def _kill_controller(rig: Rig, _: random.Random) -> int:
    rig.signal_controller(signal.SIGKILL)
    return now_us()


def _misbehave(letter: str) -> Callable[[Rig, random.Random], int]:
    def act(rig: Rig, _: random.Random) -> int:
        rig.set_mode(letter)
        rig.wait(FREEZE_S)
        return now_us()

    return act


def _stop_guardian(rig: Rig, _: random.Random) -> int:
    rig.signal_guardian(signal.SIGSTOP)
    mark_us = now_us()  # before the signal this process may be held up, and what came until then was valid
    rig.wait(FREEZE_S)
    rig.signal_guardian(signal.SIGCONT)
    return mark_us


def _kill_guardian(rig: Rig, _: random.Random) -> int:
    rig.signal_guardian(signal.SIGKILL)
    return now_us()


def _stop_by(source: str, is_frozen: bool) -> Callable[[Rig, random.Random], int]:
    def act(rig: Rig, draw: random.Random) -> int:
        if is_frozen:
            rig.signal_controller(signal.SIGSTOP)
            rig.wait(draw.uniform(0, 0.01))
        mark_us = now_us()
        if source == "signal":
            rig.signal_guardian(signal.SIGUSR1)
        elif source == "button":
            rig.press_button()
        else:
            rig.send(STOP)
        return mark_us

    return act


KINDS = (
    Kind("controller stopped (SIGSTOP)", _freeze),
    Kind("controller killed (SIGKILL)", _kill_controller),
    Kind("controller stalls, socket open", _misbehave("s")),
    Kind("controller thawed after 300 ms", _thaw),
    Kind("flood", _misbehave("f")),
    Kind("garbage bytes", _misbehave("g")),
    Kind("replayed frames", _misbehave("p")),
    Kind("reordered frames", _misbehave("o")),
    Kind("late frames", _misbehave("l")),
    Kind("future-dated frames", _misbehave("u")),
    Kind("guardian stopped 300 ms, continued", _stop_guardian),
    Kind("guardian killed (SIGKILL)", _kill_guardian, kills_guardian=True),
    Kind("stop by signal, controller frozen", _stop_by("signal", True), is_stop=True),
    Kind("stop by socket, controller frozen", _stop_by("socket", True), is_stop=True),
    Kind("stop by button, controller frozen", _stop_by("button", True), is_stop=True),
    Kind("stop by signal, controller running", _stop_by("signal", False), is_stop=True),
    Kind("stop by socket, controller running", _stop_by("socket", False), is_stop=True),
    Kind("stop by button, controller running", _stop_by("button", False), is_stop=True),
)


def run_trial(rig: Rig, kind: Kind, draw: random.Random) -> Trial:
    """Arm a fresh guardian, let pulses flow, do what `kind` says, and count."""
    rig.get_armed()
    rig.wait(draw.uniform(0, PHASE_S))
    mark_us = kind.act(rig, draw)
    rig.wait(LOOK_ON_S)
    status = None if kind.kills_guardian else rig.hear()
    is_disarmed, sound = (None, None) if status is None else (not status.armed, status.sound)
    if kind.is_stop:
        last = Request(mark_us, -1)
    else:
        last = [r for r in rig.requests() if r.made_us <= mark_us][-1]
    pulses = rig.pulses(last.made_us - 500_000)
    rig.end()
    decided = _decisions(rig.guardian_folder, last.made_us)
    later = [p for p in pulses if p.start_us > last.made_us]
    return Trial(
        kind=kind.name,
        n_after=sum(1 for p in pulses if _is_at_or_after(p, last)),
        n_after_clock=len(later),
        tail_us=max((p.start_us - last.made_us for p in later), default=0),
        decided_us=max((t for t in decided if t > 0), default=0),
        is_disarmed=is_disarmed,
        sound=sound,
    )


def _is_at_or_after(pulse: Pulse, last: Request) -> bool:
    """Whether the pulse belongs to the request `last`, a later one or a bad one (to a stop: none does)."""
    if last.number < 0:
        return False
    ahead = (pulse.width_us - WIDTH_FIRST_US - last.number) % NUMBERS
    return pulse.gap_us == GAP_BAD_US or ahead < NUMBERS // 2


def _decisions(folder: Path, since_us: int) -> list[int]:
    """Return when the guardian granted pulses, us after `since_us`, from its own log in `folder`."""
    found = rows(read_log(*segments(folder, "guardian")).rows)
    granted = [t_us for kind, t_us, row in found if kind == RESULT and row[3] > 0]
    return [elapsed_us(t_us, since_us & WRAP_MASK_US) for t_us in granted]


def problems(kind: Kind, trials: list[Trial]) -> list[str]:
    """Return in words what these trials of one kind broke."""
    found = []
    for t in trials:
        late_us = STOP_MAX_US if kind.is_stop else TAIL_MAX_US
        if t.n_after > AFTER_MAX:
            found.append(f"{t.n_after} pulses of the last valid request or later ones; allowed is 1")
        if max(t.tail_us, t.decided_us) > late_us:
            found.append(
                f"a pulse {t.tail_us / 1000:.1f} ms after (decided at {t.decided_us / 1000:.1f}); "
                f"allowed is {late_us // 1000} ms"
            )
        if t.is_disarmed is False:
            found.append("the guardian still was armed at the end")
        if t.sound == 0:
            found.append("the loss was not audible")
    return [f"{kind.name}: {said}" for said in found]
