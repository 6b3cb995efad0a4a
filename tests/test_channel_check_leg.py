"""The check of leg and channels as a whole: seated legs of all kinds pass, and each mistake of a helper is caught."""

from collections import Counter
from itertools import pairwise

import pytest

from firmware_py import channel_check
from hw_sim.check_flow import AFTER_US, Seat, burst_of, check_channels, seated
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.faulty_sensors import TURNED, UPSIDE_DOWN
from hw_sim.leg import Leg
from hw_sim.seated import OTHER_LEG, SWAPPED, SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.tally import tally_rows
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from safety import faults, reasons, supervisor
from stimulator import test_burst as burst_module
from stimulator.prescription import default_prescription

SIDES = ("right", "left")


def names(findings):
    return tuple(channel_check.VERDICT_NAMES[found.verdict] for found in findings)


def may_walk(seat: Seat) -> bool:
    """Whether the device lets itself be armed for walking now (it needs a moment to wake up)."""
    for _ in range(200):
        if seat.world.loop.arm_walk():
            return True
        seat.world.advance(5_000)
    return False


@pytest.mark.parametrize(("severity", "seed"), [("healthy", 1), ("mild", 2), ("flaccid", 5)])
@pytest.mark.parametrize("side", SIDES)
def test_a_seated_leg_with_everything_in_its_place_passes(side, severity, seed):
    seat = seated(SeatedLeg(side=side, severity=severity, seed=seed))
    tibialis, peroneal = check_channels(seat.world)
    assert names([tibialis, peroneal]) == ("right", "right")
    assert tibialis.lift_deg > 15
    assert tibialis.evert_deg < 0 < 15 < peroneal.evert_deg
    assert min(tibialis.granted, peroneal.granted) >= 70
    assert seat.world.loop.guard.supervisor.is_checked
    assert may_walk(seat)


def test_a_check_that_fails_takes_back_one_that_passed():
    seat = seated(SeatedLeg())
    assert names(check_channels(seat.world)) == ("right", "right")
    seat.leg.wiring = SWAPPED
    seat.world.advance(6_000_000)
    assert names(check_channels(seat.world))[0] == "swapped"
    assert not may_walk(seat)


def test_without_the_check_nobody_walks():
    seat = seated(SeatedLeg())
    seat.world.loop.guard.acknowledge()
    assert not may_walk(seat)
    burst_of(seat.world, 0, 1_900_000)
    seat.world.loop.guard.channels_checked()
    assert not may_walk(seat), "one channel of two"


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("severity", ["mild", "flaccid"])
def test_swapped_leads_are_found(side, severity):
    seat = seated(SeatedLeg(side=side, severity=severity, wiring=SWAPPED))
    found = names(check_channels(seat.world))
    assert found[0] == "swapped"
    assert found[1] != "right"
    assert not may_walk(seat)


@pytest.mark.parametrize("side", SIDES)
def test_electrodes_on_the_leg_without_the_sensor_are_found(side):
    seat = seated(SeatedLeg(side=side, wiring=OTHER_LEG))
    assert names(check_channels(seat.world)) == ("no response", "no response")
    assert not may_walk(seat)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("severity", ["healthy", "flaccid"])
def test_a_device_that_is_set_to_the_other_side_is_found(side, severity):
    wrong = "left" if side == "right" else "right"
    seat = seated(SeatedLeg(side=side, severity=severity), side=wrong)
    assert names(check_channels(seat.world))[1] in ("opposite", "swapped")
    assert not may_walk(seat)


@pytest.mark.parametrize("kind", [TURNED, UPSIDE_DOWN])
@pytest.mark.parametrize("side", SIDES)
def test_a_sensor_that_is_strapped_on_the_wrong_way_round_is_found(kind, side):
    seat = seated(SeatedLeg(side=side))
    seat.sensors.begin(kind)
    assert names(check_channels(seat.world))[0] == "opposite"
    assert not may_walk(seat)


@pytest.mark.parametrize("channel", [0, 1])
def test_an_open_lead_ends_the_burst_with_its_fault(channel):
    seat = seated(SeatedLeg())
    seat.load.set_case(channel, "open")
    found = check_channels(seat.world)[channel]
    assert found.verdict == channel_check.INCOMPLETE
    assert found.ended_by == burst_module.NOT_ARMED
    assert found.fault_id == faults.LEAD_OPEN
    assert not may_walk(seat)


