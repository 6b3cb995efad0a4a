"""The supervisor: every pair of state and event, arming, faults and their times.

Table, classes and times are restated here on purpose: a change needs a second signature.
"""

import pytest

from firmware_py.pi import words
from safety import faults
from safety import supervisor as sup
from safety.supervisor import Supervisor

SETUP = (sup.POWER_ON, sup.SELF_TEST_PASSED, sup.ACKNOWLEDGED, sup.CHANNELS_CHECKED)
ARMED = (*SETUP, sup.ARM)
STIMULATING = (*ARMED, sup.BURST_BEGAN)
PATHS = {
    sup.OFF: (),
    sup.SELF_TEST: (sup.POWER_ON,),
    sup.READY: SETUP,
    sup.ARMED: ARMED,
    sup.STIMULATING: STIMULATING,
    sup.PAUSED: (*ARMED, sup.PAUSE),
    sup.FAULT: (*ARMED, sup.LATCH),
}

# One letter a state: off, test, ready, armed, stimulating, paused, fault; "-" is not in the table.
LETTERS = "otraspf"
TABLE = {
    sup.POWER_ON: "t-----f",
    sup.SELF_TEST_PASSED: "-r----f",
    sup.SELF_TEST_FAILED: "-f----f",
    sup.ACKNOWLEDGED: "-traspf",
    sup.CHANNELS_CHECKED: "-traspf",
    sup.ARM: "-taaspf",
    sup.ARM_TEST: "-taaspf",
    sup.ARM_EXERCISE: "-taaspf",
    sup.DISARM: "-trrrrf",
    sup.BURST_BEGAN: "---s--f",
    sup.BURST_ENDED: "-traapf",
    sup.STEP_ENDED: "-traspf",
    sup.PAUSE: "-trpspf",
    sup.RESUME: "-trasaf",
    sup.STOP: "-trrrrf",
    sup.PROFILE_CHANGED: "-trrrrf",
    sup.RESET: "oooooof",
    sup.CLEAR: "-traspt",
    sup.LATCH: "-ffffff",
    sup.UNKNOWN: "------f",
}

CUT, END_STEP, HOLD = 0, 1, 2
HELD_AUTOMATICALLY = {
    1: 200,
    3: 3000,
    4: 3000,
    5: 20,
    6: 3000,
    7: 3000,
    8: 3000,
    9: 20,
    10: 3000,
}  # fault -> ms
LATCHED = {2, 11, 12, 16, 18, 25, 26, 28}  # until a person clears it
FAULT_IDS = range(1, 30)


def after(*events: int) -> Supervisor:
    s = Supervisor()
    for event in events:
        s.event(event)
    return s


def wait(s: Supervisor, ms: int) -> None:
    for _ in range(ms):
        s.advance(1000)


@pytest.mark.parametrize("state", PATHS, ids=lambda s: words.of_state(s).split(":")[0])
@pytest.mark.parametrize("event", TABLE)
def test_each_pair_of_state_and_event_leads_where_the_table_says(state, event):
    s = after(*PATHS[state])
    assert s.state == state
    s.event(event)
    letter = TABLE[event][state]
    assert s.state == (sup.OFF if letter == "-" else LETTERS.index(letter))
    assert s.may_pulse == (s.state == sup.STIMULATING)


@pytest.mark.parametrize("state", PATHS)
@pytest.mark.parametrize("event", [-1, -2, 19, 20, 255, 2**29, -(2**29)])
def test_an_unknown_event_leads_to_off_but_never_out_of_a_fault(state, event):
    s = after(*PATHS[state])
    s.event(event)
    assert s.state == (sup.FAULT if state == sup.FAULT else sup.OFF)
    assert not s.may_pulse


def test_the_table_holds_a_row_for_each_event_and_a_sentence_for_each_state():
    assert len(sup.NEXT) == len(TABLE) == 20
    assert {len(row) for row in sup.NEXT} == {8}
    for state in range(7):
        assert words.of_state(state).endswith(".")
        assert ": " in words.of_state(state)


def test_power_on_is_off():
    s = Supervisor()
    assert (s.state, s.may_pulse, s.may_start_burst, s.sound) == (0, False, False, 0)


