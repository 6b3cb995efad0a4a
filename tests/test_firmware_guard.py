"""The guard: one way to the stimulator, and what it does when anything on that way is wrong.

Pulses are counted at the emulated stimulator, not in the guard's own records.
"""

import pytest

from safety import faults, reasons, supervisor
from safety.pulse import PulseRequest
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck
from tests.safety_rig import MASK, STOP_N, LyingDriver, Rig, arm_on_purpose


def test_a_granted_pulse_reaches_the_stimulator_exactly():
    rig = Rig().armed()
    rig.ask(channel=1, current_ua=6_345).run(20)
    assert rig.delivered == [(1, 6.0, 300, 100)], "quantised down to the device's half milliampere"
    assert (rig.last.reason, rig.last.asked_ua, rig.last.granted_ua) == (reasons.OK, 6_345, 6_000)
    assert rig.driver.pulses_acked == 1


def test_before_arming_nothing_reaches_the_stimulator():
    rig = Rig().ready()
    rig.ask().run(50)
    assert rig.delivered == []
    assert rig.last.reason == reasons.DISARMED


def test_arming_waits_for_the_stimulator():
    rig = Rig()
    assert not arm_on_purpose(rig.guard)
    rig.ask().run(20)
    assert rig.delivered == []


def test_a_pulse_starts_at_its_time_not_before():
    rig = Rig().armed()
    rig.ask(in_us=7_000)
    rig.run(6)
    assert rig.delivered == []
    start_us = rig.now_us + 1_000
    rig.run(3)
    assert start_us <= rig.device.pulses[0].start_us <= start_us + 1_000


def test_two_channels_at_one_time_wait_for_each_others_answer():
    rig = Rig().armed()
    rig.ask(channel=0).ask(channel=1)
    rig.run(20)
    assert [p[0] for p in rig.delivered] == [0, 1]
    gap_us = rig.device.pulses[1].start_us - rig.device.pulses[0].start_us
    assert gap_us >= 2_000, "at most one pulse is unanswered"


def test_a_pulse_that_had_to_wait_too_long_is_dropped():
    rig = Rig().armed()
    rig.device.faults.late_us = 30_000
    rig.ask(channel=0).ask(channel=1).run(60)
    assert [p[0] for p in rig.delivered] == [0]
    assert rig.last.reason == reasons.TOO_LATE


def test_a_newer_request_overtakes_a_waiting_one():
    rig = Rig().armed()
    rig.ask(in_us=4_000, current_ua=5_000).ask(in_us=4_000, current_ua=6_000)
    assert rig.last.reason == reasons.OVERTAKEN
    rig.run(20)
    assert [p[1] for p in rig.delivered] == [6.0]


def test_a_controller_that_stalls_gives_no_pulse_after_100_ms():
    rig = Rig().armed()
    rig.controller_runs = False
    for _ in range(20):
        rig.ask().run(25)
    last_us = rig.now_us - 20 * 25_000 + 100_000
    assert rig.delivered, "the first ones were still permitted"
    assert all(p.start_us <= last_us + 5_000 for p in rig.device.pulses)
    assert rig.last.reason == reasons.NO_CYCLE


@pytest.mark.parametrize("channel", [-1, 2, 99])
def test_an_unknown_channel_is_refused(channel):
    rig = Rig().armed()
    request = PulseRequest()
    request.channel = channel
    rig.guard.take(request)
    rig.run(10)
    assert rig.delivered == []
    assert rig.last.reason == reasons.CHANNEL_UNKNOWN


def test_stop_drops_what_waits_and_switches_the_stimulator_off():
    rig = Rig().armed()
    rig.ask(in_us=3_000)
    rig.guard.stop()
    rig.run(100)
    assert rig.delivered == []
    assert not rig.device.is_low_level_on
    rig.ask().run(50)
    assert rig.delivered == []


def test_unplugging_latches_and_nothing_resumes_by_itself():
    rig = Rig().armed()
    rig.ask().run(30)
    rig.link.unplug()
    rig.ask(in_us=1_000).run(50)
    assert rig.last.reason == reasons.PORT_GONE
    assert not rig.gate.armed
    assert rig.driver.fault
    rig.ask().run(50)
    assert not arm_on_purpose(rig.guard), "a fault is cleared on purpose, never by arming"
    assert len(rig.delivered) == 1


def test_a_fault_of_the_stimulator_disarms():
    rig = Rig().armed()
    rig.device.faults.busy = True
    rig.ask().run(30)
    assert rig.delivered == []
    assert not rig.gate.armed
    rig.device.faults.busy = False
    rig.ask().run(30)
    assert rig.delivered == []
    assert rig.last.reason == reasons.DEVICE_FAULT