def test_an_open_lead_below_the_current_at_which_the_device_can_see_it_gives_no_response():
    seat = seated(SeatedLeg())
    seat.load.set_case(0, "open")
    found = check_channels(seat.world, current_max_ua=14_500)
    assert found[0].verdict == channel_check.NO_RESPONSE
    assert not may_walk(seat)


def test_a_current_below_the_motor_threshold_gives_no_response_and_more_of_it_passes():
    seat = seated(SeatedLeg())
    assert names(check_channels(seat.world, current_max_ua=10_000)) == ("no response", "no response")
    assert not seat.world.loop.guard.supervisor.is_checked
    seat.world.advance(6_000_000)  # somebody mends what was wrong
    assert names(check_channels(seat.world)) == ("right", "right")


def test_a_foot_that_moves_before_the_burst_is_tested_again():
    seat = seated(SeatedLeg())

    def wriggle(channel):
        seat.leg.push_nm = 1.5
        seat.world.advance(300_000)
        seat.leg.push_nm = 0.0

    assert names(check_channels(seat.world, before_press=wriggle)) == ("moved before", "moved before")
    assert not may_walk(seat)
    seat.world.advance(6_000_000)
    assert names(check_channels(seat.world)) == ("right", "right")


def test_with_the_sensor_on_the_shank_a_person_has_to_confirm_each_channel():
    for confirms, passes in ((lambda _: False, False), (lambda channel: channel == 0, False), (bool, False)):
        seat = seated(SeatedLeg(), place="shank")
        assert names(check_channels(seat.world, confirms=confirms)) == ("not visible", "not visible")
        assert may_walk(seat) == passes
    seat = seated(SeatedLeg(), place="shank")
    found = check_channels(seat.world, confirms=lambda channel: seat.leg.muscles[channel].pulses_total > 50)
    assert [f.is_confirmed for f in found] == [True, True]
    assert may_walk(seat)


def test_a_confirmation_does_not_overrule_what_the_sensor_saw():
    seat = seated(SeatedLeg(wiring=SWAPPED))
    found = check_channels(seat.world, confirms=lambda _: True)
    assert [f.is_confirmed for f in found] == [False, False]
    assert not may_walk(seat)


def test_with_a_heel_switch_the_check_passes_though_the_heel_hangs_in_the_air():
    seat = seated(SeatedLeg(), has_switch=True)
    assert all(found.is_right for found in check_channels(seat.world))
    assert may_walk(seat)


def test_pulses_rise_from_zero_on_one_channel_and_none_is_lowered_or_refused():
    seat = seated(SeatedLeg())
    for channel in (0, 1):
        seat.world.loop.guard.acknowledge()
        seat.world.advance(6_000_000)
        before = len(seat.device.pulses)
        burst_of(seat.world, channel, 3_000_000)
        pulses = seat.device.pulses[before:]
        assert {p.channel for p in pulses} == {channel}
        assert pulses[0].current_ma <= 1.5
        assert max(b.current_ma - a.current_ma for a, b in pairwise(pulses)) <= 1.5
        assert pulses[-1].start_us - pulses[0].start_us < 2_000_000, "though the button was held for 3 s"
        assert pulses[-1].start_us - pulses[0].start_us > 1_850_000
    tally = tally_rows(bytes(seat.world.rows + seat.world.ring.drain()))
    assert (tally.lowered, tally.refused) == (0, Counter())
    assert tally.granted == len(seat.device.pulses)


