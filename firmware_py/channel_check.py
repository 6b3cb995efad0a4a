"""The check before the first walk: does a test burst move this leg, in the way of this channel, as the sensor says?

Signs, from the axes of `safety.sample` (X backward, Y to the person's right, Z up; X x Y = Z, so the
right-hand rule holds) with the thumb along the axis:
  about Y    up turns backward, so forward turns up: gyro_y > 0 lifts the toe, on both legs.
  about X    right turns up. The right side is the outer edge of the right foot and the inner edge of the
             left: gyro_x > 0 everts the right foot and inverts the left.
  about Z    backward turns right, so forward turns left. A foot that everts also points outward:
             the right foot to the right, gyro_z < 0, the left foot to the left, gyro_z > 0.
The subtalar joint turns about an axis that rises from the heel to the laces (some 42 deg, after Manter
1941 and Inman 1976, not verified), and a sensor on the laces leans forward by some 32 deg. So eversion is
spread over X and Z in a share that nobody knows, but always with these signs:
  eversion   gyro_x - gyro_z on the right foot, gyro_z - gyro_x on the left.
"""

from safety.clock import elapsed_us
from stimulator.envelope import OFF

TIBIALIS_ANTERIOR = 0
PERONEAL = 1
PLANTARFLEXOR_MEDIAL = 2  # this one and the next push off

# Slower is rest: a relaxed foot with a sensor of 0.2 deg/s noise and up to 5 deg/s of zero error. What
# begins as slowly as that does not count as a response either, so an unknown zero error never adds up.
STILL_CDPS = 600
REST_US = 500_000  # rest before the press; as long as the detector's standing
GAP_MAX_US = 50_000  # R20
ANSWER_UDEG = 5_000_000  # assumed: functional dorsiflexion begins above, startle and pulse stay below 2 deg
ON_MIN_US = 1_300_000  # full after 1 s; muscle and foot follow within 0.3 s
PULSES_MIN = 5  # granted ones
# Eversion counts from a quarter of the lift on. Simulated (hw_sim.check_flow): with sensors as a helper straps
# them on, eversion over lift is -0.5 to -0.9 for the tibialis and 0.7 to 1.5 for the peroneal channel. A sensor
# that is turned by 18 and rolled by 10 deg at once may be refused, but swapped leads or sides never pass.
EVERTS_SHARE = 4
INVERTS_MAX = 2  # times the lift: more is no dorsiflexion but a foot that turns in (0.5 to 0.9 simulated)
SWEEP_MAX_UDEG = 90_000_000
RATE_MAX_CDPS = 100_000  # times 50 ms stays below 2**30

RIGHT = 0
NO_RESPONSE = 1
SWAPPED = 2
OPPOSITE = 3
NOT_VISIBLE = 4
MOVED_BEFORE = 5
INCOMPLETE = 6

VERDICT_NAMES = ("right", "no response", "swapped", "opposite", "not visible", "moved before", "incomplete")
VERDICTS = (
    "The foot moved as it should. Go on with the next channel.",
    "The foot with the sensor did not move. Check that electrodes and sensor are on the same leg, then leads "
    "and pads; if they are right, raise the current and test again.",
    "The foot moved as the other channel should move it. Check which leg the device is set to; if that is "
    "right, swap the two leads or move the electrodes. Then test both channels again.",
    "The foot seems to turn the wrong way. Check which way round the sensor sits and which leg the device is "
    "set to. Then test both channels again.",
    "The sensor cannot see this movement. Watch the foot during the burst and confirm by hand that the right foot "
    "moved the right way.",
    "The foot was not at rest before the burst. Let it hang loosely for a second, then test again.",
    "The burst was too short to judge, or pulses or samples were missing. Look at the device's fault if there "
    "is one, then hold the button for 2 s.",
)


