"""The test burst: which pulses it asks for while a button is held, and that nothing brings it back by itself."""

import pytest

from safety import limits, reasons, supervisor
from safety.clock import elapsed_us
from safety.gate import Gate
from safety.pulse import PulseResult
from stimulator import test_burst as burst_module
from stimulator.envelope import OFF
from stimulator.prescription import default_prescription, problems
from tests.small_int import Small

MASK = 2**30 - 1
T0_US = 2**30 - 300_000  # the clock wraps during each burst
CYCLE_US = 5_000
BEAT_US = 200_000
PRESS_MAX_US = 2_000_000
BEAT_MAX_US = 500_000


class Armed:
    """Stands for the supervisor."""

    def __init__(self):
        self.state = supervisor.ARMED
        self.mode = supervisor.TEST


def prescribe(**changes):
    p = default_prescription()
    return p._replace(channels=tuple(c._replace(**changes) for c in p.channels))


class Bench:
    def __init__(self, prescription=None, step_ua=500):
        self.supervisor = Armed()
        self.burst = burst_module.TestBurst(
            prescription or default_prescription(), CYCLE_US, step_ua, self.supervisor
        )
        self.now_us = 0
        self.asked = []  # (world us due, channel, current_ua, width_us, gap_us)

    @property
    def press(self):
        return self.burst.envelope

    def cycle(self, dt_us=CYCLE_US):
        self.now_us += dt_us
        t_us = (T0_US + self.now_us) & MASK
        n = self.burst.step(t_us, dt_us, None, True)
        for r in self.burst.requests[:n]:
            due_us = self.now_us + elapsed_us(r.fire_at_us, t_us)
            assert self.now_us <= due_us < self.now_us + CYCLE_US
            self.asked.append((due_us, r.channel, r.current_ua, r.width_us, r.gap_us))

    def go(self, ms, beats=True, hold=None):
        for _ in range(ms * 1000 // CYCLE_US):
            if beats and self.now_us % BEAT_US == 0:
                self.burst.beat()
            if hold is not None:
                self.burst.hold(hold)
            self.cycle()
        return self


def test_the_pulses_rise_in_a_straight_line_from_nothing_to_what_is_prescribed():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(1500)
    first_us = bench.asked[0][0]
    assert first_us <= 60_000
    assert bench.asked[0][2] <= 1_500
    for due_us, channel, current_ua, width_us, gap_us in bench.asked:
        assert (channel, width_us, gap_us) == (0, 300, 100)
        assert current_ua <= 25_000
        assert abs(current_ua - min(25_000, due_us * 25 // 1000)) <= 200, "within a cycle of the line"
    assert bench.asked[-1][2] == 25_000
    assert [b[0] - a[0] for a, b in zip(bench.asked, bench.asked[1:], strict=False)] == [25_000] * (
        len(bench.asked) - 1
    )


@pytest.mark.parametrize("channel", [0, 1])
def test_only_the_channel_whose_button_is_held_is_asked_for(channel):
    bench = Bench()
    bench.burst.hold(channel)
    bench.go(1000)
    assert {a[1] for a in bench.asked} == {channel}


@pytest.mark.parametrize(
    ("wish_ua", "top_ua"), [(10_000, 10_000), (90_000, 25_000), (0, 0), (-5_000, 0), (499, 0), (500, 500)]
)
def test_a_test_may_use_less_than_prescribed_and_never_more(wish_ua, top_ua):
    bench = Bench()
    bench.burst.hold(0, wish_ua)
    bench.go(1900)
    assert max([a[2] for a in bench.asked], default=0) == top_ua


@pytest.mark.parametrize("held_ms", [0, 5, 10, 25, 50, 100, 500, 995, 1000, 1005, 1500, 1990])
def test_letting_go_ends_it_at_once_in_every_phase(held_ms):
    bench = Bench()
    bench.burst.hold(0)
    bench.go(held_ms)
    bench.burst.release()
    before = len(bench.asked)
    bench.go(500)
    assert len(bench.asked) == before
    assert (bench.press.state, bench.press.level) == (OFF, 0)
    assert bench.press.ended_by == burst_module.RELEASED
    bench.burst.hold(0)
    bench.go(100)
    assert len(bench.asked) > before, "a new press is a new burst"
    assert bench.asked[before][2] <= 1_500, "from zero"


@pytest.mark.parametrize("beats_until_ms", [0, 200, 400, 1200])
def test_no_pulse_is_due_later_than_500_ms_after_the_last_beat(beats_until_ms):
    bench = Bench()
    bench.burst.hold(0)
    bench.go(beats_until_ms)
    bench.burst.beat()
    last_beat_us = bench.now_us
    bench.go(1500, beats=False)
    assert last_beat_us + 450_000 < bench.asked[-1][0] <= last_beat_us + BEAT_MAX_US
    assert bench.press.ended_by == burst_module.BEAT_LOST
    before = len(bench.asked)
    bench.go(500, hold=0)
    assert len(bench.asked) == before, "beats that come back bring nothing back"


def test_it_ends_after_2_s_and_a_stuck_button_repeats_nothing():
    bench = Bench()
    bench.go(10_000, hold=0)
    assert 1_950_000 < bench.asked[-1][0] < PRESS_MAX_US
    assert bench.press.ended_by == burst_module.TIME_UP
    bench.burst.release()
    bench.go(100, hold=0)
    assert bench.asked[-1][0] > 10_000_000


def test_while_not_armed_for_a_test_a_press_does_nothing_and_stays_used_up():
    for state, mode in (
        (supervisor.READY, supervisor.TEST),
        (supervisor.ARMED, supervisor.WALK),
        (supervisor.ARMED, supervisor.EXERCISE),
        (supervisor.PAUSED, supervisor.TEST),
    ):
        bench = Bench()
        bench.supervisor.state, bench.supervisor.mode = state, mode
        bench.go(100, hold=0)
        assert bench.press.ended_by == burst_module.NOT_ARMED
        bench.supervisor.state, bench.supervisor.mode = supervisor.ARMED, supervisor.TEST
        bench.go(3000, hold=0)
        assert bench.asked == [], (state, mode)


def test_a_stop_in_the_middle_is_final_even_if_somebody_arms_again_while_the_button_is_down():
    bench = Bench()
    bench.go(500, hold=0)
    before = len(bench.asked)
    assert before > 10
    bench.supervisor.state = supervisor.READY
    bench.go(5, hold=0)
    bench.supervisor.state = supervisor.ARMED
    bench.go(3000, hold=0)
    assert len(bench.asked) == before
    assert bench.press.ended_by == burst_module.NOT_ARMED


def test_it_goes_on_while_the_supervisor_says_stimulating():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(100)
    bench.supervisor.state = supervisor.STIMULATING
    before = len(bench.asked)
    bench.go(100)
    assert len(bench.asked) == before + 4


def test_two_buttons_at_once_end_it():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(200)
    bench.burst.hold(1)
    before = len(bench.asked)
    bench.go(500, hold=1)
    assert len(bench.asked) == before
    assert bench.press.ended_by == burst_module.TWO_BUTTONS


@pytest.mark.parametrize("channel", [-1, 2, 100])
def test_a_channel_that_is_not_there_is_refused_and_ends_what_runs(channel):
    bench = Bench()
    bench.burst.hold(0)
    bench.go(200)
    with pytest.raises(ValueError, match="the prescription has 0 to 1"):
        bench.burst.hold(channel)
    before = len(bench.asked)
    bench.go(500)
    assert len(bench.asked) == before


def test_beats_and_releases_without_a_press_do_nothing():
    bench = Bench()
    bench.burst.beat()
    bench.burst.release()
    bench.go(200)
    assert bench.asked == []
    assert bench.press.ended_by == burst_module.NOT_ENDED


@pytest.mark.parametrize(
    ("dt_us", "why"),
    [(90_000, "TOO_LATE"), (600_000, "BEAT_LOST"), (2_500_000, "TIME_UP"), (-5_000, "TIME_UP")],
)
def test_a_cycle_that_comes_far_too_late_ends_it(dt_us, why):
    bench = Bench()
    bench.burst.hold(0)
    bench.go(400)
    bench.cycle(dt_us)
    bench.now_us += max(0, -dt_us)
    before = len(bench.asked)
    bench.go(50, beats=False)
    assert len(bench.asked) == before
    assert bench.press.ended_by == getattr(burst_module, why)


def test_a_cycle_that_comes_a_little_late_gives_no_bunch_of_pulses():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(400)
    bench.cycle(60_000)
    bench.go(200)
    gaps = [b[0] - a[0] for a, b in zip(bench.asked, bench.asked[1:], strict=False)]
    assert min(gaps) >= 25_000 - CYCLE_US


@pytest.mark.parametrize(
    ("current_ua", "width_us", "first_ua"),
    [(100_000, 300, 7_500), (66_000, 450, 5_000), (25_000, 300, 2_375)],
)
def test_a_cycle_that_is_late_for_the_first_pulse_does_not_make_it_strong(current_ua, width_us, first_ua):
    bench = Bench(prescribe(current_ua=current_ua, width_us=width_us))
    bench.burst.hold(0)
    bench.cycle(95_000)
    assert bench.asked[0][2] == first_ua


@pytest.mark.parametrize("rate_hz", range(15, 61))
@pytest.mark.parametrize("early_us", [0, 1, 2_500, 4_999])  # the press comes so long before its first cycle
def test_at_no_rate_a_pulse_is_due_after_the_end(rate_hz, early_us):
    bench = Bench(prescribe(rate_hz=rate_hz))
    bench.burst.hold(0)
    bench.cycle(early_us)
    for _ in range(450):
        bench.burst.beat()
        bench.cycle()
    assert PRESS_MAX_US - 75_000 < bench.asked[-1][0] < PRESS_MAX_US
    bench = Bench(prescribe(rate_hz=rate_hz))
    bench.burst.hold(0)
    bench.cycle(early_us)
    bench.go(800, beats=False)
    assert BEAT_MAX_US - 75_000 < bench.asked[-1][0] < BEAT_MAX_US


def test_a_press_just_before_the_clock_comes_round_again_starts_at_once():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(300)
    bench.burst.release()
    bench.cycle(2**30 - 100_000)  # the due time of the last pulse seems to lie ahead
    bench.burst.hold(0)
    press_us = bench.now_us
    before = len(bench.asked)
    bench.go(200)
    assert bench.asked[before][0] <= press_us + 60_000


def test_another_mode_that_takes_over_needs_a_new_press_afterwards():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(300)
    while bench.burst.count == 0:
        bench.cycle()
    bench.burst.cut()
    assert bench.burst.count == 0
    before = len(bench.asked)
    bench.go(300, hold=0)
    assert len(bench.asked) == before
    assert bench.press.ended_by == burst_module.CUT
    bench.burst.release()
    bench.go(300, hold=0)
    assert len(bench.asked) > before


def test_a_new_prescription_is_taken_over_between_bursts_only():
    bench = Bench()
    bench.burst.hold(0)
    bench.go(100)
    with pytest.raises(ValueError, match="Let go first"):
        bench.burst.set(prescribe(current_ua=12_000))
    bench.burst.release()
    bench.burst.set(prescribe(current_ua=12_000))
    bench.burst.hold(0)
    bench.go(1900)
    assert bench.asked[-1][2] == 12_000


# The strongest that validate, at the lowest and highest rates, and weak ones.
SETTINGS = (
    *((100_000, 300, 15), (66_000, 450, 15), (100_000, 50, 15), (24_000, 300, 15), (8_000, 100, 15)),
    *((100_000, 300, 40), (66_000, 450, 40), (74_000, 300, 60), (50_000, 450, 60), (24_000, 300, 60)),
)


@pytest.mark.parametrize("step_ua", [500, 2_000])
@pytest.mark.parametrize(("current_ua", "width_us", "rate_hz"), SETTINGS)
def test_the_gate_grants_every_pulse_as_asked(current_ua, width_us, rate_hz, step_ua):
    most = {"current_max_ua": 100_000, "charge_max_nc": 30_000}
    prescription = prescribe(current_ua=current_ua, width_us=width_us, rate_hz=rate_hz, **most)
    prescription = prescription._replace(channels=prescription.channels[:1])
    assert problems(prescription) == []
    bench = Bench(prescription, step_ua)
    gate = Gate((limits.make_limits(**most, current_step_ua=step_ua), limits.make_limits()))
    gate.arm()
    result, last_us = PulseResult(), 0
    bench.burst.hold(0)
    for cycle in range(400):
        if bench.now_us % BEAT_US == 0:
            bench.burst.beat()
        before = len(bench.asked)
        bench.cycle()
        gate.advance(bench.now_us - last_us)
        last_us = bench.now_us
        gate.cycle_finished(cycle)
        for due_us, *_ in bench.asked[before:]:
            gate.advance(due_us - last_us)
            last_us = due_us
            request = bench.burst.requests[0]
            request.sequence = cycle
            request.current_ua -= request.current_ua % step_ua
            if request.current_ua:
                assert gate.judge((T0_US + due_us) & MASK, request, result), reasons_of(result)
                assert result.reason == reasons.OK, (due_us, request.current_ua, result.granted_ua)
    assert len(bench.asked) >= 20


def reasons_of(result):
    return (result.reason, result.asked_ua, result.granted_ua)


def test_every_number_stays_small_enough_for_a_board():
    most = {"current_max_ua": 100_000, "charge_max_nc": 30_000}
    channels = tuple(
        c._replace(**{name: Small(getattr(c, name)) for name in c._fields})
        for c in prescribe(current_ua=100_000, width_us=300, rate_hz=15, **most).channels
    )
    bench = Bench(default_prescription()._replace(channels=channels), Small(500))
    bench.burst.hold(0, Small(100_000))
    bench.go(1990)
    assert bench.asked[-1][2] == 100_000


@pytest.mark.parametrize("end", range(8))
def test_every_end_has_a_sentence(end):
    assert burst_module.ENDS[end].endswith(".")
    assert len(burst_module.ENDS) == 8
