"""From what a person does to stretches of motion: strides that vary, first and closing steps, turns, stairs, chairs."""

import math
import random
from collections.abc import Iterable

from .activities import GAIT, KINDS, SECONDS, SITTING, STAIRS, TURN_DEG, Activity
from .gait_curves import GaitCurves
from .hip import level_curves
from .postures import RESTING, SEATED, SETTLE_S, Pose, hanging, still, swaying, transfer, trembling
from .stairs import DOWN_STRIDE_S, UP_STRIDE_S, down_curves, up_curves
from .stretch import Stretch, StridePlan, stride
from .style import Style
from .walker_settings import WalkerSettings, motion_share_of, speed_of, stance_share_of, stride_of

STRIDE_SD = 0.03
MOTION_SD = 0.03
PUSH_SD = 0.06  # assumed, as the next: recorded feet vary more than this with turns and pauses in between
LANDING_SD = 0.12
VARIATION_MEMORY = 0.5  # AR(1) from stride to stride
FIRST_STEP_SHARE = 0.85  # assumed: the first step from standing is shorter
TURN_SIZE = 0.45  # assumed: share of the usual motion in steps on the spot
TURN_PER_STRIDE_DEG = 60.0  # assumed
SWAY_S = 6.0  # a longer sway or tremble is made of several
SETTLED = 1e-3  # rad and rad/s
SHORTEST_MS = 200  # of a sway or tremble
WALK_S = 10.0  # if nothing is said
FOREVER_S = 1e9
HANGING_ANKLE_M = 0.3  # above the floor: whatever the foot does, the heel switch is open
# Where a first step begins: standing is most like this phase of the curves.
STAIRS_FROM_PHASE = {"stairs_up": 0.46, "stairs_down": 0.20}