class ChannelCheck:
    """Watch the raw samples of one leg while a test burst runs, and judge what the foot did.

    burst   stimulator.test_burst.TestBurst, whose press tells when
    side    "right" or "left": the leg that the device is set to;  place  "foot" or "shank", of the IMU
    see(sample)              each raw safety.sample.Sample, rest before the press included
    judge(granted) -> int    after the burst: RIGHT ... INCOMPLETE, index of VERDICTS
    lift_udeg, evert_udeg    largest turn since the press, 1e-6 deg, toe-up and eversion positive; X and Z
                             together make eversion read up to 1.4 times what it is
    The first two channels RIGHT mean: signs, leg and order of channels fit together. One alone does not: with the
    wrong side set in the device the tibialis can still look right, the peroneal cannot. Two mistakes can
    hide each other: swapped leads and the wrong side together pass in a third of all mountings.
    Not tried: real feet. A person who moves the foot by will during the burst is not found out.
    """

    def __init__(self, burst, side: str, place: str) -> None:
        if side != "right" and side != "left":
            raise ValueError(f"side is '{side}'; known are right, left. Name one of these.")
        if place != "foot" and place != "shank":
            raise ValueError(f"place is '{place}'; known are foot, shank. Name one of these.")
        self.lift_udeg: int = 0
        self.evert_udeg: int = 0
        self.on_us: int = 0  # how long the button was held
        self.channel: int = 0
        self._burst = burst
        self._outward: int = 1 if side == "right" else -1
        self._on_foot: bool = place == "foot"
        self._press: int = burst.envelope.presses  # the one that was watched
        self._has_run: bool = False  # a burst has begun since the check was made
        self._was_at_rest: bool = False  # before the press
        self._has_gap: bool = False  # samples were missing during the burst
        self._t_us: int = -1
        self._rest_us: int = 0
        self._zero_lift: int = 0  # 1/16 cdps: what the gyroscope says at rest
        self._zero_evert: int = 0
        self._lift_now_udeg: int = 0
        self._evert_now_udeg: int = 0

    def see(self, s) -> None:
        """Take a raw sample."""
        if not s.has_imu:
            return
        dt_us = 0 if self._t_us < 0 else elapsed_us(s.t_us, self._t_us)
        self._t_us = s.t_us
        is_on = self._burst.envelope.state != OFF
        if is_on and self._press != self._burst.envelope.presses:
            self._begin()
        lift_cdps = s.gyro_y_cdps
        evert_cdps = self._outward * (s.gyro_x_cdps - s.gyro_z_cdps)
        is_gap = not 0 < dt_us <= GAP_MAX_US
        if is_on:
            if is_gap:
                self._has_gap = True
            else:
                self._turn(dt_us, lift_cdps, evert_cdps)
        elif is_gap or max(abs(s.gyro_x_cdps), abs(lift_cdps), abs(s.gyro_z_cdps)) > STILL_CDPS:
            self._rest_us = 0
        else:
            self._rest(dt_us, lift_cdps, evert_cdps)

    def judge(self, granted: int) -> int:
        """Return the verdict on the last burst, of which the guard granted `granted` pulses."""
        press = self._burst.envelope
        if press.state != OFF or press.presses != self._press or not self._has_run:
            return INCOMPLETE
        if granted < PULSES_MIN or self._has_gap:
            return INCOMPLETE
        if not self._on_foot:
            return NOT_VISIBLE if self.on_us >= ON_MIN_US else INCOMPLETE
        if not self._was_at_rest:
            return MOVED_BEFORE
        lift = self.lift_udeg
        evert = self.evert_udeg
        if self.channel >= PLANTARFLEXOR_MEDIAL:
            return self._judge_push_off(lift, evert)
        if max(abs(lift), abs(evert)) < ANSWER_UDEG:
            return NO_RESPONSE if self.on_us >= ON_MIN_US else INCOMPLETE
        everts = evert >= ANSWER_UDEG and evert * EVERTS_SHARE >= abs(lift) and evert >= -lift
        lifts = lift >= ANSWER_UDEG and not everts and -evert <= lift * INVERTS_MAX
        if self.channel == PERONEAL:
            if everts:
                return RIGHT
            return SWAPPED if lifts and -evert < lift else OPPOSITE
        if lifts:
            return RIGHT
        return SWAPPED if everts and lift > -ANSWER_UDEG else OPPOSITE

    def _judge_push_off(self, lift: int, evert: int) -> int:
        """A foot that hangs points down already, so a calf that answers may hardly move it: then a person must look."""
        if lift <= -ANSWER_UDEG and abs(evert) <= -lift * INVERTS_MAX:
            return RIGHT
        if max(lift, abs(evert)) >= ANSWER_UDEG:
            return SWAPPED
        return NOT_VISIBLE if self.on_us >= ON_MIN_US else INCOMPLETE

    def _begin(self) -> None:
        self._press = self._burst.envelope.presses
        self._has_run = True
        self._has_gap = False
        self._was_at_rest = self._rest_us >= REST_US
        self._rest_us = 0
        self.channel = self._burst.channel
        self.on_us = 0
        self.lift_udeg = 0
        self.evert_udeg = 0
        self._lift_now_udeg = 0
        self._evert_now_udeg = 0

    def _rest(self, dt_us: int, lift_cdps: int, evert_cdps: int) -> None:
        if self._rest_us == 0:
            self._zero_lift = lift_cdps * 16
            self._zero_evert = evert_cdps * 16
        self._rest_us = min(self._rest_us + dt_us, REST_US)
        self._zero_lift += (lift_cdps * 16 - self._zero_lift) // 16
        self._zero_evert += (evert_cdps * 16 - self._zero_evert) // 16

    def _turn(self, dt_us: int, lift_cdps: int, evert_cdps: int) -> None:
        """Add what was faster than rest to the two angles; keep the largest of each, by magnitude."""
        self.on_us = min(self.on_us + dt_us, 10_000_000)
        lift_cdps -= self._zero_lift // 16
        evert_cdps -= self._zero_evert // 16
        self._lift_now_udeg = _turned(self._lift_now_udeg, lift_cdps, STILL_CDPS, dt_us)
        self._evert_now_udeg = _turned(self._evert_now_udeg, evert_cdps, 2 * STILL_CDPS, dt_us)  # two axes
        if abs(self._lift_now_udeg) > abs(self.lift_udeg):
            self.lift_udeg = self._lift_now_udeg
        if abs(self._evert_now_udeg) > abs(self.evert_udeg):
            self.evert_udeg = self._evert_now_udeg


def _turned(angle_udeg: int, rate_cdps: int, still_cdps: int, dt_us: int) -> int:
    """Return the angle after `dt_us` at a rate; slower than rest counts as none. 1 cdps * 100 us = 1e-6 deg."""
    if abs(rate_cdps) <= still_cdps:
        return angle_udeg
    swept_udeg = max(-RATE_MAX_CDPS, min(rate_cdps, RATE_MAX_CDPS)) * (dt_us // 100)
    return max(-SWEEP_MAX_UDEG, min(angle_udeg + swept_udeg, SWEEP_MAX_UDEG))
