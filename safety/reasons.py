"""What became of a request, as small whole numbers; their sentences are in `words.toml`.

LOWERED is granted, but lower than asked. From CURRENT_OVER to TOO_SOON a pulse broke a limit by itself:
the third of them within a second latches off.
"""

# fmt: off
(
    OK, LOWERED, DISARMED, NO_CYCLE, CYCLE_ORDER, CHANNEL_UNKNOWN, REPEATED, TOO_EARLY, TOO_LATE, NO_CURRENT,
    CURRENT_OVER, WIDTH_UNDER, WIDTH_OVER, GAP_OVER, SHAPE_OVER, CHARGE_OVER, TOO_SOON,
    OVERTAKEN, DEVICE_NOT_READY, NOT_REPRESENTABLE, CHECK_FAILED, PORT_GONE, DEVICE_FAULT, CLOCK_JUMPED,
    RMS_OVER, CHARGE_RATE_OVER, HOUR_HOLD, DUTY_HOLD, ON_TOO_LONG, BURSTS_OVER,
    VIOLATIONS, HELD, NOT_PLAUSIBLE, STOPPED, FAULT,
) = range(35)
# fmt: on
