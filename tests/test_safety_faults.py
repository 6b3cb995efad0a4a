"""The table of faults: complete, restated as numbers, and with a sentence for each reader."""

import re

import pytest

from firmware_py.pi import words
from safety import faults
from tests.house import REPO

# Restated on purpose: (name of the constant, class, reaction ms, latch, healthy ms).
CUT, END_STEP, HOLD = 0, 1, 2
CLEAR, ARM, HEALTHY, CONTACT = 0, 1, 2, 3
ROWS = [
    ("SWITCH_STUCK_OPEN", HOLD, 4050, CONTACT, 200),
    ("SWITCH_STUCK_CLOSED", END_STEP, 5050, CLEAR, 0),
    ("SWITCH_BOUNCE", END_STEP, 1050, HEALTHY, 3000),
    ("SWITCH_SILENT", END_STEP, 150, HEALTHY, 3000),
    ("SWITCH_IMU_DISAGREE", HOLD, 1050, HEALTHY, 20),
    ("IMU_FROZEN", END_STEP, 300, HEALTHY, 3000),
    ("IMU_STALE", END_STEP, 100, HEALTHY, 3000),
    ("IMU_RANGE", END_STEP, 100, HEALTHY, 3000),
    ("FALSE_BURSTS", HOLD, 50, HEALTHY, 20),
    ("IMU_REVERSED", END_STEP, 50, HEALTHY, 3000),
    ("LEAD_OPEN", CUT, 25, CLEAR, 0),
    ("DELIVERED_DIFFERS", CUT, 25, CLEAR, 0),
    ("CONTROLLER_STALLED", CUT, 100, ARM, 0),
    ("REQUEST_ORDER", CUT, 20, ARM, 0),
    ("SERIAL_LOST", CUT, 100, ARM, 0),
    ("DEVICE_FAULT", CUT, 25, CLEAR, 0),
    ("BATTERY_LOW", END_STEP, 1000, ARM, 0),
    ("BATTERY_EMPTY", CUT, 100, CLEAR, 0),
    ("SESSION_OVER", END_STEP, 1000, ARM, 0),
    ("HOUR_CHARGE", END_STEP, 1000, ARM, 0),
    ("RESTARTED", CUT, 20, ARM, 0),
    ("EMERGENCY_STOP", CUT, 20, ARM, 0),
    ("CLOCK_JUMP", CUT, 20, ARM, 0),
    ("LOOP_OVERRUN", END_STEP, 1000, ARM, 0),
    ("THREE_VIOLATIONS", CUT, 20, CLEAR, 0),
    ("CHECK_FAILED", CUT, 20, CLEAR, 0),
    ("PROFILE_CHANGE", CUT, 20, ARM, 0),
    ("SELF_TEST", CUT, 20, CLEAR, 0),
    ("BOOKKEEPING", CUT, 20, ARM, 0),
]


@pytest.mark.parametrize(("name", "stop", "react_ms", "latch", "healthy_ms"), ROWS)
def test_each_fault_has_the_class_reaction_time_and_latch_restated_here(
    name, stop, react_ms, latch, healthy_ms
):
    number: int = getattr(faults, name)
    f = faults.FAULTS[number]
    assert (f.stop, f.react_ms, f.latch, f.healthy_ms) == (stop, react_ms, latch, healthy_ms)


def test_no_fault_is_missing_here_and_each_stands_at_its_own_number():
    assert [f.id for f in faults.FAULTS] == list(range(len(ROWS) + 1))
    assert [getattr(faults, name) for name, *_ in ROWS] == list(range(1, len(ROWS) + 1))
    assert len({f.name for f in faults.FAULTS}) == len(faults.FAULTS)


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda f: f.name)
def test_each_fault_has_a_sentence_for_the_wearer_and_another_for_the_engineer(fault):
    said = words.of_fault(fault.id)
    assert said.wearer != said.engineer
    for sentence in (said.wearer, said.engineer):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "  " not in sentence
    for word in ("IMU", "burst", "commit", "log", "CUT"):
        assert word not in said.wearer, f"{fault.name}: {word} means nothing to the wearer"


def test_what_cuts_stays_off_until_a_person_acts_and_what_holds_ends_by_itself():
    for f in faults.FAULTS[1:]:
        by_itself = f.latch in (HEALTHY, CONTACT)
        if f.stop == CUT:
            assert not by_itself, f.name
        if f.stop == HOLD:
            assert by_itself, f.name
        assert by_itself == (f.healthy_ms > 0), f.name


def test_only_the_seated_foot_is_held_back_without_a_sound():
    assert [f.id for f in faults.FAULTS if f.is_quiet] == [faults.NO_FAULT, faults.SWITCH_IMU_DISAGREE]


def test_what_plausibility_finds_fits_into_one_small_whole_number():
    assert faults.IMU_REVERSED == 10
    assert all(1 << f.id < 2**30 for f in faults.FAULTS[: faults.IMU_REVERSED + 1])


def test_classes_and_latches_have_names():
    assert faults.CLASS_NAMES == ("CUT", "END_STEP", "HOLD")
    assert len(faults.LATCH_NAMES) == 4
    assert {f.stop for f in faults.FAULTS} == {0, 1, 2}
    assert {f.latch for f in faults.FAULTS} == {0, 1, 2, 3}


def test_a_full_log_is_no_fault_of_stimulation():
    assert not any("log" in f.name for f in faults.FAULTS)


def test_a_restart_is_the_only_fault_that_nothing_in_the_product_raises():
    rooms = ("safety", "gait_detect", "stimulator", "firmware_py")
    tables = ("faults.py", "supervisor.py")  # they name all
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for room in rooms
        for path in (REPO / room).rglob("*.py")
        if not (room == "safety" and path.name in tables)
    )
    by_event = {
        "EMERGENCY_STOP": "STOP",
        "PROFILE_CHANGE": "PROFILE_CHANGED",
        "SELF_TEST": "SELF_TEST_FAILED",
        "RESTARTED": "RESET",
    }
    named = [
        name for name, *_ in ROWS if name != "BOOKKEEPING"
    ]  # the supervisor's own, for what is in no table
    silent = [
        name
        for name in named
        if not re.search(rf"\bfaults\.{name}\b", text)
        and not (name in by_event and re.search(rf"\bsupervisor\.{by_event[name]}\b", text))
    ]
    assert silent == ["RESTARTED"], "whoever raises it says so in words.toml and benchmarks/faults.py"
    assert "Nothing in this build sends it" in words.of_fault(faults.RESTARTED).engineer
