"""The front door: one command, one sub-command a job. Imports are lazy, so that each job starts quickly.

Run it through `./swingphase`, which makes the environment first. Each job's own `main(arguments)` reads its
options; an error that says `is_for_people` becomes one sentence and exit code 2.
"""

import argparse
import importlib
import sys
from typing import NamedTuple


class Job(NamedTuple):
    """One line of the front door."""

    name: str
    module: str  # its main(arguments: list[str]) -> exit code does the job
    help: str
    simulator: str = ""  # a module that the job's room may not import: main gets a function that loads it


JOBS = (
    Job("demo", "hw_sim.demo_job", "60 s of virtual walking through the whole loop, with a report"),
    Job(
        "run",
        "firmware_py.pi.run.job",
        "the device on a Raspberry Pi; or --check, or --sim: all of it against a simulated person",
    ),
    Job("install-service", "firmware_py.pi.run.service_job", "start the device with the Pi, under watchdogs"),
    Job("sim", "hw_sim.sim_job", "a situation of daily life, simulated; fails if an expectation does"),
    Job("campaign", "hw_sim.campaign_job", "thousands of drawn virtual walks with faults; resumable"),
    Job("replay", "hw_sim.replay_job", "a recorded walk through the whole loop"),
    Job("check", "hw_sim.check_demo", "the check of leg and channels before the first walk, simulated"),
    Job("exercise", "hw_sim.exercise_job", "an exercise on a simulated person on a chair"),
    Job("prescription", "firmware_py.pi.prescription_job", "presets, and a file for another wearer or leg"),
    Job("emulate", "hw_sim.emulators.serve", "a stimulator on a pseudo-terminal for anyone's client"),
    Job("evaluate", "hw_sim.evaluate", "the trigger benchmark over labelled recordings"),
    Job("log", "firmware_py.pi.log_job", "what a black box says; recover a damaged one; its rows as tables"),
    Job(
        "link",
        "therapist.link_job",
        "a device over Bluetooth, or a simulated one",
        simulator="hw_sim.radio.link_sim",
    ),
    Job("board", "firmware_py.pi.board.job", "MicroPython boards: build, copy, measure"),
    Job("bench", "benchmarks.bench_job", "figures: worst cases, counts and ratios"),
    Job("bench-check", "benchmarks.bench_check", "a stimulator on a resistor: a guided check and a sheet"),
    Job("safety-case", "evidence.safety_case", "the safety page: hazards, requirements, tests and results"),
    Job("test", "evidence.test_job", "lint, types and tests"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; return its exit code. Bad input is one sentence and 2."""
    from firmware_py.pi.console import BAD_INPUT, sentence_of

    words = sys.argv[1:] if arguments is None else arguments
    job = _parser().parse_args(words[:1]).job
    try:
        run = importlib.import_module(job.module).main
        if job.simulator:
            return run(words[1:], lambda: importlib.import_module(job.simulator))
        return run(words[1:])
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError) as e:
        sentence = sentence_of(e)
        if sentence is None:
            raise
        print(f"swingphase: {sentence}", file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./swingphase",
        description="An open controller for functional electrical stimulation of the dropped foot. "
        "Research software, not a medical device.",
        epilog="./swingphase JOB --help shows the options of a job.",
    )
    jobs = parser.add_subparsers(title="jobs", required=True, metavar="JOB")
    for job in JOBS:
        jobs.add_parser(job.name, add_help=False, help=job.help).set_defaults(job=job)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
