"""The control cycle: from samples to requests, in order, and what happens without fresh samples."""

from firmware_py import blackbox
from firmware_py.blackbox import RowRing, rows
from firmware_py.cycle import ControlCycle
from gait_detect.state import PHASE_SWING, GaitState
from safety.pulse import PulseRequest
from safety.supervisor import TEST, WALK
from stimulator.envelope import OFF
from stimulator.prescription import default_prescription
from stimulator.walk import WalkScheduler

MASK = 2**30 - 1
T0_US = 2**30 - 100_000


class Sensors:
    """Samples that were put in, oldest first."""

    def __init__(self):
        self.waiting = []

    def read(self, sample):
        if not self.waiting:
            return False
        sample.t_us = self.waiting.pop(0)
        return True


class AlwaysSwing:
    """A detector that sees a swing in every sample."""

    def __init__(self):
        self.state = GaitState()
        self.seen = []

    def step(self, sample):
        self.seen.append(sample.t_us)
        self.state.phase = PHASE_SWING
        self.state.swing = 1
        self.state.confidence = 100
        return self.state


class Listener:
    """Stands for the guard; keeps what it is told, in order."""

    def __init__(self):
        self.heard = []
        self.samples = 0
        self.swing = 0

    def take(self, request):
        self.heard.append(("request", request.channel, request.sequence))

    def take_sample(self, sample):
        self.samples += 1

    def take_swing(self, swing):
        self.swing = swing

    def take_mode(self, mode):
        self.mode = mode

    def cycle_finished(self, sequence):
        self.heard.append(("finished", sequence))


class Bench:
    def __init__(self):
        self.sensors, self.detector, self.guard = Sensors(), AlwaysSwing(), Listener()
        self.ring = RowRing(2000)
        scheduler = WalkScheduler(default_prescription(), 5_000)
        self.cycle = ControlCycle(self.sensors, self.detector, scheduler, self.guard, self.ring)
        self.now_us = 0

    def go(self, ms, sample_each_ms=10):
        for _ in range(ms // 5):
            self.now_us += 5_000
            t_us = (T0_US + self.now_us) & MASK
            if sample_each_ms and self.now_us % (sample_each_ms * 1000) == 0:
                self.sensors.waiting.append(t_us)
            self.cycle.step(t_us)

    @property
    def requests(self):
        return [h for h in self.guard.heard if h[0] == "request"]


def test_each_cycle_ends_with_its_own_number_after_its_requests():
    bench = Bench()
    bench.go(200)
    finished = [h[1] for h in bench.guard.heard if h[0] == "finished"]
    assert finished == list(range(40))
    assert bench.guard.heard[-1][0] == "finished"
    assert len(bench.requests) >= 10


def test_requests_are_counted_up_from_0_per_channel():
    bench = Bench()
    bench.go(400)
    for channel in (0, 1):
        numbers = [h[2] for h in bench.requests if h[1] == channel]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= 10


def test_several_waiting_samples_are_all_used_in_one_cycle():
    bench = Bench()
    bench.sensors.waiting = [T0_US + 1, T0_US + 2, T0_US + 3]
    bench.go(5, sample_each_ms=0)
    assert len(bench.detector.seen) == 3


def test_a_flood_of_samples_does_not_hold_up_the_cycle():
    bench = Bench()
    bench.sensors.waiting = [T0_US + i for i in range(100)]
    bench.go(5, sample_each_ms=0)
    assert len(bench.detector.seen) == 8
    assert bench.guard.heard[-1] == ("finished", 0)


def test_samples_older_than_50_ms_let_the_stimulation_fall():
    bench = Bench()
    bench.go(400)
    assert bench.requests
    bench.go(50, sample_each_ms=0)
    before = len(bench.requests)
    bench.go(20, sample_each_ms=0)
    level = bench.cycle.scheduler.envelope.level
    assert level < 10_000, "the fall has begun"
    bench.go(400, sample_each_ms=0)
    assert bench.cycle.scheduler.envelope.level == 0
    assert len(bench.requests) > before


def test_without_any_sample_nothing_is_asked_for():
    bench = Bench()
    bench.detector.step(type("S", (), {"t_us": 0}))
    bench.go(300, sample_each_ms=0)
    assert bench.requests == []


def test_the_log_shows_the_whole_way():
    bench = Bench()
    bench.go(100)
    kinds = [k for k, _, _ in rows(bench.ring.drain())]
    assert kinds.count(blackbox.CYCLE) == 20
    assert kinds.count(blackbox.SAMPLE) == kinds.count(blackbox.STATE) == 10
    assert kinds.count(blackbox.REQUEST) == len(bench.requests) > 0


class Asks:
    """A scheduler that asks for one pulse on channel 0 in each cycle while `state` is not OFF."""

    class _Envelope:
        state = 1
        level = 0

    def __init__(self):
        self.envelope = Asks._Envelope()
        self.requests = (PulseRequest(),)
        self.cuts = 0
        self.mode = TEST

    def cut(self):
        self.cuts += 1

    def step(self, t_us, dt_us, state, sure):
        return 0 if self.envelope.state == OFF else 1


def test_another_scheduler_takes_over_only_when_the_present_one_is_at_rest():
    bench = Bench()
    bench.go(200)
    other = Asks()
    bench.cycle.use(other)
    bench.go(200)
    assert bench.cycle.scheduler is not other, "a step is under way"
    assert other.cuts == 0
    assert bench.guard.mode == WALK
    walk = bench.cycle.scheduler
    walk.cut()
    bench.go(5)
    assert bench.cycle.scheduler is other
    assert other.cuts == 1, "what it had begun before is over"
    assert bench.guard.mode == TEST, "the guard hears who asks"
    bench.go(50)
    assert other.cuts == 1
    bench.cycle.use(walk)
    bench.go(50)
    assert bench.cycle.scheduler is other
    bench.cycle.use(other)
    other.envelope.state = OFF
    bench.go(50)
    assert bench.cycle.scheduler is other, "the wish was taken back"


def test_requests_are_counted_in_one_row_per_channel_whoever_asks():
    bench = Bench()
    bench.go(200)
    walk = bench.cycle.scheduler
    walk.cut()
    other = Asks()
    bench.cycle.use(other)
    bench.go(50)
    other.envelope.state = OFF
    bench.cycle.use(walk)
    bench.go(5)
    bench.detector.step = lambda sample: bench.detector.state
    bench.detector.state.swing = 0
    bench.go(50)
    bench.detector.state.swing = 1
    bench.go(200)
    for channel in (0, 1):
        numbers = [h[2] for h in bench.requests if h[1] == channel]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > (16 if channel == 0 else 8)


def test_whoever_watches_sees_every_sample_after_the_detector():
    bench = Bench()
    seen = []
    bench.cycle.watch(
        type("Watcher", (), {"see": lambda self, s: seen.append((s.t_us, len(bench.detector.seen)))})()
    )
    bench.go(200)
    assert [at for at, _ in seen] == bench.detector.seen
    assert [n for _, n in seen] == list(range(1, len(seen) + 1))
    assert len(seen) == 20
