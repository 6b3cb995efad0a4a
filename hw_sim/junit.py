"""Results of scenarios as JUnit XML, which every CI reads: a case a scenario, with the first broken expectation."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from hw_sim.scenario_report import summary_lines
from hw_sim.scenario_run import ScenarioRun

SUITE = "swingphase scenarios"


def junit_xml(runs: Sequence[ScenarioRun], took_s: Sequence[float]) -> str:
    """Return the document. `took_s`: seconds that each run took."""
    suite = ET.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(runs)),
        failures=str(sum(not run.is_good for run in runs)),
        errors="0",
        skipped="0",
        time=f"{sum(took_s):.3f}",
    )
    for run, seconds in zip(runs, took_s, strict=True):
        case = ET.SubElement(
            suite, "testcase", classname="swingphase.sim", name=run.name, time=f"{seconds:.3f}"
        )
        if run.broken:
            first = run.broken[0]
            failure = ET.SubElement(
                case, "failure", type=first.key, message=f"{first.at_s:.3f} s: {first.sentence}"
            )
            failure.text = "\n".join(f"{b.at_s:.3f} s, {b.key}: {b.sentence}" for b in run.broken)
        ET.SubElement(case, "system-out").text = "\n".join(
            [f"{run.scenario.title}. {run.scenario.why}", f"seed {run.seed}", *summary_lines(run)]
        )
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
