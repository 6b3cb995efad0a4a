"""The supervisor again, where wrong versions of it passed the other tests: causes, and times to the microsecond."""

import pytest

from safety import faults
from safety import supervisor as sup
from safety.supervisor import Supervisor
from tests.test_safety_supervisor import ARMED, SETUP, STIMULATING, after

STUCK_OPEN, STUCK_CLOSED, SWITCH_SILENT, DISAGREE, FROZEN, STALE = 1, 2, 4, 5, 6, 7
LEAD_OPEN, DEVICE_FAULT = 11, 16
BATTERY_LOW, SESSION_OVER, CLOCK_JUMP = 17, 19, 23
BURST_US, LANDED_US, TEST_US, SOUND_US = 5_100_000, 1_500_000, 2_000_000, 10_000_000


def wait(s: Supervisor, us: int) -> Supervisor:
    while us > 0:
        s.advance(min(us, 100_000))
        us -= 100_000
    return s


def test_a_new_supervisor_is_off_and_expects_nothing():
    s = Supervisor()
    said = (s.state, s.may_pulse, s.may_start_burst, s.sound, s.fault_id, s.held_by)
    assert said == (sup.OFF, False, False, sup.SOUND_NONE, 0, 0)
    assert (s.mode, s.is_acknowledged, s.is_checked, s._is_ending) == (0, False, False, False)
    assert (s._after, s._after_cause, s._end_left_us, s._hold_left_us, s._sound_left_us) == (
        sup.ARMED,
        0,
        0,
        0,
        0,
    )


def test_only_five_events_are_faults_by_themselves():
    causes = {event: row[sup.CAUSE] for event, row in enumerate(sup.NEXT) if row[sup.CAUSE]}
    assert causes == {
        sup.SELF_TEST_FAILED: faults.SELF_TEST,
        sup.STOP: faults.EMERGENCY_STOP,
        sup.PROFILE_CHANGED: faults.PROFILE_CHANGE,
        sup.RESET: faults.RESTARTED,
        sup.LATCH: faults.BOOKKEEPING,
    }
    assert {row[sup.CAUSE] >= 0 for row in sup.NEXT} == {True}


def test_no_fault_has_no_time():
    none = faults.FAULTS[0]
    assert (none.react_ms, none.healthy_ms, none.is_quiet) == (0, 0, True)


@pytest.mark.parametrize("late_us", [0, 1, 99_999])
@pytest.mark.parametrize(
    ("events", "us", "state"),
    [
        (STIMULATING, BURST_US, sup.ARMED),
        ((*SETUP, sup.ARM_TEST, sup.BURST_BEGAN), TEST_US, sup.READY),
        ((*STIMULATING, sup.PAUSE, sup.STEP_ENDED), LANDED_US, sup.PAUSED),
        ((*STIMULATING, sup.PAUSE), BURST_US, sup.PAUSED),
        ((*STIMULATING, sup.STEP_ENDED), BURST_US, sup.ARMED),
    ],
)
def test_a_burst_ends_to_the_microsecond_however_long_the_last_step_is(events, us, state, late_us):
    s = wait(after(*events), us - 1)
    assert (s.state, s.may_pulse) == (sup.STIMULATING, True)
    s.advance(1 + late_us)
    assert (s.state, s.may_pulse) == (state, False)


@pytest.mark.parametrize("stop", [sup.STOP, sup.DISARM, sup.LATCH])
@pytest.mark.parametrize("events", [ARMED, STIMULATING, (*ARMED, sup.PAUSE)])
def test_the_tone_of_a_loss_sounds_for_ten_seconds_to_the_microsecond(events, stop):
    s = after(*events, stop)
    assert wait(s, SOUND_US - 1).sound == sup.SOUND_LOST
    assert wait(s, 1).sound == sup.SOUND_NONE


@pytest.mark.parametrize("event", [None, sup.STEP_ENDED, sup.RESUME, sup.ARM_TEST])
def test_an_arm_for_a_test_ends_after_10_s_whatever_else_is_said(event):
    s = after(sup.POWER_ON, sup.SELF_TEST_PASSED, sup.ACKNOWLEDGED, sup.ARM_TEST)
    for _ in range(999):
        s.advance(10_000)
        if event is not None:
            s.event(event)
    s.advance(9_999)
    assert (s.state, s.may_start_burst) == (sup.ARMED, True)
    s.advance(1)
    assert (s.state, s.may_start_burst, s.sound) == (sup.READY, False, 0)


def test_an_arm_for_walking_does_not_end_by_itself():
    s = after(*ARMED)
    for _ in range(2_000):
        s.advance(10_000)
    assert s.state == sup.ARMED


@pytest.mark.parametrize("dt_us", [-1, -(2**29), 100_001])
def test_a_jump_of_the_clock_counts_as_no_time_for_the_tone(dt_us):
    s = after(*STIMULATING)
    s.advance(dt_us)
    assert s.fault_id == CLOCK_JUMP
    assert wait(s, SOUND_US - 1).sound == sup.SOUND_LOST
    assert wait(s, 1).sound == sup.SOUND_NONE


