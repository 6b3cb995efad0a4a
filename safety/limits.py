"""What no pulse may exceed: numbers compiled in, and a record that may only be tighter.

The absolute numbers are those of the profile "adult, surface electrodes". Standards for stimulators
allow far more (IEC 60601-2-10 permits 50 mA rms below 400 Hz); a person is hurt long before, so
current, width and charge are capped together. Requirement numbers R01... are those of the safety file.
"""

from collections import namedtuple

CHANNELS_MAX = 4

CURRENT_ABS_UA = 100_000  # R01; comparable devices stop at 80 to 100 mA (not verified)
WIDTH_MIN_US = 50  # R02; shorter phases need more current for the same effect
WIDTH_ABS_US = 450  # R02
GAP_ABS_US = 500  # R02
CHARGE_ABS_NC = 30_000  # R04; the caps above multiply to 45 uC and must not
CHARGE_DEFAULT_NC = 20_000  # R04; functional dorsiflexion needs 5 to 15 uC (not verified)
INTERVAL_MIN_US = 16_600  # R03; 60 Hz
RISE_MAX_UA = 15_000  # R09; between two pulses
RISE_MAX_NC = 4_500  # R09; between two pulses
RISE_UA_PER_MS = 500  # R09; 500 mA/s
RISE_NC_PER_MS = 150  # R09; 150 uC/s
PAUSE_US = 100_000  # R09; after this long without a pulse a channel starts again from zero
PERMIT_MAX_US = 100_000  # R18; a finished control cycle permits pulses for this long
LATE_MAX_US = 10_000  # a pulse that waited longer is dropped: its neighbours would bunch up

Limits = namedtuple(
    "Limits",
    ("current_max_ua", "width_max_us", "charge_max_nc", "interval_min_us", "current_step_ua"),
)


def make_limits(
    *,
    current_max_ua: int = 60_000,
    width_max_us: int = WIDTH_ABS_US,
    charge_max_nc: int = CHARGE_DEFAULT_NC,
    interval_min_us: int = INTERVAL_MIN_US,
    current_step_ua: int = 500,
) -> Limits:
    """Return the read-only limits of one channel; ValueError if one is looser than the absolute.

    current_step_ua is the device's step: whatever the gate lowers stays a whole number of steps.
    """
    _within("current_max_ua", current_max_ua, 0, CURRENT_ABS_UA)
    _within("width_max_us", width_max_us, WIDTH_MIN_US, WIDTH_ABS_US)
    _within("charge_max_nc", charge_max_nc, 0, CHARGE_ABS_NC)
    _within("interval_min_us", interval_min_us, INTERVAL_MIN_US, 1_000_000)
    _within("current_step_ua", current_step_ua, 1, 2_000)
    return Limits(current_max_ua, width_max_us, charge_max_nc, interval_min_us, current_step_ua)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; allowed is {low} to {high}. Choose a value inside.")
