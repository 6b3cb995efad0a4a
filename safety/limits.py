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

Limits = namedtuple(
    "Limits",
    (
        "current_max_ua",
        "width_max_us",
        "charge_max_nc",
        "interval_min_us",
        "current_step_ua",  # of the device: what the gate lowers stays a whole number of steps
        "rms_sq_max_ma2",
        "return_group",  # channels with the same number share a return electrode, 0 to 3
        "plateau_nc",  # charge of a pulse at full level: weight 1 of the duty
        "doublet",  # True if one doublet at burst onset is prescribed
    ),
)


def make_limits(
    *,
    current_max_ua: int = 60_000,
    width_max_us: int = WIDTH_ABS_US,
    charge_max_nc: int = CHARGE_DEFAULT_NC,
    interval_min_us: int = INTERVAL_MIN_US,
    current_step_ua: int = 500,
    area_cm2: int = 25,
    return_group: int = 0,
    plateau_nc: int = 1,
    doublet: bool = False,
) -> Limits:
    """Return the read-only limits of one channel; ValueError if one is looser than the absolute.

    area_cm2     area of the smaller pad; density (R06) and power (R07) are held with half of it
    plateau_nc   1 (the default) gives every pulse full weight
    """
    _within("current_max_ua", current_max_ua, 0, CURRENT_ABS_UA)
    _within("width_max_us", width_max_us, WIDTH_MIN_US, WIDTH_ABS_US)
    _within("charge_max_nc", charge_max_nc, 0, CHARGE_ABS_NC)
    _within("interval_min_us", interval_min_us, INTERVAL_MIN_US, 1_000_000)
    _within("current_step_ua", current_step_ua, 1, 2_000)
    _within("area_cm2", area_cm2, AREA_MIN_CM2, 200)
    _within("return_group", return_group, 0, CHANNELS_MAX - 1)
    _within("plateau_nc", plateau_nc, 1, CHARGE_ABS_NC)
    return Limits(
        current_max_ua,
        width_max_us,
        charge_max_nc,
        interval_min_us,
        current_step_ua,
        rms_sq_max_ma2(area_cm2),
        return_group,
        plateau_nc,
        doublet,
    )


def rms_sq_max_ma2(area_cm2: int) -> int:
    """Return the largest square of the rms current over 1 s, mA2, for a pad of this area, half lifted.

    The smallest of R05 (20 mA), R06 (2 mA/cm2, so 4 A2 with A = area/2) and R07 (0.025 W/cm2 into
    500 ohm, so 50 A).
    """
    return min(RMS_SQ_ABS_MA2, area_cm2 * area_cm2, 25 * area_cm2)


def is_absolute(one) -> bool:
    """Whether a record, however it was built, lets nothing through that is beyond the absolute limits."""
    return (
        0 <= one.current_max_ua <= CURRENT_ABS_UA
        and one.width_max_us <= WIDTH_ABS_US
        and 0 <= one.charge_max_nc <= CHARGE_ABS_NC
        and one.interval_min_us >= INTERVAL_MIN_US
        and one.current_step_ua > 0
        and one.rms_sq_max_ma2 <= RMS_SQ_ABS_MA2
        and 0 <= one.return_group < CHANNELS_MAX
        and one.plateau_nc > 0
    )


def is_tighter(new, old) -> bool:
    """Whether no limit of `new` lets more through than `old` (only the weight of the duty may differ)."""
    return (
        new.current_max_ua <= old.current_max_ua
        and new.width_max_us <= old.width_max_us
        and new.charge_max_nc <= old.charge_max_nc
        and new.interval_min_us >= old.interval_min_us
        and new.rms_sq_max_ma2 <= old.rms_sq_max_ma2
        and new.current_step_ua == old.current_step_ua
        and new.return_group == old.return_group
        and new.plateau_nc <= old.plateau_nc
        and (old.doublet or not new.doublet)
    )


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; allowed is {low} to {high}. Choose a value inside.")
