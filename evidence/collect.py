"""A pytest plugin: keep the last result of each test, and fail a run that does not show a requirement.

    --evidence       write docs/evidence/tests.json (commit, date, command, result per test function)
    --requirements   the run fails if a test that a requirement names was not passed in it

Without either, nothing happens. A test function has one result: the worst of its rows; what was skipped is
"skipped", which shows nothing.
"""

import sys

import pytest

from evidence.results import FILE, file_text, not_shown, record_of

ORDER = ("passed", "skipped", "failed")  # from good to bad


class Collector:
    """Hears every report of a run (of all workers) and keeps the worst per test function."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, int | str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.take(report.nodeid, report.outcome)

    def take(self, node: str, outcome: str) -> None:
        """Enter one outcome of one row of a test."""
        name = node.partition("[")[0]
        kept = self.results.setdefault(name, {"result": "passed", "rows": 0})
        kept["rows"] = int(kept["rows"]) + 1
        kept["result"] = max(str(kept["result"]), outcome, key=ORDER.index)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("evidence")
    group.addoption("--evidence", action="store_true", help=f"write {FILE}")
    group.addoption(
        "--requirements", action="store_true", help="fail if a requirement is not shown by this run"
    )


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--evidence") or config.getoption("--requirements")
    if wanted and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(), "evidence-collector")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    collector = session.config.pluginmanager.getplugin("evidence-collector")
    if not isinstance(collector, Collector) or session.config.option.collectonly:
        return
    if session.config.getoption("--evidence"):
        path = session.config.rootpath / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        command = "pytest " + " ".join(str(one) for one in session.config.invocation_params.args)
        text = file_text(record_of(command), collector.results)
        path.write_text(text, encoding="utf-8")
    if session.config.getoption("--requirements"):
        missing = not_shown(collector.results)
        for sentence in missing:
            print(f"\n{sentence}", file=sys.stderr)
        if missing and session.exitstatus == 0:
            session.exitstatus = 1
