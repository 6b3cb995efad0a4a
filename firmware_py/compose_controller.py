"""Build the loop without its guard, which is a process of its own: `firmware_py.compose` has the rest."""

from firmware_py import blackbox
from firmware_py.channel_check import ChannelCheck
from firmware_py.compose import about_of
from firmware_py.cycle import CYCLE_US
from firmware_py.modes import Modes, start_problems
from firmware_py.recorded import RecordedBurst, RecordedCycle
from gait_detect.detector import GaitDetector
from stimulator.prescription import PrescriptionError, channel_limits, checked
from stimulator.walk import WalkScheduler


class Controller(Modes):
    """What runs for one leg where the guard is another process: `cycle` asks.

    about   as of `Loop`
    note(act, first, second)   write down what a person did that no scheduler writes down itself
    """

    def __init__(self, cycle, capability, *, log, about, **modes) -> None:
        super().__init__(cycle, capability, **modes)
        self.about = about
        self._log = log

    def note(self, act: int, first: int = 0, second: int = 0) -> None:
        """Keep an act (`firmware_py.acts`)."""
        self._log.note(blackbox.ACT, self.cycle.t_us, act, first, second)


def compose_controller(
    *,
    sensors,
    guard,
    armed,
    log,
    prescription,
    place: str,
    has_switch: bool,
    side: str,
    switch_foot="own",
    device,
    corridor=None,
    signals=None,
    plan=None,
) -> Controller:
    """Build all of the loop that comes before the guard.

    guard   stands for the guard in the other process: firmware_py.pi.guardian_link.GuardianLink
    armed   mirrors `state`, `mode` and `sound()` of its supervisor
    plan    stimulator.exercise_plan.ExercisePlan that may be started, None: no exercise. It needs `corridor`
    The others as of `compose_walk`.
    """
    capability = device.capability
    checked(prescription, capability)
    hears_other = has_switch and switch_foot == "other"
    found = start_problems(prescription, hears_other)
    if found:
        raise PrescriptionError(found)
    burst = RecordedBurst(prescription, CYCLE_US, capability.current_step_ua, armed, log)
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua, armed)
    detector = GaitDetector(place=place, use_switch=has_switch, switch_foot=switch_foot)
    cycle = RecordedCycle(sensors, detector, scheduler, guard, log, burst)
    judge = ChannelCheck(burst, side, place)
    cycle.watch(judge)
    worn = {"place": place, "side": side, "has_switch": has_switch, "switch_foot": switch_foot}
    controller = Controller(
        cycle,
        capability,
        log=log,
        about=about_controller(device, prescription, corridor=corridor, plan=plan, **worn),
        supervisor=armed,
        sounding=armed,
        limits=channel_limits(prescription, capability),
        burst=burst,
        check=judge,
        place=place,
        hears_other=hears_other,
    )
    if corridor is not None:
        controller.wear_keys(corridor, signals)
        if plan is not None:
            controller.prepare_exercise(plan)
    return controller


def about_controller(device, prescription, corridor=None, plan=None, **worn) -> dict:
    """Return what the head of a controller's log says; `worn`: place, side, has_switch, switch_foot."""
    about = about_of("controller", device, prescription, **worn)
    about["corridor"] = None if corridor is None else list(corridor)
    about["plan"] = None if plan is None else list(plan[:-1]) + [[list(c) for c in plan[-1]]]
    return about


def worn_of(about: dict) -> dict:
    """Return `corridor` and `plan` as `compose_controller` takes them; an older log knows of neither."""
    corridor, plan = about.get("corridor"), about.get("plan")
    if corridor is not None:
        from stimulator.wearer import Corridor

        corridor = Corridor(*corridor)
    if plan is not None:
        from stimulator.exercise_plan import ExerciseChannel, ExercisePlan

        plan = ExercisePlan(*plan[:-1], tuple([ExerciseChannel(*c) for c in plan[-1]]))
    return {"corridor": corridor, "plan": plan}
