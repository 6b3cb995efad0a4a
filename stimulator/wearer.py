"""The wearer's own control: a level inside the therapist's corridor, pause and mute, and keys that lock themselves.

More comes only from one step to the next, and never more at once than one change may raise. Less comes with
the next pulse. Pause lets the running swing end, because a cut in mid-swing is itself a trip; stop is the guard's.
"""

from collections import namedtuple

from safety.changes import RISE_MAX_NC, RISE_MAX_UA
from safety.clock import Age
from safety.pulse import OFF_UA
from safety.supervisor import STIMULATING
from stimulator import cues
from stimulator.envelope import OFF
from stimulator.parameters import Parameter
from stimulator.waveform import recharge_of

# fmt: off
WEARER_PARAMETERS = (
    Parameter(112, "min_percent", "%", 0, 100, 0, 100, 5, 0,
              "Share of the prescribed strength that the wearer's level 0 % stands for."),
    Parameter(113, "max_percent", "%", 0, 100, 0, 100, 5, 100,
              "Share of the prescribed strength that the wearer's level 100 % stands for."),
    Parameter(114, "start_level", "%", 0, 100, 0, 100, 5, 100, "Level of the wearer when the device is switched on."),
)
# fmt: on
Corridor = namedtuple("Corridor", tuple([p.name for p in WEARER_PARAMETERS]))
DEFAULT_CORRIDOR = Corridor(0, 100, 100)

LEVEL_STEP = 5  # per cent
LEVEL_FULL = 100
HALF = 50
LOCK_US = 4_000_000  # without a key; as long as on comparable devices
LONG_US = 2_000_000  # assumed: longer than a key is pressed by clothes or by chance

UP = 0
DOWN = 1
PAUSE = 2
MUTE = 3
KEYS = 4


def corridor_problems(corridor) -> list:
    """Return what forbids `corridor`, as sentences; empty if it may be used."""
    found = []
    for p in WEARER_PARAMETERS:
        value = getattr(corridor, p.name)
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(f"{p.name} is {value!r}; it must be a whole number of per cent. Write one.")
        elif not p.min <= value <= p.max or value % p.step:
            found.append(
                f"{p.name} is {value}; allowed is {p.min} to {p.max} % in steps of {p.step}. Choose one of these."
            )
    if not found and corridor.min_percent > corridor.max_percent:
        found.append(
            f"min_percent is {corridor.min_percent}; max_percent allows 0 to {corridor.max_percent}. "
            "Lower min_percent, or raise max_percent."
        )
    return found


class Wearer:
    """Turn the wearer's keys into a level, a pause and a mute.

    corridor            Corridor; ValueError with the sentences if it must not be used
    cues_out            stimulator.cues.Cues
    choose(level), pause(is_paused)   the same from the wearer's app
    key_down(key), key_up(key)   UP, DOWN, PAUSE or MUTE; another number does nothing
    step(dt_us)         time passes, us
    level               0 to 100 %, in steps of 5, of the corridor;  share_percent  of what is prescribed
    is_paused, is_muted, is_locked
    After 4 s without a key UP, DOWN, MUTE and going on from a pause are locked; 2 s on any key frees them.
    PAUSE always pauses. Nothing repeats while a key is held.
    """

    def __init__(self, corridor, cues_out) -> None:
        self.level: int = 0
        self.share_percent: int = 0
        self.is_paused: bool = False
        self.is_muted: bool = False
        self.is_locked: bool = True
        self._cues = cues_out
        self._held: int = KEYS  # the key that is down, KEYS for none
        self._since_key = Age()  # went down or up
        self.set(corridor)

    def set(self, corridor) -> None:
        """Take another corridor over, with its start level. While stimulating only for a change of prescription."""
        found = corridor_problems(corridor)
        if found:
            raise ValueError("\n".join(found))
        self.corridor = corridor
        self._set_level(corridor.start_level)

    def key_down(self, key: int) -> None:
        """A key goes down; a second one at the same time does nothing but pause."""
        if not 0 <= key < KEYS:
            return
        is_second = self._held != KEYS and self._held != key
        if self._held == key:
            return  # heard twice
        if key == PAUSE and not self.is_paused:
            self.is_paused = True
            self._cues.give(cues.PAUSED)
        elif not is_second:
            if self.is_locked:
                self._cues.give(cues.KEY_LOCKED)
            else:
                self._act(key)
        if not is_second:
            self._held = key
            self._since_key.restart()

    def key_up(self, key: int) -> None:
        """A key comes up."""
        if key == self._held:
            self._held = KEYS
            if not self.is_locked:
                self._since_key.restart()

    def choose(self, level: int) -> None:
        """Set the level from an app on purpose: no lock, which is for keys that clothes may press. ValueError."""
        if not 0 <= level <= LEVEL_FULL or level % LEVEL_STEP:
            raise ValueError(
                f"level is {level}; allowed is 0 to {LEVEL_FULL} % in steps of {LEVEL_STEP}. Choose one of these."
            )
        self._change(level)

    def pause(self, is_paused: bool) -> None:
        """Pause, or go on, from an app."""
        if is_paused != self.is_paused:
            self.is_paused = is_paused
            self._cues.give(cues.PAUSED if is_paused else cues.RESUMED)

    def step(self, dt_us: int) -> None:
        """Let time pass: the lock closes by itself, and a key held long enough opens it."""
        self._since_key.advance(dt_us)
        if self._held != KEYS:
            if self.is_locked and self._since_key.us >= LONG_US:
                self.is_locked = False
                self._cues.give(cues.UNLOCKED)
        elif self._since_key.us >= LOCK_US:
            self.is_locked = True

    def _act(self, key: int) -> None:
        if key == UP:
            self._change(min(LEVEL_FULL, self.level + LEVEL_STEP))
        elif key == DOWN:
            self._change(max(0, self.level - LEVEL_STEP))
        elif key == PAUSE:
            self.is_paused = False
            self._cues.give(cues.RESUMED)
        else:
            self.is_muted = not self.is_muted
            self._cues.give(cues.MUTED if self.is_muted else cues.UNMUTED)

    def _change(self, level: int) -> None:
        if level == self.level:
            self._cues.give(cues.LEVEL_END)
            return
        self._set_level(level)
        self._cues.give(cues.LEVEL_CHANGED)
        if level == HALF:
            self._cues.give(cues.LEVEL_HALF)
        elif level == 0:
            self._cues.give(cues.LEVEL_ZERO)

    def _set_level(self, level: int) -> None:
        c = self.corridor
        self.level = level
        self.share_percent = c.min_percent + (c.max_percent - c.min_percent) * level // LEVEL_FULL


