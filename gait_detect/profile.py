"""Fixed settings of the detector for one place of the sensor: every number with its reason.

Rates are 0.01 deg/s (1 rad/s = 5730), angles 0.000001 deg (0.1 rad = 5 730 000), times us.
"tuned" means: chosen in the middle of a flat optimum on the recordings of Truong 2019, Voisard 2023 and
Stanford FoG, people whose number is not divisible by 3 only. An earlier round of choices was made by rows
that held all people, so that these recordings cannot wholly confirm them; others must.
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
        # The foot was moved through the air: the square of the specific force is so much more or less than at rest
        # (foot: by 7 % or -14 % in size; tuned. Foot down, movement adds; unloading a standing foot takes away).
        # Measured from this sensor's own rest: recorded parts read 0.88 to 1.07 g there.
        self.shake_up_pct = 21 if shank else 14
        self.shake_down_pct = 19 if shank else 26
        self.rest_us = 50_000
        self.rest_low_sq = acc_sq(750)
        self.rest_high_sq = acc_sq(1_250)
        self.rest_share = 8

        # A, heel rise. Rate: 30 % of the usual push-off peak (study), from quiet to 0.55 rad/s. The start
        # value is that of the weakest feet: low thresholds that adapt up miss fewer first steps (study).
        self.push_start_cdps = 12_600
        self.rise_rate_pct = 30
        self.rise_rate_min_cdps = 1_200
        self.rise_rate_max_cdps = 3_150
        # Angle: 42 % of the usual heel-rise angle (tuned), from 0.12 rad to 0.35 rad; from 0.16 rad, twice that of a
        # weight shift, if no step began for 4 s. The shank leans forward 35 deg of its 70 before the heel rises
        # (norm curves): 45 %.
        self.drop_start_udeg = 60_000_000 if shank else 24_000_000
        self.drop_pct = 45 if shank else 42
        self.drop_min_udeg = 12_000_000 if shank else 7_000_000
        self.drop_idle_udeg = 12_000_000 if shank else 9_000_000
        self.drop_max_udeg = 40_000_000 if shank else 20_000_000

        # A foot that spins on the ground leans a little, too: at least half of the rate is sagittal, unless
        # the foot has already moved through the air (half in rate is a quarter in square: shift 2).
        self.rise_shift = 2

        # The angle counts from the highest pitch since foot-flat, but a quarter of it must lie below flat: a
        # seated person's toe that comes down after a tap is no heel rise.
        self.below_shift = 2

        # Looking ahead: while ground times repeat within 30 %, thresholds fall by 82 % (angle) and
        # 50 % (rate) from 320 to 170 ms before the toe is expected to leave. The muscle needs 150-200 ms.
        # Until 80 ms before that they are higher by 60 % and 80 %: slow walkers lift the heel 0.5 s early (tuned).
        self.regular_pct = 30
        self.lead_us = 320_000
        self.ramp_us = 150_000
        self.early_us = 80_000
        # A toe-off that is overdue by half of the time on the ground: the person has stopped.
        self.overdue_pct = 50
        self.ahead_drop_pct = 82
        self.ahead_rate_pct = 50
        self.early_drop_pct = 60
        self.early_rate_pct = 80
        # Not in a turn: the standing foot that has been pivoted by 20 deg lifts its heel when it likes (tuned).
        self.pivot_udeg = 20_000_000
        # A heel switch that has just opened halves them: 6 deg are left, a weight shift lifts the heel by 4.
        self.switch_ahead_pct = 50
        # The same thresholds are steered so that the onset comes 210 ms before the foot swings forward, the
        # muscle's delay and a little: 30 ms of error move them by 10 %, one step by no more than 100 ms's worth.
        self.lead_aim_us = 210_000
        self.lead_step_us = 100_000
        self.lead_us_per_pct = 3_000
        self.ease_min_pct = -100

        # B, toe-up rate without (enough) heel rise: the path for feet without push-off (study: without it
        # the weakest foot falls to 5 %). 30 % of the usual swing peak, 0.86 to 2.1 rad/s (tuned). It falls
        # by up to 70 % with the heel rise already seen, to no less than 0.5 rad/s. The foot must have
        # moved through the air or risen by a quarter of a heel rise: a seated person taps toe-up too.
        self.swing_start_cdps = 14_000
        self.toe_up_pct = 30
        self.toe_up_min_cdps = 4_900
        self.toe_up_max_cdps = 12_000
        self.risen_pct = 70
        self.toe_up_floor_cdps = 2_900
        # If no step began for 4 s, by half of one: trembling with 60 deg/s at 4 Hz lifts the heel by 4.8 deg.
        self.lifted_pct = 25
        self.lifted_idle_pct = 50
        self.walking_us = 4_000_000

        # Trembling: the rate turns round for the fourth time, each within 0.2 s (2.5 Hz and faster) and by more
        # than 0.4 rad/s to each side. Landings turn it round up to three times. No step begins meanwhile.
        self.tremble_waves = 4
        self.wave_cdps = 2_300
        self.wave_max_us = 200_000

        # C, turns and shuffles: total rate over 2.2 rad/s, mostly not sagittal, 0.16 rad swept (study).
        self.turn_sq = rate_sq(12_600)
        self.turn_swept_deg2 = 81

        # Swing lobe: from 0.5 rad/s toe-up. It counts as recognised from half the usual peak (tuned).
        self.lobe_rate_cdps = 2_900
        self.lobe_clear_pct = 50
        self.lobe_clear_min_cdps = 5_000
        self.lobe_clear_max_cdps = 14_000

        # End: toe-down rate over 0.3 rad/s (study), no sooner than 82 % of the usual lobe (0.20-0.43 s),
        # because dragged and stiff feet dip in mid-swing; or when the rate has stayed down for 0.12 s. It must
        # hold for 40 ms: the rate turns that long before the heel touches (human marks of Voisard 2023).
        self.land_rate_cdps = -1_720
        self.land_hold_us = 40_000
        # Feet that land softly hardly turn toe-down: there 0.2 rad/s toe-up and less is enough, from 0.12 s before the
        # foot usually comes to rest. A dropped toe that sinks in mid-air moves on until contact, so that this waits.
        self.land_soft_cdps = -1_720 if shank else 1_200
        self.moved_start_us = 500_000
        self.landing_ahead_us = 120_000
        self.lobe_start_us = 350_000
        self.lobe_pct = 82
        self.lobe_min_us = 200_000
        self.lobe_min_max_us = 430_000
        self.down_us = 120_000
        # Other lobes end when the foot is quiet. The shank passes slowly over the standing foot: longer.
        self.lobe_quiet_us = 100_000 if shank else 40_000
        # They also end when the total rate has been under 1 rad/s for 0.25 s: a shuffle's end never rests.
        self.low_sq = rate_sq(5_730)
        self.low_us = 250_000
        self.lobe_max_us = 1_500_000  # longer than any swing (0.34-0.52 s, facts); then something is wrong
        self.rise_quiet_us = 120_000  # the heel rose and rests: tiptoe, not a step
        self.rise_max_us = 900_000  # slow walkers need up to 0.8 s from heel-off to toe-off

        # Ready again: quiet for 0.05 s, or a third of the stride after contact (tuned; half of a stance), 0.2 to 0.4 s
        # (study: quiet alone loses 11 % of the steps, because many feet roll without ever resting).
        self.rearm_quiet_us = 100_000 if shank else 50_000
        self.rearm_pct = 25 if shank else 34
        self.rearm_min_us = 200_000
        self.rearm_max_us = 600_000 if shank else 400_000
        self.stride_start_us = 900_000  # a brisk one, until a stride is known: short second steps count too
        # The timer may only count after the rate has ranged over 1 rad/s since the start: an IMU that
        # reports one constant rate never gets ready.
        self.alive_cdps = 5_730


FOOT = Profile("foot")
SHANK = Profile("shank")
