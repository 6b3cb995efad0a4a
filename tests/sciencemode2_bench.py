"""A ScienceMode 2 driver and an emulated RehaStim2 on one bench."""

from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import encode_frame
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode2_check import FrameCheck
from tests import device_bench
from tests.device_bench import CYCLE_US, MemoryLink

__all__ = ["CYCLE_US"]  # for the tests

ALL_STATES = range(7)
INIT_ACK, WATCHDOG, MODE, STOP, PULSE = 2, 4, 10, 34, 36


class Bench(device_bench.Bench):
    """See `device_bench`."""

    GAP_US: int = 0

    def __init__(self, link_kind=MemoryLink, **device):
        super().__init__(RehaStim2(**device), ScienceMode2(), FrameCheck(), link_kind)

    def pulses(self, n: int):
        """Send n pulses on alternating channels, each as soon as the one before is answered."""
        for i in range(n):
            assert self.pulse(i % 2)
            while self.driver.is_ready() and not self.driver.can_pulse():
                self.cycle()
            assert self.driver.is_ready()


def answer(bench, packet_number, command, data):
    frame = bytearray(encode_frame(packet_number, command, data))
    bench.driver.receive(frame, len(frame))


def go_to(bench, state):
    """Bring the driver into `state` by the ordinary way."""
    if state == states.OFF:
        return
    if state == states.WAIT_INIT:
        bench.driver.start()
        return
    if state == states.ACCEPT:
        bench.driver.start()
        answer(bench, 0, 1, b"\x01")
        return
    bench.driver.start()
    if state in (states.STOPPING, states.FAULT):
        bench.cycle_until(states.READY)
        if state == states.STOPPING:
            bench.driver.stop()
        else:
            bench.device.set_open_channels(0)
            assert bench.pulse()
            bench.cycle(30)
    bench.cycle_until(state)
