"""`./swingphase bench jitter`: what it counts, on a clock that the test moves, and when a machine is too slow."""

import pytest

import swingphase
from benchmarks import jitter
from benchmarks.jitter import Figures, measure, most_in_a_second
from firmware_py.pi.run.lateness import Lateness


class Clock:
    """Every `every`-th wait takes `extra_us` longer."""

    def __init__(self, every=1, extra_us=0):
        self.us, self.n, self.every, self.extra_us = 1_000, 0, every, extra_us

    def read(self):
        return self.us

    def wait(self, us):
        self.n += 1
        self.us += us + (self.extra_us if self.n % self.every == 0 else 0)


def measured(seconds, clock):
    return measure(seconds, clock_us=clock.read, wait=clock.wait, is_real_time=False)


def test_on_a_perfect_clock_every_cycle_runs_the_real_loop_and_help_is_asked_for():
    figures = measured(8, Clock())
    assert (figures.beats, figures.lost, figures.lateness.max_us) == (1_600, 0, 0)
    assert len(figures.request_us) > 150, "the walk must be found, or the loop did not work"
    assert figures.problems() == []
    assert figures.lines()[-1] == "This machine is good enough."


@pytest.mark.parametrize(
    ("every", "extra_us", "said"),
    [
        (1, 900, ""),
        (150, 4_000, ""),
        (50, 1_200, "1 % of the cycles began more than 1000 us late"),
        (60, 14_000, "cycles were left out"),
        (60, 8_000, "cycles within a second came over 10 ms after"),
    ],
)
def test_a_clock_that_is_late_is_found_out(every, extra_us, said):
    figures = measured(4, Clock(every, extra_us))
    assert (said in " ".join(figures.problems())) if said else figures.problems() == []
    assert (figures.lines()[-1] == "This machine is not good enough.") is bool(said)


@pytest.mark.parametrize(
    ("times_us", "most"),
    [
        ([], 0),
        ([5], 1),
        ([0, 1_000_000], 2),
        ([0, 1_000_001], 1),
        ([0, 900_000, 1_800_000, 1_900_000, 2_000_000], 3),
    ],
)
def test_the_most_in_any_second_are_counted(times_us, most):
    assert most_in_a_second(times_us) == most


def test_a_slow_loop_is_told_but_does_not_make_a_machine_unfit():
    figures = Figures(Lateness(), 200, 0, [150] * 10 + [250] * 11, 0)
    assert any("median 250 us" in line and "not met" in line for line in figures.lines())
    assert figures.problems() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "0"], "--seconds is 0.0"),
        (["--busy", "-1"], "--busy is -1"),
        (["--busy", "65"], "0 to 64"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, said, capsys):
    assert swingphase.main(["bench", "jitter", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_busy_processes_end_with_it_whatever_happens():
    with pytest.raises(KeyboardInterrupt), jitter.busy(2):
        raise KeyboardInterrupt  # subprocess warns of a child that was left behind, and warnings are errors here


def test_the_command_prints_the_verdict_and_fails_on_a_bad_machine(monkeypatch, capsys):
    for lost, code in ((0, 0), (100, 1)):
        monkeypatch.setattr(
            jitter, "measure", lambda s, link, lost=lost: Figures(Lateness(), 200, lost, [90], 0)
        )
        assert swingphase.main(["bench", "jitter", "--seconds", "1"]) == code
    assert "This machine is good enough." in capsys.readouterr().out


def test_a_link_that_never_rests_is_served_between_the_cycles_and_its_process_ends_with_the_bench():
    with jitter.asking(False) as none:
        assert none is None
    with jitter.asking(True) as link:
        figures = measure(0.5, is_real_time=False, link=link)
    assert link is not None
    assert link.fileno() == -1, "let go of"
    (said,) = figures.said
    assert int(said.split()[4]) > 5, said
    assert figures.beats + figures.lost >= 100
