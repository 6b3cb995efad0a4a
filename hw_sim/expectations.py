"""Compare a walk with what was expected of it. Each thing that does not hold has a time and a sentence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hw_sim.metrics import Figures, QuietTime, Step, figures_of
from hw_sim.rig import Rig
from hw_sim.row_counts import Found
from hw_sim.scenario import EventModel, ExpectModel, Scenario
from safety import faults, supervisor

MODE_OF_STATE = {
    supervisor.OFF: "off",
    supervisor.SELF_TEST: "off",
    supervisor.READY: "ready",
    supervisor.ARMED: "armed",
    supervisor.STIMULATING: "armed",
    supervisor.PAUSED: "paused",
    supervisor.FAULT: "fault",
}


@dataclass(frozen=True, slots=True, order=True)
class Broken:
    """One expectation that did not hold: when it was clear (s), its key, what was found and what was allowed."""

    at_s: float
    key: str
    sentence: str


def judged(scenario: Scenario, rig: Rig, quiet: Mapping[int, QuietTime]) -> list[Broken]:
    """Return everything that was expected and did not come true, the earliest first."""
    found = [*_of_steps(scenario, rig), *_of_pulses(scenario.expect, rig), *_of_faults(scenario, rig)]
    for i, event in enumerate(scenario.event):
        found += _of_event(event, rig, quiet.get(i))
    return sorted(found)


def judged_steps(scenario: Scenario, rig: Rig) -> list[Step]:
    """Return the steps between from_s and until_s."""
    until_s = scenario.length_s if scenario.expect.until_s is None else scenario.expect.until_s
    return [s for s in rig.meter.steps if scenario.expect.from_s <= s.at_us / 1e6 < until_s]


def _of_steps(scenario: Scenario, rig: Rig) -> Iterator[Broken]:
    expect, steps, end_s = scenario.expect, judged_steps(scenario, rig), scenario.length_s
    f = figures_of(steps)
    if expect.steps_min is not None and f.steps < expect.steps_min:
        yield Broken(
            end_s, "steps_min", f"{f.steps} steps were walked; at least {expect.steps_min} were expected."
        )
    if expect.clearance_mm_min is not None:
        least = expect.clearance_mm_min
        low = next((s for s in steps if s.stride.min_clearance_mm < least), None)
        if low:
            text = (
                f"the toe cleared the ground by {low.stride.min_clearance_mm:.1f} mm; at least {least:g} mm"
            )
            yield Broken(low.at_us / 1e6, "clearance_mm_min", f"{text} were expected.")
    if expect.missed_steps_max is not None:
        missed = [s for s in steps if not s.is_helped]
        yield from _too_many(
            "missed_steps_max", [s.at_us for s in missed], expect.missed_steps_max, "steps got no help"
        )
    if expect.silent_steps_max is not None:
        until_s = end_s if expect.until_s is None else expect.until_s
        silent = [at_us for at_us in rig.silent_steps if expect.from_s <= at_us / 1e6 < until_s]
        yield from _too_many(
            "silent_steps_max", silent, expect.silent_steps_max, "steps got neither help nor a sound"
        )
    if expect.drag_share_max is not None and f.drag_share > expect.drag_share_max:
        first = next(s for s in steps if s.stride.dragged)
        text = f"{f.drag_share:.0%} of {f.steps} steps dragged; at most {expect.drag_share_max:.0%} were expected."
        yield Broken(first.at_us / 1e6, "drag_share_max", text)
    if f.steps:
        for key, value, limit, is_least, unit in _means(expect, f, rig):
            if limit is not None and (value < limit if is_least else value > limit):
                word = "least" if is_least else "most"
                yield Broken(
                    end_s, key, f"it was {value:.1f} {unit}; at {word} {limit:g} {unit} was expected."
                )


def _means(expect: ExpectModel, f: Figures, rig: Rig) -> list[tuple[str, float, float | None, bool, str]]:
    """Return (key, value, limit, whether the limit is a least one, unit)."""
    lost_deg = rig.meter.fatigue.lost_deg
    charge_uc = max(spread.mean for spread in f.charge_uc)
    return [
        ("clearance_mm_mean_min", f.clearance_mm.mean, expect.clearance_mm_mean_min, True, "mm"),
        ("drag_share_min", f.drag_share, expect.drag_share_min, True, "of all steps"),
        ("pitch_at_contact_deg_min", f.pitch_deg.mean, expect.pitch_at_contact_deg_min, True, "deg"),
        ("roll_at_contact_deg_max", abs(f.roll_deg.mean), expect.roll_at_contact_deg_max, False, "deg"),
        ("charge_per_step_uc_max", charge_uc, expect.charge_per_step_uc_max, False, "uC"),
        ("fatigue_deg_max", lost_deg, expect.fatigue_deg_max, False, "deg"),
        ("fatigue_deg_min", lost_deg, expect.fatigue_deg_min, True, "deg"),
    ]


def _of_pulses(expect: ExpectModel, rig: Rig) -> Iterator[Broken]:
    observer = rig.meter.observer
    strongest_ma, at_us = rig.meter.strongest
    if expect.current_ma_max is not None and strongest_ma > expect.current_ma_max:
        text = f"a pulse had {strongest_ma:g} mA; at most {expect.current_ma_max:g} mA were expected."
        yield Broken(at_us / 1e6, "current_ma_max", text)
    if expect.false_bursts_max is not None:
        yield from _too_many(
            "false_bursts_max",
            observer.wrong_bursts,
            expect.false_bursts_max,
            "trains of pulses ran in flat stance",
        )
    for at_us, sentence in observer.broken:
        yield Broken(at_us / 1e6, "every pulse", f"a pulse broke a promise that holds always: {sentence}.")


def _of_faults(scenario: Scenario, rig: Rig) -> Iterator[Broken]:
    expect, counts = scenario.expect, rig.world.counts
    if expect.no_fault and counts.found:
        one = counts.found[0]
        yield Broken(one.at_us / 1e6, "no_fault", f"'{_name(one)}' came up; no fault was expected.")
    mode = MODE_OF_STATE[counts.state]
    if expect.ends is not None and mode != expect.ends:
        yield Broken(
            scenario.length_s, "ends", f"the device stands {mode} at the end; {expect.ends} was expected."
        )


def _of_event(event: EventModel, rig: Rig, quiet: QuietTime | None) -> Iterator[Broken]:
    after = [f for f in rig.world.counts.found if f.at_us >= event.at_s * 1e6]
    if event.found is not None:
        allowed = " or ".join(f"'{name}'" for name in event.found)
        first = next((f for f in after if _name(f) in event.found), None)
        if first is None:
            other = f"'{_name(after[0])}' came up instead" if after else "nothing came up"
            yield Broken(event.at_s, "found", f"{event.what}: {other}; {allowed} was expected.")
        elif event.found_within_ms is not None:
            took_ms = first.at_us / 1000 - event.at_s * 1000
            if took_ms > event.found_within_ms:
                text = (
                    f"{event.what}: found after {took_ms:.0f} ms; {event.found_within_ms:g} ms were expected."
                )
                yield Broken(first.at_us / 1e6, "found_within_ms", text)
    if quiet is not None and quiet.first_us >= 0:
        late_ms = quiet.first_us / 1000 - event.at_s * 1000
        allowed = f"none was allowed after {event.off_within_ms:g} ms"
        text = f"{event.what}: a pulse started {late_ms:.1f} ms later; {allowed}."
        yield Broken(quiet.first_us / 1e6, "off_within_ms", text)


def _too_many(key: str, times_us: list[int], most: int, words: str) -> Iterator[Broken]:
    if len(times_us) > most:
        yield Broken(times_us[most] / 1e6, key, f"{len(times_us)} {words}; at most {most} were expected.")


def _name(found: Found) -> str:
    return faults.FAULTS[found.fault_id].name
