"""`./swingphase exercise`: an exercise on a simulated person on a chair, through guard, driver and an emulated P24."""

import argparse
from pathlib import Path

from firmware_py.pi import words
from firmware_py.pi.console import made_folder
from firmware_py.pi.exercise_file import load_plan, plan_text
from firmware_py.pi.prescription_file import add_prescription_option, chosen_prescription
from hw_sim.exercise_pictures import picture, tries_every_second_cue
from hw_sim.exercise_run import ExerciseRun
from stimulator import exercise
from stimulator.drivers.capability import P24
from stimulator.exercise_plan import (
    BY_ATTEMPT,
    BY_BUTTON,
    ExercisePlan,
    checked,
    default_plan,
    plan_hash,
    total_s,
    warnings,
)
from stimulator.prescription import Prescription, channel_name, default_prescription
from stimulator.presets import EXERCISES, named, plan_of

PRESS_LEFT_S = 4  # of the window when the simulated person presses the hand button


def main(arguments: list[str]) -> int:
    """Run the exercise; 0 if it was done, 1 if it ended early."""
    parser = argparse.ArgumentParser(
        prog="./swingphase exercise",
        description=__doc__,
        epilog="Exercises: " + " ".join(f"{e.name}: {e.about}" for e in EXERCISES),
    )
    chosen_plan = parser.add_mutually_exclusive_group()
    chosen_plan.add_argument("--plan", metavar="FILE", help="TOML file; what it leaves out has its default")
    chosen_plan.add_argument("--preset", choices=[e.name for e in EXERCISES], help="an exercise by its name")
    add_prescription_option(parser)
    parser.add_argument(
        "--out", default="exercise", help="folder for picture and black box (default exercise)"
    )
    parser.add_argument("--write", metavar="FILE", help="write the plan to FILE instead of running it")
    chosen = parser.parse_args(arguments)

    prescription = chosen_prescription(chosen) or default_prescription()
    plan, about = _plan_of(chosen, prescription)
    checked(plan, prescription, P24.current_step_ua)
    for sentence in warnings(plan, prescription):
        print(f"Note: {sentence}")
    if chosen.write:
        Path(chosen.write).write_text(plan_text(plan, about), encoding="utf-8")
        print(f"Written: {chosen.write}")
        return 0
    folder = made_folder(chosen.out)
    print(
        f"Plan {plan_hash(plan)}: {plan.sets} x {plan.repetitions}, at most {total_s(plan)} s. Simulated person."
    )
    run = ExerciseRun(plan, prescription, deeds=_person(plan), log_path=folder / "blackbox.swp").run(_tell())
    (folder / "exercise.svg").write_text(picture("Exercise", run), encoding="utf-8")
    for line in _summary(run):
        print(line)
    print(f"\nPicture: {folder / 'exercise.svg'}   Black box: {folder / 'blackbox.swp'}")
    return int(run.exercise.ended_by != exercise.DONE)


def _plan_of(chosen: argparse.Namespace, prescription: Prescription) -> tuple[ExercisePlan, tuple[str, ...]]:
    if chosen.plan:
        return load_plan(Path(chosen.plan), prescription), ()
    if chosen.preset:
        preset = named(EXERCISES, chosen.preset)
        return plan_of(preset), (preset.about, f"Source: {preset.source}.")
    return default_plan(len(prescription.channels)), ()


def _person(plan: ExercisePlan):
    """Return what the simulated person does: answers every second cue, by the foot or by the button."""

    def presses(run: ExerciseRun) -> None:
        e = run.exercise
        is_turn = e.phase == exercise.WAIT and e.left_s() == PRESS_LEFT_S
        if is_turn and (e.done_total + e.missed_total) % 2 == 0:
            e.button()

    if plan.trigger == BY_ATTEMPT:
        return tries_every_second_cue
    return presses if plan.trigger == BY_BUTTON else lambda run: None


def _tell():
    """Return a progress that prints each repetition once."""
    seen = [0]

    def tell(run: ExerciseRun) -> None:
        done, plan = run.exercise.done_total, run.plan
        if done != seen[0]:
            seen[0] = done
            sets, repetitions = divmod(done - 1, plan.repetitions)
            where = f"set {sets + 1} of {plan.sets}: {repetitions + 1} of {plan.repetitions}"
            print(f"  {run.now_us / 1e6:5.0f} s  {where}")

    return tell


def _summary(run: ExerciseRun) -> list[str]:
    e, refused = run.exercise, run.refused()
    lines = [
        exercise.ENDS[e.ended_by],
        f"{e.done_total} repetitions in {run.now_us / 1e6:.0f} s, {e.missed_total} missed cues; the foot lifted by up "
        f"to {max(a for _, a in run.trace.toe_up_deg) - run.trace.toe_up_deg[0][1]:.0f} deg",
    ]
    for channel in range(len(run.prescription.channels)):
        pulses = run.pulses(channel)
        if pulses:
            lines.append(
                f"{channel_name(channel)}: {len(pulses)} pulses, up to {max(ma for _, ma in pulses):g} mA"
            )
    lines.append(f"Pulses refused by the guard: {len(refused)}")
    lines += [f"  {refused.count(r)} x {words.of_reason(r)}" for r in sorted(set(refused))]
    return lines
