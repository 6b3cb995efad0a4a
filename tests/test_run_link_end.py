"""Controller and link as two ends of one socket, without processes: what is asked, told, and what silence does."""

import pytest

from firmware_py import acts, messages
from firmware_py.link import contracts, ops, values
from firmware_py.link.contracts import DeviceStatus
from firmware_py.link.kept import hash_of
from firmware_py.pi.run import link_packets
from firmware_py.pi.run.link_device import ControllerLost
from firmware_py.pi.run.link_end import LOST_US
from firmware_py.pi.run.link_packets import News
from firmware_py.pi.run.orders import EXERCISE, TEST, WALK, order
from safety.pulse import PulseResult
from stimulator.prescription import canonical_bytes
from stimulator.wearer import DOWN, UP
from tests.link_ends import Ends
from tests.mpy.link_session import Talk, changed, new_store
from tests.run_rig import ARMED, FOR_TEST


@pytest.fixture
def ends():
    found = Ends()
    yield found
    found.close()


def more(prescription, ua=2_000):
    return changed(prescription, 0, current_ua=prescription.channels[0].current_ua + ua)


def less(prescription):
    return changed(prescription, 0, current_ua=prescription.channels[0].current_ua - 4_000)


# Trials --------------------------------------------------------------------------------------------


def test_a_trial_runs_while_the_link_lives_and_a_second_after_it_the_smaller_is_back(ends):
    wanted = more(ends.before)
    ends.device.commit(wanted, ends.before)
    ends.run(3_000)
    assert ends.device.prescription() == wanted
    ends.run(LOST_US // 1000 - 100, hears=False)
    assert ends.controller.walk.prescription == wanted
    ends.run(1_300, hears=False)
    assert ends.controller.walk.prescription == ends.before
    assert ends.stops == 0, "nobody who walks is cut off"
    ends.device.hear()
    assert ends.device.take_ended()
    assert not ends.device.take_ended(), "told once"
    assert ends.device.prescription() == ends.before


def test_a_trial_of_less_stays_when_the_link_is_silent(ends):
    wanted = less(ends.before)
    ends.device.commit(wanted, ends.before)
    ends.run(3_000, hears=False)
    assert ends.controller.walk.prescription == wanted


def test_what_is_confirmed_stays_when_the_link_is_silent(ends):
    wanted = more(ends.before)
    ends.device.commit(wanted, ends.before)
    ends.run(1_000)
    ends.device.confirm(wanted)
    ends.run(5_000, hears=False)
    assert ends.controller.walk.prescription == wanted


def test_a_trial_that_was_lost_cannot_be_confirmed_afterwards(ends):
    wanted = more(ends.before)
    ends.device.commit(wanted, ends.before)
    ends.run(3_000, hears=False)
    with pytest.raises(ValueError, match="has ended already"):
        ends.device.confirm(wanted)


def test_walking_without_a_trial_goes_on_however_long_the_link_is_silent(ends):
    ends.run(5_000, ARMED, hears=False)
    assert ends.acts() == []
    assert ends.stops == 0


def test_a_press_while_walking_is_none_and_holds_no_change_back(ends):
    ends.device.commit(more(ends.before), ends.before)
    ends.run(1_500, ARMED)
    with pytest.raises(ValueError, match="not armed for a test"):
        ends.device.hold(0, 100_000)
    ends.far.send(order(acts.ACT_HOLD, 0))  # a link that asks all the same
    ends.run(LOST_US // 1000 + 3_000, ARMED, hears=False)
    assert ends.controller.burst.envelope.state == 0
    assert ends.controller.walk.prescription == ends.before
    assert ends.stops == 0, "a cut in mid-swing is itself a trip"


def test_a_press_that_is_still_held_when_a_trial_has_to_end_is_let_go_first(ends):
    ends.device.commit(more(ends.before), ends.before)
    ends.run(1_500)
    ends.device.arm_test()
    ends.run(1_500, FOR_TEST)
    ends.far.send(order(acts.ACT_HOLD, 0))
    for _ in range(3):
        ends.run(300, FOR_TEST, hears=False)
        ends.controller.burst.beat()  # by the console: somebody stands at the device
    ends.run(300, FOR_TEST, hears=False)
    assert ends.controller.walk.prescription == ends.before
    assert ends.controller.burst.envelope.state == 0
    assert ends.stops == 0


def test_a_comparison_under_a_trial_ends_with_the_smaller_and_without_a_stop_when_the_link_is_silent(ends):
    wanted, other = more(ends.before), more(ends.before, -2_000)
    ends.run(100, ARMED)
    ends.device.commit(wanted, ends.before)
    ends.run(1_500, ARMED)
    ends.controller.compare(other, 2, 3)
    ends.run(LOST_US // 1000 - 100, ARMED, hears=False)
    assert len(ends.controller.in_play()) > 1, "it runs"
    ends.run(5_000, ARMED, hears=False)
    assert ends.stops == 0, "a cut in mid-swing is itself a trip"
    assert ends.controller.in_play() == (ends.controller.walk.prescription,), (
        "nothing waits, nothing is compared"
    )
    for now, before in zip(ends.controller.walk.prescription.channels, ends.before.channels, strict=True):
        assert now.current_ua <= before.current_ua


def test_a_change_that_the_controller_refuses_is_refused_with_its_sentence(ends):
    for wrong, sentence in (
        (more(ends.before, 20_000), "current_ua"),
        (
            changed(ends.before, 0, current_max_ua=ends.before.channels[0].current_max_ua + 500),
            "started with",
        ),
    ):
        with pytest.raises(ValueError, match=sentence):
            ends.device.commit(wrong, ends.before)
        assert ends.device.problems(wrong) != []
    assert ends.device.problems(more(ends.before)) == []
    assert ends.controller.walk.prescription == ends.before


def test_a_change_that_waited_too_long_is_not_made(ends):
    late = ends.walk.us - link_packets.QUESTION_AGE_MAX_US - 1
    body = link_packets.try_body(more(ends.before), ends.before)
    ends.far.send(link_packets.QUESTION.pack(link_packets.TRY, 7, late % 2**30) + body)
    ends.end.hear(ends.walk.us)
    ends.run(100)
    assert ends.controller.walk.prescription == ends.before


@pytest.mark.parametrize("body", [b"", b"\x05", b"\xff\xff123", bytes(40)])
@pytest.mark.parametrize("kind", link_packets.QUESTIONS[:3])
def test_a_change_that_is_none_is_answered_with_no(ends, kind, body):
    with pytest.raises(ValueError, match=r"\w"):
        ends.device._ask(kind, body)
    assert ends.controller.walk.prescription == ends.before


def test_a_controller_that_does_not_answer_ends_the_link(ends):
    ends.is_deaf = True
    with pytest.raises(ControllerLost):
        ends.device.commit(more(ends.before), ends.before)
    assert ends.device.is_lost
    with pytest.raises(ControllerLost):
        ends.device.fill_outcome(contracts.TestOutcome())


# A link that begins again ----------------------------------------------------------------------------


def on_trial(ends, store, wanted):
    """Bring a session as far as a trial."""
    talk = Talk(ends.session(store))
    session = talk.session
    session.changes.begin(1, len(canonical_bytes(wanted)), hash_of(wanted), session.changes.revision)
    data = canonical_bytes(wanted)
    for at in range(0, len(data), 100):
        assert session.changes.piece(1, at, data[at : at + 100])
    assert session.changes.validate(1)[0] == ops.OK
    assert session.changes.commit(1, session.changes.revision)[0] == ops.OK
    return session


@pytest.mark.parametrize("silent_ms", [200, 3_000])
def test_a_link_that_is_started_again_never_takes_a_trial_for_what_was_confirmed(ends, silent_ms):
    store, wanted = new_store(), more(ends.before)
    on_trial(ends, store, wanted)
    ends.run(silent_ms, hears=False)  # it was killed
    session = ends.session(store, is_again=True)
    ends.run(1_500)
    assert (session.changes.phase, session.changes.confirmed) == (values.SETTLED, ends.before)
    assert ends.controller.walk.prescription == ends.before
    ends.run(3_000, hears=False)
    assert ends.controller.walk.prescription == ends.before


def test_a_confirmation_reaches_controller_and_store_or_neither(ends, monkeypatch):
    store, wanted = new_store(), more(ends.before)
    session = on_trial(ends, store, wanted)
    ends.run(1_500)
    assert session.changes.confirm(session.changes.hash(), session.changes.revision) == ops.OK
    assert ends.end._confirmed is None
    session = on_trial(ends, store, more(wanted))
    ends.run(3_000, hears=False)
    monkeypatch.setattr(session.changes, "is_taken_over", lambda: True)  # by the news of before
    assert session.changes.confirm(session.changes.hash(), session.changes.revision) == ops.NOT_TAKEN_OVER
    assert session.changes.phase == values.TRIAL
    session.trial_lost()
    session.work()
    assert session.changes.phase == values.SETTLED
    assert ends.controller.walk.prescription == wanted


# Orders, commands, news ----------------------------------------------------------------------------


def test_the_guardian_is_asked_to_arm_only_once_the_right_one_is_in_charge(ends):
    assert not ends.device.arm_test()
    assert ends.commands() == [], "the walk may still be in a step"
    ends.run(1_500)
    assert ends.controller.in_charge == TEST
    assert not ends.device.arm_test()
    assert ends.commands() == [messages.ARM_TEST]
    assert not ends.device.arm_test()
    assert ends.commands() == [], "not more often than ten times a second"
    ends.says(**FOR_TEST)
    assert ends.device.arm_test()
    assert not ends.device.arm_walk(), "armed for something else"
    ends.run(200)
    assert ends.commands() == []


def test_an_arm_that_is_given_again_and_again_is_one_wish_however_long_the_link_stood_still(ends):
    began_us = ends.walk.us % 2**30
    ends.device.wish()
    for wait_ms in (150, 150, 600, 150):
        ends.device.arm_walk()
        ends.run(wait_ms)
    assert ends.wishes() == [(messages.ARM, began_us)] * 4, "a disarm since then ends it at the guardian"
    ends.device.wish()
    ends.device.arm_walk()
    assert ends.wishes() == [(messages.ARM, (began_us + 1_050_000) % 2**30)], "asked for anew"


@pytest.mark.parametrize(
    ("asks_for_test", "armed", "kind"), [(True, ARMED, messages.ARM_TEST), (False, FOR_TEST, messages.ARM)]
)
def test_a_wish_that_waits_while_armed_for_something_else_does_not_outlive_a_disarm(
    ends, asks_for_test, armed, kind
):
    session = ends.session(new_store())
    ends.controller.cycle.use(ends.controller.burst if asks_for_test else ends.controller.walk)
    ends.run(1_500)
    ends.says(**armed)
    asked_us = ends.walk.us % 2**30
    session.arming.ask(asks_for_test)

    def pass_ms(ms):
        for _ in range(ms // 50):
            ends.run(50, {**armed, "armed": 0})
            session.step(ends.walk.us % 2**30, 50_000)

    session.step(ends.walk.us % 2**30, 50_000)
    ends.run(700, armed)
    ends.device._guardian.status.armed = 0  # disarmed, and the guardian's word of the end is not here yet
    pass_ms(200)
    assert ends.wishes(), "asked for on"
    pass_ms(200)
    assert set(ends.wishes()) == {(kind, asked_us)}, "with the date of the wish, which is too old"
    ends.says(ends=1)
    session.step(ends.walk.us % 2**30, 50_000)
    pass_ms(1_000)
    assert ends.wishes() == []
    assert not session.arming.is_on


def test_every_end_at_the_guardian_ends_the_wish_of_the_link(ends):
    session = ends.session(new_store())
    for number in (1, 2):
        session.arming.ask(False)
        ends.says(ends=number)
        session.step(ends.walk.us % 2**30, 5_000)
        assert not session.arming.is_on


def test_walking_is_not_asked_for_while_the_sensor_cannot_be_right(ends):
    ends.device._news.mounting = 1
    assert not ends.device.arm_walk()
    ends.rig.controller.cycle.step(ends.walk.us % 2**30)
    assert ends.commands() == []


def test_stop_and_all_that_concerns_arming_go_to_the_guardian_itself(ends):
    ends.device.stop()
    ends.device.acknowledge()
    ends.device.channels_checked()
    ends.device.disarm()
    ends.device.clear()
    wanted = [messages.STOP, messages.ACKNOWLEDGE, messages.CHANNELS_CHECKED, messages.DISARM, messages.CLEAR]
    assert ends.commands() == wanted


def test_a_guardian_that_is_gone_does_not_end_the_link(ends):
    ends.guardian.close()
    ends.device.stop()
    ends.device.hear()


def test_level_and_pause_are_the_wearers_own_and_are_told(ends):
    status = DeviceStatus()
    assert ends.device.set_level(80)
    assert not ends.device.set_level(73)
    assert not ends.device.set_level(105)
    ends.device.pause()
    ends.run(50)
    ends.device.fill_status(status)
    assert (status.level, status.is_paused) == (80, 1)
    ends.device.resume()
    ends.run(50)
    ends.device.fill_status(status)
    assert status.is_paused == 0


def test_a_burst_is_held_and_released_and_its_outcome_is_told(ends):
    ends.device.arm_test()
    ends.run(1_500, FOR_TEST)
    with pytest.raises(ValueError, match="channel is 2"):
        ends.device.hold(2, 100_000)
    ends.device.hold(1, 100_000)
    ends.run(300, FOR_TEST)
    result = PulseResult()
    ends.end.granted(1, 9_000)
    ends.end.granted(1, result.granted_ua)
    ends.run(10, FOR_TEST)
    status, shown = DeviceStatus(), contracts.TestOutcome()
    ends.device.fill_status(status)
    assert (status.press, status.presses) == (1, 1)
    assert ends.news[-1].currents_ua[1] == 9_000
    ends.device.release()
    ends.run(50, FOR_TEST)
    ends.device.fill_outcome(shown)
    assert (shown.channel, shown.granted, shown.ended_by) == (1, 1, 1)


def test_a_burst_whose_link_is_silent_ends_within_600_ms(ends):
    ends.device.arm_test()
    ends.run(1_500, FOR_TEST)
    ends.device.hold(0, 100_000)
    ends.run(200, FOR_TEST)
    ends.device.beat()
    ends.run(100, FOR_TEST)
    assert ends.controller.burst.envelope.level > 0
    ends.run(500, FOR_TEST, hears=False)
    assert ends.controller.burst.envelope.level == 0


def test_news_are_read_as_they_were_written():
    told = News(
        1, 2, 1, 3, 900, -9_000, 123_456, (1, 2, 3, 4), 55, 1, 1_200_000, 1, 7, 2, 3, 4, 1, b"12345678"
    )
    assert News.from_bytes(told.to_bytes()) == told
    beyond = News(pitch_cdeg=40_000)
    assert News.from_bytes(beyond.to_bytes()).pitch_cdeg == 0x7FFF


def test_news_come_a_hundred_times_a_second_and_a_link_that_does_not_read_holds_nobody_up(ends):
    before = len(ends.news)
    ends.run(1_000)
    assert len(ends.news) - before == 100
    ends.run(20_000, hears=False)
    assert len(ends.rig.frames) == (50 + 1_000 + 20_000) // 5


def test_the_end_of_the_link_is_noticed_once_and_waits_for_nothing(ends):
    ends.far.close()
    ends.end.hear(ends.walk.us)
    assert ends.end.is_gone
    ends.run(10, hears=False)


@pytest.mark.parametrize("act", [acts.ACT_KEY_DOWN, acts.ACT_KEY_UP])
def test_keys_reach_the_wearer(ends, act):
    wearer = ends.controller.wearing.wearer
    wearer.is_locked = False
    for key in (DOWN, UP, 9):
        ends.far.send(order(acts.ACT_KEY_DOWN, key))
        ends.far.send(order(acts.ACT_KEY_UP, key))
        ends.run(20)
    assert wearer.level == 100
    assert ends.acts().count(act) == 3


def test_an_exercise_that_was_not_configured_does_not_start(ends):
    ends.far.send(order(acts.ACT_USE, EXERCISE))
    ends.far.send(order(acts.ACT_START))
    ends.run(50)
    assert ends.controller.in_charge == WALK
