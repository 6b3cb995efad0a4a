"""`./swingphase bench guardian`: what reaches the stimulator when controller, guardian or wearer go wrong.

Real processes on a pty: emulated P24, guardian, controller. Worst case of each kind as a table.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmarks.guardian_rig import Rig
from benchmarks.guardian_trials import KINDS, Kind, Trial, problems, run_trial
from firmware_py.pi.console import progress_bar
from stimulator.drivers.capability import P24

TRIALS, TRIALS_ALL = 20, 200
JOBS = 3  # rigs side by side: most of a trial is waiting


def run(
    kinds: tuple[Kind, ...], n: int, *, jobs: int = JOBS, seed: int = 1, progress=None
) -> list[list[Trial]]:
    """Return for each kind its `n` trials. `progress(share)` is called after each trial."""
    todo = [(i, kind, k) for k in range(n) for i, kind in enumerate(kinds)]
    found: list[list[Trial]] = [[] for _ in kinds]
    lock = threading.Lock()
    n_done = 0

    def work(share: list) -> None:
        nonlocal n_done
        with tempfile.TemporaryDirectory(prefix="guardian-") as folder, Rig(Path(folder)) as rig:
            for index, kind, k in share:
                trial = run_trial(rig, kind, random.Random(f"{seed} {kind.name} {k}"))
                with lock:
                    found[index].append(trial)
                    n_done += 1
                    if progress is not None:
                        progress(n_done / len(todo))

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(work, todo[j::jobs]) for j in range(jobs)]:
            done.result()
    return found


def table(kinds: tuple[Kind, ...], found: list[list[Trial]]) -> list[str]:
    """Return the worst case of each kind, one line each."""
    lines = [
        f"{'':36} trials  pulses of/after last  by clock   latest at   decided at  allowed",
        f"{'':36}         valid request                stimulator  guardian",
    ]
    for kind, trials in zip(kinds, found, strict=True):
        n_after = "-" if kind.is_stop else str(max(t.n_after for t in trials))
        lines.append(
            f"{kind.name:36} {len(trials):6}  {n_after:>20}  {max(t.n_after_clock for t in trials):8}"
            f"  {max(t.tail_us for t in trials) / 1000:7.1f} ms  {max(t.decided_us for t in trials) / 1000:7.1f} ms"
            f"  {20 if kind.is_stop else 100:4} ms"
        )
    return lines


def main(arguments: list[str]) -> int:
    """Print the table; 1 if anything was broken."""
    parser = argparse.ArgumentParser(prog="./swingphase bench guardian", description=__doc__)
    parser.add_argument("--all", action="store_true", help=f"{TRIALS_ALL} trials a kind in place of {TRIALS}")
    parser.add_argument("--trials", type=int, help="this many trials a kind")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"rigs side by side (default {JOBS})")
    parser.add_argument("--only", metavar="WORD", help="only kinds with this word in their name")
    parser.add_argument("--json", metavar="FILE", help="write every trial's figures")
    chosen = parser.parse_args(arguments)
    kinds = tuple(k for k in KINDS if not chosen.only or chosen.only in k.name)
    if not kinds:
        print(f"No kind has {chosen.only!r} in its name; there are: {'; '.join(k.name for k in KINDS)}.")
        return 2
    n = max(1, chosen.trials or (TRIALS_ALL if chosen.all else TRIALS))
    began_s = time.monotonic()
    found = run(kinds, n, jobs=max(1, chosen.jobs), progress=progress_bar("trials"))
    for line in table(kinds, found):
        print(line)
    print(
        f"When the guardian dies: one command at most is on its way ({P24.name}: host_death_tail_ms "
        f"{P24.host_death_tail_ms}); one command is one pulse, so nothing follows. Its high voltage stays on."
    )
    broken = [said for kind, trials in zip(kinds, found, strict=True) for said in problems(kind, trials)]
    for said in broken:
        print(f"BROKEN: {said}")
    print(f"{sum(map(len, found))} trials in {time.monotonic() - began_s:.0f} s; {len(broken)} broken.")
    if chosen.json:
        told = [asdict(t) for trials in found for t in trials]
        Path(chosen.json).write_text(
            json.dumps({"trials": told, "broken": broken}, indent=1), encoding="utf-8"
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
