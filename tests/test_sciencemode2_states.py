"""Tables and words of the ScienceMode 2 driver: every cause, every state, and what the guard reads in them."""

from contextlib import ExitStack

import pytest

from firmware_py.fault_causes import fault_of_device
from hw_sim.emulators.rehastim2_wire import encode_frame
from safety import faults as safety_faults
from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_faults as words
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.one_pulse import EVENT_CLEAR, EVENT_FAIL, EVENT_START
from tests.sciencemode2_bench import ALL_STATES, Bench


@pytest.fixture
def make_bench():
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Bench(*args, **kwargs))


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def ready(bench):
    bench.connect()
    return bench


def named(state):
    return states.STATE_NAMES[state]


# Words and tables --------------------------------------------------------------------------------------------

NUMBERS = {*range(8), *range(9, 15), *range(16, 23)}


def test_every_fault_and_state_has_its_words():
    assert len(words.FAULTS) == 23
    assert len(states.STATE_NAMES) == len(states.NEXT) == len(states.COMMANDS) == 7
    assert {v for k, v in vars(faults).items() if k.startswith("FAULT_")} == set(range(23))
    for sentence in words.FAULTS:
        assert sentence[0].isalnum()
        assert sentence.endswith(".")
    assert len({words.FAULTS[n] for n in NUMBERS}) == len(NUMBERS)


def test_guard_reads_every_cause_as_the_fault_that_it_is():
    serial = {faults.FAULT_PORT_GONE, faults.FAULT_NO_ANSWER, faults.FAULT_PULSE_NOT_ANSWERED}
    serial |= {faults.FAULT_ANSWER_BROKEN, faults.FAULT_STOP_NOT_CONFIRMED, faults.FAULT_UNMATCHED_ANSWER}
    serial |= {faults.FAULT_ANSWER_INCOMPLETE, faults.FAULT_TRANSFER}
    for number in NUMBERS - {faults.FAULT_NONE}:
        if number == faults.FAULT_ELECTRODE:
            expected = safety_faults.LEAD_OPEN
        elif number in serial:
            expected = safety_faults.SERIAL_LOST
        else:
            expected = safety_faults.DEVICE_FAULT
        assert fault_of_device(number) == expected, words.FAULTS[number]


def test_table_leads_to_ready_only_from_the_mode_and_out_of_fault_only_by_clear():
    to_ready = [(s, e) for s in ALL_STATES for e in range(6) if states.NEXT[s][e] == states.READY]
    assert to_ready == [
        (states.ASK_MODE, states.EVENT_DONE),
        (states.READY, EVENT_START),
        (states.READY, EVENT_CLEAR),
    ]
    out = [
        (e, states.NEXT[states.FAULT][e]) for e in range(6) if states.NEXT[states.FAULT][e] != states.FAULT
    ]
    assert out == [(EVENT_CLEAR, states.OFF)]
    for row in states.NEXT:
        assert len(row) == 6
        assert row[EVENT_FAIL] == states.FAULT


def test_event_that_a_state_does_not_allow_leads_to_fault_with_a_cause(ready):
    ready.driver._go(states.EVENT_DONE)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, faults.FAULT_MISUSE)


def test_every_answer_of_the_device_is_read_also_when_glued_to_the_next(ready):
    assert ready.pulse()
    both = encode_frame(1, 37, b"\x00") + encode_frame(9, 60, b"\x00\x00")
    ready.driver.receive(bytearray(both + b"\xf0\x81"), len(both) + 2)
    assert ready.driver.can_pulse()
