"""Whatever breaks while a person walks with help is found, or does no harm.

Closed loop on a simulated severe foot drop; pulses are judged at the emulated stimulator. In CI each fault
strikes in one phase per sensor place and switch, another one for each; with --all in every phase and for
more walkers. `./swingphase bench faults` prints the table.
"""

import pytest

from benchmarks import faults as bench
from benchmarks.fault_cases import CASES, KNOWN_GAPS, Case, known_gap
from benchmarks.fault_rig import PHASES, PLACES
from benchmarks.fault_trial import Outcome, applies, play, prepared
from hw_sim import faulty_sensors as fs
from safety import faults

# Restated: class and reaction time of safety/faults.py, ms from the first moment at which the fault shows.
PROMISED = {
    "heel switch bounces": ("END_STEP", 1_050),
    "heel switch unplugged": ("END_STEP", 150),
    "IMU frozen": ("END_STEP", 300),
    "IMU stale": ("END_STEP", 100),
    "IMU and switch gone": ("END_STEP", 150),
    "IMU turns too fast": ("END_STEP", 100),
    "IMU feels 40 g": ("END_STEP", 100),
    "IMU feels 0 g": ("END_STEP", 100),
    "IMU rates at the rail": ("END_STEP", 100),
    "electrode 0 open": ("CUT", 25),
    "electrode 1 open": ("CUT", 25),
    # 100 ms of patience, and up to 5 ms until the guard looks again
    "device busy": ("CUT", 25),
    "answers dropped": ("CUT", 105),
    "answers 150 ms late": ("CUT", 105),
    "answers corrupt": ("CUT", 105),
    "answers to another packet": ("CUT", 105),
    "device silent": ("CUT", 105),
    "device loses power": ("CUT", 105),
    "cable unplugged": ("CUT", 100),
    "controller stalls 120 ms": ("CUT", 105),
    "controller stalls 300 ms": ("CUT", 105),
    "cycle skipped": ("CUT", 20),
    "clock jumps 300 ms ahead": ("CUT", 20),
    "clock jumps 50 ms back": ("CUT", 20),
    "stop": ("CUT", 20),
    "profile changed": ("CUT", 20),
    "restart": ("CUT", 20),
}
BY_NAME = {case.name: case for case in CASES}


def rows(every_phase: bool, seeds: tuple[int, ...] = (1,)):
    """Each fault x place x switch x walker, in one phase in turn or in all."""
    number = 0
    for place in PLACES:
        for has_switch in (True, False):
            for i, case in enumerate(CASES):
                if not applies(case, has_switch):
                    continue
                for phase in PHASES if every_phase else (PHASES[(i + number) % len(PHASES)],):
                    for seed in seeds:
                        gap = known_gap(case.name, place, has_switch, phase, seed)
                        marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
                        switch = "switch" if has_switch else "no switch"
                        name = f"{case.name}, {phase}, {place}, {switch}, walker {seed}"
                        yield pytest.param(case, place, has_switch, phase, seed, id=name, marks=marks)
            number += 1


def check(o: Outcome) -> None:
    assert o.verdict in ("detected", "harmless"), f"{o}"
    assert o.longest_burst_s <= 5.2, f"{o}"
    promised = PROMISED.get(o.case)
    if promised is None or o.verdict == "harmless":
        return
    stop, react_ms = promised
    found = faults.FAULTS[o.fault_id]
    assert faults.CLASS_NAMES[found.stop] == stop, (
        f"{found.name} has class {faults.CLASS_NAMES[found.stop]}: {o}"
    )
    assert o.seen_ms is not None, f"{o}"
    assert o.seen_ms <= react_ms, f"{o}"


ROW = ("case", "place", "has_switch", "phase", "seed")


@pytest.mark.parametrize(ROW, list(rows(every_phase=False)))
def test_a_fault_is_found_or_does_no_harm(case: Case, place: str, has_switch: bool, phase: str, seed: int):
    check(play(case, place, has_switch, phase, seed))


@pytest.mark.slow
@pytest.mark.parametrize(ROW, list(rows(every_phase=True, seeds=(2, 3))))
def test_a_fault_in_any_phase_is_found_or_does_no_harm(
    case: Case, place: str, has_switch: bool, phase: str, seed: int
):
    check(play(case, place, has_switch, phase, seed))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("has_switch", [True, False])
def test_without_a_fault_nothing_is_found_and_every_step_is_helped(place, has_switch):
    nothing = Case("nothing", "", lambda trial: None, ())
    for phase in ("standing", "swing"):
        o = play(nothing, place, has_switch, phase)
        assert (o.verdict, o.fault_id, o.silent_steps) == ("harmless", 0, 0), f"{o}"
        assert o.stance_share == 0.0, f"{o}"


# The judge itself: a guard that does not obey must be called harmful.


def deaf(trial):
    """The supervisor hears of no fault any more."""
    trial.guard.supervisor.fault = lambda fault_id: None


def test_a_supervisor_that_hears_no_fault_is_called_harmful():
    def inject(trial):
        deaf(trial)
        trial.sensors.begin(fs.STALE)

    o = play(Case("stale, not heard", "IMU", inject, (faults.IMU_STALE,), True), "foot", True, "swing")
    assert o.verdict == "harmful", f"{o}"
    assert "it was not detected" in o.why, f"{o}"


def test_a_cut_that_does_not_cut_is_called_harmful():
    def inject(trial):
        trial.guard.supervisor.fault_id = faults.DEVICE_FAULT  # told, but nothing is switched off

    o = play(Case("told, not done", "", inject, (faults.DEVICE_FAULT,), True), "foot", True, "swing")
    assert o.verdict == "harmful", f"{o}"
    assert "after stimulator fault" in " ".join(o.why), f"{o}"


def test_pulses_in_stance_are_called_harmful():
    def inject(trial):
        plain = trial.controller.cycle.detector.step

        def always_swing(sample):
            state = plain(sample)
            state.swing = 1
            return state

        trial.controller.cycle.detector.step = always_swing

    o = play(Case("detector says swing", "", inject, ()), "foot", False, "stance")
    assert o.verdict == "harmful", f"{o}"
    assert o.wrong_s >= 0.4, f"{o}"


def test_a_trial_plays_the_same_twice_and_leaves_its_start_untouched():
    case = BY_NAME["IMU stale"]
    first = play(case, "foot", True, "swing")
    assert play(case, "foot", True, "swing") == first
    assert prepared("foot", True, "swing", 1).onset_us is None


def test_the_table_names_every_fault_that_was_tried():
    found = [play(BY_NAME[name], "foot", True, "swing") for name in ("stop", "IMU stale")]
    lines = bench.table(found)
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["IMU stale", "stop"]
    assert "| stop | 1 |" in bench.page(found, "bench")
    assert "## Known gaps" in bench.page(found, "bench")


def test_a_gap_is_known_for_its_walker_place_and_phase_and_no_other():
    for names, place, trials, why in KNOWN_GAPS:
        for name in names:
            assert name in BY_NAME
            for seed, has_switch, phases in trials:
                assert {known_gap(name, place, has_switch, phase, seed) for phase in phases} == {why}
                assert not any(known_gap(name, place, has_switch, p, seed) for p in PHASES if p not in phases)
                assert not any(known_gap(name, p, has_switch, phases[0], seed) for p in PLACES if p != place)
    assert known_gap("IMU upside down", "foot", True, "standing", 7) == "", "with a switch it is found"


def test_a_word_that_no_fault_has_is_answered_with_their_names(capsys):
    assert bench.main(["--only", "nonsense"]) == 2
    assert "heel switch stuck open" in capsys.readouterr().out
