"""The guard, unchanged, with a RehaStim2 behind it. Pulses are counted at the emulated stimulator."""

import pytest

from firmware_py.blackbox import NoLog
from firmware_py.guard import Guard
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import FrameSplitter
from safety import faults, reasons, supervisor
from safety.limits import make_limits
from safety.pulse import PulseRequest
from stimulator.drivers.capability import REHASTIM2, rehastim2
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode2_check import FrameCheck
from tests.safety_rig import CYCLE_US, MASK, STEP_US, T0_US, arm_on_purpose

WATCHDOG, STOP, PULSE = 4, 34, 36


class Ear(RehaStim2):
    """The device, with a note of every command that reached it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.heard = []
        self._ear = FrameSplitter()

    def feed(self, now_us, data):
        self.heard += [(now_us, frame.command) for frame in self._ear.feed(data)]
        super().feed(now_us, data)


class Rig:
    """A guard, an emulated RehaStim2 behind it, and a stand-in for the controller."""

    def __init__(self, driver=None, **device):
        self.device = Ear(**device)
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        self.driver = driver or ScienceMode2()
        limits = make_limits(current_step_ua=2_000)
        self.guard = Guard(
            *((limits, limits), self.driver, FrameCheck(), self.port, NoLog()),
            has_imu=False,
            has_switch=False,
            was_checked=True,
        )
        self.now_us = 0
        self.cycle = 0
        self.sequence = [0, 0]
        self.controller_runs = True

    @property
    def t_us(self):
        return (T0_US + self.now_us) & MASK

    def run(self, ms):
        for _ in range(ms * 1000 // STEP_US):
            self.now_us += STEP_US
            self.link.pump(self.now_us, self.port.written_total)
            if self.controller_runs and self.now_us % CYCLE_US == 0:
                self.guard.take_swing(1)
                self.guard.cycle_finished(self.cycle)
                self.cycle += 1
            self.guard.step(self.t_us)
            self.link.pump(self.now_us, self.port.written_total)
        return self

    def armed(self):
        self.guard.open()
        self.run(700)
        assert self.guard.supervisor.state == supervisor.READY
        self.cycle = 0
        assert arm_on_purpose(self.guard)
        return self.run(5)

    def ask(self, channel=0, current_ua=6_000, **fields):
        request = PulseRequest()
        request.sequence = self.sequence[channel]
        self.sequence[channel] += 1
        request.channel = channel
        request.fire_at_us = self.t_us
        request.current_ua = current_ua
        request.width_us = 300
        request.gap_us = 0
        for name, value in fields.items():
            setattr(request, name, value)
        self.guard.take(request)
        return self

    @property
    def last(self):
        return self.guard.results[(self.guard.results_total - 1) % len(self.guard.results)]

    @property
    def delivered(self):
        return [(p.channel, p.current_ma, p.width_us) for p in self.device.pulses]


def test_a_granted_pulse_reaches_the_stimulator_exactly():
    rig = Rig().armed()
    rig.ask(channel=1, current_ua=7_345).run(120)
    assert rig.delivered == [(1, 6.0, 300)], "quantised down to the device's 2 mA"
    assert (rig.last.reason, rig.last.asked_ua, rig.last.granted_ua) == (reasons.OK, 7_345, 6_000)
    assert rig.driver.pulses_acked == 1


@pytest.mark.parametrize(
    ("answer_us", "rate_hz"), [((5_000, 20_000), 40), ((20_000, 45_000), 20), ((20_000, 60_000), 15)]
)
def test_at_the_rate_that_fits_its_slowest_answer_every_pulse_of_a_burst_is_delivered(answer_us, rate_hz):
    rig = Rig(seed=5, ack_latency_us=answer_us, command_delay_us=(2_000, min(24_000, answer_us[1]))).armed()
    assert rehastim2(answer_us[1] // 1000).commands_per_s_max >= rate_hz
    first, n = rig.guard.results_total, 4 * rate_hz
    granted = []
    for _ in range(n):  # a burst of 4 s
        rig.ask(current_ua=20_000).run(1000 // rate_hz)
        result = rig.last
        granted.append((result.channel, result.granted_ua / 1000, result.width_us))
    rig.run(100)
    assert rig.guard.results_total - first == n
    assert rig.delivered == granted
    assert [p[1] for p in granted[-n // 2 :]] == [20.0] * (n // 2)
    assert (rig.driver.pulses_acked, rig.driver.pulses_failed) == (n, 0)


# Slowest answer in ms, rate in Hz, percent of the pulses asked for that were given. Also in docs/stimulators.md.
SHARES = [
    (20, 40, 100),
    (45, 20, 100),
    (60, 15, 100),
    (80, 15, 90),
    (100, 15, 23),
    (100, 20, 14),
    (100, 40, 9),
]


@pytest.mark.parametrize(("slowest_ms", "rate_hz", "percent"), SHARES)
def test_share_of_pulses_given_in_ten_bursts_of_2_s_is_as_the_docs_say(slowest_ms, rate_hz, percent):
    """Why a RehaStim2 that was not measured is given 9 commands a second: a gap of 80 ms begins a new burst."""
    given, asked = 0, 2 * rate_hz
    fastest_us = min(20_000, 250 * slowest_ms)
    for seed in range(10):
        rig = Rig(seed=seed, ack_latency_us=(fastest_us, 1000 * slowest_ms), command_delay_us=(2_000, 20_000))
        rig.armed()
        granted = []
        for _ in range(asked):
            n = rig.guard.results_total
            rig.ask(current_ua=20_000).run(round(1000 / rate_hz))
            while n < rig.guard.results_total:
                result = rig.guard.results[n % len(rig.guard.results)]
                n += 1
                if result.granted_ua > 0:
                    granted.append((result.channel, result.granted_ua / 1000, result.width_us))
        rig.run(120)
        assert rig.delivered == granted, "nothing else reaches the stimulator, in whatever order it answers"
        given += len(granted)
    assert round(100 * given / (10 * asked)) == percent


def test_two_channels_at_one_time_are_too_much_for_it_and_the_second_is_dropped():
    rig = Rig().armed()
    rig.ask(channel=0).ask(channel=1).run(150)
    assert [p[0] for p in rig.delivered] == [0]
    assert rig.last.reason == reasons.TOO_LATE


def test_a_gap_that_the_device_cannot_be_told_is_refused():
    rig = Rig().armed()
    rig.ask(gap_us=100).run(150)
    assert rig.delivered == []
    assert rig.last.reason == reasons.NOT_REPRESENTABLE


def test_keep_alive_ends_with_the_control_cycle_and_the_device_lets_go():
    rig = Rig().armed()
    rig.run(1_000)
    assert WATCHDOG in [command for _, command in rig.device.heard]
    rig.controller_runs = False
    stalled_us = rig.now_us
    rig.ask().run(3_000)
    later = [(at_us - stalled_us, command) for at_us, command in rig.device.heard if at_us > stalled_us]
    assert [command for _, command in later if command != WATCHDOG] in ([STOP], [PULSE, STOP])
    assert max(at_us for at_us, _ in later) <= 125_000
    assert not rig.device.is_connected
    assert rig.guard.supervisor.fault_id == faults.CONTROLLER_STALLED


def test_fault_of_the_device_cuts_and_needs_a_person():
    rig = Rig().armed()
    rig.device.set_quick_stop(rig.now_us, pressed=True)
    rig.ask().run(3_000)
    rig.device.set_quick_stop(rig.now_us, pressed=False)
    rig.ask().run(1_000)
    assert rig.delivered == []
    assert rig.guard.supervisor.state == supervisor.FAULT
    assert rig.guard.supervisor.fault_id == faults.DEVICE_FAULT
    assert not arm_on_purpose(rig.guard)
    rig.guard.clear()
    rig.run(2_500)
    rig.cycle = 0
    assert arm_on_purpose(rig.guard)
    rig.run(5).ask().run(150)
    assert len(rig.delivered) == 1


def test_open_electrode_is_told_as_that():
    rig = Rig(ack_latency_us=(20_000, 60_000)).armed()
    rig.device.set_open_channels(0)
    for _ in range(10):
        rig.ask(current_ua=20_000).run(66)
    assert rig.guard.supervisor.fault_id == faults.LEAD_OPEN
    assert rig.driver.error_channel == 0


def test_unplug_while_stimulating_cuts():
    rig = Rig().armed()
    rig.ask().run(50)
    rig.link.unplug()
    rig.run(10)
    assert rig.guard.supervisor.fault_id == faults.SERIAL_LOST
    assert not rig.guard.gate.armed


class LyingDriver(ScienceMode2):
    """An encoder with a bug: it builds another pulse than it was told to."""

    lie = staticmethod(lambda channel, current_ua, width_us: (channel, current_ua, width_us))

    def encode_pulse(self, channel, current_ua, width_us, gap_us, shape=1):
        return super().encode_pulse(*self.lie(channel, current_ua, width_us), gap_us, shape)


@pytest.mark.parametrize(
    "lie",
    [
        lambda channel, current_ua, width_us: (channel, current_ua + 2_000, width_us),
        lambda channel, current_ua, width_us: (channel, current_ua, width_us + 1),
        lambda channel, current_ua, width_us: (channel ^ 1, current_ua, width_us),
    ],
    ids=["current", "width", "channel"],
)
def test_a_wrong_frame_is_caught_before_it_is_written(lie):
    driver = LyingDriver()
    rig = Rig(driver).armed()
    driver.lie = lie
    rig.ask().run(150)
    assert rig.delivered == []
    assert PULSE not in [command for _, command in rig.device.heard]
    assert rig.guard.supervisor.fault_id == faults.CHECK_FAILED


def test_person_who_stops_and_arms_again_gets_pulses_again_after_the_device_began_anew():
    rig = Rig().armed()
    rig.ask().run(150)
    rig.guard.stop()
    assert not rig.guard.arm()
    rig.run(2_500)
    rig.cycle = 0
    assert rig.guard.arm()
    rig.run(5).ask().run(150)
    assert len(rig.delivered) == 2


@pytest.mark.parametrize("seed", range(20))
def test_host_that_dies_after_writing_a_pulse_leaves_that_one_pulse_and_no_session(seed):
    rig = Rig(seed=seed).armed()
    rig.ask(width_us=400).run(1)
    died_us = rig.now_us
    assert len(rig.device.pulses) == 0, "it is on its way"
    rig.device.step(died_us + 1_200_000)
    (pulse,) = rig.device.pulses
    tail_us = pulse.start_us + pulse.duration_us - died_us
    assert tail_us <= 1000 * REHASTIM2.host_death_tail_ms
    assert not rig.device.is_connected
    rig.device.step(died_us + 60_000_000)
    assert len(rig.device.pulses) == 1
