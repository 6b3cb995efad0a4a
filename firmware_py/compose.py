"""The only place that builds the whole: which detector, which driver, which limits work together."""

from firmware_py import blackbox
from firmware_py.channel_check import ChannelCheck
from firmware_py.cycle import CYCLE_US
from firmware_py.recorded import RecordedBurst, RecordedCycle
from firmware_py.recorded import RecordedGuard as Guard
from gait_detect.detector import GaitDetector
from safety.supervisor import ARMED, PAUSED, TEST, WALK
from stimulator.drivers import devices
from stimulator.envelope import OFF
from stimulator.prescription import (
    PrescriptionError,
    canonical_bytes,
    channel_limits,
    channel_name,
    checked,
    prescription_hash,
)
from stimulator.walk import WalkScheduler


class Loop:
    """Everything that runs for one leg: `cycle` asks, `guard` decides and sends.

    walk, burst   schedulers; `walk` is in charge from the start
    check         watches every sample and judges the test bursts
    arm_walk(), arm_test()   what a person asks for: who is in charge and how the guard is armed go together
    log           takes every row of this loop, inputs and decisions
    about         what it was built from, for the head of its log: enough to build it again
    """

    def __init__(self, cycle, guard, capability, *, limits, burst, check, log, about) -> None:
        self.cycle = cycle
        self.guard = guard
        self.capability = capability
        self.limits = limits  # the gate's, per channel, for as long as this loop lives
        self.walk = cycle.scheduler
        self.burst = burst
        self.check = check
        self.log = log
        self.about = about

    def arm_walk(self) -> bool:
        """Arm for walking; True if it is armed then. Never while armed for a test: disarm first."""
        sup = self.guard.supervisor
        if ARMED <= sup.state <= PAUSED and sup.mode != WALK:
            return False  # and the walk does not come into charge of that arm
        self.cycle.use(self.walk)
        return self.guard.arm()

    def commit(self, prescription) -> None:
        """Take a change over for walking and for tests, between steps.

        PrescriptionError unless it is valid, gentle (`safety.changes`), and within what the guard was
        started with: more is a new profile. ValueError while a test burst runs.
        """
        checked(prescription, self.capability)
        found = []
        new = channel_limits(prescription, self.capability)
        for index in range(min(len(new), len(self.limits))):
            for name in ("current_max_ua", "width_max_us", "charge_max_nc"):
                asked, allowed = getattr(new[index], name), getattr(self.limits[index], name)
                if asked > allowed:
                    found.append(
                        f"channel {channel_name(index)}: {name} is {asked}; the guard was started with {allowed}. "
                        "Lower it, or stop and load the prescription as a new profile."
                    )
        if found:
            raise PrescriptionError(found)
        if self.burst.envelope.state != OFF:
            raise ValueError("A test burst runs; a change is taken over after it. Let go first.")
        data = canonical_bytes(prescription)
        self.log.note(blackbox.ACT, self.guard.now_us, blackbox.ACT_COMMIT)
        self.log.note_bytes(blackbox.PRESCRIPTION, self.guard.now_us, data, len(data))
        self.walk.commit(prescription)
        self.burst.set(prescription)

    def arm_test(self) -> bool:
        """Arm for one test burst; True if it is armed then. Never while armed for walking: disarm first.

        False at first, while the stimulator wakes up or a step still ends: ask again in the next cycle, but
        not if `guard.stops` has changed since: somebody wants no stimulation.
        """
        sup = self.guard.supervisor
        if ARMED <= sup.state <= PAUSED and sup.mode != TEST:
            return False  # the wearer may be walking, and would lose the help without a sound
        self.cycle.use(self.burst)
        return self.cycle.scheduler is self.burst and self.guard.arm(TEST)


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
    *, sensors, guard, armed, log, prescription, place: str, has_switch: bool, side: str, device
) -> Controller:
    """Build all of the loop that comes before the guard.

    guard   stands for the guard in the other process: firmware_py.pi.guardian_link.GuardianLink
    armed   mirrors `state` and `mode` of its supervisor
    The others as of `compose_walk`.
    """
    capability = device.capability
    checked(prescription, capability)
    burst = RecordedBurst(prescription, CYCLE_US, capability.current_step_ua, armed, log)
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua)
    cycle = RecordedCycle(sensors, GaitDetector(place=place), scheduler, guard, log, burst)
    about = about_controller(device, prescription, place=place, side=side, has_switch=has_switch)
    return Controller(cycle, burst, about)


def about_controller(device, prescription, **known) -> dict:
    """Return what the head of a controller's log says; `known`: place, side, has_switch."""
    return _about("controller", device, prescription, **known)


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
    device=None,
    driver=None,
    check=None,
) -> Loop:
    """Build the loop for walking, and for the check before it, with the stimulator `device` on `port`.

    sensors       firmware_py.hal.Sensors, worn at `place`: "foot" or "shank"
    port          firmware_py.hal.Port
    log           firmware_py.hal.Log
    has_switch    whether a heel switch is fitted
    side          the leg they are worn on: "right" or "left"
    was_checked   leg and channels were checked before with this very profile, and that was kept
    prescription  stimulator.prescription.Prescription; PrescriptionError if it must not be used
    device        of stimulator.drivers.devices.choose, default a P24
    driver, check  None: those of `device`; others (a simulator's) must keep their promises
    """
    device = device or devices.choose(devices.P24)
    capability = device.capability
    checked(prescription, capability)
    limits = channel_limits(prescription, capability)
    steps = blackbox.StepLog(log)
    guard = Guard(
        limits,
        devices.make_driver(device) if driver is None else driver,
        devices.make_check(device) if check is None else check,
        port,
        steps,
        has_imu=True,
        has_switch=has_switch,
        is_shank=place == "shank",
        was_checked=was_checked,
    )
    burst = RecordedBurst(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor, steps)
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua)
    cycle = RecordedCycle(sensors, GaitDetector(place=place), scheduler, guard, steps, burst)
    check = ChannelCheck(burst, side, place)
    cycle.watch(check)
    about = _about("in line", device, prescription, place=place, side=side, has_switch=has_switch)
    about["was_checked"] = was_checked
    return Loop(cycle, guard, capability, limits=limits, burst=burst, check=check, log=steps, about=about)


def _about(process: str, device, prescription, *, place: str, side: str, has_switch: bool) -> dict:
    """Return what the head of a log must say so that the same can be built again."""
    return {
        "process": process,
        "device": device.name,
        "answer_max_ms": device.answer_max_ms,
        "prescription": prescription_hash(prescription),
        "prescription_bytes": canonical_bytes(prescription),
        "place": place,
        "side": side,
        "has_switch": has_switch,
    }
