"""Test bursts over the radio: they end 600 ms after the client was last alive, whatever the radio does with beats."""

import pytest

from firmware_py.link import ops
from firmware_py.link.loop_device import LoopDevice
from firmware_py.link.session import Session
from hw_sim.check_flow import seated
from hw_sim.seated import SeatedLeg
from tests.link_rig import Rig
from tests.mpy.link_session import ABOUT, FEATURES, PEER, Dice, Eyes, RingLog, Talk, changed, new_store

OFF_WITHIN_US = 600_000


def held(rig):
    talk = rig.therapist()
    reply = talk.ask(ops.HOLD, 0, 100_000)
    assert reply.result == ops.OK
    return talk, reply.values.token, reply.values.ticket


def test_a_beat_needs_the_token_of_this_press_and_the_newest_ticket():
    rig = Rig()
    talk, token, ticket = held(rig)
    assert talk.ask(ops.BEAT, token ^ 1, ticket).result == ops.STALE
    assert talk.ask(ops.BEAT, token, (ticket + 1) & 0xFFFF).result == ops.STALE
    assert rig.device.told.count("beat") == 0
    reply = talk.ask(ops.BEAT, token, ticket)
    assert reply.values.ticket == (ticket + 1) & 0xFFFF
    assert talk.ask(ops.BEAT, token, ticket).result == ops.STALE, "each ticket serves once"
    assert rig.device.told.count("beat") == 1


def test_a_press_without_a_beat_is_released_after_575_ms():
    rig = Rig()
    held(rig)
    rig.pass_s(0.575, step_us=5_000)
    assert rig.session.bursts.is_held
    rig.pass_s(0.005, step_us=5_000)
    assert not rig.session.bursts.is_held
    assert rig.device.told[-1] == "release"


def test_a_beat_counts_from_when_its_ticket_was_made_not_from_when_it_came():
    rig = Rig()
    talk, token, ticket = held(rig)
    rig.pass_s(0.4, step_us=5_000)  # the radio kept the beat for so long
    assert talk.ask(ops.BEAT, token, ticket).result == ops.OK
    assert rig.session.bursts.left_us == 175_000
    rig.pass_s(0.18, step_us=5_000)
    assert not rig.session.bursts.is_held


def test_a_late_beat_does_not_bring_a_burst_back():
    rig = Rig()
    talk, token, ticket = held(rig)
    rig.pass_s(0.6, step_us=5_000)
    assert talk.ask(ops.BEAT, token, ticket).result == ops.STALE
    assert not rig.session.bursts.is_held


def test_a_second_press_needs_the_first_one_released_and_has_another_token():
    rig = Rig()
    talk, token, _ = held(rig)
    assert talk.ask(ops.HOLD, 1, 100_000).result == ops.WRONG_STATE
    assert talk.ask(ops.RELEASE).result == ops.OK
    again = talk.ask(ops.HOLD, 1, 100_000)
    assert again.values.token != token


def test_a_channel_that_is_not_there_is_refused_with_the_devices_sentence():
    rig = Rig()
    talk = rig.therapist()
    reply = talk.ask(ops.HOLD, 2, 100_000)
    assert (reply.result, reply.sentence[:12]) == (ops.BAD_VALUE, "channel is 2")
    assert not rig.session.bursts.is_held


def test_release_says_what_the_burst_showed():
    rig = Rig()
    talk, _, _ = held(rig)
    assert tuple(talk.ask(ops.RELEASE).values) == (1, 2, 3, 77, -1234, 2345)


@pytest.mark.parametrize("how", ["lost link", "lock", "hello", "stop", "wrong PIN"])
def test_the_button_is_up_at_once_when(how):
    rig = Rig()
    talk, _, _ = held(rig)
    rig.device.told.clear()
    if how == "lost link":
        rig.session.disconnected()
    elif how == "lock":
        talk.ask(ops.LOCK)
    elif how == "hello":
        talk.hello()
    elif how == "stop":
        talk.send(bytes.fromhex("01003f00"))
    else:
        talk.unlock(key=bytes(32))
    assert "release" in rig.device.told
    assert not rig.session.bursts.is_held


def test_a_button_at_the_device_is_not_let_go_by_a_radio_that_holds_none():
    rig = Rig()
    rig.therapist()
    rig.device.told.clear()
    rig.session.disconnected()
    assert "release" not in rig.device.told


# With the real loop, guard, driver and stimulator ---------------------------------------------------


