"""What a person asks of a board, by key or console, done as soon as it can be: arming takes a few cycles.

Nothing here arms by itself, nothing repeats: a wish ends when it is done, after 3 s, or with any stop.
"""

from firmware_py import channel_check
from firmware_py.boards.buttons import LONG, NOTHING, SHORT
from firmware_py.profile import forget_checked, keep_checked
from safety import faults, supervisor
from safety.clock import AGE_MAX_US, Age
from stimulator import cues
from stimulator.envelope import OFF

NONE, WALK, TEST = range(3)  # what is wished for
WISH_MAX_US = 3_000_000  # the stimulator's high voltage takes a moment
SETTLE_US = 300_000  # after a test burst, until the foot has shown all
NO_CHANNEL = -1
ACKNOWLEDGED = "acknowledged"  # name in the settings store: the profile whose contraindications were read


class Person:
    """Keys and words in, arms and bursts out.

    loop      firmware_py.loop.Loop
    store     firmware_py.settings.SettingsStore;  profile   str, its hash
    step(dt_us, key, test_key_down)   once a cycle;  key   SHORT, LONG or NOTHING of the wearer's key
    cues      stimulator.cues.Cues: what the wearer hears of it
    channel   of the next test, -1 for none;  verdicts   of the last test of each channel, -1 before
    After power-on it lets the guard test itself, and switches the stimulator off again.
    """

    def __init__(self, loop, store, profile: str) -> None:
        self._loop = loop
        self._store = store
        self._profile = profile
        self.cues = cues.Cues()
        self._has_begun: bool = False
        self._is_beginning: bool = True
        self._is_known: bool = self._was_acknowledged()
        self._wish: int = NONE
        self._wish_age = Age()
        self._ends: int = 0
        self._released = Age()
        self._seen: int = 0  # results of the guard
        self._granted: int = 0
        self._is_testing: bool = False
        self.channel: int = NO_CHANNEL
        self.is_new: bool = False  # a verdict to be told
        self.is_complete: bool = False  # a check to be kept
        self.is_undone: bool = False  # a check to be forgotten: hands were at the leads
        self._is_open_lead: bool = False
        self.verdicts = [-1] * len(loop.burst.prescription.channels)

    def step(self, dt_us: int, key: int, is_test_down: bool) -> None:
        """Do what is due. Allocates nothing."""
        self._wish_age.advance(dt_us)
        self._released.advance(dt_us)
        self._look_at_leads()
        if self._is_beginning:
            self._begin()
            return
        if key != NOTHING:
            self._hear(key)
        if self._wish != NONE:
            self._try()
        if self._is_testing:
            self._test(is_test_down)
        elif is_test_down and self.channel != NO_CHANNEL and self._wish == NONE:
            self._wish_for(TEST)

    def acknowledge(self) -> None:
        """The contraindications have been read for this wearer. Kept with the profile; OSError if that fails."""
        self._loop.guard.acknowledge()
        if not self._loop.guard.supervisor.is_acknowledged:
            raise ValueError("the device is not ready. Look at its state, clear its fault.")
        self._store.save(ACKNOWLEDGED, self._profile.encode("utf-8"))

    def arm(self) -> None:
        """Arm for walking."""
        self._wish_for(WALK)

    def test(self, channel: int) -> None:
        """The next press of the test key is for `channel`; ValueError if there is none."""
        if not 0 <= channel < len(self.verdicts):
            raise ValueError(
                "channel is %d; there are 0 to %d. Name one." % (channel, len(self.verdicts) - 1)
            )
        self.channel = channel

    def confirm(self) -> None:
        """A person saw the right movement where the sensor cannot see it. ValueError if there is nothing to confirm."""
        channel = self.channel
        if channel == NO_CHANNEL or self.verdicts[channel] != channel_check.NOT_VISIBLE:
            raise ValueError(
                "There is nothing to confirm. Test a channel first; only 'not visible' is confirmed."
            )
        self.verdicts[channel] = channel_check.RIGHT
        self._count()

    def keep(self) -> None:
        """Keep that all channels were checked, or forget it. OSError if that fails."""
        is_undone = self.is_undone
        self.is_complete = self.is_undone = False
        if is_undone:
            forget_checked(self._store)
        else:
            keep_checked(self._store, self._profile, self._loop.burst.prescription)

    def forget_wish(self) -> None:
        """A stop: nothing that was asked for before it is done after it."""
        self._wish = NONE

    def _look_at_leads(self) -> None:
        is_open = self._loop.guard.supervisor.fault_id == faults.LEAD_OPEN
        if is_open and not self._is_open_lead:
            self.is_undone = True
            for i in range(len(self.verdicts)):
                self.verdicts[i] = -1
        self._is_open_lead = is_open

    def _was_acknowledged(self) -> bool:
        """What was acknowledged for this very profile still holds after a start."""
        try:
            return self._store.load(ACKNOWLEDGED) == self._profile.encode("utf-8")
        except ValueError:
            return False  # the settings are damaged

    def _begin(self) -> None:
        guard = self._loop.guard
        if not self._has_begun:
            self._has_begun = True
            guard.open()
        elif guard.supervisor.state == supervisor.READY:
            self._is_beginning = False
            if self._is_known:
                guard.acknowledge()
            guard.disarm()  # the stimulator is switched on again by an arm
        elif guard.supervisor.state != supervisor.SELF_TEST:
            self._is_beginning = False

    def _hear(self, key: int) -> None:
        guard = self._loop.guard
        is_armed = supervisor.ARMED <= guard.supervisor.state <= supervisor.PAUSED
        if key == LONG and not is_armed:
            self._wish_for(WALK)
        elif key == LONG:
            guard.disarm()
        elif key == SHORT and guard.supervisor.state == supervisor.PAUSED:
            guard.resume()
            self.cues.give(cues.RESUMED)
        elif key == SHORT and is_armed:
            guard.pause()
            self.cues.give(cues.PAUSED)

    def _wish_for(self, what: int) -> None:
        self._wish = what
        self._wish_age.restart()
        self._ends = self._loop.guard.ends

    def _try(self) -> None:
        if self._ends != self._loop.guard.ends or self._wish_age.us > WISH_MAX_US:
            self._wish = NONE
        elif self._wish == WALK:
            if self._loop.arm_walk():
                self._wish = NONE
        elif self._loop.arm_test():
            self._wish = NONE
            self._is_testing = True
            self._seen = self._loop.guard.results_total
            self._granted = 0
            self._released.expire()
            burst = self._loop.burst
            burst.release()
            burst.hold(self.channel)

    def _test(self, is_down: bool) -> None:
        """The burst lasts as long as the key is held; then the foot is judged."""
        guard = self._loop.guard
        burst = self._loop.burst
        while self._seen != guard.results_total:
            result = guard.results[self._seen % len(guard.results)]
            if result.granted_ua > 0 and result.channel == self.channel:
                self._granted += 1
            self._seen += 1
        if is_down and burst.envelope.state != OFF:
            burst.beat()
            return
        if self._released.us == AGE_MAX_US:
            burst.release()
            self._released.restart()
        elif self._released.us >= SETTLE_US and not is_down:
            self._judge()

    def _judge(self) -> None:
        guard = self._loop.guard
        self._is_testing = False
        if guard.supervisor.state == supervisor.ARMED:
            guard.disarm()  # no pulse was granted: it must not stay armed for a test
        self.verdicts[self.channel] = self._loop.check.judge(self._granted)
        self.is_new = True
        self._loop.cycle.use(self._loop.walk)
        self._count()

    def _count(self) -> None:
        """All channels in use are right: say so to the guard, which knows whether they were really tested."""
        settings = self._loop.burst.prescription.channels
        for i in range(len(settings)):
            if settings[i].current_ua > 0 and self.verdicts[i] != channel_check.RIGHT:
                return
        self._loop.guard.channels_checked()
        self.is_complete = self._loop.guard.supervisor.is_checked
