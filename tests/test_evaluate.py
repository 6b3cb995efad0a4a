"""`evaluate`: one table for all, intervals over people, and a sentence for what it cannot use."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_sim import gait_report
from hw_sim.gait_runs import Job, evaluate, jobs_of, result_of
from hw_sim.gait_tables import as_plain, feet_of, groups_of, row_of, rows_of
from hw_sim.recordings import make_detector
from safety.sample import Sample
from swingphase import main
from tests.gait_signals import MadeWalk, samples

FS = 100.0
WALK = MadeWalk(strides=8)


def index_entry(start: int, rows: list[Sample], subject: str, **more) -> dict:
    steps = [
        [
            round(FS * t)
            for t in (WALK.heel_off_s(k), WALK.contact_s(k) + 0.15, WALK.toe_off_s(k), WALK.contact_s(k))
        ]
        for k in range(WALK.strides)
    ]
    entry = {
        "dataset": "made",
        "subject": subject,
        "trial": "1",
        "side": "L",
        "place": "foot",
        "group": "made",
    }
    return entry | {"fs": FS, "start": start, "len": len(rows), "has_heel": False, "steps": steps} | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people who walk alike, one of them with weak push-off."""
    rows = list(samples(WALK, fs=FS))
    gyro = np.array([(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps) for s in rows])
    acc = np.array([(s.acc_x_mg, s.acc_y_mg, s.acc_z_mg) for s in rows])
    index = [index_entry(0, rows, "1"), index_entry(len(rows), rows, "2", weak_pushoff=True)]
    np.savez(
        tmp_path / "made.npz",
        gyro=np.vstack([gyro, gyro]).astype(np.int16),
        acc=np.vstack([acc, acc]).astype(np.int16),
        gyro_scale=np.float64(math.pi / 18_000),
        acc_scale=np.float64(9.80665 / 1000),
        index=np.frombuffer(json.dumps(index).encode(), np.uint8),
    )
    return tmp_path


def test_the_table_tells_every_group_and_foot_of_a_made_walk(folder: Path, capsys) -> None:
    out = folder / "rates.json"
    assert main(["evaluate", "--data", str(folder), "--jobs", "1", "--json", str(out)]) == 0
    said = capsys.readouterr()
    assert "made/foot/made " in said.out
    assert "ALL weak push-off" in said.out
    assert "made/foot/made 2L weak" in said.out
    assert "No recording has a missed, double or false step." in said.out
    assert "detecting 100%" in said.err
    rates = json.loads(out.read_text())
    whole = rates["groups"][1]
    assert (whole["key"], whole["steps"], whole["sens_pct"], whole["false_per_min"]) == (
        *("made/foot/made", 16, 100.0, 0.0),
    )
    assert len(rates["feet"]) == 2
    assert rates["delivered"] == []


def test_delivered_pulses_stand_beside_the_detector(folder: Path, capsys) -> None:
    out = folder / "rates.json"
    assert main(["evaluate", "--data", str(folder), "--jobs", "1", "--delivered", "--json", str(out)]) == 0
    capsys.readouterr()
    rates = json.loads(out.read_text())
    detected, delivered = rates["groups"][1], rates["delivered"][1]
    assert delivered["sens_pct"] >= detected["sens_pct"] - 1
    lag_ms = delivered["onset_toe_off_ms"][1] - detected["onset_toe_off_ms"][1]
    assert 0 < lag_ms < 100  # a pulse comes after its decision