class Bedside:
    """A seated person's device in virtual time, a session beside its loop, a therapist who talks to it."""

    def __init__(self):
        self.seat = seated(SeatedLeg(side="right"))
        self.world = self.seat.world
        self.device = LoopDevice(self.world.loop)
        self.session = Session(
            self.device, new_store(), Dice(), Eyes(), RingLog(), about=ABOUT, features=FEATURES
        )
        self.talk = Talk(self.session)
        self.session.connected(PEER)
        self.session.mtu = 247
        self.session.secured()
        self.talk.hello()
        self.talk.unlock()
        self.session_runs = True
        self.run_ms(1_000)

    def run_ms(self, ms):
        for _ in range(ms // 5):
            self.world.advance(5_000)
            if self.session_runs:
                self.device.after_cycle(self.world.t_us, self.session.telemetry)
                self.session.step(self.world.t_us, 5_000)

    def arm(self):
        self.talk.ask(ops.ACKNOWLEDGE)
        assert self.talk.ask(ops.ARM_TEST).result == ops.OK
        self.run_ms(1_000)
        assert self.session.status.armed == 2

    def hold(self):
        self.arm()
        values = self.talk.ask(ops.HOLD, 0, 100_000).values
        self.token, self.ticket = values.token, values.ticket

    def beat(self):
        self.ticket = self.talk.ask(ops.BEAT, self.token, self.ticket).values.ticket

    def last_pulse_us(self):
        return self.seat.device.pulses[-1].start_us


@pytest.mark.parametrize("dead", ["link cut", "client killed", "client stalled", "link process frozen"])
def test_current_is_off_within_600_ms_of_the_last_life_sign(dead):
    bed = Bedside()
    bed.hold()
    for _ in range(4):
        bed.run_ms(200)
        bed.beat()
    alive_us = bed.world.now_us
    if dead == "link cut":
        bed.session.disconnected()
    elif dead == "link process frozen":
        bed.session_runs = False
    bed.run_ms(2_000)
    assert bed.last_pulse_us() > alive_us - 50_000, "it did stimulate until then"
    assert bed.last_pulse_us() - alive_us <= OFF_WITHIN_US


def test_beats_that_the_radio_delays_end_the_burst_within_600_ms_of_their_making():
    bed = Bedside()
    bed.hold()
    bed.run_ms(200)
    bed.beat()
    made_us = bed.world.now_us  # the client answers this ticket at once and dies; the radio keeps the beat
    bed.run_ms(350)
    assert bed.talk.ask(ops.BEAT, bed.token, bed.ticket).result == ops.OK
    bed.run_ms(2_000)
    assert 500_000 <= bed.last_pulse_us() - made_us <= OFF_WITHIN_US


def test_a_burst_that_is_held_with_beats_lasts_2_s_and_shows_the_right_movement():
    bed = Bedside()
    bed.hold()
    began_us = bed.world.now_us
    for _ in range(10):
        bed.run_ms(200)
        bed.beat()
    bed.run_ms(500)
    values = bed.talk.ask(ops.RELEASE).values
    assert values.verdict == 0, "right"
    assert values.granted > 60
    assert values.ended_by == 2, "time is up"
    assert bed.last_pulse_us() - began_us <= 2_000_000


def test_a_trial_ends_although_a_test_burst_was_held():
    bed = Bedside()
    wanted = changed(bed.device.prescription(), 0, current_ua=20_000)
    bed.talk.stage(wanted, 1)
    assert bed.talk.ask(ops.COMMIT, 1, 1).result == ops.OK
    bed.hold()
    bed.run_ms(200)
    bed.session.disconnected()
    assert not bed.session.changes.is_ending_due
    assert bed.device.prescription() == wanted
    assert bed.world.loop.guard.stops == 0


def test_a_trial_whose_time_is_up_ends_and_lets_a_held_test_burst_go():
    bed = Bedside()
    wanted = changed(bed.device.prescription(), 0, current_ua=20_000)
    bed.talk.stage(wanted, 1)
    assert bed.talk.ask(ops.COMMIT, 1, 1).result == ops.OK
    bed.hold()
    bed.session.changes.trial.start(1)  # instead of 600 s
    for _ in range(4):
        bed.run_ms(200)
        bed.beat()
    bed.run_ms(300)
    assert bed.session.bursts.is_held
    bed.session.work()
    assert not bed.session.bursts.is_held
    assert not bed.session.changes.is_ending_due
    assert bed.device.prescription() == wanted, "less than before stays less"
    assert bed.world.loop.guard.stops == 0


def test_stop_over_the_radio_ends_a_burst_within_one_cycle_and_a_pulse():
    bed = Bedside()
    bed.hold()
    for _ in range(4):
        bed.run_ms(200)
        bed.beat()
    bed.talk.send(bytes.fromhex("01003f00"))
    stopped_us = bed.world.now_us
    bed.run_ms(1_000)
    assert bed.last_pulse_us() - stopped_us <= 20_000
    assert bed.world.loop.guard.stops == 1
