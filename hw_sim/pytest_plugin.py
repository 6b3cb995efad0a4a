"""A pytest fixture for other projects: walk a scenario in a test, fail with the first broken expectation and its time.

In that project's conftest.py, with this checkout on pytest's `pythonpath`: `pytest_plugins = ["hw_sim.pytest_plugin"]`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from hw_sim.emulators.transports import Transport
from hw_sim.scenario_file import load_scenario
from hw_sim.scenario_report import summary_lines
from hw_sim.scenario_run import ScenarioRun, run_scenario

WalkScenario = Callable[..., ScenarioRun]


@pytest.fixture
def walk_scenario() -> WalkScenario:
    """Return walk(name_or_file, seed=None, transport="request", must_hold=True) -> ScenarioRun.

    The test fails if an expectation of the scenario fails, unless must_hold is False. The run holds everything:
    run.rig.meter (steps, figures), run.rig.world.rows (black box), run.rig.device.pulses, run.broken.
    """

    def walk(
        name_or_file: str | Path,
        *,
        seed: int | None = None,
        transport: Transport = "request",
        must_hold: bool = True,
    ) -> ScenarioRun:
        run = run_scenario(load_scenario(name_or_file), seed=seed, transport=transport)
        if must_hold and run.broken:
            first = run.broken[0]
            lines = "\n".join(summary_lines(run))
            pytest.fail(
                f"{run.name} at {first.at_s:.3f} s, {first.key}: {first.sentence}\n{lines}", pytrace=False
            )
        return run

    return walk
