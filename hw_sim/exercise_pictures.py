"""Pictures of the exercises: by time, in turn, by own attempt, and with the wearer's level changed on the way."""

import functools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from hw_sim.exercise_run import ExerciseRun
from hw_sim.pictures import BLUE, GREEN, GREY, RED, draw_sticks, svg_text
from stimulator import cues, exercise
from stimulator.exercise_plan import BY_ATTEMPT, IN_TURN, default_plan
from stimulator.prescription import default_prescription
from stimulator.wearer import DOWN, MUTE, UP

SHORT = {"repetitions": 2, "sets": 2, "set_pause_s": 5, "countdown_s": 3}
PHASE_COLOURS = {
    exercise.COUNT_DOWN: "#F0E442",
    exercise.WAIT: "#CC79A7",
    exercise.BURST: "#56B4E9",
    exercise.REST: "#f0f0f0",
    exercise.SET_PAUSE: "#c9c9c9",
    exercise.ON_HOLD: "#E69F00",
}
HEARD = {
    cues.COUNTDOWN: ("countdown", GREY, "|"),
    cues.YOUR_TURN: ("your turn", GREEN, "^"),
    cues.REPETITION: ("repetition", BLUE, "o"),
    cues.MISSED: ("missed", RED, "x"),
    cues.SET_DONE: ("set done", GREEN, "s"),
    cues.ALL_DONE: ("all done", GREEN, "*"),
    cues.LEVEL_CHANGED: ("level changed", RED, "v"),
}
TRY_AT_S = 4  # seconds left of the window when the simulated person tries
PUSH_NM = 2.0
FOOT_EVERY = 10  # cycles between two drawn points


def tries_every_second_cue(run: ExerciseRun) -> None:
    """Stand for a person who can lift the foot a little, now and then."""
    e = run.exercise
    is_try = e.phase == exercise.WAIT and e.left_s() == TRY_AT_S and (e.done_total + e.missed_total) % 2 == 0
    run.leg.push_nm = PUSH_NM if is_try else 0.0


def turns_down_and_up(run: ExerciseRun) -> None:
    """Stand for a wearer who frees the keys, takes 30 % off in the first burst and gives it back later."""
    ms = run.now_us // 1000
    presses = [(500, MUTE, 2_100), *((5_200 + 200 * i, DOWN, 80) for i in range(6))]
    presses += [(11_000, MUTE, 2_100), *((13_200 + 200 * i, UP, 80) for i in range(6))]
    for at_ms, key, held_ms in presses:
        if ms == at_ms:
            run.wearer.key_down(key)
            run.wearer.is_muted = False
        elif ms == at_ms + held_ms:
            run.wearer.key_up(key)


def _by_time() -> tuple[str, ExerciseRun]:
    plan = default_plan()._replace(**SHORT)
    return "Exercise by time: two sets of two", ExerciseRun(plan, default_prescription())


def _in_turn() -> tuple[str, ExerciseRun]:
    plan = default_plan()._replace(**SHORT, order=IN_TURN)
    return "One channel after the other", ExerciseRun(plan, default_prescription())


def _by_attempt() -> tuple[str, ExerciseRun]:
    changes = SHORT | {"trigger": BY_ATTEMPT, "helps_anyway": 0, "off_ms": 3000, "sets": 1, "repetitions": 3}
    plan = default_plan()._replace(**changes)
    run = ExerciseRun(plan, default_prescription(), deeds=tries_every_second_cue)
    return "By own attempt: every second cue is missed", run


def _level() -> tuple[str, ExerciseRun]:
    plan = default_plan()._replace(**SHORT | {"repetitions": 5, "sets": 1})
    run = ExerciseRun(plan, default_prescription(), deeds=turns_down_and_up)
    return "The wearer turns down in a burst, and up in a rest", run


RUNS = {"by-time": _by_time, "in-turn": _in_turn, "by-attempt": _by_attempt, "level": _level}


def picture(title: str, run: ExerciseRun) -> str:
    """Return one run as SVG text: phases and cues, delivered current, the wearer's share, the foot."""
    figure, (strip, current, foot) = plt.subplots(
        3, 1, figsize=(11, 6.2), sharex=True, height_ratios=(0.8, 2, 1.6), layout="constrained"
    )
    _draw_phases(strip, run)
    strip.set_title(title)
    for channel in range(len(run.prescription.channels)):
        draw_sticks(current, run.pulses(channel), channel)
    times, shares = np.array([*run.trace.shares, (run.now_us, run.trace.shares[-1][1])], dtype=float).T
    twin = current.twinx()
    twin.step(times / 1e6, shares, where="post", color=RED, ls="--", lw=1.2, label="wearer's share, %")
    twin.set_ylim(0, 130)
    twin.set_ylabel("%")
    current.set_ylabel("mA")
    current.set_title(f"Pulses delivered: {len(run.device.pulses)}; refused: {len(run.refused())}")
    lines = [a.get_legend_handles_labels() for a in (current, twin)]
    current.legend(
        lines[0][0] + lines[1][0], lines[0][1] + lines[1][1], loc="upper right", ncols=3, frameon=False
    )
    current.set_ylim(0, 36)
    times, angles = np.array(run.trace.toe_up_deg)[::FOOT_EVERY].T
    foot.plot(times / 1e6, angles - angles[0], color="black", lw=1)
    foot.set_title("Simulated foot: toe up from rest")
    foot.set_ylabel("deg")
    foot.set_xlabel("s")
    foot.set_xlim(0, run.now_us / 1e6)
    return svg_text(figure)


def _draw_phases(axes: Axes, run: ExerciseRun) -> None:
    edges = [*(t for t, _ in run.trace.phases), run.now_us]
    seen: set[int] = set()
    for (start_us, phase), end_us in zip(run.trace.phases, edges[1:], strict=True):
        if phase in PHASE_COLOURS:
            label = None if phase in seen else exercise.PHASE_NAMES[phase]
            seen.add(phase)
            axes.axvspan(start_us / 1e6, end_us / 1e6, 0, 0.55, color=PHASE_COLOURS[phase], lw=0, label=label)
    for cue, (name, colour, mark) in HEARD.items():
        at_s = [t / 1e6 for t, kind, number in run.signals.told if kind == "beep" and number == cue]
        if at_s:
            axes.plot(at_s, [0.8] * len(at_s), mark, color=colour, ms=6, label=name, ls="none")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.25), ncols=10, frameon=False, fontsize=8)


def drawn(name: str) -> str:
    """Return one picture as SVG text."""
    title, run = RUNS[name]()
    return picture(title, run.run())


PICTURES = {f"exercise-{name}": functools.partial(drawn, name) for name in RUNS}
