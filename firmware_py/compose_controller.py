"""Builds all of the loop that comes before the guard, for a process of its own: `firmware_py.compose` has the rest."""

from firmware_py.compose import about_of
from firmware_py.cycle import CYCLE_US
from firmware_py.loop import start_problems
from firmware_py.recorded import RecordedBurst, RecordedCycle
from gait_detect.detector import GaitDetector
from stimulator.prescription import PrescriptionError, checked
from stimulator.walk import WalkScheduler


class Controller:
    """What runs for one leg where the guard is another process: `cycle` asks.

    walk, burst   schedulers; `walk` is in charge from the start
    about         as of `Loop`
    """

    def __init__(self, cycle, burst, about) -> None:
        self.cycle = cycle
        self.walk = cycle.scheduler
        self.burst = burst
        self.about = about


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
) -> Controller:
    """Build all of the loop that comes before the guard.

    guard   stands for the guard in the other process: firmware_py.pi.guardian_link.GuardianLink
    armed   mirrors `state` and `mode` of its supervisor
    The others as of `compose_walk`.
    """
    capability = device.capability
    checked(prescription, capability)
    found = start_problems(prescription, has_switch and switch_foot == "other")
    if found:
        raise PrescriptionError(found)
    burst = RecordedBurst(prescription, CYCLE_US, capability.current_step_ua, armed, log)
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua, armed)
    detector = GaitDetector(place=place, use_switch=has_switch, switch_foot=switch_foot)
    cycle = RecordedCycle(sensors, detector, scheduler, guard, log, burst)
    worn = {"place": place, "side": side, "has_switch": has_switch, "switch_foot": switch_foot}
    return Controller(cycle, burst, about_controller(device, prescription, **worn))


def about_controller(device, prescription, **worn) -> dict:
    """Return what the head of a controller's log says; `worn`: place, side, has_switch, switch_foot."""
    return about_of("controller", device, prescription, **worn)