class Plan:
    """Iterate over it for one stretch after the other; it never ends. Plain state, so that a copy goes on alike.

    bouts_us   when the person began to walk, us, each time
    """

    def __init__(
        self, settings: WalkerSettings, style: Style, activities: Iterable[Activity] | None = None
    ) -> None:
        self.settings = settings
        self.style = style
        self.bouts_us: list[int] = []
        self._curves = level_curves(settings.stance_share_used, settings.motion_share)
        self._activities = iter(activities if activities is not None else own_activities(settings))
        self._random = random.Random(settings.seed)
        self._postures = random.Random(f"postures {settings.seed}")
        self._stride_wander = 0.0
        self._motion_wander = 0.0
        self._push_size = self._landing_size = 1.0
        self._now_ms = 0  # where the next stretch begins
        self._pose: Pose = RESTING  # where the last one ended, in the frame of the level floor
        self._walks = False
        self._activity: Activity | None = None
        self._following = next(self._activities, None)
        self._posture = RESTING
        self._start_next()

    def __iter__(self) -> "Plan":
        return self

    def __next__(self) -> Stretch:
        while (stretch := self._more()) is None:
            self._start_next()
        self._now_ms += stretch.n
        self._pose = stretch.pose_afterwards()
        self._walks = stretch.is_gait
        return stretch

    def _start_next(self) -> None:
        """Go on to the next activity; after the last one the posture is held."""
        self._activity, self._following = self._following, next(self._activities, None)
        self._start_ms = self._now_ms
        self._done = 0
        self._is_over = False
        activity = self._activity
        if activity is None:
            return
        self._posture = SEATED if KINDS[activity.do].ends == SITTING else RESTING
        if activity.do in GAIT:
            if not self._walks:
                self.bouts_us.append(self._now_ms * 1000)
            self._curves_now, self._stride_s, self._share, self._strides = self._manner(activity)
            self._turn_rad = 0.0
            if activity.do == "turn":
                turn_deg = TURN_DEG if activity.turn_deg is None else activity.turn_deg
                self._strides = max(1, round(abs(turn_deg) / TURN_PER_STRIDE_DEG))
                self._turn_rad = math.radians(turn_deg) / self._strides
        else:
            seconds = activity.seconds if activity.seconds is not None else SECONDS[activity.do]
            self._end_ms = self._now_ms + round(seconds * 1000)

    def _more(self) -> Stretch | None:
        """Return the next stretch of this activity; None if it is over."""
        activity, phase = self._activity, self._curves.flat_phase
        if activity is None:
            return self._settling() or still(self._posture, phase)
        if activity.do in GAIT:
            return None if self._is_over else self._stride(activity)
        left_ms = self._end_ms - self._now_ms
        if activity.do in ("sit_down", "stand_up"):
            if self._is_over:
                return None
            self._is_over = True
            return transfer(self._pose, self._posture, left_ms / 1000.0, phase)
        if left_ms <= 0:
            return None
        if activity.do == "hang":
            return hanging(HANGING_ANKLE_M)
        if (settling := self._settling()) is not None:
            return settling
        if activity.do in ("stand", "sit"):
            return still(self._posture, phase, min(1000, left_ms))
        if left_ms <= SHORTEST_MS:
            return still(self._posture, phase, left_ms)
        move = swaying if activity.do == "shift_weight" else trembling
        left_s = left_ms / 1000.0
        return move(left_s if left_s < 1.5 * SWAY_S else SWAY_S, self._postures, phase)

    def _settling(self) -> Stretch | None:
        """Let what the stretch before left over die out; None if it left nothing."""
        thigh, thigh_rate, _, shank, shank_rate, _ = self._pose
        apart = (thigh - self._posture[0], thigh_rate, shank - self._posture[3], shank_rate)
        if max(abs(x) for x in apart) < SETTLED:
            return None
        return transfer(self._pose, self._posture, SETTLE_S, self._curves.flat_phase)

    def _stride(self, activity: Activity) -> Stretch:
        goes_on = self._following is not None and self._following.do in GAIT
        is_first = not self._walks
        self._vary()
        if self._strides is not None:
            is_last = self._done + 1 >= self._strides
        else:
            seconds = activity.seconds if activity.seconds is not None else WALK_S
            is_last = self._done > 0 and (self._now_ms - self._start_ms) / 1000.0 >= seconds - self._stride_s
        is_closing = is_last and not goes_on and not is_first
        self._is_over = is_last and (goes_on or is_closing)
        self._done += 1
        carried = self._share * self.style.motion_size * (FIRST_STEP_SHARE if is_first else 1.0)
        curves = self._curves_now
        plan = StridePlan(
            curves=curves,
            stride_s=self._stride_s * (1.0 + self._stride_wander),
            size=carried * (1.0 + self._motion_wander),
            carried=carried,
            from_phase=STAIRS_FROM_PHASE.get(activity.do, curves.flat_phase) if is_first else 0.0,
            is_closing=is_closing,
            hike_m=self.settings.hip_hike_m,
            arc_m=self.settings.circumduction_m,
            turn_rad=self._turn_rad,
            floor_rad=0.0 if is_first else math.radians(activity.slope_deg),  # one stands on the level
            push_size=self._push_size,
            landing_size=self._landing_size,
        )
        return stride(plan, self._pose)

    def _manner(self, activity: Activity) -> tuple[GaitCurves, float, float, int | None]:
        """Return curves, stride time, size and number of strides (None: by seconds) of an activity."""
        s = self.settings
        if activity.do == "walk":
            speed_mps, stride_s = activity.speed_mps, activity.stride_s
            if speed_mps is None and stride_s is None:
                return self._curves, s.stride_s, activity.size, activity.strides
            speed_mps = speed_of(stride_s or s.stride_s) if speed_mps is None else speed_mps
            stance = s.stance_share if s.stance_share is not None else stance_share_of(speed_mps)
            curves = level_curves(stance, motion_share_of(speed_mps))
            return curves, stride_s or stride_of(speed_mps), activity.size, activity.strides
        if activity.do == "turn":
            return self._curves, activity.stride_s or s.stride_s, TURN_SIZE, None
        strides = math.ceil((activity.steps or STAIRS) / 2)
        is_up = activity.do == "stairs_up"
        usual_s = (UP_STRIDE_S if is_up else DOWN_STRIDE_S) * s.stride_s / 1.1
        return up_curves() if is_up else down_curves(), activity.stride_s or usual_s, 1.0, strides

    def _vary(self) -> None:
        if not self.settings.varies:
            return
        fresh = math.sqrt(1.0 - VARIATION_MEMORY**2) * self.style.unsteadiness
        self._stride_wander *= VARIATION_MEMORY
        self._stride_wander += fresh * STRIDE_SD * self._random.gauss(0.0, 1.0)
        self._motion_wander *= VARIATION_MEMORY
        self._motion_wander += fresh * MOTION_SD * self._random.gauss(0.0, 1.0)
        self._push_size = max(0.5, 1.0 + self.style.unsteadiness * PUSH_SD * self._random.gauss(0.0, 1.0))
        self._landing_size = max(
            0.5, 1.0 + self.style.unsteadiness * LANDING_SD * self._random.gauss(0.0, 1.0)
        )


def own_activities(s: WalkerSettings) -> tuple[Activity, ...]:
    """Return what these settings say is done: their activities, or to stand, walk and perhaps stop."""
    if s.activities:
        return s.activities
    # The stride that is under way at the wish to stop is the last but one.
    walk_s = FOREVER_S if s.stop_s is None else max(0.0, s.stop_s - s.stand_s + s.stride_s)
    return Activity(do="stand", seconds=s.stand_s), Activity(do="walk", seconds=walk_s)
