"""Fixed settings of the detector for one place of the sensor: every number with its reason.

Rates are 0.01 deg/s (1 rad/s = 5730), angles 0.000001 deg (0.1 rad = 5 730 000), times us.
"tuned" means: chosen in the middle of a flat optimum on the recordings of Truong 2019, Voisard 2023 and
Stanford FoG. Only traces of people whose number is not divisible by 3 were looked at, but the rows that
the choices were made by held all people, so these recordings cannot confirm them; others must.
"study" is an earlier study with plain rules on the same recordings; "facts" are timings counted in
published walks.
"""

PLACES = ("foot", "shank")


def rate_sq(rate_cdps: int) -> int:
    """Return the square of a rate as `Motion.total_sq` has it, in (0.32 deg/s)**2."""
    # 4000 deg/s on three axes would leave 2**30; divided by 32 first, three squares stay below 2**29.
    return (rate_cdps >> 5) * (rate_cdps >> 5)


def acc_sq(acc_mg: int) -> int:
    """Return the square of a specific force in (4 mg)**2."""
    return (acc_mg >> 2) * (acc_mg >> 2)


class Profile:
    """Settings for a sensor on the back of the foot; `Profile("shank")` differs where it says so.

    Raises ValueError if the place is neither "foot" nor "shank".
    """

    def __init__(self, place: str) -> None:
        if place not in PLACES:
            raise ValueError(f"place is {place!r}; it may be 'foot' or 'shank'. Name where the IMU sits.")
        shank = place == "shank"
        self.place = place

        # Quiet: 0.2 rad/s, twice the zero error that we accept (0.1 rad/s), a third of a slow heel rise.
        self.quiet_sq = rate_sq(1150)
        # Flat for sure after 0.5 s of quiet: no one rests that long in mid-swing. Angles start again.
        self.flat_us = 500_000
        # The foot was moved through the air: the specific force left 1 g by more than 0.1 g (study: 1 m/s2).
        self.acc_low_sq = acc_sq(898)
        self.acc_high_sq = acc_sq(1102)

        # A, heel rise. Rate: 30 % of the usual push-off peak (study), from quiet to 0.55 rad/s. The start
        # value is that of the weakest feet: low thresholds that adapt up miss fewer first steps (study).
        self.push_start_cdps = 12_600
        self.rise_rate_pct = 30
        self.rise_rate_min_cdps = 1_200
        self.rise_rate_max_cdps = 3_150
        # Angle: a third of the usual heel-rise angle, from 0.1 rad (more than drift and weight shift) to
        # 0.35 rad. The shank leans forward 35 deg of its 70 before the heel rises (norm curves): 45 %.
        self.drop_start_udeg = 60_000_000 if shank else 30_000_000
        self.drop_pct = 45 if shank else 33
        self.drop_min_udeg = 12_000_000 if shank else 6_000_000
        self.drop_max_udeg = 40_000_000 if shank else 20_000_000

        # Looking ahead: while ground times repeat within a quarter, thresholds fall by 70 % (angle) and
        # 50 % (rate) from 300 to 200 ms before the toe is expected to leave. The muscle needs 150-200 ms.
        self.regular_pct = 25
        self.lead_us = 300_000
        self.ramp_us = 100_000
        self.ahead_drop_pct = 70
        self.ahead_rate_pct = 50

        # B, toe-up rate without (enough) heel rise: the path for feet without push-off (study: without it
        # the weakest foot falls to 5 %). 30 % of the usual swing peak, 0.8 to 2.1 rad/s (tuned). It falls
        # by up to 70 % with the heel rise already seen, to no less than 0.5 rad/s. The foot must have
        # moved through the air or risen by a quarter of a heel rise: a seated person taps toe-up too.
        self.swing_start_cdps = 17_000
        self.toe_up_pct = 30
        self.toe_up_min_cdps = 4_600
        self.toe_up_max_cdps = 12_000
        self.risen_pct = 70
        self.toe_up_floor_cdps = 2_900
        self.lifted_pct = 25

        # C, turns and shuffles: total rate over 2.2 rad/s, mostly not sagittal, 0.16 rad swept (study).
        self.turn_sq = rate_sq(12_600)
        self.turn_swept_deg2 = 81

        # Swing lobe: from 0.5 rad/s toe-up. It counts as recognised from 40 % of the usual peak.
        self.lobe_rate_cdps = 2_900
        self.lobe_clear_pct = 40
        self.lobe_clear_min_cdps = 5_000
        self.lobe_clear_max_cdps = 12_000

        # End: toe-down rate over 0.3 rad/s (study), no sooner than 70 % of the usual lobe (0.18-0.30 s),
        # because dragged and stiff feet dip in mid-swing; or when the rate has stayed down for 0.12 s.
        self.land_rate_cdps = -1_720
        self.lobe_start_us = 350_000
        self.lobe_pct = 70
        self.lobe_min_us = 180_000
        self.lobe_min_max_us = 300_000
        self.down_us = 120_000
        # Other lobes end when the foot is quiet. The shank passes slowly over the standing foot: longer.
        self.lobe_quiet_us = 100_000 if shank else 40_000
        self.lobe_max_us = 1_500_000  # longer than any swing (0.34-0.52 s, facts); then something is wrong
        self.rise_quiet_us = 120_000  # the heel rose and rests: tiptoe, not a step
        self.rise_max_us = 1_200_000  # slow walkers need up to 0.8 s from heel-off to toe-off

        # Ready again: quiet for 0.04 s, or a third of the stride after contact, 0.2 to 0.6 s (study:
        # quiet alone loses 11 % of the steps, because many feet roll without ever resting).
        self.rearm_quiet_us = 200_000 if shank else 40_000
        self.rearm_pct = 33
        self.rearm_min_us = 200_000
        self.rearm_max_us = 600_000
        # The timer may only count after the rate has ranged over 1 rad/s since the start: an IMU that
        # reports one constant rate never gets ready.
        self.alive_cdps = 5_730


FOOT = Profile("foot")
SHANK = Profile("shank")