@pytest.mark.parametrize("first", [SWITCH_SILENT, STALE])
def test_of_two_holds_of_one_length_the_newer_is_named(first):
    s = after(*ARMED)
    s.fault(first)
    s.fault(FROZEN)
    assert s.held_by == FROZEN


def test_a_shorter_hold_does_not_rename_a_longer_one_that_is_nearly_over():
    s = after(*ARMED)
    s.fault(FROZEN)
    wait(s, 2_979_990)  # 20.01 ms are left
    s.fault(DISAGREE)  # 20 ms
    assert s.held_by == FROZEN
    s.advance(10)
    s.fault(DISAGREE)
    assert s.held_by == DISAGREE


@pytest.mark.parametrize("over_us", [0, 1, 70_000])
def test_a_hold_that_is_over_has_no_name(over_us):
    s = after(*ARMED)
    s.fault(DISAGREE)
    s.advance(19_999)
    assert (s.held_by, s.may_start_burst) == (DISAGREE, False)
    s.advance(1 + over_us)
    assert (s.held_by, s.may_start_burst) == (0, True)


def test_a_hold_does_not_shorten_the_burst_that_runs():
    s = after(*STIMULATING)
    s.fault(STUCK_OPEN)
    s.event(sup.STEP_ENDED)
    assert wait(s, LANDED_US + 100_000).may_pulse


def test_the_next_burst_is_not_an_ending_one():
    s = after(*STIMULATING)
    s.fault(STALE)
    s.event(sup.BURST_ENDED)
    wait(s, 3_000_000)
    s.event(sup.BURST_BEGAN)
    s.event(sup.STEP_ENDED)
    assert wait(s, LANDED_US + 100_000).may_pulse


def test_resuming_takes_back_a_pause_and_nothing_else():
    s = after(*STIMULATING)
    s.fault(STUCK_CLOSED)
    s.event(sup.RESUME)
    s.event(sup.BURST_ENDED)
    assert s.state == sup.FAULT
    s = after(*STIMULATING, sup.PAUSE, sup.STEP_ENDED, sup.BURST_ENDED)
    assert s.state == sup.PAUSED
    assert after(*STIMULATING, sup.PAUSE, sup.RESUME, sup.BURST_ENDED).state == sup.ARMED


def test_a_fault_that_lets_the_burst_finish_is_named_at_once_and_the_first_stays():
    s = after(*STIMULATING)
    s.fault(BATTERY_LOW)
    assert (s.state, s.fault_id) == (sup.STIMULATING, BATTERY_LOW)
    s.fault(SESSION_OVER)
    assert s.fault_id == BATTERY_LOW
    assert after(*STIMULATING, sup.PAUSE).fault_id == 0


def test_no_fault_gives_a_burst_more_time_than_it_had():
    for left_us in (1, 2, 50_000):
        s = wait(after(*STIMULATING), BURST_US - left_us)
        s.fault(STALE)
        s.advance(left_us)
        assert s.state == sup.ARMED


def test_leaving_a_pause_by_a_stop_gives_the_tone_anew():
    s = wait(after(*ARMED, sup.PAUSE), SOUND_US)
    assert s.sound == sup.SOUND_NONE
    s.event(sup.STOP)
    assert s.sound == sup.SOUND_LOST


@pytest.mark.parametrize("how", [sup.STOP, sup.DISARM, sup.PROFILE_CHANGED, sup.RESET, sup.BURST_ENDED])
def test_what_is_to_latch_after_this_burst_latches_however_the_burst_ends(how):
    s = after(*STIMULATING)
    s.fault(STUCK_CLOSED)
    assert s.state == sup.STIMULATING
    s.event(how)
    assert (s.state, s.fault_id, s.may_pulse) == (sup.FAULT, STUCK_CLOSED, False)


def test_a_worse_fault_in_the_last_burst_keeps_its_own_name():
    s = after(*STIMULATING)
    s.fault(STUCK_CLOSED)
    s.fault(LEAD_OPEN)
    assert (s.state, s.fault_id) == (sup.FAULT, LEAD_OPEN)


@pytest.mark.parametrize("how", [sup.STOP, sup.DISARM])
def test_what_only_needs_an_arm_does_not_latch_when_the_last_burst_is_stopped(how):
    s = after(*STIMULATING)
    s.fault(BATTERY_LOW)
    s.event(how)
    assert s.state == sup.READY


@pytest.mark.parametrize(("fault_id", "is_checked"), [(LEAD_OPEN, False), (DEVICE_FAULT, True)])
def test_hands_at_the_leads_undo_the_check_of_the_channels(fault_id, is_checked):
    s = after(*STIMULATING)
    s.fault(fault_id)
    assert s.is_checked, "until a person says that the cause was mended"
    s.event(sup.CLEAR)
    assert (s.state, s.is_checked, s.is_acknowledged) == (sup.SELF_TEST, is_checked, True)
