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
# Plausibility finds the first ten (0 to 9 are bits of one small whole number), the guard the others.
(
    NO_FAULT, SWITCH_STUCK_OPEN, SWITCH_STUCK_CLOSED, SWITCH_BOUNCE, SWITCH_SILENT, SWITCH_IMU_DISAGREE,
    IMU_FROZEN, IMU_STALE, IMU_RANGE, FALSE_BURSTS,
    LEAD_OPEN, DELIVERED_DIFFERS, CONTROLLER_STALLED, REQUEST_ORDER, SERIAL_LOST, DEVICE_FAULT, BATTERY_LOW,
    BATTERY_EMPTY, SESSION_OVER, HOUR_CHARGE, RESTARTED, EMERGENCY_STOP, CLOCK_JUMP, LOOP_OVERRUN,
    THREE_VIOLATIONS, CHECK_FAILED, PROFILE_CHANGE, SELF_TEST, BOOKKEEPING,
) = range(29)

Fault = namedtuple(
    "Fault", ("id", "name", "stop", "react_ms", "latch", "healthy_ms", "is_quiet", "wearer", "engineer")
)

FAULTS = (
    Fault(NO_FAULT, "none", HOLD, 0, UNTIL_HEALTHY, 0, True,
        "All is well.", "No fault."),
    Fault(SWITCH_STUCK_OPEN, "heel switch stuck open", HOLD, 4_050, UNTIL_CONTACT, 200, False,
        "The heel switch has not felt the ground. Put your heel down; help comes back by itself.",
        "Heel up for 4 s in which a burst ran. Look for a broken wire, or a gait without heel contact."),
    Fault(SWITCH_STUCK_CLOSED, "heel switch stuck closed", END_STEP, 5_050, UNTIL_CLEAR, 0, False,
        "The heel switch does not open. Stop, and have the switch in the shoe checked.",
        "No switch edge for 5 s and 3 swings with the foot turning forward. Look for a short or a bent sole."),
    Fault(SWITCH_BOUNCE, "heel switch bounces", END_STEP, 1_050, UNTIL_CLEAR, 0, False,
        "The heel switch stutters. Stop, and have the switch in the shoe checked.",
        "More than 4 edges in 1 s, those within 50 ms of an edge not counted. Look for a loose contact."),
    Fault(SWITCH_SILENT, "heel switch silent", END_STEP, 150, UNTIL_HEALTHY, 3_000, False,
        "The heel switch gives no answer. Stand still and check its plug.",
        "A switch is configured, but for 100 ms no sample carried its level. Check plug and input."),
    Fault(SWITCH_IMU_DISAGREE, "switch and IMU disagree", HOLD, 1_050, UNTIL_HEALTHY, 20, True,
        "Your foot rests with the heel up, so help waits until it moves.",
        "Heel up while all three rates stay below 0.3 rad/s for 1 s: sitting, or a broken switch wire."),
    Fault(IMU_FROZEN, "IMU frozen", END_STEP, 300, UNTIL_HEALTHY, 3_000, False,
        "The motion sensor hangs. Stand still; if the tone comes again, have the sensor checked.",
        "Six axes identical for 250 ms while switch or detector show motion. Restart or replace the IMU."),
    Fault(IMU_STALE, "IMU stale", END_STEP, 100, UNTIL_HEALTHY, 3_000, False,
        "The motion sensor gives no answer. Stand still and check its cable.",
        "No new IMU reading for more than 50 ms. Check cable, bus errors and the load of the loop."),
    Fault(IMU_RANGE, "IMU out of range", END_STEP, 100, UNTIL_HEALTHY, 3_000, False,
        "The motion sensor says impossible things. Stand still and check that it sits firmly.",
        "More than 3 readings on end outside 0.2 to 16 g or 1900 deg/s. Check range, units and mounting."),
    Fault(FALSE_BURSTS, "false bursts", HOLD, 50, UNTIL_HEALTHY, 20, False,
        "Help began twice without a step. Walk two steps; then it comes back by itself.",
        "Two bursts within 5 s without a plausible contact after them. Check mounting and thresholds."),
    Fault(LEAD_OPEN, "electrode or lead open", CUT, 25, UNTIL_CLEAR, 0, False,
        "An electrode or its lead is loose. Stop, and have pads and plugs checked.",
        "The stimulator reports an electrode error. Check lead, pad and gel, then make a test burst."),
    Fault(DELIVERED_DIFFERS, "delivered differs from commanded", CUT, 25, UNTIL_CLEAR, 0, False,
        "The stimulator did not do what it was told. Do not use it; have it checked.",
        "The answer names another pulse, or differs by over 20 % in current or 10 % in width. Check the device."),
    Fault(CONTROLLER_STALLED, "controller stalled", CUT, 100, UNTIL_ARM, 0, False,
        "The controller stopped for a moment. Stand still and switch help on again.",
        "No whole control cycle for 100 ms. Look at the controller's log and the load of the machine."),
    Fault(REQUEST_ORDER, "requests out of sequence", CUT, 20, UNTIL_ARM, 0, False,
        "The controller lost count. Stand still and switch help on again.",
        "A control cycle came with another sequence than the next. Look for a restart or lost frames."),
    Fault(SERIAL_LOST, "stimulator does not answer", CUT, 100, UNTIL_ARM, 0, False,
        "The stimulator does not answer. Check its cable, then switch help on again.",
        "The port is gone, or two answers were missing or broken. Check cable, adapter and supply."),
    Fault(DEVICE_FAULT, "stimulator fault", CUT, 25, UNTIL_CLEAR, 0, False,
        "The stimulator reports a fault. Do not use it; have it checked.",
        "The stimulator answered with an error. See driver.fault in the log."),
    Fault(BATTERY_LOW, "battery low", END_STEP, 1_000, UNTIL_ARM, 0, False,
        "The battery is nearly empty. Help ends after this step; charge the battery.",
        "Charge below 5 %. The running burst finishes; charge, then arm again."),
    Fault(BATTERY_EMPTY, "battery empty", CUT, 100, UNTIL_CLEAR, 0, False,
        "The battery is empty. Charge it before you walk on.",
        "The supply is too low for exact pulses (high voltage off by more than 10 %). Charge, then clear."),
    Fault(SESSION_OVER, "session over", END_STEP, 1_000, UNTIL_ARM, 0, False,
        "The session is over. Look at your skin, then switch help on again if you want to go on.",
        "The session time of the prescription is used up. Arming again confirms a further session."),
    Fault(HOUR_CHARGE, "hourly charge used up", END_STEP, 1_000, UNTIL_ARM, 0, False,
        "Your muscle has had enough for this hour. Rest before you switch help on again.",
        "The charge of the rolling hour passed its limit. Rest; lower current, width or extension."),
    Fault(RESTARTED, "restart in use", CUT, 20, UNTIL_ARM, 0, False,
        "The device restarted. Stand still and switch help on again.",
        "Reset or brown-out while in use. Look for the reset cause, a weak supply or a watchdog trip."),
    Fault(EMERGENCY_STOP, "stopped", CUT, 20, UNTIL_ARM, 0, False,
        "Stopped. Switch help on again when you are ready.",
        "Stop by button, link or signal. Arm again on purpose."),
    Fault(CLOCK_JUMP, "clock jumped", CUT, 20, UNTIL_ARM, 0, False,
        "The device lost track of time. Stand still and switch help on again.",
        "A step of the guard went backwards or took over 100 ms. The machine slept or was overloaded."),
    Fault(LOOP_OVERRUN, "loop overrun", END_STEP, 1_000, UNTIL_ARM, 0, False,
        "The device is too slow for safe help. Stand still and switch help on again.",
        "Three steps within 1 s took over twice their period. Look for other load on the machine."),
    Fault(THREE_VIOLATIONS, "three limit violations", CUT, 20, UNTIL_CLEAR, 0, False,
        "The device asked for too much and was stopped. Do not use it; have it checked.",
        "Three pulses beyond a limit within 1 s. The scheduler or its settings are wrong; see the reasons."),
    Fault(CHECK_FAILED, "frame check failed", CUT, 20, UNTIL_CLEAR, 0, False,
        "The device made a mistake and stopped itself. Do not use it; have it checked.",
        "A finished frame did not decode to what was granted. Do not use this build; report it."),
    Fault(PROFILE_CHANGE, "profile changed", CUT, 20, UNTIL_ARM, 0, False,
        "Wearer, leg or electrodes were changed. Help stays off until the check is done again.",
        "The profile changed. Acknowledge contraindications, check leg and channels, then arm."),
    Fault(SELF_TEST, "self-test failed", CUT, 20, UNTIL_CLEAR, 0, False,
        "The device did not pass its own test. Do not use it; have it checked.",
        "The self-test failed. See the log for the part that failed; clear runs the test again."),
    Fault(BOOKKEEPING, "unexpected event", CUT, 20, UNTIL_ARM, 0, False,
        "The device lost track and switched itself off. Switch it on again.",
        "An event came in a state whose table has no place for it. Report it with the log."),
)
# fmt: on
