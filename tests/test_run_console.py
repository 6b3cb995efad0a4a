"""The keyboard of `./swingphase run`, and the person who stands at it in a simulation."""

import pytest

from firmware_py import acts, messages
from firmware_py.messages import StatusFrame
from firmware_py.pi.run.console import Console, VirtualPerson, standing, why_not
from firmware_py.pi.run.orders import TEST, WALK, order
from safety import faults, reasons, supervisor

STEP_US = 50_000


class Desk:
    """A console whose commands and orders are kept; the guardian arms if `arms`."""

    def __init__(self, arms=True):
        self.sent, self.orders, self.said, self.asked_us = [], [], [], []
        self.status = StatusFrame()
        self.status.is_ready, self.status.state = 1, supervisor.READY
        self.arms = arms
        self.doubt = ""
        self.in_charge = WALK
        self.console = Console(
            self.send, self.put_in_charge, self.said.append, lambda: self.doubt, lambda: self.in_charge
        )
        self.now_us = 7_000_000

    def send(self, kind, asked_us):
        self.sent.append(kind)
        self.asked_us.append(asked_us)
        if self.arms and kind in (messages.ARM, messages.ARM_TEST):
            self.status.armed = 1 if kind == messages.ARM else 2
            self.status.state = supervisor.ARMED
        elif kind in (messages.STOP, messages.DISARM):
            self.status.armed = 0

    def put_in_charge(self, packet):
        self.orders.append(packet)
        if packet in (order(acts.ACT_USE, WALK), order(acts.ACT_USE, TEST)):
            self.in_charge = packet[1]

    def run(self, ms):
        for _ in range(ms * 1000 // STEP_US):
            self.now_us += STEP_US
            self.console.step(self.now_us, self.status)
        return self


def test_enter_alone_stops_whatever_is_wished_for():
    desk = Desk(arms=False)
    desk.console.take("arm\n")
    desk.run(100)
    desk.console.take("\n")
    n = len(desk.sent)
    assert desk.sent[-1] == messages.STOP
    desk.run(5_000)
    assert desk.sent[n:] == [], "a stop ends the wish to arm"
    assert desk.said == []


def test_arm_puts_walking_in_charge_and_asks_until_it_is_armed():
    desk = Desk(arms=False)
    desk.console.take("arm")
    desk.run(1_000)
    assert desk.orders == [order(acts.ACT_USE, WALK)]
    assert desk.sent.count(messages.ARM) == 5
    assert set(desk.asked_us) == {7_000_000 + STEP_US}, "of one wish, so that a stop in between ends it"
    desk.arms = True
    desk.run(300)
    n = len(desk.sent)
    desk.run(1_000)
    assert len(desk.sent) == n, "armed: nothing more is asked for"


def test_it_says_why_it_did_not_arm_and_asks_no_more():
    desk = Desk(arms=False)
    desk.console.take("arm")
    desk.run(4_000)
    assert len(desk.said) == 1
    assert desk.said[0].startswith("It did not arm: ")
    n = len(desk.sent)
    desk.run(1_000)
    assert len(desk.sent) == n


def test_a_test_burst_is_held_with_a_beat_and_let_go_of():
    desk = Desk()
    desk.console.take("test peroneal")
    desk.run(3_000)
    assert desk.orders[0] == order(acts.ACT_USE, TEST)
    assert desk.orders[1] == order(acts.ACT_HOLD, 1)
    assert desk.orders[-1] == order(acts.ACT_RELEASE)
    beats = [one for one in desk.orders if one == order(acts.ACT_BEAT)]
    assert 7 <= len(beats) <= 9, "1.8 s, a beat each 200 ms"
    assert desk.sent == [messages.ARM_TEST, messages.DISARM]


def test_a_burst_ends_when_the_guardian_disarms_and_when_something_else_is_typed():
    for end in ("disarmed", "\n", "arm"):
        desk = Desk()
        desk.console.take("test tibialis_anterior")
        desk.run(500)
        if end == "disarmed":
            desk.status.armed = 0
        else:
            desk.console.take(end)
        desk.run(100)
        assert order(acts.ACT_RELEASE) in desk.orders, end


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ack", messages.ACKNOWLEDGE),
        ("checked", messages.CHANNELS_CHECKED),
        ("pause", messages.PAUSE),
        ("resume", messages.RESUME),
        ("disarm", messages.DISARM),
        ("clear", messages.CLEAR),
    ],
)
def test_plain_words_are_commands_of_the_guardian(line, kind):
    desk = Desk()
    desk.console.take(line)
    assert desk.sent == [kind]


