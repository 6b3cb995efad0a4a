"""The guardian as a process, with a controller that is frozen, killed or lies: pulses counted at the stimulator.

Counts and the guardian's own clock are asserted, not how quickly a busy machine gets around to things; the
times at the stimulator are what `./swingphase bench guardian` reports.
"""

import os
from dataclasses import replace

import pytest

from benchmarks import guardian as bench
from benchmarks.guardian_trials import KINDS, Trial, problems
from firmware_py.pi.guardian_launch import ROOT

N_TRIALS = bench.TRIALS_ALL if os.environ.get("SWINGPHASE_ALL") == "1" else bench.TRIALS


@pytest.mark.parametrize("kind", KINDS, ids=[k.name for k in KINDS])
def test_whatever_goes_wrong_gives_one_pulse_at_most_and_needs_a_new_arm(kind):
    (trials,) = bench.run((kind,), N_TRIALS, jobs=2)
    assert len(trials) == N_TRIALS
    for trial in trials:
        assert trial.n_after <= 1, trial
        assert trial.decided_us <= (20_000 if kind.is_stop else 100_000), trial
        assert trial.is_disarmed is not False, trial
        assert trial.sound != 0, "the loss of stimulation must be heard"


FINE = Trial(kind="x", n_after=1, n_after_clock=1, tail_us=99_000, decided_us=0, is_disarmed=True, sound=2)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"n_after": 2}, "2 pulses"),
        ({"tail_us": 100_001}, "100.0 ms after"),
        ({"decided_us": 100_001}, "decided at 100.0"),
        ({"is_disarmed": False}, "still was armed"),
        ({"sound": 0}, "not audible"),
    ],
)
def test_the_bench_names_what_is_broken(bad, said):
    kind = KINDS[0]
    assert problems(kind, [FINE]) == []
    (told,) = problems(kind, [FINE, replace(FINE, **bad)])
    assert said in told
    assert told.startswith(kind.name)


def test_a_stop_has_20_ms():
    stop = next(k for k in KINDS if k.is_stop)
    assert problems(stop, [replace(FINE, tail_us=20_000)]) == []
    assert problems(stop, [replace(FINE, tail_us=20_001)]) != []


def test_the_bench_prints_the_worst_case_of_each_kind():
    lines = bench.table(KINDS[:1], [[FINE, replace(FINE, tail_us=3_000, n_after=0)]])
    assert "99.0 ms" in lines[-1]
    assert lines[-1].startswith(KINDS[0].name)


def test_an_unknown_kind_is_answered_with_the_known_ones(capsys):
    assert bench.main(["--only", "no such kind"]) == 2
    assert KINDS[0].name in capsys.readouterr().out


def test_the_front_of_the_checkout_is_where_the_processes_start():
    assert (ROOT / "firmware_py/pi/guardian/__main__.py").is_file()
