"""A whole exercise through control cycle, guard, driver and emulated stimulator, on a simulated person on a chair."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from firmware_py.cycle import CYCLE_US
from hw_sim import faulty_sensors
from hw_sim.check_flow import Seat, check_channels, seated
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.stop_and_go import stop_and_go_leg
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from safety import faults, reasons, supervisor
from stimulator import cues
from stimulator import exercise as ex
from stimulator.exercise_plan import BY_ATTEMPT, IN_TURN, default_plan
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.wearer import DEFAULT_CORRIDOR, PAUSE, Wearer

SHORT = {"repetitions": 3, "sets": 2, "set_pause_s": 5, "countdown_s": 3}
PEAK_MA = (25.0, 20.0)


@dataclass
class Gym:
    """A world with an exercise in charge, keys and a loudspeaker."""

    world: World
    device: P24
    exercise: ex.Exercise
    wearer: Wearer
    signals: RecordedSignals
    seat: Seat | None = None

    def advance(self, ms):
        for _ in range(ms // 5):
            self.world.advance(CYCLE_US)
        return self

    def until_over(self, s_max=200):
        for _ in range(s_max * 20):
            if not self.exercise.is_running():
                return self
            self.advance(50)
        raise AssertionError(f"still {ex.PHASE_NAMES[self.exercise.phase]}")

    def start(self):
        """Arm for the exercise and start, as a person would."""
        loop = self.world.loop
        for _ in range(400):
            if loop.arm_exercise():
                break
            self.world.advance(CYCLE_US)
        assert loop.guard.supervisor.mode == supervisor.EXERCISE
        self.exercise.start()
        return self

    def refused(self):
        guard = self.world.loop.guard
        kept = [guard.results[i % len(guard.results)] for i in range(min(64, guard.results_total))]
        return {r.reason for r in kept if r.granted_ua == 0}


def gym_of(world, device, seat=None, **changes):
    loop = world.loop
    rings = cues.Cues()
    wearer = Wearer(DEFAULT_CORRIDOR, rings)
    signals = RecordedSignals(lambda: world.now_us)
    loop.wear(wearer, rings, signals)
    loop.prepare_exercise(default_plan()._replace(**(SHORT | changes)))
    assert loop.exercise is not None
    return Gym(world, device, loop.exercise, wearer, signals, seat)


@pytest.fixture
def on_chair():
    """Return a maker of gyms on a chair, channels checked."""

    def make(place="foot", has_switch=False, **changes):
        leg = SeatedLeg(severity="mild")
        seat = seated(leg, place=place, has_switch=has_switch)
        check_channels(seat.world, confirms=lambda _: True)
        seat.world.loop.guard.acknowledge()
        gym = gym_of(seat.world, seat.device, seat, **changes)
        seat.device.pulses.clear()
        return gym

    return make


def bursts(device, channel):
    """Return how many bursts the device delivered on `channel`."""
    starts = [p.start_us for p in device.pulses if p.channel == channel]
    return sum(b - a > 500_000 for a, b in pairwise(starts)) + bool(starts)


@pytest.mark.parametrize(
    ("place", "has_switch", "order"), [("foot", False, 0), ("foot", True, IN_TURN), ("shank", False, 0)]
)
def test_every_repetition_is_delivered_as_planned_and_it_ends_by_itself(on_chair, place, has_switch, order):
    gym = on_chair(place, has_switch, order=order).start().until_over().advance(200)
    guard = gym.world.loop.guard
    assert (gym.exercise.ended_by, gym.exercise.done_total) == (ex.DONE, 6)
    assert [bursts(gym.device, c) for c in (0, 1)] == [6, 6]
    assert [max(p.current_ma for p in gym.device.pulses if p.channel == c) for c in (0, 1)] == list(PEAK_MA)
    assert guard.supervisor.state == supervisor.ARMED
    assert guard.supervisor.fault_id == faults.NO_FAULT
    assert gym.refused() == set()


def test_quick_repetitions_on_a_still_shank_are_no_false_bursts(on_chair):
    # To the plausibility of walking each of these bursts would be one that no contact follows.
    gym = on_chair("shank", on_ms=500, off_ms=2_000).start().until_over()
    assert (gym.exercise.ended_by, gym.exercise.done_total, gym.refused()) == (ex.DONE, 6, set())


def test_its_tone_sounds_all_the_time_and_each_repetition_is_heard(on_chair):
    gym = on_chair().start()
    begun_us = gym.world.now_us
    gym.until_over()
    assert gym.signals.numbers("tone") == [cues.TONE_EXERCISE, cues.TONE_NONE]
    assert gym.signals.tone_at(begun_us + 5_000) == cues.TONE_EXERCISE
    beeps = gym.signals.numbers("beep")
    counted = (cues.COUNTDOWN, cues.REPETITION, cues.CLICK, cues.SET_DONE)
    assert [beeps.count(c) for c in counted] == [3, 6, 0, 1]
    assert beeps[-1] == cues.ALL_DONE
    assert gym.signals.numbers("vibrate") == beeps


def test_muted_the_cues_are_felt_and_the_tone_and_the_alarm_are_heard_all_the_same(on_chair):
    gym = on_chair()
    gym.wearer.is_muted = True
    gym.start().advance(5_000)
    assert gym.signals.numbers("beep") == []
    assert cues.REPETITION in gym.signals.numbers("vibrate")
    gym.world.loop.guard.stop()
    gym.advance(100)
    assert gym.signals.numbers("tone") == [cues.TONE_EXERCISE, supervisor.SOUND_LOST]
    assert gym.exercise.ended_by == ex.NOT_ARMED


def test_stop_leaves_no_pulse_after_20_ms(on_chair):
    gym = on_chair().start().advance(5_000)
    assert gym.exercise.phase == ex.BURST
    gym.world.loop.guard.stop()
    stopped_us = gym.world.now_us
    gym.advance(5_000)
    assert max(p.start_us for p in gym.device.pulses) <= stopped_us + 20_000
    assert bursts(gym.device, 0) == 1


def test_a_lost_sensor_ends_it(on_chair):
    gym = on_chair().start().advance(4_000)
    gym.seat.sensors.begin(faulty_sensors.BOTH_GONE)
    gym.until_over(30)
    assert gym.exercise.ended_by in (ex.HELD_LONG, ex.NOT_ARMED)
    assert bursts(gym.device, 0) == 1


def test_the_person_lifts_the_foot_and_is_helped(on_chair):
    gym = on_chair(trigger=BY_ATTEMPT, helps_anyway=0, sets=1).start()
    for _ in range(6_000):
        is_turn = gym.exercise.phase == ex.WAIT and gym.exercise.left_s() <= 4
        gym.seat.leg.push_nm = 2.0 if is_turn else 0.0
        gym.advance(5)
    assert (gym.exercise.ended_by, gym.exercise.done_total, gym.exercise.missed_total) == (ex.DONE, 3, 0)
    assert bursts(gym.device, 0) == 3


def test_while_armed_for_an_exercise_nobody_arms_for_walking_and_the_other_way_round(on_chair):
    gym = on_chair().start()
    guard = gym.world.loop.guard
    loop = gym.world.loop
    assert not guard.arm()
    assert not guard.arm(supervisor.TEST)
    assert not loop.arm_walk()
    assert not loop.arm_test()
    assert loop.cycle.scheduler.inner is gym.exercise
    guard.disarm()
    for _ in range(400):
        if guard.arm():
            break
        gym.advance(5)
    assert guard.supervisor.state == supervisor.ARMED
    assert not guard.arm(supervisor.EXERCISE)
    assert not loop.arm_exercise()
    gym.exercise.start()
    gym.advance(100)
    assert gym.exercise.ended_by == ex.NOT_ARMED


def test_the_pause_key_lets_the_burst_fall_and_going_on_repeats_it(on_chair):
    gym = on_chair().start().advance(5_000)
    gym.signals.told.clear()
    gym.wearer.key_down(PAUSE)
    gym.advance(20)
    assert gym.exercise.phase == ex.ON_HOLD
    gym.wearer.key_up(PAUSE)
    gym.advance(3_000)
    assert max(p.start_us for p in gym.device.pulses) < gym.world.now_us - 2_000_000
    gym.wearer.is_locked = False
    gym.wearer.key_down(PAUSE)
    gym.advance(20)
    assert gym.exercise.phase == ex.COUNT_DOWN
    gym.until_over()
    assert (gym.exercise.ended_by, gym.exercise.done_total) == (ex.DONE, 6)
    beeps = gym.signals.numbers("beep")
    assert (beeps.count(cues.PAUSED), beeps.count(cues.RESUMED)) == (1, 1), "the key is heard, once"


def test_going_on_while_the_burst_still_falls_waits_for_its_end(on_chair):
    gym = on_chair(on_ms=1_000, fall_ms=2_000).start().advance(4_000)
    gym.wearer.is_locked = False
    for _ in range(2):
        gym.wearer.key_down(PAUSE)
        gym.advance(50)
        gym.wearer.key_up(PAUSE)
    assert gym.exercise.phase == ex.ON_HOLD
    gym.advance(2_200)
    assert gym.exercise.phase == ex.COUNT_DOWN


def test_a_change_waits_for_the_end_of_the_exercise_and_a_plan_that_does_not_fit_it_is_taken_out(on_chair):
    gym = on_chair(rise_ms=200).start().advance(4_000)
    loop = gym.world.loop
    p = default_prescription()
    slow = p._replace(channels=tuple(c._replace(rate_hz=15) for c in p.channels))
    with pytest.raises(ValueError, match="An exercise runs"):
        loop.commit(slow)
    with pytest.raises(ValueError, match="An exercise runs"):
        loop.prepare_exercise(default_plan())
    gym.exercise.stop()
    gym.advance(20)
    fine = p._replace(channels=tuple(c._replace(rate_hz=38) for c in p.channels))
    loop.commit(fine)
    assert gym.exercise.prescription is fine
    loop.commit(slow)  # 25 mA at 15 Hz would rise too steeply from pulse to pulse within 200 ms
    assert loop.exercise is None
    loop.guard.disarm()
    gym.advance(500)
    loop.guard.open()
    gym.advance(500)
    assert not loop.arm_exercise()
    with pytest.raises(PrescriptionError, match="rise_ms"):
        loop.prepare_exercise(default_plan()._replace(rise_ms=200))
    loop.prepare_exercise(default_plan()._replace(sets=1, repetitions=1))
    assert loop.exercise is not None
    gym.exercise = loop.exercise
    gym.start().until_over()


def test_without_keys_there_is_no_exercise():
    seat = seated(SeatedLeg())
    with pytest.raises(ValueError, match="Call wear first"):
        seat.world.loop.prepare_exercise(default_plan())
    assert not seat.world.loop.arm_exercise()


@pytest.mark.parametrize("place", ["foot", "shank"])
@pytest.mark.parametrize("stride_s", [0.95, 1.4])
def test_a_simulated_person_who_walks_off_ends_it_within_a_few_steps(place, stride_s):
    leg, walker = stop_and_go_leg(WalkerSettings(severity="mild", stride_s=stride_s, stand_s=9.0, seed=3))
    device = P24(seed=1, on_pulse=lambda p: leg.deliver(p.start_us, p.channel, p.reached_ma, p.width_us))
    link = MemoryLink(device)
    world = World(
        sensors=SimSensors(leg, place=place, t_us_start=T_START_US, has_heel=False),
        port=link.open_port(),
        link=link,
        prescription=default_prescription(),
        place=place,
        has_switch=False,
        leg=leg,
    )
    world.connect()
    world.loop.guard.acknowledge()
    gym = gym_of(world, device, repetitions=10).start().until_over(60)
    assert gym.exercise.ended_by in (ex.SEEN_WALKING, ex.HELD_LONG)
    walked_us = gym.world.now_us - walker.bouts_us[0]
    assert 0 < walked_us <= 6 * stride_s * 1e6
    last_us = max(p.start_us for p in device.pulses)
    gym.advance(10_000)
    assert max(p.start_us for p in device.pulses) == last_us
    assert reasons.VIOLATIONS not in gym.refused()