class WithLevel:
    """A scheduler whose currents follow the wearer's share. Stands before any scheduler of the control cycle.

    inner             WalkScheduler or Exercise; its prescription and envelope are looked at
    wearer            Wearer
    current_step_ua   of the device: nothing below one step is asked for
    cues_out          stimulator.cues.Cues
    is_exercise       True: pause and cues are its own. Else, while the wearer pauses, the swing that runs is
                      finished and no step begins, and each helped step clicks.
    supervisor        safety.supervisor.Supervisor, or what mirrors its `state`: a step clicks only while it
                      stimulates, so that nobody who is not armed hears help. None: each step that asks clicks.
    share_percent     what is used now. It rises when a step begins, by at most 5 mA and 1.5 uC and not beside a
                      new prescription; it falls with the next pulse.
    """

    def __init__(
        self, inner, wearer, current_step_ua: int, cues_out, is_exercise: bool = False, supervisor=None
    ) -> None:
        self.inner = inner
        self.envelope = inner.envelope
        self.requests = inner.requests
        self.mode: int = inner.mode
        self.count: int = 0
        self.share_percent: int = wearer.share_percent
        self._wearer = wearer
        self._step_ua: int = current_step_ua
        self._cues = cues_out
        self._is_exercise: bool = is_exercise
        self._supervisor = supervisor
        self._prescription = inner.prescription
        self._rise_percent: int = rise_percent(inner.prescription)
        self._is_in_step: bool = False
        self._is_helped: bool = False  # this step has clicked
        self._is_held: bool = False  # paused, and the last swing is over

    @property
    def tone(self) -> int:
        """As the inner scheduler's."""
        return self.inner.tone

    @property
    def prescription(self):
        """What the inner scheduler uses now."""
        return self.inner.prescription

    def commit(self, prescription) -> None:
        """As the inner scheduler's."""
        self.inner.commit(prescription)

    def restart(self) -> None:
        """As the inner scheduler's."""
        self.inner.restart()

    def cut(self) -> None:
        """As the inner scheduler's."""
        self.inner.cut()
        self.count = 0

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """As the inner scheduler's, with the wearer's share of each current."""
        is_paused = self._wearer.is_paused and not self._is_exercise
        self._is_held = is_paused and (self._is_held or not state.swing)
        n = self.inner.step(t_us, dt_us, state, sure and not self._is_held)
        self.requests = self.inner.requests
        is_in_step = self.envelope.state != OFF
        self._take_over(is_in_step and not self._is_in_step)
        self._is_in_step = is_in_step
        self.count = 0
        for i in range(n):
            self._scale(self.requests[i])
        is_on = self._supervisor is None or self._supervisor.state == STIMULATING
        if self.count > 0 and is_on and not self._is_helped and not self._is_exercise:
            self._is_helped = True
            self._cues.give(cues.CLICK)
        return self.count

    def _take_over(self, begins: bool) -> None:
        wanted = self._wearer.share_percent
        if wanted < self.share_percent:
            self.share_percent = wanted
        if not begins:
            return
        self._is_helped = False
        if self.inner.prescription is not self._prescription:
            self._prescription = self.inner.prescription  # this step's one change
            self._rise_percent = rise_percent(self._prescription)
        elif wanted > self.share_percent:
            self.share_percent = min(wanted, self.share_percent + self._rise_percent)

    def _scale(self, request) -> None:
        """Keep `request` in its new place with its new current, or leave it out."""
        waveform = self._prescription.channels[request.channel].waveform
        current_ua = request.current_ua * self.share_percent // LEVEL_FULL
        if current_ua < self._step_ua * recharge_of(waveform) or current_ua == OFF_UA:
            return
        kept = self.requests[self.count]
        if kept is not request:
            kept.copy_from(request)
        kept.current_ua = current_ua
        self.count += 1


def rise_percent(prescription) -> int:
    """Return by how many per cent of a prescription one change may rise, 1 to 100: `safety.changes` for shares."""
    most = LEVEL_FULL
    for s in prescription.channels:
        # 1 nC less: the charge before is rounded down there, the one after rounded up
        most = min(most, RISE_MAX_UA * LEVEL_FULL // max(1, s.current_ua))
        charge_nc = (s.current_ua * s.width_us + 999) // 1000
        most = min(most, (RISE_MAX_NC - 1) * LEVEL_FULL // max(1, charge_nc))
    return max(1, most)
