"""Campaigns: a trial is the same whoever walks it; a killed campaign goes on; the summary names the worst."""

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future

import pyarrow.parquet as pq
import pytest

from firmware_py.pi.console import UserError
from hw_sim.breaks import BREAKS
from hw_sim.campaign import (
    ALL,
    EVERYTHING,
    NO_FAULT,
    CampaignSettings,
    result_of_trial,
    scenario_of_trial,
    trial_seed,
)
from hw_sim.campaign_job import main
from hw_sim.campaign_page import replay_command, summary_html, worst
from hw_sim.campaign_results import Results
from hw_sim.campaign_run import executor_for, run_campaign
from tests.house import REPO

FEW = CampaignSettings(seed=7, walks=6, faults=("IMU stale", "electrode 0 open", NO_FAULT), walk_s=8.0)


class Here(Executor):
    """Runs a task when it is submitted, in this process; dies before task number `dies_at`."""

    def __init__(self, dies_at=None):
        self.tasks = []
        self.dies_at = dies_at

    def submit(self, fn, /, *args, **kwargs):
        if len(self.tasks) == self.dies_at:
            raise KeyboardInterrupt
        self.tasks.append(args[1])
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def walked(folder, settings=FEW, executor=None):
    results = Results(folder, settings)
    seen = []
    run_campaign(settings, results, executor or Here(), 1, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (settings.walks, settings.walks)
    return results.rows()


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    return folder, walked(folder)


def test_every_trial_has_one_row_and_a_seed_of_its_own(few):
    _, rows = few
    assert [row["trial"] for row in rows] == list(range(6))
    assert len({row["seed"] for row in rows}) == 6
    assert {row["fault"] for row in rows} <= set(FEW.faults)
    assert all(row["pulses"] > 0 and row["strongest_ma"] <= 60 for row in rows)


def test_a_trial_walked_alone_is_the_row_of_the_campaign(few):
    _, rows = few
    alone = result_of_trial(FEW, 4)
    kept = rows[4]
    assert {k: kept[k] for k in alone} == alone


def test_seeds_depend_on_campaign_and_trial_only():
    assert trial_seed(1, 2) == trial_seed(1, 2)
    assert len({trial_seed(c, t) for c in range(20) for t in range(200)}) == 4000
    assert all(0 <= trial_seed(1, t) < 2**31 for t in range(1000))


def test_every_fault_there_is_gets_its_turn_and_can_be_walked():
    settings = CampaignSettings(seed=1, walks=1, faults=EVERYTHING, walk_s=24.0)
    drawn = [scenario_of_trial(settings, trial).scenario for trial in range(800)]
    seen = {s.event[0].what if s.event else NO_FAULT for s in drawn}
    assert seen == {*ALL, NO_FAULT}
    assert {BREAKS[name].group for name in ALL} >= {"heel switch", "IMU", "stimulator", "controller"}
    assert all(8.4 <= s.event[0].at_s <= 18.0 for s in drawn if s.event)


def test_a_campaign_goes_on_where_it_was_stopped_and_does_nothing_twice(tmp_path, few, monkeypatch):
    monkeypatch.setattr("hw_sim.campaign_run.BATCH", 2)
    monkeypatch.setattr("hw_sim.campaign_run.AHEAD", 1)
    with pytest.raises(KeyboardInterrupt):
        walked(tmp_path, executor=Here(dies_at=2))
    kept = Results(tmp_path, FEW).done()
    assert 0 < len(kept) < 6
    again = Here()
    assert walked(tmp_path, executor=again) == few[1]
    assert {trial for batch in again.tasks for trial in batch} == set(range(6)) - kept


def test_a_half_written_part_does_not_count(tmp_path, few):
    results = Results(tmp_path, FEW)
    (tmp_path / "part-00000000-3.tmp").write_bytes(b"PAR1 half")
    assert results.done() == set()
    results.add(few[1][:3])
    assert results.done() == {0, 1, 2}


def test_another_campaign_is_not_mixed_in(tmp_path):
    Results(tmp_path, FEW)
    other = CampaignSettings(seed=8, walks=6, faults=FEW.faults, walk_s=8.0)
    with pytest.raises(UserError, match="holds another campaign"):
        Results(tmp_path, other)


def test_results_are_parquet_that_others_can_read(few):
    folder, rows = few
    table = pq.read_table(next(folder.glob("part-*.parquet")))
    assert table.num_rows == 6
    assert str(table.schema.field("clearance_mm_least").type) == "double"
    assert table["trial"].to_pylist() == [row["trial"] for row in rows]


def test_the_summary_names_faults_walkers_refusals_and_the_worst_with_their_command(few):
    _, rows = few
    text = summary_html(FEW, rows, "0.0")
    for words in (
        "IMU stale",
        "electrode 0 open",
        "no switch",
        "NOT_PLAUSIBLE",
        "clearance mm",
        "uC tibialis",
    ):
        assert words in text, words
    assert "--trial" in text
    first = worst(rows)[0]
    assert replay_command(FEW, first["trial"]).startswith(
        f"./swingphase campaign --trial {first['trial']} --seed 7 --walk-s 8 --faults "
    )


def test_the_worst_are_sorted_by_harm():
    def row(trial, **fields):
        usual = {
            "trial": trial,
            "broken": [],
            "stance_pulses_s": 0.0,
            "silent_after": 0,
            "missed": 0,
            "dragged": 0,
            "missed_after": 0,
            "clearance_mm_least": 10.0,
        }
        return usual | fields

    rows = [
        *(row(0), row(1, clearance_mm_least=2.0), row(2, missed=1), row(3, silent_after=1)),
        *(row(4, stance_pulses_s=0.1), row(5, broken=["x"]), row(6), row(7, clearance_mm_least=None)),
    ]
    assert [r["trial"] for r in worst(rows)][:5] == [5, 4, 3, 2, 7]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "nix"], ["no fault 'nix'", "IMU stale"]),
        (["--faults", ","], ["--faults names none"]),
        (["--walks", "0"], ["--walks is 0", "1 to 10000000"]),
        (["--walk-s", "2"], ["--walk-s is 2", "8 to 3600"]),
    ],
)
def test_a_wrong_option_gets_one_sentence(arguments, words):
    with pytest.raises(UserError) as caught:
        main(arguments)
    assert all(word in str(caught.value) for word in words)