# Arming ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "arm", "is_armed"),
    [
        ((), sup.ARM, False),
        ((sup.ACKNOWLEDGED,), sup.ARM, False),
        ((sup.CHANNELS_CHECKED,), sup.ARM, False),
        ((sup.ACKNOWLEDGED, sup.CHANNELS_CHECKED), sup.ARM, True),
        ((), sup.ARM_TEST, False),
        ((sup.CHANNELS_CHECKED,), sup.ARM_TEST, False),
        ((sup.ACKNOWLEDGED,), sup.ARM_TEST, True),
        ((), sup.ARM_EXERCISE, False),
        ((sup.ACKNOWLEDGED,), sup.ARM_EXERCISE, False),
        ((sup.CHANNELS_CHECKED,), sup.ARM_EXERCISE, False),
        ((sup.ACKNOWLEDGED, sup.CHANNELS_CHECKED), sup.ARM_EXERCISE, True),
    ],
)
def test_arming_needs_the_acknowledgement_and_all_but_a_test_also_the_check(done, arm, is_armed):
    s = after(sup.POWER_ON, sup.SELF_TEST_PASSED, *done, arm)
    assert s.state == (sup.ARMED if is_armed else sup.READY)
    assert s.mode == (arm - sup.ARM if is_armed else 0)
    assert s.may_start_burst == is_armed


@pytest.mark.parametrize("state", [sup.SELF_TEST, sup.ARMED, sup.STIMULATING, sup.PAUSED, sup.FAULT])
def test_acknowledgement_and_check_count_only_in_ready(state):
    s = after(*PATHS[state])
    s.is_acknowledged = s.is_checked = False
    s.event(sup.ACKNOWLEDGED)
    s.event(sup.CHANNELS_CHECKED)
    assert not s.is_acknowledged
    assert not s.is_checked


@pytest.mark.parametrize("state", PATHS)
def test_a_changed_profile_needs_acknowledgement_check_and_arm_again(state):
    s = after(*PATHS[state])
    s.event(sup.PROFILE_CHANGED)
    assert (s.may_pulse, s.is_acknowledged, s.is_checked) == (False, False, False)
    s.event(sup.ARM)
    assert not s.may_pulse


@pytest.mark.parametrize(("ms", "state"), [(1999, sup.STIMULATING), (2000, sup.READY)])
def test_a_test_burst_ends_after_two_seconds_and_needs_a_new_arm(ms, state):
    s = after(sup.POWER_ON, sup.SELF_TEST_PASSED, sup.ACKNOWLEDGED, sup.ARM_TEST, sup.BURST_BEGAN)
    assert s.mode == 1
    wait(s, ms)
    assert s.state == state
    assert s.may_pulse == (state == sup.STIMULATING)


def test_a_test_arm_allows_one_burst_and_no_walk_by_way_of_pause():
    s = after(sup.POWER_ON, sup.SELF_TEST_PASSED, sup.ACKNOWLEDGED, sup.ARM_TEST, sup.PAUSE, sup.RESUME)
    assert (s.state, s.mode) == (sup.ARMED, 1)
    s.event(sup.BURST_BEGAN)
    s.event(sup.BURST_ENDED)
    assert (s.state, s.may_pulse) == (sup.READY, False)


@pytest.mark.parametrize(
    ("event", "sound"), [(sup.BURST_ENDED, 0), (sup.DISARM, 0), (sup.STOP, 2), (sup.RESET, 2), (sup.LATCH, 2)]
)
@pytest.mark.parametrize("arm", [sup.ARM_TEST, sup.ARM_EXERCISE])
def test_the_end_of_a_test_or_an_exercise_is_no_loss_and_a_fault_in_it_is(arm, event, sound):
    s = after(*SETUP, arm, sup.BURST_BEGAN, event)
    assert (s.may_pulse, s.sound) == (False, sound)


def test_the_end_of_a_walk_is_always_heard():
    assert after(*STIMULATING, sup.DISARM).sound == 2


