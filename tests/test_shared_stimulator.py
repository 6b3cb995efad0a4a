"""One driver for two guards: who may stop it, whose channels are whose, and whose time it is."""

from firmware_py.read_back import small_pulse_reads_back
from firmware_py.shared_stimulator import LegCheck, shared
from safety.pulse import PulseRequest
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck


class Driver(ScienceMode4):
    """The real one, ready, that writes down what it is told."""

    __slots__ = ("is_on", "told")

    def __init__(self):
        super().__init__()
        self.told = []
        self.is_on = True

    def is_ready(self):
        return self.is_on

    def can_pulse(self):
        return self.is_on

    def start(self):
        self.told.append("start")
        return True

    def stop(self):
        self.told.append("stop")

    def step(self, dt_us):
        self.told.append(dt_us)
        return 3


def test_it_is_stopped_when_neither_leg_wants_it():
    driver = Driver()
    left, right = shared(driver, 4)
    for one in (left, right):
        assert not one.is_ready()
        assert not one.can_pulse()
    left.start()
    right.start()
    left.stop()
    assert driver.told == ["start", "start"]
    assert not left.is_ready()
    assert right.is_ready()
    assert right.can_pulse()
    right.stop()
    assert driver.told[2:] == ["stop"]
    right.stop()
    assert driver.told[3:] == ["stop"], "and again, as often as it is said"


def test_its_time_passes_once():
    driver = Driver()
    left, right = shared(driver, 4)
    assert (left.step(1_000), right.step(1_000)) == (3, 0)
    assert driver.told == [1_000]


def test_each_leg_has_its_own_outputs_and_no_other():
    driver = Driver()
    left, right = shared(driver, 4)
    check = FrameCheck()
    for one, first in ((left, 0), (right, 4)):
        assert one.encode_pulse(0, 1_000, 100, 0) == 0, "not before it is wanted"
        one.start()
        for channel in range(4):
            n = one.encode_pulse(channel, 10_000, 300, 100, -1)
            assert check.read(one.tx, n)
            assert (check.channel, check.current_ua, check.shape) == (first + channel, 10_000, -1)
        assert one.encode_pulse(4, 1_000, 100, 0) == 0
        assert one.encode_pulse(-1, 1_000, 100, 0) == 0
    assert left.quantise_current_ua(7_900, 4) == 6_000
    assert left.tx is driver.tx


def test_the_check_of_one_leg_knows_the_others_pulse_as_not_its_own():
    driver = Driver()
    left, right = shared(driver, 4)
    left.start()
    right.start()
    checks = LegCheck(FrameCheck(), 0), LegCheck(FrameCheck(), 4)
    request = PulseRequest()
    for one, own, other in ((left, checks[0], checks[1]), (right, checks[1], checks[0])):
        assert small_pulse_reads_back(one, own, request)
        assert not small_pulse_reads_back(one, other, request)
        n = one.encode_pulse(2, 12_000, 250, 60, 4)
        assert own.read(driver.tx, n)
        found = (own.channel, own.current_ua, own.width_us, own.gap_us, own.shape, own.net_charge_pc)
        assert found == (2, 12_000, 250, 60, 4, 0)
        assert own.is_pulse
        assert own.can_stimulate
    assert not checks[0].read(bytearray(64), 20)
    assert checks[0].can_stimulate


def test_fault_and_state_are_those_of_the_device():
    driver = Driver()
    left, right = shared(driver, 4)
    driver.port_gone()
    assert left.fault == right.fault == driver.fault != 0
    assert left.state == right.state == driver.state
    right.clear_fault()
    assert left.fault == 0
    left.port_gone()
    assert right.fault != 0
    driver.pulses_acked = 7
    assert left.pulses_acked == right.pulses_acked == 7


def test_whoever_reads_the_port_the_driver_hears_it():
    driver = Driver()
    for one in shared(driver, 4):
        before = driver.reader.errors
        one.receive(bytearray(b"\xf0\x81\x55\x81\x55\x0f"), 6)
        assert driver.reader.errors > before
        one.start()
        one.encode_pulse(0, 1_000, 100, 0)
        one.pulse_written()
        assert driver._pulse_packet >= 0
        driver._pulse_packet = -1
