"""Golden decisions: an unintended change of the detector is noticed, and the notice says which and how much."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from hw_sim.recordings import load_recordings
from tests import golden_decisions
from tests.golden_decisions import (
    SENSORS,
    STORED,
    Decided,
    decided_on,
    differences,
    golden,
    recorded,
    simulated,
    summary,
)

HOW = "If the change is meant: .venv/bin/python -m tests.golden_decisions --refresh, and say why in the commit.\n"
ONE = Decided(name="made 1 L foot", samples="ab", steps=10, found=9, swings=11, checksum="cd")
KNOWN = {
    "fields": golden_decisions.FIELDS,
    "recordings": {ONE.name: ONE.row()},
    "simulated": {"w": ["0 stance"]},
}


def test_simulated_walks_are_decided_as_before() -> None:
    found = differences(golden(), [], simulated())
    assert not found, HOW + "\n".join(found)


def test_recorded_walks_are_decided_as_before(gait_dir: Path) -> None:
    now = recorded(load_recordings(gait_dir))
    then = golden()
    known = [d for d in now if then["recordings"].get(d.name, [""])[0] == d.samples]
    if not known:
        pytest.skip(f"no recording in {gait_dir} is one of those that golden decisions are kept of")
    found = differences(then, now, then["simulated"])
    assert not found, HOW + "\n".join([*found, summary(then, now)])


def test_golden_holds_steps_of_every_stored_walk_and_no_event_times_of_recordings() -> None:
    then = golden()
    assert set(then["simulated"]) == {f"{name}: {sensors}" for name in STORED for sensors in SENSORS}
    for name, events in then["simulated"].items():
        assert sum(event.endswith("loading") for event in events) >= 6, name
    for row in then["recordings"].values():
        assert [type(cell) for cell in row] == [str, int, int, int, str]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"found": 8}, "made 1 L foot: 9 -> 8 of 10 steps found, 11 -> 11 swings"),
        ({"swings": 12}, "made 1 L foot: 9 -> 9 of 10 steps found, 11 -> 12 swings"),
        (
            {"checksum": "ef"},
            "1 recordings with as many steps and swings as before, but not sample for sample",
        ),
    ],
)
def test_a_changed_recording_is_named_with_its_steps(changed: dict, said: str) -> None:
    assert differences(KNOWN, [replace(ONE, **changed)], KNOWN["simulated"]) == [said]


def test_recordings_that_golden_does_not_know_are_left_out() -> None:
    others = [replace(ONE, name="made 2 L foot"), replace(ONE, samples="other", found=0)]
    assert differences(KNOWN, others, KNOWN["simulated"]) == []
    assert summary(KNOWN, others).startswith("0 of 2 recordings are known")
    assert "(0 gained, 1 lost)" in summary(KNOWN, [replace(ONE, found=8)])


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (["0 swing"], "w: event 1 was '0 stance', is '0 swing'; 1 events were, 1 are"),
        (["0 stance", "5 swing"], "w: event 2 was 'the end', is '5 swing'; 1 events were, 2 are"),
        ([], "w: event 1 was '0 stance', is 'the end'; 1 events were, 0 are"),
    ],
)
def test_the_first_event_that_differs_is_named(events: list[str], said: str) -> None:
    assert differences(KNOWN, [ONE], {"w": events}) == [said]


def test_a_new_field_of_the_state_is_a_difference() -> None:
    then = copy.deepcopy(KNOWN)
    then["fields"] = then["fields"][1:]
    assert len(differences(then, [ONE], KNOWN["simulated"])) == 1


def test_one_field_of_one_sample_changes_the_checksum(gait_dir: Path, monkeypatch) -> None:
    recording = load_recordings(gait_dir)[0]
    before = decided_on(recording)

    class Unsure(golden_decisions.GaitDetector):
        def step(self, sample):
            state = super().step(sample)
            state.confidence ^= sample.t_us == before_us
            return state

    before_us = [sample.t_us for sample in recording.samples()][500]
    monkeypatch.setattr(golden_decisions, "GaitDetector", Unsure)
    after = decided_on(recording)
    assert (after.found, after.swings, after.samples) == (before.found, before.swings, before.samples)
    assert after.checksum != before.checksum


def test_refresh_writes_what_the_next_look_finds_unchanged(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(golden_decisions, "GOLDEN", tmp_path / "decisions.json")
    monkeypatch.setenv("SWINGPHASE_GAIT_DIR", str(tmp_path / "none"))
    assert golden_decisions.main([]) == 1
    assert golden_decisions.main(["--refresh"]) == 0
    assert golden_decisions.main([]) == 0
    assert "No difference." in capsys.readouterr().out
