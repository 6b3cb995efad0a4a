"""The front door: one command, one sub-command a job. Imports are lazy, so that each job starts quickly.

Run it through `./swingphase`, which makes the environment first.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; return its exit code. Bad input is one sentence and 2."""
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and not hasattr(chosen, "passes_on"):
        parser.error(f"{rest[0]} is not an option of this job; see ./swingphase JOB --help")
    chosen.arguments = rest
    try:
        return chosen.job(chosen)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError) as e:
        if not _is_for_people(e):
            raise
        print(f"swingphase: {e}", file=sys.stderr)
        return BAD_INPUT


def _is_for_people(e: Exception) -> bool:
    """Return whether `e` is one of ours, whose text is a sentence for the person at the keyboard."""
    from firmware_py.pi.serial_port import PortError
    from hw_sim.recordings import RecordingError
    from hw_sim.world import StimulatorNotReady
    from stimulator.prescription import PrescriptionError

    return isinstance(e, PortError | RecordingError | StimulatorNotReady | PrescriptionError | UserError)


class UserError(ValueError):
    """A wish that cannot be fulfilled; the text says fact, allowed, next step."""


def _demo(chosen: argparse.Namespace) -> int:
    from hw_sim.demo import demo_prescription, run_demo
    from hw_sim.report import demo_html, summary_lines

    prescription = _prescription(chosen) if chosen.prescription else demo_prescription()
    folder = _folder(chosen.out)
    began = time.monotonic()
    run = run_demo(
        prescription,
        severity=chosen.severity,
        seed=chosen.seed,
        log_path=folder / "blackbox.swp",
        progress=_bar("walking"),
    )
    walked_s = time.monotonic() - began
    report = folder / "report.html"
    about = [
        ("command", f"./swingphase demo --severity {chosen.severity} --seed {chosen.seed}"),
        ("version", _version()),
        ("stimulator", "emulated P24 (ScienceMode 4, one pulse per command) on a pseudo-terminal"),
        ("sensor", "simulated IMU on the back of the foot, and a heel switch"),
    ]
    report.write_text(demo_html(run, prescription, about), encoding="utf-8")
    print(
        f"\n{run.length_us / 1e6:.0f} s of walking with {chosen.severity} foot drop, simulated in {walked_s:.1f} s."
    )
    for line in summary_lines(run, prescription):
        print(line)
    print(f"\nReport: {report}   Black box: {folder / 'blackbox.swp'}")
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from hw_sim import replay_runs
    from hw_sim.recordings import recordings_in

    prescription = _prescription(chosen)
    if chosen.recording is None and Path(chosen.file).suffix == ".csv":
        chosen.recording = 0  # the only one
    if chosen.recording is None:
        recordings = recordings_in(Path(chosen.file))
        print(replay_runs.table(recordings, prescription, jobs=chosen.jobs, progress=_bar("replaying")))
        return 0
    folder = _folder(chosen.out)
    for line in replay_runs.one(
        Path(chosen.file), chosen.recording, prescription, folder=folder, progress=_bar("replaying")
    ):
        print(line)
    return 0


def _emulate(chosen: argparse.Namespace) -> int:
    from hw_sim.emulators.serve import serve

    if chosen.device == "p24":
        from hw_sim.emulators.p24 import P24

        device, name = P24(seed=chosen.seed), "P24 answers at {} (ScienceMode 4)"
    else:
        from hw_sim.emulators.rehastim2 import RehaStim2

        device, name = RehaStim2(seed=chosen.seed), "RehaStim2 answers at {} (ScienceMode 2)"

    def ready(path: str) -> None:
        print(f"An emulated {name.format(path)}. Ctrl-C ends it.", flush=True)

    stopped = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stopped.set())
    serve(device, stopped.is_set, on_ready=ready)
    print(f"{len(device.pulses)} pulses were delivered.")
    return 0


def _bench(chosen: argparse.Namespace) -> int:
    from importlib import import_module

    return import_module(f"benchmarks.{chosen.name}").main(chosen.arguments)


def _evaluate(chosen: argparse.Namespace) -> int:
    from hw_sim.evaluate import main as evaluate

    return evaluate(chosen.arguments)


def _check(chosen: argparse.Namespace) -> int:
    from hw_sim.check_demo import main as check

    return check(chosen.arguments)


def _safety_case(chosen: argparse.Namespace) -> int:
    from evidence.safety_case import main as write_safety_case

    return write_safety_case(chosen.arguments)


