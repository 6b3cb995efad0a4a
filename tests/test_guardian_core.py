"""The guardian without its process: who may arm, what is too old, what wins, and the same bytes as in line."""

import random

import pytest

from firmware_py import messages
from firmware_py.blackbox import NoLog
from firmware_py.guard import Guard
from firmware_py.messages import StatusFrame
from firmware_py.pi.guardian.core import Deadline, GuardianCore, Incoming, Pace
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from safety import faults, reasons, supervisor
from safety.limits import make_limits
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck
from tests.guardian_frames import command, cycle, request, sample

MASK = 2**30 - 1
START_US = 5 * 2**30 // 100_000 * 100_000 - 700_000  # the wrapping clock wraps while pulses run
STEP_US = 1_000
CYCLE_US = 5_000
PULSE_US = 25_000


class Rig:
    """A core with an emulated P24 behind it, and a controller that asks for a pulse every 25 ms."""

    def __init__(self):
        self.device = P24(ack_latency_us=(2_000, 2_000))
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        limits = (make_limits(), make_limits())
        self.guard = Guard(
            limits,
            ScienceMode4(),
            FrameCheck(),
            self.port,
            NoLog(),
            has_imu=True,
            has_switch=True,
            was_checked=True,
        )
        self.core = GuardianCore(self.guard)
        self.core.open()
        self.now_us = START_US
        self.swings_from_us = START_US + 500_000
        self.cycle = 0
        self.pulse = 0
        self.controller_runs = True
        self.frames = []  # every frame made so far

    @property
    def is_armed(self):
        return self.guard.gate.armed

    def step(self, **incoming):
        self.now_us += STEP_US
        self.link.pump(self.now_us, self.port.written_total)
        if self.controller_runs and self.now_us % CYCLE_US == 0:
            incoming["controller"] = incoming.get("controller", b"") + self.frame()
        heard = Incoming()
        for name, value in incoming.items():  # bytes are one packet
            setattr(heard, name, (value,) if isinstance(value, bytes) else value)
        self.core.step(self.now_us, heard)
        self.link.pump(self.now_us, self.port.written_total)

    def run(self, ms):
        for _ in range(ms * 1000 // STEP_US):
            self.step()
        return self

    def frame(self, made_us=None, **fields):
        made_us = self.now_us if made_us is None else made_us
        swing = int(self.now_us >= self.swings_from_us)
        requests = []
        if swing and self.now_us % PULSE_US == 0:
            requests.append(request(sequence=self.pulse & 0xFFFFF, fire_at_us=self.now_us & MASK, **fields))
            self.pulse += 1
        made = cycle(
            self.cycle, made_us, swing=swing, samples=[sample(self.now_us, bool(swing))], requests=requests
        )
        self.cycle += 1
        self.frames.append(made)
        return made

    def tell(self, kind, age_us=0):
        self.step(operator=command(kind, self.now_us + STEP_US - age_us))

    def arm(self):
        self.tell(messages.ACKNOWLEDGE)
        self.tell(messages.ARM)

    def pulsing(self):
        """Arm, and go on until pulses flow."""
        self.run(400).arm()
        assert self.is_armed
        self.run(300)
        assert self.pulses >= 4, "pulses must flow, or the test shows nothing"
        return self

    @property
    def pulses(self):
        return len(self.device.pulses)

    def more_pulses(self, ms):
        before = self.pulses
        self.run(ms)
        return self.pulses - before

    @property
    def status(self):
        status = StatusFrame()
        self.core.fill_status(status)
        return status


def test_the_operator_arms_and_pulses_flow_while_the_clock_wraps():
    rig = Rig().pulsing()
    assert rig.more_pulses(1_000) == 40
    assert rig.core.refused == 0
    assert (rig.status.armed, rig.status.state) == (1, supervisor.STIMULATING)


@pytest.mark.parametrize("kind", range(messages.ARM, messages.COMMAND_LAST + 1))
def test_the_controller_may_give_no_command_but_stop(kind):
    rig = Rig().run(400)
    for one in (messages.ACKNOWLEDGE, messages.CHANNELS_CHECKED, kind):
        rig.step(controller=command(one, rig.now_us))
    assert not rig.is_armed
    assert rig.core.refused == 3


def test_a_controller_that_tries_to_arm_while_armed_disarms():
    rig = Rig().pulsing()
    rig.step(controller=command(messages.ARM, rig.now_us))
    assert not rig.is_armed


def test_arming_asks_for_acknowledgement_and_check_of_the_channels():
    rig = Rig().run(400)
    rig.tell(messages.ARM)
    assert not rig.is_armed
    rig.arm()
    assert rig.is_armed


@pytest.mark.parametrize(
    ("age_us", "armed"), [(0, True), (999_000, True), (1_001_000, False), (-2_000, False)]
)
def test_an_old_or_future_dated_arm_is_refused(age_us, armed):
    rig = Rig().run(400)
    rig.tell(messages.ACKNOWLEDGE)
    rig.tell(messages.ARM, age_us)
    assert rig.is_armed == armed


@pytest.mark.parametrize(
    "stop",
    [
        lambda now_us: {"stop": True},
        lambda now_us: {"operator": command(messages.STOP, now_us)},
        lambda now_us: {"operator": command(messages.STOP, now_us - 5_000_000)},
        lambda now_us: {"controller": command(messages.STOP, now_us)},
        lambda now_us: {"stop": True, "operator": command(messages.ARM, now_us)},
        lambda now_us: {"operator": command(messages.ARM, now_us) + command(messages.STOP, now_us)},
    ],
    ids=["button or signal", "operator", "operator, long ago", "controller", "with an arm", "after an arm"],
)
def test_a_stop_from_any_side_stops_in_the_same_step_and_switches_off(stop):
    rig = Rig().pulsing()
    before = rig.pulses
    rig.step(**stop(rig.now_us))
    assert not rig.is_armed
    rig.run(300)
    assert rig.pulses - before <= 1, "one may have been on its way"
    assert not rig.device.is_low_level_on
    assert rig.status.fault == faults.EMERGENCY_STOP
    assert rig.status.sound == supervisor.SOUND_LOST


def test_after_a_stop_only_a_new_arm_brings_pulses_back():
    rig = Rig().pulsing()
    rig.step(stop=True)
    assert rig.more_pulses(400) <= 1
    rig.tell(messages.ARM)  # the stimulator is off: this wakes it
    rig.run(400)
    assert not rig.is_armed
    rig.tell(messages.ARM)
    assert rig.is_armed
    assert rig.more_pulses(300) > 0


def test_a_controller_that_falls_silent_gives_one_pulse_at_most_and_is_heard_as_lost():
    rig = Rig().pulsing()
    rig.controller_runs = False
    last_us = rig.now_us - rig.now_us % CYCLE_US
    assert rig.more_pulses(95) <= 1
    assert rig.is_armed
    rig.run(5)
    assert not rig.is_armed
    assert rig.status.fault == faults.CONTROLLER_STALLED
    assert rig.status.sound == supervisor.SOUND_LOST
    assert rig.now_us - last_us < 200_000
    rig.controller_runs = True
    assert rig.more_pulses(500) == 0, "a controller that comes back needs a new arm"


def test_a_controller_whose_socket_closes_is_not_waited_for():
    rig = Rig().pulsing()
    rig.controller_runs = False
    rig.step(controller_gone=True)
    assert not rig.is_armed
    assert rig.more_pulses(300) <= 1


@pytest.mark.parametrize("gap_us", [100_001, 300_000, 2**29, 2**30 + 50_000, 3 * 2**30 + 1, -1])
def test_a_gap_of_any_length_disarms_and_its_backlog_gives_no_pulse(gap_us):
    rig = Rig().pulsing()
    before = rig.pulses
    backlog = b"".join(rig.frame() for _ in range(30))
    rig.now_us += gap_us - STEP_US
    rig.step(controller=backlog, operator=command(messages.ARM, rig.now_us + STEP_US))
    assert not rig.is_armed
    assert rig.guard.gate.disarmed_by == reasons.CLOCK_JUMPED
    rig.run(500)
    assert rig.pulses - before <= 1, "the one that was on its way before the gap"


def test_a_suspended_machine_is_a_gap_although_the_clock_stood_still():
    rig = Rig().pulsing()
    rig.step(slept=True)
    assert not rig.is_armed
    assert rig.more_pulses(300) <= 1


@pytest.mark.parametrize(
    ("age_us", "reason"),
    [
        (0, None),
        (100_000, None),
        (100_001, reasons.TOO_LATE),
        (600_000, reasons.TOO_LATE),
        (-1_000, None),
        (-1_001, reasons.TOO_EARLY),
        (-500_000, reasons.TOO_EARLY),
    ],
)
def test_a_frame_must_have_been_made_within_the_last_100_ms(age_us, reason):
    rig = Rig().run(400)
    rig.controller_runs = False
    rig.run(150)
    rig.arm()
    rig.step(controller=rig.frame(made_us=rig.now_us + STEP_US - age_us))
    # An accepted frame of exactly 100 ms counts from when it was made, so its permit is over at once.
    assert rig.is_armed == (reason is None)
    assert rig.core.refused == (0 if reason is None else 1)
    if reason is not None:
        assert rig.guard.gate.disarmed_by == reason


def test_the_permit_counts_from_when_the_frame_was_made_not_from_when_it_came():
    rig = Rig().pulsing()
    rig.controller_runs = False
    rig.run(60)
    rig.step(controller=rig.frame(made_us=rig.now_us - 50_000))
    rig.run(48)
    assert rig.is_armed
    rig.run(4)
    assert not rig.is_armed


@pytest.mark.parametrize(
    "pick",
    [lambda f: f[-1:], lambda f: f[-2:], lambda f: f[-15:], lambda f: f[:3]],
    ids=["the last", "the last two", "the last fifteen", "old ones"],
)
def test_replayed_frames_disarm(pick):
    rig = Rig().pulsing()
    rig.controller_runs = False
    before = rig.pulses
    rig.step(controller=b"".join(pick(rig.frames)))
    assert not rig.is_armed
    rig.controller_runs = True
    rig.run(300)
    assert rig.pulses - before <= 1


def test_reordered_frames_disarm():
    rig = Rig().pulsing()
    rig.controller_runs = False
    first, second = rig.frame(made_us=rig.now_us - 900), rig.frame(made_us=rig.now_us)
    rig.step(controller=second + first)
    assert not rig.is_armed
    assert rig.guard.gate.disarmed_by == reasons.CYCLE_ORDER


def test_a_flood_disarms_before_any_of_its_pulses():
    rig = Rig().pulsing()
    rig.controller_runs = False
    rig.run(10)
    before = rig.pulses
    flood = b"".join(rig.frame(made_us=rig.now_us + i) for i in range(100))
    rig.step(controller=flood)
    assert not rig.is_armed
    rig.run(200)
    assert rig.pulses - before <= 1


def test_garbage_gives_no_pulse_and_a_lost_frame_disarms():
    rig = Rig().pulsing()
    rig.controller_runs = False
    draw = random.Random(1)
    for _ in range(20):
        rig.step(controller=draw.randbytes(300))
    rig.cycle += 1  # one frame was lost in the noise
    rig.controller_runs = True
    rig.run(50)
    assert not rig.is_armed


@pytest.mark.parametrize("field", ["now", "permit"])
def test_a_pulse_may_be_written_for_10_ms_after_its_step_and_never_100_ms_after_the_last_frame(field):
    deadline = Deadline()
    rig = Rig()
    rig.core.deadline = deadline
    rig.pulsing()
    if field == "now":
        rig.step(controller=rig.frame())
        assert deadline.us == rig.now_us + 10_000
    else:
        rig.controller_runs = False
        last_us = rig.now_us - rig.now_us % CYCLE_US
        rig.run(95)
        assert rig.is_armed
        assert deadline.us == last_us + 100_000


def test_results_are_told_once_each_and_in_order():
    rig = Rig().pulsing()
    told = []
    for _ in range(50):
        status = rig.status
        rig.core.fill_results(status)
        told += [(r.channel, r.sequence) for r in status.results[: status.results_n]]
        rig.run(20)
    numbers = [sequence for _, sequence in told]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 40


@pytest.mark.parametrize(
    ("gaps_us", "taken"),
    [
        ([5_000] * 5, [True] * 5),
        ([2_500] * 9, [True] * 9),
        ([1] * 5, [True, True, True, False, False]),
        ([0], [False]),
        ([-1], [False]),
        ([90_000, 1, 1, 1, 1], [True, True, True, True, False]),
        ([1, 1, 1, 1, 1, 7_500], [True, True, True, False, False, True]),
    ],
)
def test_cycles_keep_their_pace(gaps_us, taken):
    pace = Pace()
    at_us = 1_000_000
    assert pace.take(at_us)
    found = []
    for gap_us in gaps_us:
        at_us += gap_us
        found.append(pace.take(at_us))
    assert found == taken


@pytest.mark.parametrize(("gap_us", "is_slow"), [(5_600, False), (9_900, False), (10_100, True)])
def test_a_cycle_is_late_by_when_it_came_however_often_the_guardian_woke_meanwhile(gap_us, is_slow):
    rig = Rig().run(400)
    rig.arm()
    rig.swings_from_us = 1 << 62
    wake_us = 5_300  # the guardian wakes by itself if nothing comes
    for at_us in [gap for _ in range(5) for gap in (4_900, gap_us)]:
        due_us = rig.now_us + at_us
        while rig.now_us + wake_us < due_us:
            rig.now_us += wake_us
            rig.core.step(rig.now_us)
        rig.now_us = due_us
        rig.core.step(due_us, Incoming(controller=(rig.frame(),)))
    assert (rig.guard.supervisor.fault_id == faults.LOOP_OVERRUN) is is_slow
    assert rig.is_armed is not is_slow