def test_the_cause_is_shown_until_a_person_arms_again():
    s = after(*ARMED, sup.STOP)
    assert s.fault_id == 22
    s.fault(13)
    assert s.fault_id == 22, "the first cause is kept"
    s.event(sup.ARM)
    assert (s.state, s.fault_id, s.sound) == (sup.ARMED, 0, 0)


def test_a_latched_fault_names_itself_although_something_lighter_came_first():
    s = after(*ARMED, sup.STOP)
    s.fault(11)
    assert (s.state, s.fault_id) == (sup.FAULT, 11)
    s.fault(26)
    assert s.fault_id == 11, "of the latched ones the first is kept"


@pytest.mark.parametrize(
    ("event", "cause"),
    [(sup.STOP, 22), (sup.PROFILE_CHANGED, 27), (sup.RESET, 21), (sup.POWER_ON, 29), (sup.LATCH, 29)],
)
def test_an_event_that_ends_help_names_its_cause(event, cause):
    assert after(*STIMULATING, event).fault_id == cause


def test_a_failed_self_test_is_a_latched_fault():
    s = after(sup.POWER_ON, sup.SELF_TEST_FAILED)
    assert (s.state, s.fault_id) == (sup.FAULT, 28)


# Faults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", PATHS)
@pytest.mark.parametrize("fault_id", FAULT_IDS)
def test_each_fault_reaches_the_output_of_its_class_from_each_state(state: int, fault_id: int):
    s = after(*PATHS[state])
    s.fault(fault_id)
    stop = faults.FAULTS[fault_id].stop
    if state == sup.STIMULATING and stop != CUT:
        assert s.state == sup.STIMULATING
        assert s.may_pulse
        s.event(sup.BURST_ENDED)
    assert not s.may_pulse
    assert not s.may_start_burst
    in_use = state in (sup.ARMED, sup.STIMULATING)
    if in_use and fault_id in HELD_AUTOMATICALLY:
        assert (s.state, s.held_by) == (sup.ARMED, fault_id)
    elif in_use:
        assert s.state == (sup.FAULT if fault_id in LATCHED else sup.READY)
        assert s.fault_id == fault_id
    if in_use:
        assert s.sound == (0 if fault_id == 5 else 1 if fault_id in HELD_AUTOMATICALLY else 2)
    if fault_id in LATCHED and state != sup.OFF:
        assert s.state == sup.FAULT


@pytest.mark.parametrize("fault_id", [0, -1, 30, 2**29])
def test_an_unknown_fault_counts_as_the_worst(fault_id):
    s = after(*STIMULATING)
    s.fault(fault_id)
    assert (s.state, s.fault_id, s.may_pulse) == (sup.FAULT, 26, False)


@pytest.mark.parametrize(("fault_id", "ms"), HELD_AUTOMATICALLY.items())
def test_a_hold_ends_by_itself_after_its_healthy_time_without_a_report(fault_id, ms):
    s = after(*ARMED)
    s.fault(fault_id)
    wait(s, ms - 1)
    s.fault(fault_id)  # still there: the time starts again
    wait(s, ms - 1)
    assert not s.may_start_burst
    s.advance(999)
    assert not s.may_start_burst
    s.advance(1)
    assert (s.may_start_burst, s.may_pulse, s.held_by, s.sound) == (True, False, 0, 0)


def test_of_two_holds_the_longer_one_decides_and_is_named():
    s = after(*ARMED)
    s.fault(faults.IMU_FROZEN)
    s.fault(faults.FALSE_BURSTS)
    assert s.held_by == faults.IMU_FROZEN
    wait(s, 2_990)
    s.fault(faults.FALSE_BURSTS)
    assert s.held_by == faults.FALSE_BURSTS
    wait(s, 19)
    assert not s.may_start_burst
    wait(s, 1)
    assert s.may_start_burst


def test_a_burst_that_begins_although_it_is_held_leads_to_off():
    s = after(*ARMED)
    s.fault(faults.FALSE_BURSTS)
    s.event(sup.BURST_BEGAN)
    assert (s.state, s.may_pulse, s.fault_id, s.sound) == (sup.OFF, False, 29, 2)


