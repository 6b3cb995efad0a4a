"""Three ways to the emulated stimulator: the same rows and pulses, however time is cut and whoever sleeps."""

import random
import time

import pytest

from hw_sim.demo import demo_prescription
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.transports import TRANSPORTS, Transport, way_to
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from stimulator.drivers import devices
from tests.decided_rows import decided


class Walk:
    """A severe foot drop that walks with help over one transport."""

    def __init__(self, transport: Transport = "memory", seed=1, deliver_hook=None):
        self.leg = Leg(WalkerSettings(severity="severe", seed=seed, stand_s=1.2), keeps_trace=False)
        self.hook = deliver_hook
        self.load = ElectrodeLoad()
        self.way = way_to(
            devices.choose(devices.P24), transport, load=self.load, seed=seed, on_pulse=self.deliver
        )
        self.world = World(
            sensors=SimSensors(self.leg, place="foot", t_us_start=T_START_US),
            port=self.way.port,
            link=self.way.link,
            driver=self.way.driver,
            check=self.way.check,
            prescription=demo_prescription(),
            place="foot",
            has_switch=True,
            leg=self.leg,
        )
        self.world.connect()
        self.world.advance(1_000_000 - self.world.now_us)
        self.world.arm()

    def deliver(self, pulse):
        if self.hook:
            self.hook()
        self.leg.deliver(pulse.start_us, pulse.channel, pulse.reached_ma, pulse.width_us)

    def outcome(self):
        """Close; return (the decisions in the black box, every pulse)."""
        self.world.close()
        self.way.close()
        return decided(bytes(self.world.rows)), list(self.way.device.pulses)


def broken(walk, what):
    """Let something break in mid-walk."""
    device = walk.way.device
    if what == "open lead":
        device.set_open_channels(0)
    elif what == "half lifted pad":
        walk.load.set_case(0, "half lifted")
    elif what == "late answers":
        device.faults.late_us = 20_000
    elif what == "no answers":
        device.faults.drop_answers = True
    elif what == "broken answers":
        device.faults.corrupt_checksum = True
    elif what == "noise":
        device.faults.noise = b"\x00\x55\xf0\x0f"
    elif what == "wrong packet":
        device.faults.wrong_packet_number = True
    elif what == "silence":
        device.faults.silent = True
    elif what == "busy":
        device.faults.busy = True
    elif what == "no power":
        device.power_cycle(walk.world.now_us)
    elif what == "unplugged":
        walk.way.link.unplug()
    elif what == "stop":
        walk.world.act(walk.world.loop.guard.stop)


BROKEN = (
    *("nothing", "open lead", "half lifted pad", "late answers", "no answers", "broken answers", "noise"),
    *("wrong packet", "silence", "busy", "no power", "unplugged", "stop"),
)


@pytest.mark.parametrize("what", BROKEN)
def test_the_same_pulses_flow_whatever_breaks_and_however_they_travel(what):
    found = {}
    for transport in TRANSPORTS:
        walk = Walk(transport)
        walk.world.advance(4_300_000)
        broken(walk, what)
        walk.world.advance(1_500_000)
        found[transport] = walk.outcome()
    assert len(found["memory"][1]) > 10
    assert found["request"] == found["memory"] == found["pty"]


def test_the_length_of_the_steps_in_which_time_moves_changes_nothing():
    steps = random.Random(1)
    once, often = Walk(), Walk()
    once.world.advance(4_000_000)
    while often.world.now_us < once.world.now_us:
        often.world.advance(min(steps.randrange(1, 9_000), once.world.now_us - often.world.now_us))
    assert once.outcome() == often.outcome()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_machine_that_stalls_at_random_gives_the_same_bytes(transport):
    stalls = random.Random()

    def stall():
        if stalls.random() < 0.05:
            time.sleep(stalls.random() * 0.01)  # wall clock: that is what must not matter

    plain, stalled = Walk(transport), Walk(transport, deliver_hook=stall)
    for walk in (plain, stalled):
        walk.world.advance(4_000_000)
    assert plain.outcome() == stalled.outcome()


def test_another_seed_is_another_walk():
    walks = [Walk(seed=seed) for seed in (1, 2)]
    for walk in walks:
        walk.world.advance(4_000_000)
    first, second = (walk.outcome() for walk in walks)
    assert first[0] != second[0]
    assert first[1] != second[1]
