"""The guard when a person, the controller or the stimulator does what nobody planned."""

import pytest

from safety import faults, reasons, supervisor
from safety.limits import make_limits
from stimulator.drivers.sciencemode4_check import FrameCheck
from tests.safety_rig import Rig, arm_on_purpose


def test_what_was_asked_before_an_arm_does_not_wait_for_it():
    rig = Rig().ready()
    rig.ask(in_us=9_000)
    rig.cycle = 0
    assert arm_on_purpose(rig.guard)
    rig.run(200)
    assert rig.delivered == []


def test_a_request_for_a_time_far_ahead_is_refused():
    rig = Rig().armed()
    rig.ask(in_us=10_001)
    assert rig.last.reason == reasons.TOO_EARLY
    rig.ask(in_us=10_000).run(150)
    assert len(rig.delivered) == 1


def test_two_channels_cannot_relay_each_other_into_an_endless_burst():
    rig = Rig().armed()
    for n in range(400):  # 10 s, one channel then the other, never 80 ms without a pulse
        rig.ask(channel=n // 2 % 2, current_ua=5_000).run(25)
    starts = [p.start_us for p in rig.device.pulses]
    assert starts[-1] - starts[0] <= 5_200_000


def test_a_controller_that_starts_anew_is_heard_after_a_new_arm():
    rig = Rig().armed()
    for _ in range(5):
        rig.ask(current_ua=5_000).run(25)
    rig.guard.stop()
    rig.run(100)
    rig.guard.open()
    rig.run(400)
    rig.sequence, rig.cycle = [0, 0], 0
    assert arm_on_purpose(rig.guard)
    rig.run(10)
    rig.ask(current_ua=5_000).run(25)
    assert rig.last.reason == reasons.OK


def test_a_disarmed_stimulator_has_its_high_voltage_off():
    rig = Rig().armed()
    rig.controller_runs = False
    rig.run(250)
    assert not rig.gate.armed
    assert not rig.device.is_low_level_on


def test_after_a_lost_answer_arming_again_is_enough_once_the_device_answers():
    rig = Rig().armed()
    rig.device.faults.silent = True
    rig.ask().run(300)
    assert rig.driver.fault
    rig.device.faults.silent = False
    assert not arm_on_purpose(rig.guard), "it has to be found again first"
    rig.run(600)
    rig.cycle = 0
    assert arm_on_purpose(rig.guard)


def test_an_absent_stimulator_is_named_and_not_called_a_failed_self_test():
    rig = Rig()
    rig.device.faults.silent = True
    rig.guard.open()
    rig.run(600)
    assert rig.guard.supervisor.state == supervisor.FAULT
    assert rig.guard.supervisor.fault_id == faults.SERIAL_LOST


def test_a_failed_check_of_a_plain_command_is_a_fault_of_its_own():
    class Blind(FrameCheck):
        def read(self, buf, n):
            return False

    rig = Rig(check=Blind())
    rig.guard.open()
    rig.run(50)
    assert rig.guard.supervisor.fault_id == faults.CHECK_FAILED
    assert rig.port.written_total == 0


def test_two_swings_without_the_help_that_was_asked_for_are_heard():
    rig = Rig().armed()
    for swing in (1, 0, 1, 0):
        rig.guard.take_swing(swing)
        if swing:
            rig.ask(current_ua=100)
            rig.run(3)
    assert rig.guard.sound() == supervisor.SOUND_HELD
    rig.guard.take_swing(1)
    rig.ask(current_ua=5_000).run(4)
    rig.guard.take_swing(0)
    assert rig.guard.sound() == supervisor.SOUND_NONE


@pytest.mark.parametrize(("period_us", "is_slow"), [(5_000, False), (15_000, True), (95_000, True)])
def test_a_loop_that_is_always_late_is_a_fault(period_us, is_slow):
    rig = Rig().armed()
    rig.controller_runs = False
    for _ in range(8):
        rig.run(period_us // 1000)
        rig.guard.cycle_finished(rig.cycle)
        rig.cycle += 1
    rig.run(2)
    assert (rig.guard.supervisor.fault_id == faults.LOOP_OVERRUN) is is_slow


def test_long_sessions_are_warned_of_and_end():
    rig = Rig().armed()
    rig.guard._session._s = 1_798
    rig.run(1_000)
    assert rig.guard.warnings() == 0
    rig.run(1_200)
    assert rig.guard.warnings() == 2
    rig.guard._session._s = 3_598
    rig.run(2_300)
    assert rig.guard.supervisor.fault_id == faults.SESSION_OVER
    assert not rig.gate.armed


def test_much_charge_in_an_hour_is_warned_of():
    rig = Rig().armed()
    for _ in range(83_334):
        rig.gate.ledger.add(0, make_limits(), 50_000, 300, 20_000)
    assert rig.guard.warnings() == 1


@pytest.mark.parametrize(
    ("percent", "fault_id", "pulses_after"),
    [
        (5, 0, True),
        (4, faults.BATTERY_LOW, True),
        (1, faults.BATTERY_LOW, True),
        (0, faults.BATTERY_EMPTY, False),
    ],
)
def test_a_low_battery_lets_the_burst_finish_and_an_empty_one_cuts(percent, fault_id, pulses_after):
    rig = Rig().armed()
    rig.ask().run(25)
    rig.guard.take_battery(percent)
    n = len(rig.delivered)
    for _ in range(3):
        rig.ask().run(25)
    assert (len(rig.delivered) > n) == pulses_after
    assert rig.guard.supervisor.fault_id == fault_id
    rig.run(200)  # the burst is over
    n = len(rig.delivered)
    rig.ask().run(100)
    assert (len(rig.delivered) > n) == (fault_id == 0)


@pytest.mark.parametrize(
    ("percent", "fault_id"),
    [(5, 0), (4, faults.BATTERY_LOW), (1, faults.BATTERY_LOW), (0, faults.BATTERY_EMPTY)],
)
def test_a_battery_that_is_low_at_rest_lets_nobody_arm_until_it_is_charged(percent, fault_id):
    rig = Rig().ready()
    rig.guard.take_battery(percent)
    assert rig.guard.supervisor.fault_id == 0
    rig.cycle = 0
    assert arm_on_purpose(rig.guard) == (fault_id == 0)
    assert rig.guard.supervisor.fault_id == fault_id
    rig.guard.take_battery(80)
    rig.guard.clear()
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm()


@pytest.mark.parametrize(("percent", "warns"), [(100, 0), (15, 0), (14, 4), (0, 4)])
def test_a_battery_below_15_percent_is_a_warning(percent, warns):
    rig = Rig().ready()
    rig.guard.take_battery(percent)
    assert rig.guard.warnings() == warns


def test_what_the_extension_is_granted_is_no_help_for_the_next_swing():
    rig = Rig().armed()
    rig.controller_runs = False

    def swing(swing: int, ms: int, current_ua: int) -> None:
        for _ in range(ms // 5):
            rig.guard.take_swing(swing)
            if current_ua and rig.now_us % 25_000 == 0:
                rig.ask(current_ua=current_ua)
            rig.guard.cycle_finished(rig.cycle)
            rig.cycle += 1
            rig.run(5)

    swing(1, 400, 7_000)
    swing(0, 200, 7_000)  # extension
    swing(0, 300, 0)
    for n in range(2):
        assert rig.guard.sound() == 0, n
        rig.guard.supervisor.held_by, rig.guard.supervisor._hold_left_us = faults.FALSE_BURSTS, 10_000_000
        rig.guard.supervisor.may_start_burst = False
        swing(1, 400, 7_000)
        rig.guard.supervisor._hold_left_us, rig.guard.supervisor.held_by = 0, 0
        swing(0, 500, 0)
    assert rig.guard.sound() == supervisor.SOUND_HELD


def test_arming_while_a_fault_is_latched_does_not_wake_the_stimulator():
    rig = Rig().armed()
    rig.ask().run(25)
    rig.guard.supervisor.fault(faults.CHECK_FAILED)
    rig.run(400)
    assert not rig.driver.is_ready()
    assert not rig.guard.arm()
    rig.run(400)
    assert not rig.driver.is_ready(), "until a person has cleared the fault"
    rig.guard.clear()
    rig.run(400)
    assert rig.guard.arm()


def test_after_an_open_lead_every_channel_is_tested_again():
    rig = Rig(plateau_nc=2_000).armed()
    rig.ask().run(25)
    rig.guard.supervisor.fault(faults.LEAD_OPEN)
    rig.run(100)
    rig.guard.clear()
    rig.run(400)
    rig.cycle = 0
    assert not rig.guard.arm()
    rig.guard.channels_checked()
    assert not rig.guard.supervisor.is_checked, "a word is not enough: hands were at the leads"
    for channel in (0, 1):
        assert rig.guard.arm(supervisor.TEST)
        rig.run(5)
        for _ in range(6):
            rig.ask(channel).run(25)
        rig.guard.disarm()
        rig.run(400)
        rig.guard.open()
        rig.run(400)
        rig.cycle = 0
    rig.guard.channels_checked()
    assert rig.guard.arm()


@pytest.mark.parametrize("fault_id", [faults.CHECK_FAILED, faults.DEVICE_FAULT])
def test_after_another_fault_they_are_not(fault_id):
    rig = Rig().armed()
    rig.guard.supervisor.fault(fault_id)
    rig.run(100)
    rig.guard.clear()
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm()


@pytest.mark.parametrize("end", ["stop", "disarm", "profile_changed"])
def test_whoever_asks_again_and_again_to_be_armed_sees_that_a_person_ended_it(end):
    rig = Rig().ready()
    ends = rig.guard.ends
    getattr(rig.guard, end)()
    assert rig.guard.ends == ends + 1