@pytest.mark.parametrize(
    "lie",
    [
        lambda channel, *rest: (1 - channel, *rest),
        lambda channel, current_ua, *rest: (channel, current_ua + 500, *rest),
        lambda channel, current_ua, *rest: (channel, current_ua - 500, *rest),
        lambda channel, current_ua, width_us, *rest: (channel, current_ua, width_us + 1, *rest),
        lambda channel, current_ua, width_us, gap_us, shape: (
            channel,
            current_ua,
            width_us,
            gap_us + 1,
            shape,
        ),
        lambda channel, current_ua, width_us, gap_us, shape: (channel, current_ua, width_us, 0, shape),
        lambda *pulse: (*pulse[:-1], -pulse[-1]),
        lambda *pulse: (*pulse[:-1], 2 * pulse[-1]),
    ],
    ids=[
        *("other channel", "more current", "less current", "longer", "longer gap", "no gap"),
        *("other polarity", "longer second phase"),
    ],
)
def test_a_wrong_encoder_is_caught_before_anything_is_written(lie):
    driver = LyingDriver()
    rig = Rig(driver=driver).armed()
    driver.lie = lie
    written = rig.port.written_total
    rig.ask().run(30)
    assert rig.delivered == []
    assert rig.port.written_total - written == STOP_N, "nothing but the stop"
    assert rig.last.reason == reasons.CHECK_FAILED
    assert rig.last.granted_ua == 0
    assert not rig.gate.armed, "a build that encodes wrongly must not go on"


def test_an_unbalanced_pulse_is_caught():
    class Unbalanced(FrameCheck):
        is_on = False

        def read(self, buf, n):
            fine = super().read(buf, n)
            self.net_charge_pc = 1 if self.is_pulse and Unbalanced.is_on else 0
            return fine

    rig = Rig(check=Unbalanced()).armed()
    Unbalanced.is_on = True
    rig.ask().run(30)
    assert rig.delivered == []
    assert rig.last.reason == reasons.CHECK_FAILED


def test_a_wrong_encoder_does_not_pass_the_self_test():
    driver = LyingDriver()
    driver.lie = lambda channel, current_ua, *rest: (channel, current_ua + 500, *rest)
    rig = Rig(driver=driver).ready()
    assert rig.guard.supervisor.state == supervisor.FAULT
    assert rig.guard.supervisor.fault_id == faults.SELF_TEST
    assert not arm_on_purpose(rig.guard)


@pytest.mark.parametrize("shape", [1, -1, 2, 3, 4, -4])
def test_every_shape_reaches_the_skin_balanced_and_as_granted(shape):
    rig = Rig().armed()
    rig.ask(shape=shape, current_ua=6_700).run(30)
    times = abs(shape)
    pulse = rig.device.pulses[0]
    step_ma = 0.5 * times
    assert abs(pulse.current_ma) == 6.7 // step_ma * step_ma
    assert (pulse.current_ma > 0) == (shape > 0)
    assert (pulse.net_charge_nc, pulse.duration_us) == (0, 300 + 100 + times * 300)


def test_a_command_that_could_stimulate_never_passes_as_a_plain_command():
    class Sneaky(ScienceMode4):
        sneaks = False

        def step(self, dt_us):
            n = super().step(dt_us)
            return self.encode_pulse(0, 10_000, 300, 100) if self.sneaks else n

    driver = Sneaky()
    rig = Rig(driver=driver).armed()
    driver.sneaks = True
    rig.run(30)
    assert rig.delivered == []
    assert not rig.gate.armed


def test_what_the_device_cannot_represent_is_refused():
    rig = Rig().armed()
    rig.ask(gap_us=5).run(20)
    assert rig.delivered == []
    assert rig.last.reason == reasons.NOT_REPRESENTABLE


def test_a_current_below_one_step_of_the_device_is_refused():
    rig = Rig().armed()
    rig.ask(current_ua=499).run(20)
    assert rig.delivered == []
    assert rig.last.reason == reasons.NO_CURRENT


@pytest.mark.parametrize("jump_us", [-1, 100_001, 2**29 - 1])
def test_a_clock_that_jumps_gives_no_pulse(jump_us):
    rig = Rig().armed()
    rig.ask(in_us=3_000)
    rig.guard.step((rig.t_us + jump_us) & MASK)
    rig.guard.step((rig.t_us + jump_us + 5_000) & MASK)
    rig.link.pump(rig.now_us + 10_000, rig.port.written_total)
    assert rig.delivered == []


def test_it_says_how_long_it_can_rest():
    rig = Rig().armed()
    assert rig.guard.due_us(5_000) == 5_000
    rig.ask(in_us=3_000)
    assert rig.guard.due_us(5_000) == 3_000
