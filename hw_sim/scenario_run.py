"""Walk one scenario, and say whether all that was expected came true; if not, what failed first and when."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw_sim.breaks import BREAKS
from hw_sim.demo import demo_prescription
from hw_sim.emulators.transports import Transport
from hw_sim.expectations import Broken, judged
from hw_sim.leg import Leg
from hw_sim.metrics import QuietTime
from hw_sim.rig import Rig
from hw_sim.scenario import EventModel, PrescriptionModel, Scenario
from hw_sim.scenario_file import NamedScenario
from hw_sim.walker import WalkerSettings
from hw_sim.world import StimulatorNotReady
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_NAMES
from stimulator.prescription import Prescription, checked, default_channel

OFF_WATCHED_US = 5_000_000  # how long an output that must be off is watched, or until somebody arms


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRun:
    """What came of a scenario. `rig` is closed; its meter and world hold all figures.

    broken   expectations that did not hold, the earliest first
    quiet    per event that asks for it, the time in which no pulse was allowed
    """

    name: str
    scenario: Scenario
    seed: int
    rig: Rig
    prescription: Prescription
    broken: list[Broken]

    @property
    def is_good(self) -> bool:
        """Whether every expectation held."""
        return not self.broken


def run_scenario(
    named: NamedScenario,
    *,
    seed: int | None = None,
    transport: Transport = "request",
    keeps_all: bool = True,
    log_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> ScenarioRun:
    """Walk it from beginning to end. `seed` instead of the scenario's own."""
    scenario = named.scenario
    seed = scenario.seed if seed is None else seed
    prescription = prescription_of(scenario.prescription)
    rig = Rig(
        leg_of(scenario, seed, keeps_trace=keeps_all),
        prescription=prescription,
        place=scenario.sensors.place,
        has_switch=scenario.sensors.has_switch,
        transport=transport,
        can_break=frozenset(event.group for event in scenario.event),
        keeps_all=keeps_all,
        log_path=log_path,
        about={"scenario": named.name, "seed": seed},
    )
    quiet = {
        i: _quiet_after(e, scenario) for i, e in enumerate(scenario.event) if e.off_within_ms is not None
    }
    rig.meter.quiet.extend(quiet.values())
    try:
        rig.connect()
        for at_us, deed in _script(scenario, rig):
            _walk_to(rig, at_us, scenario.length_s, progress)
            deed()
        _walk_to(rig, round(scenario.length_s * 1e6), scenario.length_s, progress)
    finally:
        rig.close()
    return ScenarioRun(
        name=named.name,
        scenario=scenario,
        seed=seed,
        rig=rig,
        prescription=prescription,
        broken=judged(scenario, rig, quiet),
    )


def prescription_of(model: PrescriptionModel) -> Prescription:
    """Return the demo's prescription with the scenario's changes; PrescriptionError if it must not be used."""
    usual = demo_prescription()
    n = max([2, *(i + 1 for i, name in enumerate(CHANNEL_NAMES) if getattr(model, name) is not None)])
    channels = []
    for index, name in enumerate(CHANNEL_NAMES[:n]):
        setting = usual.channels[index] if index < len(usual.channels) else default_channel(index)
        changes = getattr(model, name)
        channels.append(setting._replace(**(changes.model_dump(exclude_none=True) if changes else {})))
    return checked(usual._replace(channels=tuple(channels), **model.walk.model_dump(exclude_none=True)), P24)


def leg_of(scenario: Scenario, seed: int, *, keeps_trace: bool) -> Leg:
    """Return the person's leg."""
    walker = scenario.walker
    chosen = walker.model_dump(exclude={"muscle", "muscle_gain", "fatigue"})
    return Leg(
        WalkerSettings(seed=seed, activities=tuple(scenario.activity), **chosen),
        muscle=walker.muscle,
        muscle_gains=(walker.muscle_gain,) * 3,
        fatigue=walker.fatigue,
        keeps_trace=keeps_trace,
    )


def _script(scenario: Scenario, rig: Rig) -> list[tuple[int, Callable[[], None]]]:
    """Return what is done when, in order; what ends comes before what begins at the same time."""
    deeds: list[tuple[int, int, Callable[[], None]]] = []
    if scenario.arms:
        deeds.append((round(scenario.arm_at_s * 1e6), 1, lambda: _arm(rig)))
    for event in scenario.event:
        one = BREAKS[event.what]
        deeds.append((round(event.at_s * 1e6), 2, _deed(rig, one.begin, event.size)))
        if event.until_s is not None and one.end is not None:
            deeds.append((round(event.until_s * 1e6), 0, _deed(rig, one.end, event.size)))
    return [(at_us, deed) for at_us, _, deed in sorted(deeds, key=lambda d: d[:2])]


def _arm(rig: Rig) -> None:
    try:
        rig.arm()
    except StimulatorNotReady:
        rig.ask_to_arm()


def _deed(rig: Rig, deed: Callable[[Rig, float], object], size: float) -> Callable[[], None]:
    return lambda: rig.world.act(lambda: deed(rig, size))


def _walk_to(rig: Rig, until_us: int, length_s: float, progress: Callable[[float], None] | None) -> None:
    while rig.world.now_us < until_us:
        rig.advance_to(min(rig.world.now_us + 2_000_000, until_us))
        if progress:
            progress(rig.world.now_us / 1e6 / length_s)


def _quiet_after(event: EventModel, scenario: Scenario) -> QuietTime:
    from_us = round(event.at_s * 1e6 + (event.off_within_ms or 0) * 1000)
    arms = [e.at_s for e in scenario.event if e.what == "arm" and e.at_s > event.at_s]
    until_us = min([round(scenario.length_s * 1e6), *[round(s * 1e6) for s in arms]])
    return QuietTime(from_us=from_us, until_us=until_us)
