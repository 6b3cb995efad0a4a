"""The fault matrix: every fault, in every phase of the step, foot or shank, with and without heel switch.

`./swingphase bench faults` prints for each fault how it was answered and how soon; times are virtual, so
they are the same on every machine. `--write` puts the table into docs/faults.md.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.fault_cases import CASES, KNOWN_GAPS, Case, known_gap
from benchmarks.fault_rig import PHASES, PLACES
from benchmarks.fault_trial import STANCE_SHARE_MAX, WRONG_MAX_S, Outcome, applies, play
from firmware_py.pi.console import progress_bar
from safety import faults

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
Job = tuple[str, str, bool, str, int]  # case, place, switch, phase, seed
BY_NAME = {case.name: case for case in CASES}


def jobs_of(cases: Sequence[Case], seeds: Sequence[int]) -> list[Job]:
    """Return every trial, those that share a walk to their phase side by side."""
    return [
        (case.name, place, has_switch, phase, seed)
        for seed in seeds
        for place in PLACES
        for has_switch in (True, False)
        for phase in PHASES
        for case in cases
        if applies(case, has_switch)
    ]


def played(job: Job) -> Outcome:
    """Run one trial."""
    name, place, has_switch, phase, seed = job
    return play(BY_NAME[name], place, has_switch, phase, seed)


def run(jobs: Sequence[Job], n_processes: int, progress: Callable[[float], None]) -> list[Outcome]:
    """Run all trials on `n_processes`."""
    found: list[Outcome] = []
    with ProcessPoolExecutor(max_workers=n_processes) as pool:
        for outcome in pool.map(played, jobs, chunksize=len(CASES)):
            found.append(outcome)
            progress(len(found) / len(jobs))
    return found


def table(found: Sequence[Outcome]) -> list[str]:
    """Return the table, a line per fault, in Markdown."""
    lines = [
        "| fault | trials | detected | harmless | harmful | answered as | class | median ms | worst ms | "
        "worst ms since it shows | promised ms | pulses in flat stance, worst s | longest burst s | silent steps |",
        "|---|--:|--:|--:|--:|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for case in CASES:
        mine = [o for o in found if o.case == case.name]
        if not mine:
            continue
        n = {
            verdict: sum(o.verdict == verdict for o in mine)
            for verdict in ("detected", "harmless", "harmful")
        }
        ids = sorted({o.fault_id for o in mine if o.fault_id})
        told = ", ".join(faults.FAULTS[i].name for i in ids) or "-"
        stops = ", ".join(dict.fromkeys(faults.CLASS_NAMES[faults.FAULTS[i].stop] for i in ids)) or "-"
        promised = ", ".join(dict.fromkeys(str(faults.FAULTS[i].react_ms) for i in ids)) or "-"
        react = [o.react_ms for o in mine if o.react_ms is not None]
        seen = [o.seen_ms for o in mine if o.seen_ms is not None]
        times = (
            f"{statistics.median(react):.0f} | {max(react):.0f} | {max(seen):.0f}" if react else "- | - | -"
        )
        lines.append(
            f"| {case.name} | {len(mine)} | {n['detected']} | {n['harmless']} | {n['harmful']} | {told} | {stops} | "
            f"{times} | {promised} | {max(o.wrong_s for o in mine):.2f} | "
            f"{max(o.longest_burst_s for o in mine):.2f} | {max(o.silent_steps for o in mine)} |"
        )
    return lines


def page(found: Sequence[Outcome], command: str) -> str:
    """Return docs/faults.md."""
    return "\n".join(
        [
            "# What breaks, and what then",
            "",
            "A simulated person with a severe foot drop walks with help in closed loop; something breaks; the pulses",
            "are judged at the emulated stimulator by an observer that knows nothing of guard or detector.",
            "",
            f"`{command}`: {len(found)} trials, onset in {', '.join(PHASES)}, IMU on {' and '.join(PLACES)},",
            "with and without heel switch. Times are virtual ms from the injection, then from the first moment at",
            "which the fault could be seen (a hung sensor shows with the next movement, a broken stimulator with the",
            "next command).",
            "",
            "- **detected**: the right fault came up and the output did what its class demands: CUT no pulse later",
            "  than 1 ms after, END_STEP the running burst finishes and no new one begins, HOLD no new burst while",
            f"  held; a loss that speaks is heard within 200 ms; at most {WRONG_MAX_S:g} s of pulses in flat stance.",
            f"- **harmless**: nothing came up, and at most {STANCE_SHARE_MAX:.0%} of true flat stance had pulses.",
            "- **harmful**: anything else; none longer than 5.1 s in one burst, or it says so.",
            "- **silent steps**: worst number of steps in one trial (9 s) without help and without a sound.",
            "",
            *table(found),
            "",
            "## Known gaps",
            "",
            *[f"- **{', '.join(names)}** ({where}): {why}" for names, where, _, why in KNOWN_GAPS],
            "",
            "**Restart** is tried as an event of the supervisor's table only: nothing in this build sends it. After a",
            "real restart the device is off like after every power-on, and a person arms it.",
            "",
            "Not tried: two faults at once, other walkers than a severe foot drop at a stride of 1.2 s, real sensors,",
            "real stimulators.",
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a trial was harmful that is not a known gap."""
    parser = argparse.ArgumentParser(prog="./swingphase bench faults", description=__doc__)
    parser.add_argument("--only", metavar="WORD", help="only faults with this word in their name")
    parser.add_argument("--seeds", type=int, default=1, help="so many walkers (default 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} too")
    chosen = parser.parse_args(arguments)
    cases = [case for case in CASES if not chosen.only or chosen.only in case.name]
    if not cases:
        print(f"No fault has {chosen.only!r} in its name; there are: {'; '.join(BY_NAME)}.")
        return 2
    began_s = time.monotonic()
    jobs = jobs_of(cases, range(1, max(1, chosen.seeds) + 1))
    found = run(jobs, max(1, chosen.jobs), progress_bar("trials"))
    for line in table(found):
        print(line)
    harmful = [(job, o) for job, o in zip(jobs, found, strict=True) if o.verdict == "harmful"]
    n_new = 0
    for (name, place, has_switch, phase, seed), o in harmful:
        is_known = known_gap(name, place, has_switch, phase, seed) != ""
        n_new += not is_known
        switch = "with switch" if has_switch else "no switch"
        print(
            f"{'known' if is_known else 'HARMFUL'}: {name}, {phase}, {place}, {switch}, walker {seed}: "
            f"{'; '.join(o.why)}"
        )
    print(
        f"{len(found)} trials in {time.monotonic() - began_s:.0f} s: "
        f"{sum(o.verdict == 'detected' for o in found)} detected, {sum(o.verdict == 'harmless' for o in found)} "
        f"harmless, {len(harmful)} harmful ({len(harmful) - n_new} of them known gaps)."
    )
    if chosen.write:
        PAGE.write_text(page(found, " ".join(["./swingphase bench faults", *arguments])), encoding="utf-8")
        print(f"Written: docs/{PAGE.name}")
    return 1 if n_new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
