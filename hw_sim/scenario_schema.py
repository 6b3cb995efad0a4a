"""Write hw_sim/scenarios/scenario.schema.json, which tells an editor every key: `python -m hw_sim.scenario_schema`."""

import json

from hw_sim.scenario import Scenario
from hw_sim.scenario_file import LIBRARY

FILE = LIBRARY / "scenario.schema.json"


def schema_text() -> str:
    """Return the JSON schema of a scenario file."""
    return json.dumps(Scenario.model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
