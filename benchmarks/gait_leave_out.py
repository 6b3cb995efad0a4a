"""Weak push-off with constants that were chosen without the person who is scored: leave one person out."""

from collections.abc import Mapping, Sequence

from benchmarks.gait_targets import NEUROLOGICAL, WEAK
from hw_sim.gait_runs import Result
from hw_sim.gait_tables import groups_of, row_of

Key = tuple[str, int]
TODAY: Key = ("today", 0)
GUARDED = (("stance_pct", 1.0), ("doubles_pct", 0.2), ("late_pct", 0.5), ("false_per_min", 0.1))  # at most
SENS_MIN_PCT = 95.0  # wanted
HEAD = """## Weak push-off, one person left out

For each person with weak push-off, constants were chosen from all values above by the others alone: the highest
sensitivity on their weak feet among the values that keep the other neurological feet within these bounds: {guards}.
Today's stand if none is better. Then this person is scored. *today*: with the constants of today, which were chosen
with two thirds of these people in sight. Wanted: at least {wanted:g} % over all.

| person | steps | chosen without | sens % | clear % | stance % | today: sens % |
|---|---|---|---|---|---|---|"""


def leave_out_lines(results: Mapping[Key, Sequence[Result]]) -> list[str]:
    """Return the section; empty without people with weak push-off."""
    weak = [r for r in results[TODAY] if WEAK in groups_of(r)]
    people = sorted({r.recording.subject for r in weak}, key=lambda name: (len(name), name))
    if len(people) < 2:
        return []
    guards = ", ".join(
        f"{name.removesuffix('_pct').replace('_per_min', '/min')} {most:g}" for name, most in GUARDED
    )
    lines, held = ["", HEAD.format(guards=guards, wanted=SENS_MIN_PCT)], []
    for person in people:
        key = chosen_without(person, results)
        own = [r for r in results[key] if r.recording.subject == person and WEAK in groups_of(r)]
        row = row_of(person, own)
        today = row_of(person, [r for r in weak if r.recording.subject == person])
        held += own
        lines.append(
            f"| {person} | {row.steps} | {'today' if key == TODAY else f'{key[0]} {key[1]}'} | {row.sens_pct:.2f} | "
            f"{row.clear_pct:.2f} | {row.stance_pct:.2f} | {today.sens_pct:.2f} |"
        )
    row, today = row_of("all", held), row_of("all", weak)
    met = "met" if row.sens_pct >= SENS_MIN_PCT else "**not met**"
    return [
        *lines,
        f"| **all** | {row.steps} | {met} | {row.sens_pct:.2f} | {row.clear_pct:.2f} | {row.stance_pct:.2f} | "
        f"{today.sens_pct:.2f} |",
    ]


def chosen_without(person: str, results: Mapping[Key, Sequence[Result]]) -> Key:
    """Return the constants that serve the other weak feet best; today's unless others are better."""
    best, best_pct = TODAY, -1.0
    for key, tried in results.items():  # today's comes first
        others = [r for r in tried if r.recording.subject != person]
        usual = row_of(NEUROLOGICAL, [r for r in others if NEUROLOGICAL in groups_of(r)])
        sens_pct = row_of(WEAK, [r for r in others if WEAK in groups_of(r)]).sens_pct
        is_kept = all(getattr(usual, name) <= most for name, most in GUARDED)
        if sens_pct > best_pct and (is_kept or key == TODAY):
            best, best_pct = key, sens_pct
    return best