@pytest.mark.parametrize(("fault_id", "state"), [(2, sup.FAULT), (17, sup.READY), (6, sup.ARMED)])
@pytest.mark.parametrize(("landed", "ms"), [(False, 5100), (True, 1500)])
def test_a_burst_that_is_to_end_and_does_not_is_cut_at_its_longest_time(fault_id, state, landed, ms):
    s = after(*STIMULATING)
    s.fault(fault_id)
    if landed:
        s.event(sup.STEP_ENDED)
    for _ in range(ms - 1):
        s.fault(fault_id)  # told again and again: the time does not start again
        s.advance(1000)
    s.fault(fault_id)
    assert (s.state, s.may_pulse) == (sup.STIMULATING, True)
    s.advance(1000)
    assert (s.state, s.may_pulse) == (state, False)
    assert s.sound != 0


def test_contact_does_not_lengthen_what_is_left():
    s = after(*STIMULATING)
    s.fault(faults.BATTERY_LOW)
    wait(s, 5_000)
    s.event(sup.STEP_ENDED)
    wait(s, 99)
    assert s.may_pulse
    wait(s, 1)
    assert not s.may_pulse


def test_contact_alone_ends_nothing_but_no_burst_lasts_longer_than_5_1_s():
    s = after(*STIMULATING, sup.STEP_ENDED)
    wait(s, 5_099)
    assert s.may_pulse
    wait(s, 1)
    assert not s.may_pulse
    assert s.state == sup.ARMED


def test_a_pause_waits_for_the_running_burst_and_can_be_taken_back():
    s = after(*STIMULATING, sup.PAUSE)
    assert (s.state, s.may_pulse) == (sup.STIMULATING, True)
    s.event(sup.BURST_ENDED)
    assert (s.state, s.may_pulse, s.sound) == (sup.PAUSED, False, 2)
    assert after(*STIMULATING, sup.PAUSE, sup.RESUME, sup.BURST_ENDED).state == sup.ARMED
    assert after(*STIMULATING, sup.RESUME, sup.BURST_ENDED).state == sup.ARMED


def test_a_pause_or_a_lighter_fault_does_not_outweigh_a_latched_one():
    s = after(*STIMULATING)
    s.fault(faults.BATTERY_LOW)
    s.event(sup.PAUSE)
    s.event(sup.RESUME)
    s.fault(faults.SWITCH_STUCK_CLOSED)
    s.fault(faults.SESSION_OVER)
    s.event(sup.BURST_ENDED)
    assert (s.state, s.fault_id) == (sup.FAULT, faults.SWITCH_STUCK_CLOSED)


def test_the_next_burst_does_not_inherit_the_end_of_the_last_one():
    s = after(*STIMULATING)
    s.fault(faults.BATTERY_LOW)
    for event in (sup.BURST_ENDED, sup.ARM, sup.BURST_BEGAN):
        s.event(event)
    wait(s, 5_000)
    assert s.may_pulse
    s.event(sup.BURST_ENDED)
    assert (s.state, s.fault_id) == (sup.ARMED, 0)


@pytest.mark.parametrize("state", [sup.READY, sup.ARMED, sup.STIMULATING, sup.PAUSED])
@pytest.mark.parametrize(
    ("dt_us", "jumps"), [(-1, True), (0, False), (100_000, False), (100_001, True), (-(2**29), True)]
)
def test_a_step_back_or_over_100_ms_is_a_clock_that_jumped(state, dt_us, jumps):
    s = after(*PATHS[state])
    before = s.may_pulse
    s.advance(dt_us)
    assert s.may_pulse == (before and not jumps)
    assert s.fault_id == (23 if jumps else 0)


@pytest.mark.parametrize("state", [sup.ARMED, sup.STIMULATING])
def test_the_tone_of_a_loss_lasts_ten_seconds_unless_a_person_clears(state):
    s = after(*PATHS[state])
    s.fault(faults.LEAD_OPEN)
    for ms, sound in ((0, 2), (200, 2), (9_799, 2), (1, 0)):
        wait(s, ms)
        assert s.sound == sound
    s = after(*PATHS[state])
    s.fault(faults.LEAD_OPEN)
    s.event(sup.CLEAR)
    assert (s.state, s.sound, s.fault_id) == (sup.SELF_TEST, 0, 0)
