"""Which fault of `safety.faults` it is when the driver or the gate says what went wrong in its own words."""

from safety import faults, reasons
from stimulator.drivers import faults as device


def fault_of_device(fault: int) -> int:
    """Return the fault of `safety.faults` for a fault of the driver."""
    if fault == device.FAULT_ELECTRODE or fault == device.FAULT_LOW_CURRENT:
        return faults.LEAD_OPEN
    if fault == device.FAULT_WRONG_CHANNEL:
        return faults.DELIVERED_DIFFERS
    if fault <= device.FAULT_TRANSFER:
        return faults.SERIAL_LOST
    return faults.DEVICE_FAULT


def fault_of_reason(reason: int) -> int:
    """Return the fault of `safety.faults` for why the gate disarmed itself."""
    if reason == reasons.NO_CYCLE:
        return faults.CONTROLLER_STALLED
    if reason == reasons.CYCLE_ORDER:
        return faults.REQUEST_ORDER
    if reason == reasons.CLOCK_JUMPED:
        return faults.CLOCK_JUMP
    if reason == reasons.VIOLATIONS:
        return faults.THREE_VIOLATIONS
    return faults.CHECK_FAILED
