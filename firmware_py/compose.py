"""The only place that builds the whole: which detector, which driver, which limits work together."""

from firmware_py.cycle import CYCLE_US, ControlCycle
from firmware_py.guard import Guard
from gait_detect.detector import GaitDetector
from stimulator.drivers.capability import P24
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck
from stimulator.prescription import channel_limits, checked
from stimulator.walk import WalkScheduler


class Loop:
    """Everything that runs for one leg: `cycle` asks, `guard` decides and sends."""

    def __init__(self, cycle, guard, capability) -> None:
        self.cycle = cycle
        self.guard = guard
        self.capability = capability


def compose_walk(*, sensors, port, log, prescription, place: str, has_switch: bool) -> Loop:
    """Build the loop for walking with a P24 on `port`.

    sensors       firmware_py.hal.Sensors, worn at `place`: "foot" or "shank"
    port          firmware_py.hal.Port
    log           firmware_py.hal.Log
    has_switch    whether a heel switch is fitted
    prescription  stimulator.prescription.Prescription; PrescriptionError if it must not be used
    """
    capability = P24
    checked(prescription, capability)
    limits = channel_limits(prescription, capability)
    guard = Guard(limits, ScienceMode4(), FrameCheck(), port, log, has_imu=True, has_switch=has_switch)
    scheduler = WalkScheduler(prescription, CYCLE_US, capability.current_step_ua)
    cycle = ControlCycle(sensors, GaitDetector(place=place), scheduler, guard, log)
    return Loop(cycle, guard, capability)
