"""A ScienceMode 4 driver and an emulated P24 on one bench."""

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck
from tests import device_bench
from tests.device_bench import CYCLE_US, MemoryLink, low_level_left_on, mid_level_left_on

__all__ = ["CYCLE_US", "low_level_left_on", "mid_level_left_on"]  # for the tests

ALL_STATES = range(10)
PULSE, LL_STOP, ML_STOP, STATUS, DEVICE_ID, VERSION, LL_INIT = 2, 4, 34, 62, 52, 68, 0


class Bench(device_bench.Bench):
    """See `device_bench`; with another `kind` of device come its driver and check."""

    def __init__(self, link_kind=MemoryLink, *, kind=P24, driver=None, check=None, **device):
        super().__init__(kind(**device), driver or ScienceMode4(), check or FrameCheck(), link_kind)

    def pulses(self, n: int, every_cycles: int = 5):
        """Send n pulses on alternating channels, one each `every_cycles` cycles."""
        for i in range(n):
            assert self.pulse(i % 2)
            self.cycle(every_cycles)


def answer(bench, packet_number, command, data):
    frame = bytearray(encode_frame(packet_number, command, data))
    bench.driver.receive(frame, len(frame))


def go_to(bench, state):
    """Bring the driver into `state` by the ordinary way."""
    if state == states.OFF:
        return
    if state == states.STOP_LOW:
        low_level_left_on(bench)
    if state == states.STOP_MID:
        mid_level_left_on(bench)
    bench.driver.start()
    if state in (states.STOPPING, states.FAULT):
        bench.cycle_until(states.READY)
        if state == states.STOPPING:
            bench.driver.stop()
        else:
            bench.device.set_open_channels(0)
            assert bench.pulse()
            bench.cycle(4)
    bench.cycle_until(state)
