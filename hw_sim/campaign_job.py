"""`./swingphase campaign`: thousands of drawn virtual walks with faults; goes on where it was stopped or killed."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from firmware_py.pi.console import UserError, made_folder, version
from hw_sim.breaks import BREAKS
from hw_sim.campaign import ALL, EVERYTHING, NO_FAULT, CampaignSettings, scenario_of_trial
from hw_sim.campaign_page import options_of, replay_command, summary_html, summary_lines, worst
from hw_sim.campaign_results import Results
from hw_sim.campaign_run import executor_for, run_campaign
from hw_sim.scenario_report import summary_lines as scenario_lines
from hw_sim.scenario_run import run_scenario

WALKS_MAX = 10_000_000
WALK_MIN_S, WALK_MAX_S = 8.0, 3600.0


def main(arguments: list[str]) -> int:
    """Run what is missing, write the summary; 1 if a promise about single pulses was broken."""
    parser = argparse.ArgumentParser(prog="./swingphase campaign", description=__doc__)
    parser.add_argument("--walks", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument(
        "--faults",
        default="all",
        help="names with commas between, `all`, or `none` (default all; `none` among names: walks without a fault)",
    )
    parser.add_argument("--list-faults", action="store_true", help="say which faults there are")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same walks (default 1)")
    parser.add_argument("--walk-s", type=float, default=24.0, help="length of each walk, s (default 24)")
    parser.add_argument("--out", default="campaign", help="folder of the results (default campaign)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="a dask cluster instead of this machine"
    )
    parser.add_argument("--trial", type=int, help="walk this one again, here, and say what came of it")
    parser.add_argument("--report", metavar="FILE", help="with --trial: a page with pictures")
    chosen = parser.parse_args(arguments)
    if chosen.list_faults:
        print("\n".join(f"{name}: {BREAKS[name].says}" for name in ALL))
        return 0
    settings = settings_of(chosen)
    if chosen.trial is not None:
        return walk_again(settings, chosen.trial, chosen.report)
    results = Results(made_folder(chosen.out), settings)
    began_s = time.monotonic()
    n_before = len(results.done())
    with executor_for(chosen.scheduler, max(1, chosen.jobs)) as (executor, workers):
        run_campaign(settings, results, executor, workers, rate_bar())
    rows = results.rows()
    summary = results.folder / "summary.html"
    summary.write_text(summary_html(settings, rows, version()), encoding="utf-8")
    took_s = time.monotonic() - began_s
    if len(rows) > n_before:
        rate = (len(rows) - n_before) / took_s
        print(
            f"{len(rows) - n_before} walks in {took_s:.0f} s ({rate:.1f} a second); {n_before} were there before."
        )
    print("\n".join(summary_lines(rows)))
    first = worst(rows)[0]
    print(f"Worst: {replay_command(settings, first['trial'])}")
    print(f"Summary: {summary}   Results: {results.folder}/part-*.parquet")
    return int(any(row["broken"] for row in rows))


def settings_of(chosen: argparse.Namespace) -> CampaignSettings:
    """Return the settings; UserError for what cannot be."""
    names = [name.strip() for name in chosen.faults.split(",") if name.strip()]
    faults = EVERYTHING if names == ["all"] else tuple(dict.fromkeys(names))
    for name in faults:
        if name != NO_FAULT and name not in ALL:
            raise UserError(
                f"There is no fault '{name}'; allowed are all, none, {', '.join(ALL)}. Name some of these."
            )
    if not faults:
        raise UserError("--faults names none; allowed are all, none, or names. Say which.")
    if not 1 <= chosen.walks <= WALKS_MAX:
        raise UserError(
            f"--walks is {chosen.walks}; allowed is 1 to {WALKS_MAX}. Choose a number in this range."
        )
    if not WALK_MIN_S <= chosen.walk_s <= WALK_MAX_S:
        raise UserError(
            f"--walk-s is {chosen.walk_s:g}; allowed is {WALK_MIN_S:g} to {WALK_MAX_S:g} s. Choose one in this range."
        )
    return CampaignSettings(seed=chosen.seed, walks=chosen.walks, faults=faults, walk_s=chosen.walk_s)


def walk_again(settings: CampaignSettings, trial: int, report: str | None) -> int:
    """Walk one trial and say what came of it."""
    run = run_scenario(scenario_of_trial(settings, trial))
    events = [f"{e.what} at {e.at_s:g} s" for e in run.scenario.event] or ["nothing breaks"]
    print(f"{run.scenario.title}: {', '.join(events)}; {run.scenario.walker}")
    print("\n".join(scenario_lines(run)))
    seconds = run.rig.meter.observer.wrong_pulses * 0.025
    print(f"Pulses in true flat stance: {seconds:.2f} s; silent steps: {len(run.rig.silent_steps)}")
    for broken in run.broken:
        print(f"Broken at {broken.at_s:.3f} s, {broken.key}: {broken.sentence}")
    if report:
        from hw_sim.scenario_page import scenario_html

        command = f"./swingphase campaign --trial {trial} {options_of(settings)}"
        Path(report).write_text(scenario_html(run, version(), command), encoding="utf-8")
        print(f"Report: {report}")
    return int(not run.is_good)


def rate_bar() -> Callable[[int, int], None]:
    """Return a function (done, all) that shows a bar with rate and time left on stderr, or a line every 10 %."""
    began_s, shown, first = time.monotonic(), [-1], [-1]

    def draw(done: int, total: int) -> None:
        if first[0] < 0:
            first[0] = done
        spent_s = time.monotonic() - began_s
        rate = (done - first[0]) / spent_s if spent_s > 0 else 0.0
        left = f"{(total - done) / rate:.0f} s left" if rate > 0 else "no rate yet"
        words = f"{done} of {total} walks, {rate:.1f} a second, {left}"
        if sys.stderr.isatty():
            bar = "#" * (40 * done // total)
            print(f"\r[{bar:<40}] {words}   ", end="" if done < total else "\n", file=sys.stderr, flush=True)
        elif 10 * done // total != shown[0]:
            shown[0] = 10 * done // total
            print(words, file=sys.stderr, flush=True)

    return draw
