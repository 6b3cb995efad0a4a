"""What tests of the safety layer share: a person who arms on purpose, and a guard with a stimulator behind it."""

from firmware_py.blackbox import NoLog
from firmware_py.guard import Guard
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from safety.limits import make_limits
from safety.pulse import PulseRequest
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck

MASK = 2**30 - 1
T0_US = 2**30 - 300_000  # the clock wraps while the device is being connected
STEP_US = 1_000
CYCLE_US = 5_000
STOP_N = 12  # bytes of ll_stop


class Rig:
    """A guard, an emulated P24 behind it, and a stand-in for the controller."""

    def __init__(self, driver=None, check=None, *, was_checked=True, plateau_nc=1, unused=(), **device):
        self.device = P24(ack_latency_us=(2_000, 2_000), **device)
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        self.driver = driver or ScienceMode4()
        self.guard = Guard(
            tuple(
                make_limits(plateau_nc=plateau_nc, current_max_ua=0 if channel in unused else 60_000)
                for channel in (0, 1)
            ),
            self.driver,
            check or FrameCheck(),
            self.port,
            NoLog(),
            has_imu=False,
            has_switch=False,
            was_checked=was_checked,
        )
        self.gate = self.guard.gate
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
                self.guard.take_mode(self.guard.supervisor.mode)  # whoever it is armed for asks
                self.guard.cycle_finished(self.cycle)
                self.cycle += 1
            self.guard.step(self.t_us)
            self.link.pump(self.now_us, self.port.written_total)
        return self

    def ready(self):
        self.guard.open()
        self.run(400)
        assert self.driver.is_ready()
        return self

    def armed(self):
        self.ready()
        self.cycle = 0
        assert arm_on_purpose(self.guard)
        return self.run(5)

    def ask(self, channel=0, current_ua=7_000, in_us=0, **fields):
        request = PulseRequest()
        request.sequence = self.sequence[channel]
        self.sequence[channel] += 1
        request.channel = channel
        request.fire_at_us = (self.t_us + in_us) & MASK
        request.current_ua = current_ua
        request.width_us = 300
        request.gap_us = 100
        for name, value in fields.items():
            setattr(request, name, value)
        self.guard.take(request)
        return self

    @property
    def last(self):
        return self.guard.results[(self.guard.results_total - 1) % len(self.guard.results)]

    @property
    def delivered(self):
        return [(p.channel, p.current_ma, p.width_us, p.gap_us) for p in self.device.pulses]


class LyingDriver(ScienceMode4):
    """An encoder with a bug: it builds another pulse than it was told to."""

    def __init__(self):
        super().__init__()
        self.lie = lambda *pulse: pulse

    def encode_pulse(self, *pulse):
        """Build something else than channel, current_ua, width_us, gap_us, shape."""
        return super().encode_pulse(*self.lie(*pulse))


def arm_on_purpose(guard: Guard) -> bool:
    """Do what a person does to arm; True if the guard is armed then."""
    guard.acknowledge()
    return guard.arm()