@pytest.mark.parametrize("after_ms", [100, 600, 1000, 1700])
def test_a_stop_is_obeyed_at_once_and_nothing_resumes_while_the_button_is_down(after_ms):
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(1_000_000)
    while not loop.arm_test():
        seat.world.advance(5_000)
    loop.burst.hold(0)
    for _ in range(after_ms // 100):
        loop.burst.beat()
        seat.world.advance(100_000)
    loop.guard.stop()
    stop_us = seat.world.now_us
    for _ in range(40):
        loop.burst.beat()
        loop.burst.hold(0)
        loop.arm_test()
        seat.world.advance(50_000)
    assert seat.device.pulses[-1].start_us <= stop_us + 20_000
    assert loop.guard.supervisor.state == supervisor.ARMED, "armed again, but nobody pressed again"


@pytest.mark.parametrize("cut_ms", [0, 195, 200, 700, 1200])
def test_the_output_is_off_within_600_ms_of_a_cut(cut_ms):
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(1_000_000)
    while not loop.arm_test():
        seat.world.advance(5_000)
    loop.burst.hold(0)
    for ms in range(0, cut_ms + 1, 5):
        if ms % 200 == 0:
            loop.burst.beat()
        if ms < cut_ms:
            seat.world.advance(5_000)
    cut_us = seat.world.now_us
    seat.world.advance(2_000_000)
    assert seat.device.pulses[-1].start_us <= cut_us + 600_000
    assert loop.burst.envelope.ended_by == burst_module.BEAT_LOST


def test_a_test_that_was_armed_but_gave_no_pulse_does_not_stay_armed():
    seat = seated(SeatedLeg())
    seat.world.loop.guard.acknowledge()
    found = burst_of(seat.world, 0, 1_000_000, current_max_ua=0)
    assert found.granted == 0
    assert found.verdict == channel_check.INCOMPLETE
    assert seat.world.loop.guard.supervisor.state == supervisor.READY


def standing_world(**settings):
    leg = Leg(WalkerSettings(severity="severe", seed=3, **settings))
    device = P24(
        load=ElectrodeLoad(), on_pulse=lambda p: leg.deliver(p.start_us, p.channel, p.reached_ma, p.width_us)
    )
    link = MemoryLink(device)
    world = World(
        sensors=SimSensors(leg, place="foot", t_us_start=T_START_US, has_heel=False),
        port=link.open_port(),
        link=link,
        prescription=default_prescription(),
        place="foot",
        has_switch=False,
        leg=leg,
    )
    world.connect()
    world.loop.guard.acknowledge()
    return world, device


def test_walking_after_a_test_and_a_test_after_walking_lose_no_pulse_to_their_numbers():
    world, device = standing_world(stand_s=6.0, stop_s=16.0)
    assert burst_of(world, 0, 1_950_000).granted > 70
    while not world.loop.arm_walk():
        world.advance(5_000)
    assert world.loop.cycle.scheduler is world.loop.walk
    before = len(device.pulses)
    world.advance(20_000_000 - world.now_us)
    assert len(device.pulses) - before > 300
    assert not world.loop.arm_test(), "never while armed for walking"
    world.advance(100_000)
    assert world.loop.cycle.scheduler is world.loop.walk
    world.loop.guard.stop()
    found = burst_of(world, 1, 1_950_000)
    assert found.granted > 70
    refused = tally_rows(bytes(world.rows + world.ring.drain())).refused
    assert refused[reasons.REPEATED] == 0, refused


def test_the_walk_does_not_begin_in_the_middle_of_a_swing_that_a_test_has_seen():
    world, device = standing_world(stand_s=3.0)
    while not world.loop.arm_test():
        world.advance(5_000)
    while not world.loop.cycle.detector.state.swing:  # the person walks off in the middle of the test
        world.advance(5_000)
    world.advance(100_000)
    assert device.pulses == []
    world.loop.guard.stop()
    while not world.loop.arm_walk():
        world.advance(5_000)
    was_swing = world.loop.cycle.detector.state.swing
    while was_swing and world.loop.cycle.detector.state.swing:
        world.advance(5_000)
        assert device.pulses == []
    world.advance(6_000_000)
    assert device.pulses, "the next steps are helped"


def test_the_flow_waits_long_enough_to_see_the_burst_end():
    seat = seated(SeatedLeg())
    seat.world.loop.guard.acknowledge()
    seat.world.advance(1_000_000)
    burst_of(seat.world, 0, 1_000_000)
    assert seat.device.pulses[-1].start_us < seat.world.now_us - AFTER_US + 10_000


def test_a_stop_while_the_test_is_being_armed_ends_the_asking():
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(1_000_000)
    loop.guard.stop()  # the stimulator is off and takes a moment to wake

    asked = []
    plain = loop.arm_test

    def arm_test() -> bool:
        asked.append(seat.world.now_us)
        if len(asked) == 3:
            loop.guard.stop()
        return plain()

    loop.arm_test = arm_test
    found = burst_of(seat.world, 0, 500_000)
    assert len(asked) == 3
    assert seat.device.pulses == []
    assert found.verdict == channel_check.INCOMPLETE
    assert not loop.guard.gate.armed


def test_an_arm_for_a_test_is_no_way_to_walk():
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(500_000)
    while not loop.arm_test():
        seat.world.advance(5_000)
    assert not loop.arm_walk()
    seat.world.advance(50_000)
    assert loop.cycle.scheduler is loop.burst
    seat.world.advance(11_000_000)
    assert not loop.guard.gate.armed
    assert seat.device.pulses == []
