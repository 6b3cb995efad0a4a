"""What can go wrong, as a table: how hard to stop, how soon, how it ends, and what to tell whom.

A full log is no fault of stimulation: walking goes on. A limit that holds or ends one burst (duty,
bursts per second) is a refusal with its reason in `safety.reasons`, until it happens three times.
Reaction times count from the first moment at which the fault could be seen.
"""

from collections import namedtuple

# How hard to stop.
CUT = 0  # zero in this very step
END_STEP = 1  # the running burst may finish, because a cut in mid-swing is itself a trip; then off
HOLD = 2  # the running burst may finish; no new one begins
CLASS_NAMES = ("CUT", "END_STEP", "HOLD")

# How it ends.
UNTIL_CLEAR = 0  # latched: a person clears it, the self-test runs again, a person arms
UNTIL_ARM = 1  # a person arms again
UNTIL_HEALTHY = 2  # by itself, once it has not been reported for `healthy_ms`
UNTIL_CONTACT = 3  # by itself, once the foot has stood on the ground for `healthy_ms`
LATCH_NAMES = ("until cleared", "until armed again", "until healthy", "until contact")

# fmt: off
# Plausibility finds 1 to 10 (bits of one small whole number), the guard the others.
(
    NO_FAULT, SWITCH_STUCK_OPEN, SWITCH_STUCK_CLOSED, SWITCH_BOUNCE, SWITCH_SILENT, SWITCH_IMU_DISAGREE,
    IMU_FROZEN, IMU_STALE, IMU_RANGE, FALSE_BURSTS, IMU_REVERSED,
    LEAD_OPEN, DELIVERED_DIFFERS, CONTROLLER_STALLED, REQUEST_ORDER, SERIAL_LOST, DEVICE_FAULT, BATTERY_LOW,
    BATTERY_EMPTY, SESSION_OVER, HOUR_CHARGE, RESTARTED, EMERGENCY_STOP, CLOCK_JUMP, LOOP_OVERRUN,
    THREE_VIOLATIONS, CHECK_FAILED, PROFILE_CHANGE, SELF_TEST, BOOKKEEPING,
) = range(30)

Fault = namedtuple(
    "Fault", ("id", "name", "stop", "react_ms", "latch", "healthy_ms", "is_quiet")
)

FAULTS = (
    Fault(NO_FAULT, "none", HOLD, 0, UNTIL_HEALTHY, 0, True),
    Fault(SWITCH_STUCK_OPEN, "heel switch stuck open", HOLD, 4_050, UNTIL_CONTACT, 200, False),
    Fault(SWITCH_STUCK_CLOSED, "heel switch stuck closed", END_STEP, 5_050, UNTIL_CLEAR, 0, False),
    Fault(SWITCH_BOUNCE, "heel switch bounces", END_STEP, 1_050, UNTIL_HEALTHY, 3_000, False),
    Fault(SWITCH_SILENT, "heel switch silent", END_STEP, 150, UNTIL_HEALTHY, 3_000, False),
    Fault(SWITCH_IMU_DISAGREE, "switch and IMU disagree", HOLD, 1_050, UNTIL_HEALTHY, 20, True),
    Fault(IMU_FROZEN, "IMU frozen", END_STEP, 300, UNTIL_HEALTHY, 3_000, False),
    Fault(IMU_STALE, "IMU stale", END_STEP, 100, UNTIL_HEALTHY, 3_000, False),
    Fault(IMU_RANGE, "IMU out of range", END_STEP, 100, UNTIL_HEALTHY, 3_000, False),
    Fault(FALSE_BURSTS, "false bursts", HOLD, 50, UNTIL_HEALTHY, 20, False),
    Fault(IMU_REVERSED, "IMU back to front", END_STEP, 50, UNTIL_HEALTHY, 3_000, False),
    Fault(LEAD_OPEN, "electrode or lead open", CUT, 25, UNTIL_CLEAR, 0, False),
    Fault(DELIVERED_DIFFERS, "delivered differs from commanded", CUT, 25, UNTIL_CLEAR, 0, False),
    Fault(CONTROLLER_STALLED, "controller stalled", CUT, 100, UNTIL_ARM, 0, False),
    Fault(REQUEST_ORDER, "requests out of sequence", CUT, 20, UNTIL_ARM, 0, False),
    Fault(SERIAL_LOST, "stimulator does not answer", CUT, 100, UNTIL_ARM, 0, False),
    Fault(DEVICE_FAULT, "stimulator fault", CUT, 25, UNTIL_CLEAR, 0, False),
    Fault(BATTERY_LOW, "battery low", END_STEP, 1_000, UNTIL_ARM, 0, False),
    Fault(BATTERY_EMPTY, "battery empty", CUT, 100, UNTIL_CLEAR, 0, False),
    Fault(SESSION_OVER, "session over", END_STEP, 1_000, UNTIL_ARM, 0, False),
    Fault(HOUR_CHARGE, "hourly charge used up", END_STEP, 1_000, UNTIL_ARM, 0, False),
    Fault(RESTARTED, "restart in use", CUT, 20, UNTIL_ARM, 0, False),
    Fault(EMERGENCY_STOP, "stopped", CUT, 20, UNTIL_ARM, 0, False),
    Fault(CLOCK_JUMP, "clock jumped", CUT, 20, UNTIL_ARM, 0, False),
    Fault(LOOP_OVERRUN, "loop overrun", END_STEP, 1_000, UNTIL_ARM, 0, False),
    Fault(THREE_VIOLATIONS, "three limit violations", CUT, 20, UNTIL_CLEAR, 0, False),
    Fault(CHECK_FAILED, "frame check failed", CUT, 20, UNTIL_CLEAR, 0, False),
    Fault(PROFILE_CHANGE, "profile changed", CUT, 20, UNTIL_ARM, 0, False),
    Fault(SELF_TEST, "self-test failed", CUT, 20, UNTIL_CLEAR, 0, False),
    Fault(BOOKKEEPING, "unexpected event", CUT, 20, UNTIL_ARM, 0, False),
)
# fmt: on