@pytest.mark.parametrize(
    "line", ["armed", "test", "test thumb", "arm now", "ack ack", "ar", "ARM", "stop it", "help me", "\x1b[A"]
)
def test_anything_else_stops_and_is_answered_with_the_commands(line):
    desk = Desk(arms=False)
    said_after = []
    desk.console._say = lambda text: said_after.append((text, list(desk.sent)))
    desk.console.take("arm")
    desk.console.take(line)
    desk.run(5_000)
    assert desk.sent == [messages.STOP], "and the wish to arm is over"
    ((text, sent_before),) = said_after
    assert "is no command, so it stopped" in text
    assert "test CHANNEL" in text
    assert sent_before == [messages.STOP], "the stop does not wait for a terminal"


@pytest.mark.parametrize("line", ["stop", "STOP", " Stop \n"])
def test_the_word_stop_stops(line):
    desk = Desk()
    desk.console.take("arm")
    desk.console.take(line)
    desk.run(5_000)
    assert (desk.sent, desk.said) == ([messages.STOP], [])


def test_help_only_tells_the_commands():
    desk = Desk()
    desk.console.take("help")
    assert (desk.sent, desk.orders) == ([], [])
    assert "test CHANNEL" in desk.said[0]


def test_quit_stops_and_ends():
    desk = Desk()
    assert not desk.console.wants_to_end
    desk.console.take("quit")
    assert desk.console.wants_to_end
    assert desk.sent == [messages.STOP]


def test_why_not_and_standing_are_sentences():
    status = StatusFrame()
    assert "not ready" in why_not(status)
    status.is_ready, status.disarmed_by = 1, reasons.NO_CYCLE
    assert why_not(status)
    status.fault = faults.LEAD_OPEN
    assert why_not(status) in standing(status)
    status.armed = 1
    assert standing(status).startswith("ARMED for walking.")


def person_at(desk):
    person = VirtualPerson(desk.console)

    def run(ms):
        for _ in range(ms * 1000 // STEP_US):
            desk.now_us += STEP_US
            person.step(desk.now_us, desk.status)
            desk.console.step(desk.now_us, desk.status)

    return person, run


def test_the_simulated_person_waits_for_the_stimulator_acknowledges_once_and_arms():
    desk = Desk()
    desk.status.is_ready, desk.status.state = 0, supervisor.OFF
    person, run = person_at(desk)
    run(1_000)
    assert desk.sent == []
    desk.status.is_ready, desk.status.state = 1, supervisor.READY
    run(1_000)
    assert desk.sent == [messages.ACKNOWLEDGE, messages.ARM]
    assert person.armed_again == 0


def test_the_simulated_person_clears_a_fault_and_arms_again():
    desk = Desk()
    person, run = person_at(desk)
    run(1_000)
    desk.status.armed, desk.status.state = 0, supervisor.FAULT
    run(4_000)
    assert messages.CLEAR in desk.sent
    desk.status.state = supervisor.READY
    run(1_000)
    assert desk.sent[-1] == messages.ARM
    assert desk.sent.count(messages.ACKNOWLEDGE) == 1
    assert person.armed_again == 1


def test_a_sensor_that_cannot_be_right_is_not_armed_until_it_is_worn_anew_or_somebody_knows_better():
    desk = Desk()
    desk.doubt = "The sensor sits back to front."
    desk.console.take("arm")
    desk.run(1_000)
    assert (desk.sent, desk.orders) == ([], [])
    assert "It did not arm: The sensor sits back to front." in desk.said[0]
    desk.status.armed = 1
    desk.console.take("worn")
    assert desk.orders == [order(acts.ACT_MOUNTING)]
    assert desk.sent == [messages.DISARM]
    assert desk.status.armed == 0, "nobody is helped by a sensor that moves"
    desk.console.take("arm anyway")
    desk.run(1_000)
    assert desk.orders[1:] == [order(acts.ACT_DOUBTED, 1), order(acts.ACT_USE, WALK)]
    assert desk.status.armed == 1


def test_arm_anyway_without_a_doubt_is_an_ordinary_arm():
    desk = Desk()
    desk.console.take("arm anyway")
    assert desk.orders == [order(acts.ACT_USE, WALK)]
