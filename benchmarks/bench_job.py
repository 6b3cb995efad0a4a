"""`./swingphase bench NAME`: figures, each with the command that makes it. `bench NAME --help` says more."""

import argparse

BENCHES = (
    "guardian",
    "stimulator",
    "faults",
    "gait",
    "tradeoffs",
    "realism",
    "leg",
    "simulator",
    "jitter",
    "link",
)


def main(arguments: list[str]) -> int:
    """Hand over to one bench; return its exit code."""
    parser = argparse.ArgumentParser(prog="./swingphase bench", description=__doc__)
    parser.add_argument("name", choices=BENCHES)
    chosen = parser.parse_args(arguments[:1])
    if chosen.name == "guardian":
        from benchmarks import guardian as bench
    elif chosen.name == "stimulator":
        from benchmarks import stimulator as bench
    elif chosen.name == "faults":
        from benchmarks import faults as bench
    elif chosen.name == "link":
        from benchmarks import link as bench
    elif chosen.name == "tradeoffs":
        from benchmarks import gait_tradeoffs as bench
    elif chosen.name == "realism":
        from benchmarks import realism as bench
    elif chosen.name == "leg":
        from benchmarks import leg_cost as bench
    elif chosen.name == "simulator":
        from benchmarks import simulator as bench
    elif chosen.name == "jitter":
        from benchmarks import jitter as bench
    else:
        from benchmarks import gait as bench
    return bench.main(arguments[1:])