def test_one_trial_is_walked_again_by_its_command(capsys):
    assert main(["--trial", "0", "--seed", "7", "--walk-s", "8", "--faults", ", ".join(FEW.faults)]) == 0
    assert "Trial 0 of campaign 7" in capsys.readouterr().out


def campaign(folder, *more):
    options = ["--walks", "24", "--walk-s", "8", "--seed", "3", "--faults", "IMU stale, none", "--jobs", "1"]
    return [sys.executable, str(REPO / "swingphase.py"), "campaign", *options, "--out", str(folder), *more]


def test_a_campaign_that_is_killed_goes_on_to_the_same_results(tmp_path):
    # Two processes; the first is killed as soon as it has said that something is done.
    started = subprocess.Popen(
        campaign(tmp_path / "killed"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert started.stderr is not None
    for line in started.stderr:
        if line[0] != "0":
            break
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    started.stderr.close()
    kept = sum(pq.read_metadata(part).num_rows for part in (tmp_path / "killed").glob("part-*.parquet"))
    assert 0 < kept < 24
    ended = subprocess.run(campaign(tmp_path / "killed"), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"{kept} were there before" in ended.stdout
    assert (tmp_path / "killed/summary.html").exists()
    settings = CampaignSettings(seed=3, walks=24, faults=("IMU stale", "none"), walk_s=8.0)
    rows = Results(tmp_path / "killed", settings).rows()
    assert [row["trial"] for row in rows] == list(range(24))
    alone = result_of_trial(settings, 23)
    assert {k: rows[23][k] for k in alone} == alone


def test_a_dask_cluster_gives_the_same_results(tmp_path, few):
    from distributed import LocalCluster

    with contextlib.ExitStack() as stack:
        cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1")
        stack.enter_context(contextlib.closing(cluster))
        address = str(cluster.scheduler_address)
        executor, workers = stack.enter_context(executor_for(address, 0))
        assert workers == 1
        assert walked(tmp_path, executor=executor) == few[1]


def test_a_scheduler_that_is_not_there_gets_a_sentence():
    with (
        pytest.raises(UserError, match=r"There is no dask scheduler at tcp://127\.0\.0\.1:1 "),
        executor_for("tcp://127.0.0.1:1", 1),
    ):
        pass
