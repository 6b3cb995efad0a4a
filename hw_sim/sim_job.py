"""`./swingphase sim`: a chosen situation of daily life through the whole loop; exit 1 if an expectation fails."""

import argparse
import sys
import time
from pathlib import Path

from firmware_py.pi.console import UserError, progress_bar, version
from hw_sim.emulators.transports import TRANSPORTS
from hw_sim.junit import junit_xml
from hw_sim.scenario_file import NamedScenario, library_names, load_scenario
from hw_sim.scenario_report import summary_lines
from hw_sim.scenario_run import ScenarioRun, run_scenario

SCHEMA = "hw_sim/scenarios/scenario.schema.json"


def main(arguments: list[str]) -> int:
    """Walk the chosen scenarios; 0 if everything that was expected came true, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="./swingphase sim",
        description=__doc__,
        epilog=f"Write your own: docs/simulator.md; {SCHEMA} tells an editor every key.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="what there is, and why each matters")
    what.add_argument("--scenario", metavar="NAME|FILE", action="append", help="may be given several times")
    what.add_argument("--all", action="store_true", help="every scenario of the library")
    parser.add_argument("--seed", type=int, help="instead of the scenario's own")
    parser.add_argument(
        "--transport", choices=TRANSPORTS, default="request", help="how pulses travel; the same pulses by all"
    )
    parser.add_argument("--report", metavar="FILE", help="one HTML page with pictures (one scenario)")
    parser.add_argument("--junit", metavar="FILE", help="results for another project's CI")
    parser.add_argument("--log", metavar="FILE", help="black box file (one scenario)")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(catalogue()))
        return 0
    named = [load_scenario(name) for name in (library_names() if chosen.all else chosen.scenario)]
    if chosen.report and chosen.all:
        raise UserError("--report needs one scenario; name it with --scenario instead of --all.")
    if len(named) > 1 and (chosen.report or chosen.log):
        raise UserError(f"{len(named)} scenarios are chosen; --report and --log need one. Leave them out.")
    for path in (chosen.report, chosen.junit, chosen.log):
        if path and not Path(path).resolve().parent.is_dir():
            raise UserError(f"The folder of {path} is missing; a file needs one that exists. Make it first.")
    runs = [walked(one, chosen) for one in named]
    if chosen.junit:
        Path(chosen.junit).write_text(
            junit_xml([run for run, _ in runs], [s for _, s in runs]), encoding="utf-8"
        )
    if chosen.report:
        from hw_sim.scenario_page import scenario_html

        run = runs[0][0]
        command = f"./swingphase sim --scenario {chosen.scenario[0]} --seed {run.seed}"
        Path(chosen.report).write_text(scenario_html(run, version(), command), encoding="utf-8")
        print(f"Report: {chosen.report}")
    bad = [run for run, _ in runs if not run.is_good]
    if len(runs) > 1:
        print(f"{len(runs) - len(bad)} of {len(runs)} scenarios held all that was expected of them.")
    return int(bool(bad))


def walked(named: NamedScenario, chosen: argparse.Namespace) -> tuple[ScenarioRun, float]:
    """Walk one and print what came of it; return it with the seconds it took."""
    began_s = time.monotonic()
    run = run_scenario(
        named,
        seed=chosen.seed,
        transport=chosen.transport,
        log_path=Path(chosen.log) if chosen.log else None,
        progress=progress_bar(named.name) if sys.stderr.isatty() else None,
    )
    took_s = time.monotonic() - began_s
    print(f"\n{named.name}: {'held' if run.is_good else 'FAILED'} ({took_s:.1f} s)")
    for line in summary_lines(run):
        print(f"  {line}")
    if run.broken:
        first = run.broken[0]
        print(f"  First broken at {first.at_s:.3f} s, {first.key}: {first.sentence}")
        for other in run.broken[1:]:
            print(f"  Also at {other.at_s:.3f} s, {other.key}: {other.sentence}")
    return run, took_s


def catalogue() -> list[str]:
    """Return the library as it is read: name, length, title, why."""
    lines = []
    for name in library_names():
        scenario = load_scenario(name).scenario
        who = f"{scenario.walker.severity}, {scenario.length_s:.0f} s"
        lines += [f"{name}", f"    {scenario.title} ({who}).", f"    {scenario.why}"]
    lines.append(f"{len(library_names())} scenarios. Walk one: ./swingphase sim --scenario NAME; all: --all.")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
