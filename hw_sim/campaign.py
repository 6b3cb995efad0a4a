"""A campaign: thousands of drawn walks. What each trial is follows from the campaign's seed and its number alone.

So it does not matter who runs a trial, when, or in which order; a stopped campaign goes on, and a single trial can
be walked again exactly. A trial is a Scenario like any other.
"""

import hashlib
import json
import random
from dataclasses import asdict, dataclass

from hw_sim.breaks import BREAKS, HEEL, PERSON
from hw_sim.metrics import figures_of
from hw_sim.scenario import Scenario
from hw_sim.scenario_file import NamedScenario
from hw_sim.scenario_run import ScenarioRun, run_scenario
from safety import faults, reasons

STAND_S = 3.0
FIRST_S, LAST_S = 0.35, 0.75  # of the trial's length: between these a fault strikes
NO_FAULT = "none"
# What a campaign breaks unless told otherwise: not what a person does, and no moment that a person has to mend.
ALL = tuple(name for name, one in BREAKS.items() if one.group != PERSON and one.group != "battery")
EVERYTHING = (*ALL, NO_FAULT)
SEVERITIES = ("mild", "moderate", "severe", "flaccid")


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """What a campaign is. walks: how many trials; faults: one is drawn for each; walk_s: length of each, s."""

    seed: int
    walks: int
    faults: tuple[str, ...]
    walk_s: float

    def text(self) -> str:
        """Return it as JSON, to be kept beside the results and compared."""
        return json.dumps(asdict(self), indent=1)


def trial_seed(campaign_seed: int, trial: int) -> int:
    """Return the seed of one trial, 0 to 2**31 - 1: a hash, so that neighbours have nothing in common."""
    digest = hashlib.blake2b(f"{campaign_seed} {trial}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 33


def scenario_of_trial(settings: CampaignSettings, trial: int) -> NamedScenario:
    """Return the scenario of trial number `trial`."""
    seed = trial_seed(settings.seed, trial)
    draw = random.Random(f"campaign {seed}")
    stride_s = round(draw.uniform(0.95, 1.8), 3)
    walker = {
        "severity": draw.choice(SEVERITIES),
        "side": draw.choice(("right", "left")),
        "stride_s": stride_s,
        "hip_hike_m": round(draw.choice((0.0, 0.0, draw.uniform(0.0, 0.03))), 3),
        "muscle_gain": round(draw.uniform(0.85, 1.3), 3),
    }
    fault = draw.choice(settings.faults)
    at_s = round(settings.walk_s * draw.uniform(FIRST_S, LAST_S), 3)
    has_switch = draw.random() < 0.5
    place = draw.choice(("foot", "shank"))
    event = []
    if fault != NO_FAULT:
        one = BREAKS[fault]
        has_switch = has_switch or one.group == HEEL
        event.append({"at_s": at_s, "what": fault})
    return NamedScenario(
        f"trial {trial}",
        Scenario.model_validate(
            {
                "title": f"Trial {trial} of campaign {settings.seed}",
                "why": "One of many drawn walks, so that what nobody thought of has a chance to happen.",
                "seed": seed,
                "walker": walker,
                "length_s": settings.walk_s,
                "activity": [
                    {"do": "stand", "seconds": STAND_S},
                    {"do": "walk", "seconds": settings.walk_s - STAND_S},
                ],
                "sensors": {"place": place, "has_switch": has_switch},
                "event": event,
                "expect": {"from_s": STAND_S + 2.5 * stride_s, "false_bursts_max": None},
            }
        ),
    )


def result_of_trial(settings: CampaignSettings, trial: int) -> dict:
    """Walk one trial; return its row: what it was and what came of it. Same trial, same row, on one machine."""
    return row_of(trial, run_scenario(scenario_of_trial(settings, trial)))


def results_of_trials(settings: CampaignSettings, trials: list[int]) -> list[dict]:
    """Walk a batch."""
    return [result_of_trial(settings, trial) for trial in trials]


def row_of(trial: int, run: ScenarioRun) -> dict:
    """Return one row of the results."""
    scenario, rig = run.scenario, run.rig
    walker, counts, observer = scenario.walker, rig.world.counts, rig.meter.observer
    event = scenario.event[0] if scenario.event else None
    at_us = round(event.at_s * 1e6) if event else None
    steps = [s for s in rig.meter.steps if s.at_us / 1e6 >= scenario.expect.from_s]
    before = [s for s in steps if at_us is None or s.stride.swing_end_us < at_us]
    f, after_n = figures_of(before), len(steps) - len(before)
    found = [x for x in counts.found if at_us is not None and x.at_us >= at_us]
    early = [x for x in counts.found if at_us is None or x.at_us < at_us]
    return {
        "trial": trial,
        "seed": run.seed,
        "severity": walker.severity,
        "side": walker.side,
        "stride_s": walker.stride_s,
        "hip_hike_m": walker.hip_hike_m,
        "muscle_gain": walker.muscle_gain,
        "place": scenario.sensors.place,
        "has_switch": scenario.sensors.has_switch,
        "fault": event.what if event else NO_FAULT,
        "fault_at_s": event.at_s if event else None,
        "steps": f.steps,
        "missed": f.missed,
        "dragged": f.dragged,
        "clearance_mm_mean": _or_none(f.clearance_mm.mean, f.steps),
        "clearance_mm_least": _or_none(f.clearance_mm.least, f.steps),
        "pitch_deg_mean": _or_none(f.pitch_deg.mean, f.steps),
        "roll_deg_mean": _or_none(f.roll_deg.mean, f.steps),
        "charge_uc_tibialis": _or_none(f.charge_uc[0].mean, f.steps),
        "charge_uc_peroneal": _or_none(f.charge_uc[1].mean, f.steps),
        "steps_after": after_n,
        "missed_after": sum(not s.is_helped for s in steps) - f.missed,
        "dragged_after": sum(s.stride.dragged for s in steps) - f.dragged,
        "silent_after": sum(at_us is not None and us >= at_us for us in rig.silent_steps),
        "stance_pulses_s": observer.wrong_pulses * 0.025,
        "longest_burst_s": observer.longest_burst_s,
        "strongest_ma": rig.meter.strongest[0],
        "pulses": sum(rig.meter.pulses),
        "refused": {_reason(reason): n for reason, n in sorted(counts.refused.items())},
        "found": faults.FAULTS[found[0].fault_id].name if found else None,
        "found_ms": found[0].at_us / 1000 - event.at_s * 1000 if found and event else None,
        "found_early": faults.FAULTS[early[0].fault_id].name if early else None,
        "broken": [f"{b.at_s:.3f} s, {b.key}: {b.sentence}" for b in run.broken],
    }


_REASONS = {value: name for name, value in vars(reasons).items() if name.isupper() and isinstance(value, int)}


def _reason(reason: int) -> str:
    return _REASONS.get(reason, str(reason))


def _or_none(value: float, n: int) -> float | None:
    return value if n else None
