"""A pytest plugin: keep the last result of each test, and fail a run that does not show a requirement.

    --evidence       write docs/evidence/tests.json (commit, date, command, result per test function)
    --evidence-as    write docs/evidence/NAME.json for a full count that CI does not run: how many rows passed, and
                     the sums of what tests gave to `record_property`
    --requirements   the run fails if a test that a requirement names was not passed in it

Without either, nothing happens. A test function has one result: the worst of its rows; what was skipped is
"skipped", which shows nothing.
"""

import sys
from collections import Counter

import pytest

from evidence.results import FILE, file_text, not_shown, record_of, write_figures

ORDER = ("passed", "skipped", "failed")  # from good to bad
WANTED = ("--evidence", "--evidence-as", "--requirements")


class Collector:
    """Hears every report of a run (of all workers) and keeps the worst per test function."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, int | str]] = {}
        self.rows: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.take(report.nodeid, report.outcome)
            self.rows[report.outcome] += 1
        if report.when == "call":
            for name, value in report.user_properties:
                self.sums[name] += int(str(value))

    @property
    def figures(self) -> dict[str, object]:
        """What a full count has found."""
        return {**{word: self.rows[word] for word in ORDER}, **self.sums}

    def take(self, node: str, outcome: str) -> None:
        """Enter one outcome of one row of a test."""
        name = node.partition("[")[0]
        kept = self.results.setdefault(name, {"result": "passed", "rows": 0})
        kept["rows"] = int(kept["rows"]) + 1
        kept["result"] = max(str(kept["result"]), outcome, key=ORDER.index)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("evidence")
    group.addoption("--evidence", action="store_true", help=f"write {FILE}")
    group.addoption("--evidence-as", metavar="NAME", help=f"write {FILE.parent}/NAME.json")
    group.addoption(
        "--requirements", action="store_true", help="fail if a requirement is not shown by this run"
    )


def pytest_configure(config: pytest.Config) -> None:
    if any(map(config.getoption, WANTED)) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(), "evidence-collector")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    collector = session.config.pluginmanager.getplugin("evidence-collector")
    if not isinstance(collector, Collector) or session.config.option.collectonly:
        return
    command = "pytest " + " ".join(str(one) for one in session.config.invocation_params.args)
    if name := session.config.getoption("--evidence-as"):
        write_figures(name, command, collector.figures)
    if session.config.getoption("--evidence"):
        path = session.config.rootpath / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        text = file_text(record_of(command), collector.results)
        path.write_text(text, encoding="utf-8")
    if session.config.getoption("--requirements"):
        missing = not_shown(collector.results)
        for sentence in missing:
            print(f"\n{sentence}", file=sys.stderr)
        if missing and session.exitstatus == 0:
            session.exitstatus = 1