def _test(chosen: argparse.Namespace) -> int:
    """Lint, types, then the tests; every part runs, and one failure fails the whole."""
    python = [sys.executable, "-m"]
    everything = ["--all"] if chosen.all else []
    parts = [
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "."],
        [*python, "pyright"],
        [*python, "pytest", "-n", "2", *everything],
    ]
    few = [*chosen.tests, *chosen.arguments]
    if few:  # somebody looks at a few tests: no need to check the whole house
        parts = [[*python, "pytest", *everything, *few]]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    failed = 0
    for part in parts:
        failed |= subprocess.run(part, cwd=ROOT, env=environment, check=False).returncode != 0
    return int(failed)


def _prescription(chosen: argparse.Namespace):
    from firmware_py.pi.prescription_file import load_prescription
    from stimulator.drivers.capability import P24
    from stimulator.prescription import checked, default_prescription, warnings

    if not chosen.prescription:
        return default_prescription()
    prescription = checked(load_prescription(Path(chosen.prescription)), P24)
    for sentence in warnings(prescription):
        print(f"Note: {sentence}", file=sys.stderr)
    return prescription


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UserError(f"{folder} cannot be made ({e.strerror}). Choose another folder with --out.") from e
    return folder


def _bar(what: str) -> Callable[[float], None]:
    """Return a function that draws a progress bar on stderr, or says a line now and then if it is no terminal."""
    began, shown = time.monotonic(), [-1]

    def draw(share: float) -> None:
        step = int(share * (50 if sys.stderr.isatty() else 4))
        if step == shown[0]:
            return
        shown[0] = step
        spent_s = time.monotonic() - began
        left_s = spent_s / share - spent_s if share > 0 else 0
        if sys.stderr.isatty():
            end = "\n" if share >= 1 else ""
            print(
                f"\r{what} [{'#' * step:<50}] {share:4.0%}, {left_s:3.0f} s left",
                end=end,
                file=sys.stderr,
                flush=True,
            )
        else:
            print(f"{what} {share:.0%}", file=sys.stderr, flush=True)

    return draw


def _version() -> str:
    """Return the commit of this checkout, or the release if there is no git."""
    import tomllib

    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return release
    return f"{release} ({commit})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./swingphase",
        description="An open controller for functional electrical stimulation of the dropped foot. "
        "Research software, not a medical device.",
    )
    jobs = parser.add_subparsers(title="jobs", required=True, metavar="JOB")

    demo = jobs.add_parser("demo", help="60 s of virtual walking through the whole loop, with a report")
    demo.add_argument(
        "--severity", default="severe", choices=("healthy", "mild", "moderate", "severe", "flaccid")
    )
    demo.add_argument("--seed", type=int, default=1, help="same seed, same walk (default 1)")
    demo.add_argument("--out", default="demo", help="folder for report and black box (default demo)")
    demo.set_defaults(job=_demo)

    replay = jobs.add_parser("replay", help="a recorded walk through the whole loop")
    replay.add_argument("file", help="a .csv file, an .npz file of recordings, or a folder of them")
    replay.add_argument(
        "--recording", type=int, metavar="N", help="this one, with a picture (default: a table of all)"
    )
    replay.add_argument("--out", default="replay", help="folder for picture and black box (default replay)")
    replay.add_argument("--jobs", type=int, default=2, help="processes for the table of all (default 2)")
    replay.set_defaults(job=_replay)

    for job in (demo, replay):
        job.add_argument(
            "--prescription", metavar="FILE", help="TOML file; what it leaves out has its default"
        )

    check = jobs.add_parser(
        "check", add_help=False, help="the check of leg and channels before the first walk, simulated"
    )
    check.set_defaults(job=_check, passes_on=True)

    emulate = jobs.add_parser("emulate", help="a stimulator on a pseudo-terminal for anyone's client")
    emulate.add_argument("device", choices=("p24", "rehastim2"))
    emulate.add_argument("--seed", type=int, default=1)
    emulate.set_defaults(job=_emulate)

    bench = jobs.add_parser("bench", add_help=False, help="figures: worst cases, counts and ratios")
    bench.add_argument("name", choices=("guardian", "faults", "gait"))
    bench.set_defaults(job=_bench, passes_on=True)

    safety_case = jobs.add_parser(
        "safety-case", add_help=False, help="the safety page: hazards, requirements, tests and results"
    )
    safety_case.set_defaults(job=_safety_case, passes_on=True)

    evaluate = jobs.add_parser(
        "evaluate", add_help=False, help="the trigger benchmark over labelled recordings"
    )
    evaluate.set_defaults(job=_evaluate, passes_on=True)

    test = jobs.add_parser("test", help="lint, types and tests")
    test.add_argument("--all", action="store_true", help="the full counts and the slow tiers too")
    test.add_argument("tests", nargs="*", help="only these test files or names")
    test.set_defaults(job=_test, passes_on=True)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
