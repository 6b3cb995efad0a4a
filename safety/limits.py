"""What no pulse may exceed: numbers compiled in, and a record per channel that may only be tighter.

The absolute numbers are those of the profile "adult, surface electrodes". Standards for stimulators
allow far more (IEC 60601-2-10 permits 50 mA rms below 400 Hz); a person is hurt long before, so
current, width and charge are capped together. R01... are the requirements of `requirements.toml`.
"""

from collections import namedtuple

CHANNELS_MAX = 4

# One pulse
CURRENT_ABS_UA = 100_000  # R01; comparable devices stop at 80 to 100 mA (not verified)
WIDTH_MIN_US = 50  # R02; shorter phases need more current for the same effect
WIDTH_ABS_US = 450  # R02
GAP_ABS_US = 500  # R02
RECHARGE_MAX = 4  # R02; the second phase lasts up to 4 x 450 us = 1.8 ms, at a quarter of the current
CHARGE_ABS_NC = 30_000  # R04; the caps above multiply to 45 uC and must not
CHARGE_DEFAULT_NC = 20_000  # R04; functional dorsiflexion needs 5 to 15 uC (not verified)
# From pulse to pulse
INTERVAL_MIN_US = 16_600  # R03; 60 Hz
DOUBLET_MIN_US = 5_000  # R03; one doublet at burst onset
DOUBLET_MAX_US = 16_000
RISE_MAX_UA = 15_000  # R09; between two pulses
RISE_MAX_NC = 4_500  # R09
FIRST_MAX_UA = 7_500  # R09; of a burst: from nothing to 25 mA takes at least 50 ms
FIRST_MAX_NC = 2_250  # R09
RISE_UA_PER_MS = 500  # R09; 500 mA/s
RISE_NC_PER_MS = 150  # R09; 150 uC/s
PAUSE_US = 80_000  # R16; after this long without a pulse a new burst begins, from zero
# Windows
RMS_SQ_ABS_MA2 = 400  # R05; 20 mA rms over 1 s
AREA_MAX_CM2 = 200  # assumed: a larger one is a unit error
AREA_MIN_CM2 = 20  # R06; full pad; limits are checked with half of it (the pad has half lifted)
SECOND_MAX_NC = 3_000_000  # R14; 3.0 mC in 1 s, both phases, summed over a shared return
HOUR_WARN_UC = 2_500_000  # R14
HOUR_MAX_UC = 3_600_000  # R14
ON_MAX_US = 9_200_000  # R13; 92 % of 10 s with pulses
WEIGHTED_MAX_US = 7_500_000  # R13; 75 % of 10 s weighted by strength
BURST_MAX_US = 5_100_000  # R12; longest time-out 4.0 s, longest fall 1.0 s, 0.1 s for the cycle
BURST_LONG_US = 4_000_000  # R12; after a longer one the foot must first have been on the ground
CONTACT_US = 200_000  # R12; for so long out of swing
BURSTS_MAX = 2  # R16; in 1 s
SESSION_MAX_S = 3_600  # R15; then a person confirms by arming again
VIOLATIONS_MAX = 3  # in 1 s, of pulses that broke a limit by themselves: latch off
# The way of a request
PERMIT_MAX_US = 100_000  # R18; a finished control cycle permits pulses for this long
LATE_MAX_US = 10_000  # a pulse that waited longer is dropped: its neighbours would bunch up

# fmt: off
# current_step_ua: of the device, what the gate lowers stays a whole number of steps. return_group: channels with the
# same number share a return electrode. plateau_nc: charge of a pulse at full level, weight 1 of the duty.
# doublet: whether one doublet at burst onset is prescribed.
FIELDS = (
    "current_max_ua", "width_max_us", "charge_max_nc", "interval_min_us", "current_step_ua", "rms_sq_max_ma2",
    "return_group", "plateau_nc", "doublet",
)
Limits = namedtuple("Limits", FIELDS)
LOWEST = Limits(0, WIDTH_MIN_US, 0, INTERVAL_MIN_US, 1, 0, 0, 1, False)
HIGHEST = Limits(
    CURRENT_ABS_UA, WIDTH_ABS_US, CHARGE_ABS_NC, 1_000_000, 2_000, RMS_SQ_ABS_MA2, CHANNELS_MAX - 1, CHARGE_ABS_NC, True
)
DEFAULT = Limits(60_000, WIDTH_ABS_US, CHARGE_DEFAULT_NC, INTERVAL_MIN_US, 500, RMS_SQ_ABS_MA2, 0, 1, False)
# fmt: on


def make_limits(*, area_cm2: int = 25, **values) -> Limits:
    """Return the read-only limits of one channel; ValueError if one lies outside the absolute limits.

    area_cm2   area of the smaller pad; density (R06) and power (R07) are held with half of it
    values     fields of `Limits`; DEFAULT for those left out (its plateau_nc gives every pulse full weight)
    """
    _within("area_cm2", area_cm2, AREA_MIN_CM2, AREA_MAX_CM2)
    if "rms_sq_max_ma2" in values:
        raise ValueError("rms_sq_max_ma2 comes from area_cm2. Give that one.")
    values["rms_sq_max_ma2"] = rms_sq_max_ma2(area_cm2)
    made = Limits(*[values.pop(FIELDS[i], DEFAULT[i]) for i in range(len(FIELDS))])
    if values:
        raise ValueError(f"There is no limit {', '.join(values)}. Name one of {', '.join(FIELDS)}.")
    for i in range(len(FIELDS)):
        _within(FIELDS[i], made[i], LOWEST[i], HIGHEST[i])
    return made


def rms_sq_max_ma2(area_cm2: int) -> int:
    """Return the largest square of the rms current over 1 s, mA2, for a pad of this area, half lifted.

    The smallest of R05 (20 mA), R06 (2 mA/cm2, so 4 A2 with A = area/2) and R07 (0.025 W/cm2 into
    500 ohm, so 50 A).
    """
    return min(RMS_SQ_ABS_MA2, area_cm2 * area_cm2, 25 * area_cm2)


def is_absolute(one) -> bool:
    """Whether a record, however it was built, lies within the absolute limits."""
    for i in range(len(FIELDS)):
        if not LOWEST[i] <= one[i] <= HIGHEST[i]:
            return False
    return True


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; allowed is {low} to {high}. Choose a value inside.")
