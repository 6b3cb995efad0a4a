"""The only place that builds the whole: which detector, which driver, which limits work together.

What not every device has (keys, a second leg, a log that can be replayed) is imported where it is built, so that a
board without them does not load their code.
"""

from firmware_py.channel_check import ChannelCheck
from firmware_py.cycle import CYCLE_US, ControlCycle
from firmware_py.guard import Guard
from firmware_py.loop import Loop
from firmware_py.modes import start_problems
from gait_detect.detector import GaitDetector
from stimulator.drivers import devices
from stimulator.prescription import (
    PrescriptionError,
    canonical_bytes,
    channel_limits,
    checked,
    prescription_hash,
)
from stimulator.test_burst import TestBurst
from stimulator.walk import WalkScheduler


def compose_walk(
    *,
    sensors,
    port,
    log,
    prescription,
    place: str,
    has_switch: bool,
    side: str = "right",
    was_checked: bool = False,
    switch_foot: str = "own",
    corridor=None,
    signals=None,
    device=None,
    driver=None,
    check=None,
    is_replayable: bool = True,
) -> Loop:
    """Build the loop for walking, exercises and the check before them, with the stimulator `device` on `port`.

    sensors       firmware_py.hal.Sensors, worn at `place`: "foot" or "shank"
    port          firmware_py.hal.Port
    log           firmware_py.hal.Log
    has_switch    whether a heel switch is fitted; without one Sample.heel is not looked at
    switch_foot   under which heel it is: "own", or "other" than the leg that is helped; ValueError for anything else.
                  The guard's rules about a switch hold for the own heel only (it is up while the foot swings), so that
                  it is told of none if it is the other's. Lost with that: it does not notice a switch that is silent,
                  stuck or bouncing, nor contradictions between switch and IMU, and it takes the IMU's word alone for a
                  step; if the IMU fails, it ends help, though the detector could go on by the switch.
    side          the leg they are worn on: "right" or "left"
    was_checked   leg and channels were checked before with this very profile, and that was kept
    prescription  stimulator.prescription.Prescription; PrescriptionError if it must not be used
    corridor      stimulator.wearer.Corridor of the wearer's keys, or None: no keys, cues and exercises (see `wear`)
    signals       firmware_py.hal.Signals, or None
    device        of stimulator.drivers.devices.choose, default a P24
    driver, check  None: those of `device`; others (a simulator's) must keep their promises
    is_replayable  the log gets every input, so that `./swingphase replay --verify` can decide all of it again
    """
    device = device or devices.choose(devices.P24)
    capability = device.capability
    checked(prescription, capability)
    hears_other = has_switch and switch_foot == "other"
    found = start_problems(prescription, hears_other)
    if found:
        raise PrescriptionError(found)
    limits = channel_limits(prescription, capability)
    driver = devices.make_driver(device) if driver is None else driver
    check = devices.make_check(device) if check is None else check
    told = {
        "has_imu": True,
        "has_switch": has_switch and not hears_other,
        "is_shank": place == "shank",
        "was_checked": was_checked,
    }
    detector = GaitDetector(place=place, use_switch=has_switch, switch_foot=switch_foot)
    if is_replayable:
        from firmware_py.acts import StepLog
        from firmware_py.recorded import RecordedBurst, RecordedCycle, RecordedGuard

        log = StepLog(log)
        guard = RecordedGuard(limits, driver, check, port, log, **told)
        burst = RecordedBurst(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor, log)
        scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor)
        cycle = RecordedCycle(sensors, detector, scheduler, guard, log, burst)
    else:
        guard = Guard(limits, driver, check, port, log, **told)
        burst = TestBurst(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor)
        scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor)
        cycle = ControlCycle(sensors, detector, scheduler, guard, log)
    judge = ChannelCheck(burst, side, place)
    cycle.watch(judge)
    worn = {"place": place, "side": side, "has_switch": has_switch, "switch_foot": switch_foot}
    process = "in line" if corridor is None else "in line, with keys"
    about = about_of(process, device, prescription, **worn)
    about["was_checked"] = was_checked
    loop = Loop(
        cycle,
        guard,
        capability,
        limits=limits,
        burst=burst,
        check=judge,
        place=place,
        hears_other=hears_other,
        log=log,
        about=about,
    )
    if corridor is not None:
        loop.wear_keys(corridor, signals)
    return loop


def compose_both_legs(*, port, left, right):
    """Return a firmware_py.both_legs.BothLegs: both legs of one person on one P24.

    The left leg's channels are outputs 0 to 3, the right leg's 4 to 7.

    port          firmware_py.hal.Port
    left, right   dicts of the keywords of `compose_walk` for that leg, without port, side, driver and check
    PrescriptionError if one of the prescriptions must not be used, or both together.
    """
    from firmware_py.both_legs import CHANNELS_EACH, LEG_NAMES, BothLegs, both_problems
    from firmware_py.shared_stimulator import LegCheck, shared

    device = devices.choose(devices.P24)
    found = both_problems(left["prescription"], right["prescription"], device.capability)
    if found:
        raise PrescriptionError(found)
    drivers = shared(devices.make_driver(device), CHANNELS_EACH)
    loops = []
    for index in range(2):
        check = LegCheck(devices.make_check(device), index * CHANNELS_EACH)
        how = (left, right)[index]
        loop = compose_walk(port=port, side=LEG_NAMES[index], driver=drivers[index], check=check, **how)
        loop.take_turns(index, 2)
        loop.about["process"] = "in line, one of two legs"
        loops.append(loop)
    return BothLegs(loops[0], loops[1])


def about_of(process: str, device, prescription, **worn) -> dict:
    """Return what the head of a log must say so that the same can be built again."""
    about = {
        "process": process,
        "device": device.name,
        "answer_max_ms": device.answer_max_ms,
        "prescription": prescription_hash(prescription),
        "prescription_bytes": canonical_bytes(prescription),
    }
    about.update(worn)
    return about
