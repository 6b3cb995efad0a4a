"""The control cycle: samples in, gait, schedule, requests out, then the word that it has finished.

It reads no clock and waits for nothing; whoever runs it passes the time in, 200 times a second.
"""

from firmware_py import blackbox
from safety.clock import Age, elapsed_us
from safety.gate import SEQUENCE_MASK
from safety.limits import CHANNELS_MAX
from safety.sample import Sample
from stimulator.envelope import OFF

CYCLE_US = 5_000  # 200 Hz
SAMPLE_AGE_MAX_US = 50_000  # R20: older than this, a sample says nothing about the foot now
NOTHING = 0  # a stride without a comparison, as stimulator.comparison: not loaded for that
SAMPLES_PER_CYCLE_MAX = 8  # a flood of samples must not hold up the cycle


class ControlCycle:
    """One leg: sensors to requests.

    sensors    firmware_py.hal.Sensors
    detector   gait_detect.detector.GaitDetector
    scheduler  stimulator.walk.WalkScheduler, or another with the same step and a `mode`; `use` changes it
    guard      firmware_py.guard.Guard, or what stands for it in another process
    log        firmware_py.hal.Log
    """

    def __init__(self, sensors, detector, scheduler, guard, log) -> None:
        self.detector = detector
        self.scheduler = scheduler
        self.sample_age = Age()
        self._sensors = sensors
        self._guard = guard
        self._log = log
        self._next = scheduler  # waits until the one in charge is at rest
        self._watcher = None
        self._attendant = None
        self._comparison = None
        self._logged_label: int = NOTHING
        self._logged_block: int = 0
        self._sample = Sample()
        self._sequence: int = 0
        # Requests are counted here and per channel, so that the gate sees one row of numbers whoever asks.
        self._sequences = [0] * CHANNELS_MAX
        self._t_us: int = -1
        self._swing: int = 0  # as last noted with what the sensors say of each other

    @property
    def t_us(self) -> int:
        """Clock reading of the last cycle, 0 before the first."""
        return max(0, self._t_us)

    def use(self, scheduler) -> None:
        """Put `scheduler` in charge as soon as the present one is at rest; it begins with a new swing or press.

        Requests of two schedulers never mix. A second call before that replaces the first.
        """
        self._next = scheduler

    def start_with(self, scheduler) -> None:
        """Put `scheduler` in charge from the start: while the whole is built, before the first cycle."""
        self.scheduler = scheduler
        self._next = scheduler

    def restart_mounting(self) -> None:
        """A person has put the sensor on anew: the detector finds out again how it sits. Disarm first."""
        self.detector.restart_mounting()

    def doubted(self, accepted: int) -> None:
        """A person asks to arm although the sensor cannot be right; `accepted` 1: and knows better. It is noted."""
        m = self.detector.mounting
        self._log.note(blackbox.MOUNTING, self.t_us, m.problem, accepted, m.x, m.y, m.z, m.stage)

    def committed(self, prescription) -> None:
        """A person has committed `prescription`; for a log that can be replayed."""

    def knows_exercise(self, scheduler) -> None:
        """`scheduler` is the one of exercises; for a log that can be replayed."""

    def watch(self, watcher) -> None:
        """Let `watcher.see(sample)` (firmware_py.channel_check) see each raw sample, after the detector."""
        self._watcher = watcher

    def attend(self, attendant) -> None:
        """Call `attendant.step(dt_us, scheduler)` (firmware_py.wearing) in each cycle, after the scheduler."""
        self._attendant = attendant

    def compare(self, comparison) -> None:
        """Log what each stride of `comparison` (stimulator.comparison.Comparison) is called, until it is over."""
        self._comparison = comparison

    def step(self, t_us: int) -> None:
        """Run one whole cycle at the clock reading `t_us`."""
        dt_us = 0 if self._t_us < 0 else elapsed_us(t_us, self._t_us)
        self._t_us = t_us
        self.sample_age.advance(dt_us)
        self._read_sensors()
        fresh = self.sample_age.us <= SAMPLE_AGE_MAX_US
        if self._next is not self.scheduler and self.scheduler.envelope.state == OFF:
            self._next.cut()  # what it may have begun long ago is over
            self.scheduler = self._next
        scheduler = self.scheduler
        self._guard.take_swing(self.detector.state.swing)
        self._guard.take_mode(scheduler.mode)
        count = scheduler.step(t_us, dt_us, self.detector.state, fresh)
        if self._comparison is not None:
            self._note_comparison(self._comparison)
        for i in range(count):
            request = scheduler.requests[i]
            request.sequence = self._sequences[request.channel]
            self._sequences[request.channel] = (request.sequence + 1) & SEQUENCE_MASK
            self._note_request(request)
            self._guard.take(request)
        if self._attendant is not None:
            self._attendant.step(dt_us, scheduler)
        self._log.note(
            blackbox.CYCLE,
            t_us,
            self._sequence,
            scheduler.envelope.level,
            scheduler.envelope.state,
            self.sample_age.us,
        )
        self._guard.cycle_finished(self._sequence)
        self._sequence = (self._sequence + 1) & SEQUENCE_MASK

    def _read_sensors(self) -> None:
        sample = self._sample
        for _ in range(SAMPLES_PER_CYCLE_MAX):
            if not self._sensors.read(sample):
                return
            self.sample_age.restart()
            self._guard.take_sample(sample)
            self._note_sample(sample)
            self._note_state(sample.t_us, self.detector.step(sample))
            if self._watcher is not None:
                self._watcher.see(sample)

    def _note_comparison(self, c) -> None:
        """Before the first request of the stride that it is about."""
        if c.label != self._logged_label or c.block != self._logged_block:
            self._logged_label = c.label
            self._logged_block = c.block
            w = c.words
            self._log.note(
                blackbox.COMPARISON, self._t_us, c.label, c.block, c.strides, w[0], w[1], w[2], w[3]
            )
        if c.is_over:
            self._comparison = None
            self._logged_label = NOTHING
            self._logged_block = 0

    def _note_sample(self, s) -> None:
        self._log.note(
            blackbox.SAMPLE,
            s.t_us,
            s.gyro_x_cdps,
            s.gyro_y_cdps,
            s.gyro_z_cdps,
            s.acc_x_mg,
            s.acc_y_mg,
            s.acc_z_mg,
            s.heel * 2 + s.has_imu,
        )

    def _note_state(self, t_us: int, g) -> None:
        if g.swing != self._swing:
            self._swing = g.swing
            self._log.note(
                blackbox.VOICES,
                t_us,
                g.swing,
                g.confidence,
                g.imu_confidence,
                g.switch_confidence,
                g.disagreed,
                g.disagreed_pct,
            )
        self._log.note(
            blackbox.STATE,
            t_us,
            g.phase,
            g.swing,
            g.confidence,
            g.steps,
            g.stride_us,
            g.pitch_cdeg,
            g.rate_cdps,
        )

    def _note_request(self, r) -> None:
        self._log.note(
            blackbox.REQUEST,
            self._t_us,
            r.channel,
            r.sequence,
            r.fire_at_us,
            r.current_ua,
            r.width_us,
            r.gap_us,
            r.shape,
        )
