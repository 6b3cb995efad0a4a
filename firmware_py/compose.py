"""The only place that builds the whole: which detector, which driver, which limits work together."""

from firmware_py.channel_check import ChannelCheck
from firmware_py.cycle import CYCLE_US, ControlCycle
from firmware_py.guard import Guard
from gait_detect.detector import GaitDetector
from safety.supervisor import ARMED, PAUSED, TEST, WALK
from stimulator.drivers import devices
from stimulator.envelope import OFF
from stimulator.prescription import PrescriptionError, channel_limits, channel_name, checked
from stimulator.test_burst import TestBurst
from stimulator.walk import WalkScheduler


class Loop:
    """Everything that runs for one leg: `cycle` asks, `guard` decides and sends.

    walk, burst   schedulers; `walk` is in charge from the start
    check         watches every sample and judges the test bursts
    arm_walk(), arm_test()   what a person asks for: who is in charge and how the guard is armed go together
    """

    def __init__(self, cycle, guard, capability, *, limits, burst, check) -> None:
        self.cycle = cycle
        self.guard = guard
        self.capability = capability
        self.limits = limits  # the gate's, per channel, for as long as this loop lives
        self.walk = cycle.scheduler
        self.burst = burst
        self.check = check

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
    guard = Guard(
        limits,
        devices.make_driver(device) if driver is None else driver,
        devices.make_check(device) if check is None else check,
        port,
        log,
        has_imu=True,
        has_switch=has_switch,
        is_shank=place == "shank",
        was_checked=was_checked,
    )
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua)
    cycle = ControlCycle(sensors, GaitDetector(place=place), scheduler, guard, log)
    burst = TestBurst(prescription, CYCLE_US, capability.current_step_ua, guard.supervisor)
    check = ChannelCheck(burst, side, place)
    cycle.watch(check)
    return Loop(cycle, guard, capability, limits=limits, burst=burst, check=check)
