"""Every fault that the matrix injects: how it is done, and which faults of `safety.faults` may answer it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw_sim.breaks import BREAKS, CONTROLLER, HEEL, IMU, LINK, PERSON
from safety import faults as f

if TYPE_CHECKING:
    from benchmarks.fault_trial import Trial


# From when on the fault can be seen at all, for the reaction time.
AT_ONCE = "at once"
AT_MOTION = "with the next swing or edge"
AT_COMMAND = "with the next command"
AT_STRONG_PULSE = "with the next pulse of 15 mA without current"  # weaker ones are not judged by the device


@dataclass(frozen=True, slots=True)
class Case:
    """One fault.

    inject      does it to a Trial
    answers     ids of safety.faults that answer it; empty: it may pass unnoticed if it does no harm
    must        True if it has to be detected in every trial, not only if it does harm
    seen        AT_*
    also        ids that may come up beside an answer
    """

    name: str
    group: str
    inject: Callable[["Trial"], object]
    answers: tuple[int, ...]
    must: bool = False
    seen: str = AT_ONCE
    also: tuple[int, ...] = ()


def _break(name: str, amount: float = 0.0) -> Callable[["Trial"], object]:
    return lambda trial: BREAKS[name].begin(trial, amount)


_GAIT = (f.FALSE_BURSTS, f.IMU_REVERSED, f.SWITCH_IMU_DISAGREE, f.SWITCH_STUCK_OPEN, f.SWITCH_STUCK_CLOSED)
_LOST = (f.SERIAL_LOST,)

CASES = (
    Case("heel switch stuck open", HEEL, _break("heel switch stuck open"), _GAIT),
    Case("heel switch stuck closed", HEEL, _break("heel switch stuck closed"), _GAIT),
    Case("heel switch bounces", HEEL, _break("heel switch bounces"), (f.SWITCH_BOUNCE,), True),
    Case("heel switch unplugged", HEEL, _break("heel switch unplugged"), (f.SWITCH_SILENT,), True),
    Case("heel switch 100 ms late", HEEL, _break("heel switch late", 100), _GAIT),
    Case("heel switch 300 ms late", HEEL, _break("heel switch late", 300), _GAIT),
    Case("IMU frozen", IMU, _break("IMU frozen"), (f.IMU_FROZEN, *_GAIT), seen=AT_MOTION),
    Case("IMU stale", IMU, _break("IMU stale"), (f.IMU_STALE,), True),
    Case("IMU and switch gone", IMU, _break("IMU and switch gone"), (f.IMU_STALE, f.SWITCH_SILENT), True),
    Case("IMU turns too fast", IMU, _break("IMU turns too fast"), (f.IMU_RANGE,), True),
    Case("IMU feels 40 g", IMU, _break("IMU feels 40 g"), (f.IMU_RANGE,), True),
    Case("IMU feels 0 g", IMU, _break("IMU feels 0 g"), (f.IMU_RANGE,), True),
    Case("IMU rates at the rail", IMU, _break("IMU rates at the rail"), (f.IMU_RANGE,), True),
    Case(  # a rate that stands still at the end of its range hangs, as far as anybody can see
        "IMU clipped at 125 deg/s",
        IMU,
        _break("IMU clipped", 125),
        (f.IMU_RANGE, f.IMU_FROZEN, *_GAIT),
    ),
    Case(
        "IMU sagittal axis dead",
        IMU,
        _break("IMU sagittal axis dead"),
        (f.IMU_FROZEN, *_GAIT),
        True,
        AT_MOTION,
    ),
    Case("IMU 5 % spikes", IMU, _break("IMU spikes", 5), (f.IMU_RANGE, *_GAIT)),
    Case("IMU 50 % spikes", IMU, _break("IMU spikes", 50), (f.IMU_RANGE, *_GAIT)),
    Case("IMU rates x 57.3", IMU, _break("IMU unit error", 57.3), (f.IMU_RANGE, *_GAIT), seen=AT_MOTION),
    Case("IMU rates / 57.3", IMU, _break("IMU unit error", 1 / 57.3), _GAIT),
    Case("IMU turned by 180 deg", IMU, _break("IMU turned by 180 deg"), _GAIT),
    Case("IMU upside down", IMU, _break("IMU upside down"), _GAIT),
    Case(
        "electrode 0 open",
        LINK,
        _break("electrode 0 open"),
        (f.LEAD_OPEN,),
        True,
        AT_STRONG_PULSE,
    ),
    Case(
        "electrode 1 open",
        LINK,
        _break("electrode 1 open"),
        (f.LEAD_OPEN,),
        True,
        AT_STRONG_PULSE,
    ),
    Case("device busy", LINK, _break("device busy"), (f.DEVICE_FAULT,), True, AT_COMMAND),
    Case("answers dropped", LINK, _break("answers dropped"), _LOST, True, AT_COMMAND),
    Case("answers 8 ms late", LINK, _break("answers late", 8), ()),
    Case("answers 60 ms late", LINK, _break("answers late", 60), ()),
    Case("answers 150 ms late", LINK, _break("answers late", 150), _LOST, True, AT_COMMAND),
    Case("answers corrupt", LINK, _break("answers corrupt"), _LOST, True, AT_COMMAND),
    Case("answers to another packet", LINK, _break("answers to another packet"), _LOST, True, AT_COMMAND),
    Case("noise before answers", LINK, _break("noise before answers"), _LOST),
    Case("device silent", LINK, _break("device silent"), _LOST, True, AT_COMMAND),
    Case(
        "device loses power",
        LINK,
        _break("device loses power"),
        (*_LOST, f.DEVICE_FAULT),
        True,
        AT_COMMAND,
    ),
    Case("cable unplugged", LINK, _break("cable unplugged"), _LOST, True),
    Case("controller stalls 60 ms", CONTROLLER, _break("controller stalls", 60), (), also=(f.IMU_STALE,)),
    Case(
        "controller stalls 120 ms",
        CONTROLLER,
        _break("controller stalls", 120),
        (f.CONTROLLER_STALLED,),
        True,
        also=(f.IMU_STALE,),
    ),
    Case(
        "controller stalls 300 ms",
        CONTROLLER,
        _break("controller stalls", 300),
        (f.CONTROLLER_STALLED,),
        True,
        also=(f.IMU_STALE,),
    ),
    Case("cycle skipped", CONTROLLER, _break("cycle skipped"), (f.REQUEST_ORDER,), True),
    Case("requests repeated", CONTROLLER, _break("requests repeated"), ()),
    Case("requests 20 ms late", CONTROLLER, _break("requests shifted", -20), ()),
    Case("requests 3 s ahead", CONTROLLER, _break("requests shifted", 3000), ()),
    Case(
        "clock jumps 300 ms ahead",
        CONTROLLER,
        _break("clock jumps", 300),
        (f.CLOCK_JUMP,),
        True,
        also=(f.IMU_STALE,),
    ),
    Case("clock jumps 50 ms back", CONTROLLER, _break("clock jumps", -50), (f.CLOCK_JUMP,), True),
    Case("stop", PERSON, _break("stop"), (f.EMERGENCY_STOP,), True),
    Case("pause", PERSON, _break("pause"), ()),
    Case(
        "profile changed",
        PERSON,
        _break("profile changed"),
        (f.PROFILE_CHANGE,),
        True,
    ),
    Case("restart", PERSON, _break("restart"), (f.RESTARTED,), True),
)

# What does harm and is not found, and why: (names, place, trials as (seed of the walker, has a switch, phases)) ->
# sentence. The tests mark these as expected to fail, strictly; whoever mends one takes its line away.
_STANDING = ("standing",)
KNOWN_GAPS = (
    (
        ("IMU turned by 180 deg", "IMU upside down"),
        "foot",
        ((3, True, _STANDING), (3, False, _STANDING), (7, False, _STANDING), (9, False, _STANDING)),
        "A foot sensor that turns after the mounting check and before the first step: pulses in 6 to 10 % of flat "
        "stance in three of twelve walkers without a switch, in one with it. One that sits so from the start is found "
        "in standing, and not armed.",
    ),
)


def known_gap(name: str, place: str, has_switch: bool, phase: str, seed: int) -> str:
    """Return why this fault is known to do harm there, or ""."""
    for names, where, trials, sentence in KNOWN_GAPS:
        if name in names and place == where:
            for walker, switch, phases in trials:
                if (walker, switch) == (seed, has_switch) and phase in phases:
                    return sentence
    return ""