def test_a_walk_that_nobody_labelled_lists_its_false_steps_and_how_to_look_at_them(
    folder: Path, capsys
) -> None:
    file = folder / "made.npz"
    arrays = dict(np.load(file))
    index = [e | {"steps": e["steps"][:1]} for e in json.loads(arrays["index"].tobytes())]
    arrays["index"] = np.frombuffer(json.dumps(index).encode(), np.uint8)
    np.savez(file, **arrays)
    assert main(["evaluate", "--data", str(file), "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert f"./swingphase replay {file} --recording 1 --out ../" in said
    assert "missed at no time; false at " in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "no/such/folder"], "no/such/folder does not exist"),
        (["--place", "shank"], "holds no recording with place 'shank'"),
        (["--misalign", "-3"], "--misalign is -3; 0 to 180 degrees"),
        (["--misalign", "nan"], "--misalign is nan"),
        (["--bias", "9"], "--bias is 9; -5 to 5 rad/s"),
        (["--jobs", "0"], "--jobs is 0; it must be 1 or more"),
        (["--delivered", "--misalign", "20"], "Leave --misalign, --bias and --half-rate out"),
        (["--jobs", "1", "--json", "no/such/folder/x.json"], "x.json cannot be written"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_code_2(folder, arguments, said: str, capsys) -> None:
    data = [] if "--data" in arguments else ["--data", str(folder)]
    assert main(["evaluate", *data, *arguments]) == 2
    assert said in capsys.readouterr().err


def results(folder: Path, shares: list[float]):
    """One result per share: this share of the steps is found, the rest is missed."""
    (job, _) = jobs_of(folder)
    found = []
    for number, share in enumerate(shares):
        on = np.zeros(job.recording.n_samples, bool)
        steps = job.recording.steps
        for _, _, toe_off, contact in steps[: round(share * len(steps))]:
            on[toe_off:contact] = True
        found.append(result_of(renamed(job, str(number)), on))
    return found


def renamed(job: Job, subject: str) -> Job:
    return replace(job, recording=replace(job.recording, subject=subject))


def test_the_interval_is_over_people_not_over_steps(folder: Path) -> None:
    alike, different = row_of("a", results(folder, [0.5] * 8)), row_of("b", results(folder, [0, 1] * 4))
    assert (alike.sens_pct, different.sens_pct) == (50.0, 50.0)
    assert (alike.sens_low_pct, alike.sens_high_pct) == (50.0, 50.0)
    assert different.sens_low_pct < 30 < 70 < different.sens_high_pct
    assert (different.people_below, different.people, different.worst_pct) == (4, 8, 0.0)


def test_one_person_has_no_interval_and_json_holds_no_nan(folder: Path) -> None:
    row = row_of("one", results(folder, [1.0]))
    assert math.isnan(row.sens_low_pct)
    assert as_plain(row)["sens_low_pct"] is None
    json.dumps(as_plain(row), allow_nan=False)


def test_the_worst_recordings_come_first_and_faultless_ones_not_at_all(folder: Path) -> None:
    worst = gait_report.worst(results(folder, [1.0, 0.25, 0.75]))
    assert [r.recording.subject for r in worst] == ["1", "2"]


def test_a_histogram_counts_every_error_and_gathers_what_lies_beyond() -> None:
    lines = gait_report.histogram("x", [-9.0, 0.0, 0.019, 0.02, 9.0, math.nan])
    counts = {words[0]: int(words[1]) for words in (said.split() for said in lines[1:])}
    assert lines[0].startswith("x, ms (+ is late), 5 steps")
    assert (counts["below"], counts["+0"], counts["+20"], counts["above"]) == (1, 2, 1, 1)
    assert sum(counts.values()) == 5


def test_several_processes_score_as_one_does(folder: Path) -> None:
    jobs = jobs_of(folder)
    two, one = (evaluate(jobs, make_detector, processes=n) for n in (2, 1))
    assert [result.score for result in two] == [result.score for result in one]
    assert [result.about for result in two] == [job.recording.describe() for job in jobs]


def test_rows_are_in_the_order_of_their_names(folder: Path) -> None:
    found = results(folder, [1.0, 0.5])
    assert [row.key for row in rows_of(found, groups_of)] == ["made/foot/made"]
    assert [row.key for row in rows_of(found, feet_of)] == ["made/foot/made 0L", "made/foot/made 1L"]
