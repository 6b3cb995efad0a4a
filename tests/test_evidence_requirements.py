"""The requirements are data: whole, each with code and tests that exist, and a page that hides nothing."""

import json
import re
from typing import Literal

import pytest

from evidence import guardian, safety_case
from evidence.collect import Collector
from evidence.fingerprint import fingerprint
from evidence.requirements import (
    FILE,
    ROOT,
    Requirement,
    SafetyFile,
    load,
    place_of_code,
    place_of_test,
    problems,
)
from evidence.results import file_text, not_shown, record_of, write_figures
from tests.house import REPO, plant


@pytest.fixture(scope="module")
def file() -> SafetyFile:
    return load()


def with_requirement(file: SafetyFile, **changes) -> SafetyFile:
    """Return the file with its first requirement changed."""
    first = file.requirements[0].model_copy(update=changes)
    return file.model_copy(update={"requirements": (first, *file.requirements[1:])})


def test_every_requirement_names_code_and_tests_that_exist(file):
    found = problems(file)
    assert not found, "\n".join(found)


def test_every_requirement_has_a_source_and_what_nobody_read_is_marked(file):
    for one in file.requirements:
        for source in one.sources:
            assert bool(source.mark) is not source.read
    standards = [s for one in file.requirements for s in one.sources if s.kind == "standard"]
    assert standards
    assert {s.mark for s in standards} == {"not verified against the standard"}, "no paid text was at hand"


def test_no_source_is_an_address_or_a_copy(file):
    for one in file.requirements:
        for source in one.sources:
            assert not re.search(r"://|www\.|github", source.cite, re.IGNORECASE), source.cite


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tests": ()}, "R01 is enforced but names no test"),
        ({"code": ()}, "R01 is enforced but names no code"),
        (
            {"code": ("safety.gate:Gate.forgive",)},
            "R01 names the code safety.gate:Gate.forgive, which does not exist",
        ),
        ({"code": ("safety.mercy:f",)}, "R01 names the code safety.mercy:f, which does not exist"),
        ({"tests": ("tests/test_safety_gate.py::test_x",)}, "test_x, which does not exist"),
        ({"open": "something"}, "R01 is enforced; `open` says"),
        ({"status": "partly"}, "R01 is partly; `open` says"),
        ({"id": "R02"}, "R01 is missing"),
        ({"id": "R02"}, "R02 stands twice"),
    ],
)
def test_a_planted_gap_is_named(file, changes, sentence):
    found = problems(with_requirement(file, **changes))
    assert any(sentence in said for said in found), found


def test_a_hazard_without_a_control_and_a_requirement_without_a_hazard_are_named(file):
    bare = file.hazards[0].model_copy(update={"requirements": (), "other": ()})
    found = problems(file.model_copy(update={"hazards": (bare,)}))
    assert f"{bare.id} has no control; name a requirement or another control" in found
    assert any(said.startswith("R01 controls no hazard") for said in found)
    unknown = file.hazards[0].model_copy(update={"requirements": ("R77",)})
    assert "hazard names R77, which does not exist" in problems(
        file.model_copy(update={"hazards": (unknown,)})
    )


def test_a_requirement_without_a_source_or_with_an_unknown_key_is_no_requirement(file):
    whole = file.requirements[0].model_dump()
    for wrong in ({"sources": ()}, {"colour": "red"}, {"status": "done"}, {"id": "R1"}):
        with pytest.raises(ValueError, match="validation error"):
            Requirement.model_validate(whole | wrong)


def test_places_are_found_in_classes_functions_and_constants(tmp_path):
    text = "A = 1\nB: int = 2\nclass C:\n    def d(self): pass\ndef test_e(): pass\nTestF = C\n"
    plant(tmp_path, {"safety/x.py": text, "tests/test_x.py": text})
    lines = [place_of_code(f"safety.x:{name}", tmp_path) for name in ("A", "B", "C.d", "C.e", "A.d")]
    assert lines == [("safety/x.py", 1), ("safety/x.py", 2), ("safety/x.py", 4), None, None]
    assert place_of_test("tests/test_x.py::test_e", tmp_path) == ("tests/test_x.py", 5)
    assert place_of_test("tests/test_x.py::TestF", tmp_path) == ("tests/test_x.py", 6)
    assert place_of_test("tests/test_y.py::test_e", tmp_path) is None


def passed_everything(file: SafetyFile) -> dict[str, dict[str, int | str]]:
    return {t: {"result": "passed", "rows": 1} for one in file.requirements for t in one.tests}


def test_the_worst_row_of_a_test_counts():
    collector = Collector()
    for outcome in ("passed", "failed", "passed"):
        collector.take("tests/test_a.py::test_b[x]", outcome)
    collector.take("tests/test_a.py::test_c", "skipped")
    assert collector.results["tests/test_a.py::test_b"] == {"result": "failed", "rows": 3}
    assert collector.results["tests/test_a.py::test_c"] == {"result": "skipped", "rows": 1}


def test_a_requirement_is_shown_only_by_tests_that_passed(file):
    results = passed_everything(file)
    assert not_shown(results) == []
    name = file.requirements[0].tests[0]
    for result in ("failed", "skipped"):
        said = not_shown(results | {name: {"result": result, "rows": 1}})
        assert said == [
            f"{one.id} is not shown: {name} was {result}" for one in file.requirements if name in one.tests
        ]
    del results[name]
    assert not_shown(results)[0].endswith("was not run")


def house(tmp_path, file: SafetyFile, results, **changes):
    """Plant a small house with evidence in it; return its root."""
    plant(
        tmp_path,
        {
            "safety/gate.py": "x = 1\n",
            "requirements/test.txt": 'numpy==2.4.6 ; python_version < "4" \\\n    --hash=sha256:00\npytest==9.2.0\n',
            "requirements/run.txt": "numpy==2.4.6\n",
        },
    )
    origin = record_of("pytest --all", tmp_path) | changes
    plant(tmp_path, {"docs/evidence/tests.json": file_text(origin, results)})
    return tmp_path


def shown_failings(file: SafetyFile, root) -> list[str]:
    """Return what the evidence itself lacks; the planted house has no code of its own to point at."""
    elsewhere = set(problems(file, root))
    return [
        s for s in safety_case.failings(file, safety_case.read_evidence(root), root) if s not in elsewhere
    ]


def test_evidence_of_this_safety_layer_is_shown_as_passed(tmp_path, file):
    root = house(tmp_path, file, passed_everything(file))
    evidence = safety_case.read_evidence(root)
    assert not shown_failings(file, root)
    made = safety_case.make_page(file, evidence, root)
    assert "(stale)" not in made
    assert made.count('class="ok">passed (1 row, ') == sum(len(one.tests) for one in file.requirements)


def test_evidence_of_another_safety_layer_is_stale_and_fails(tmp_path, file):
    root = house(tmp_path, file, passed_everything(file), safety="0" * 16)
    evidence = safety_case.read_evidence(root)
    said = shown_failings(file, root)
    assert len(said) == 1
    assert said[0].startswith("tests.json is stale: safety/ has changed since ")
    made = safety_case.make_page(file, evidence, root)
    assert made.count("(stale)") == sum(len(one.tests) for one in file.requirements)
    assert "stale: safety/ has changed since" in made


@pytest.mark.parametrize("result", ["failed", "skipped", None])
def test_a_result_that_is_not_passed_fails_the_page(tmp_path, file, result):
    results = passed_everything(file)
    name = file.requirements[0].tests[0]
    if result is None:
        del results[name]
    else:
        results[name] = {"result": result, "rows": 1}
    root = house(tmp_path, file, results)
    safety_case.read_evidence(root)
    said = shown_failings(file, root)
    assert said
    assert all(name in s for s in said)


def full_count(root, figures, **changes):
    """Plant the evidence of a full count."""
    write_figures("machine", "pytest --all", figures, root)
    path = root / "docs/evidence/machine.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@pytest.mark.parametrize("bad", ["failed", "open", "broken"])
def test_a_full_count_that_found_something_fails_the_page(tmp_path, file, bad):
    root = house(tmp_path, file, passed_everything(file))
    full_count(root, {"passed": 3, bad: 0})
    assert shown_failings(file, root) == []
    full_count(root, {"passed": 3, bad: 2})
    assert shown_failings(file, root) == [f"machine.json: 2 {bad}"]


def test_a_full_count_of_another_safety_layer_is_stale(tmp_path, file):
    root = house(tmp_path, file, passed_everything(file))
    full_count(root, {"passed": 3, "failed": 0}, safety="0" * 16)
    (said,) = shown_failings(file, root)
    assert said.startswith("machine.json is stale")
    assert "Run `pytest --all` again." in said


def test_the_trials_of_the_guardian_become_figures():
    rows = [("flood", 1, 900), ("flood", 0, 1_500), ("stop by signal, controller frozen", 0, 40)]
    trials = [{"kind": k, "n_after": n, "decided_us": us} for k, n, us in rows]
    assert guardian.figures({"trials": trials, "broken": ["flood: one"]}) == {
        "trials": 3,
        "broken": 1,
        "flood": "2 trials: 1 pulse of or after the last request, decided 1.5 ms after it at most",
        "stop by signal, controller frozen": "1 trials: decided 0.0 ms after it at most",
    }


def test_a_full_count_sums_what_its_tests_recorded():
    collector = Collector()
    rows: list[tuple[Literal["passed", "failed"], int]] = [("passed", 5), ("failed", 2)]
    for outcome, steps in rows:
        for when in ("setup", "call", "teardown"):
            properties = [("steps", steps)]
            collector.pytest_runtest_logreport(
                pytest.TestReport(
                    "tests/test_a.py::test_b",
                    ("tests/test_a.py", 1, "test_b"),
                    {},
                    outcome if when == "call" else "passed",
                    None,
                    when,
                    user_properties=properties,
                )
            )
    assert collector.figures == {"passed": 1, "skipped": 0, "failed": 1, "steps": 7}


def test_without_evidence_the_page_says_so_and_how_to_get_it(tmp_path, file):
    root = house(tmp_path, file, {})
    (root / "docs/evidence/tests.json").unlink()
    assert "docs/evidence/tests.json is missing. Run ./swingphase test --all, which writes it." in (
        safety_case.failings(file, [], root)
    )
    assert "no evidence" in safety_case.make_page(file, [], root)


def test_the_page_stands_alone_and_holds_everything(file):
    made = safety_case.make_page(file, safety_case.read_evidence(REPO), REPO)
    for forbidden in ("<script", "<link", "<img", "@import", "url(", "://"):
        assert forbidden not in made, f"the page loads or runs something: {forbidden}"
    for one in file.requirements:
        assert f'id="{one.id}"' in made
    assert "not verified against the standard" in made
    for line in (*file.warnings.contraindicated, *(a.text for a in file.anomalies)):
        assert safety_case.page.text(line) in made
    assert "numpy" in made


def test_the_fingerprint_changes_with_any_line_of_the_safety_layer(tmp_path):
    plant(tmp_path, {"safety/a.py": "x = 1\n", "safety/b.toml": "y = 1\n", "other/c.py": "z = 1\n"})
    before = fingerprint(tmp_path)
    plant(tmp_path, {"safety/b.toml": "y = 2\n", "other/c.py": "z = 2\n"})
    assert fingerprint(tmp_path) == before
    plant(tmp_path, {"safety/a.py": "x = 2\n"})
    assert fingerprint(tmp_path) != before


def test_the_command_writes_the_page_where_it_is_told(tmp_path, capsys):
    path = tmp_path / "deep" / "page.html"
    code = safety_case.main(["--out", str(path)])
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    said = capsys.readouterr()
    assert str(path) in said.out
    assert (code == 0) is (said.err == "")


def test_the_requirement_file_keeps_to_one_form():
    text = (ROOT / FILE).read_text(encoding="utf-8")
    assert re.findall(r'^id = "(R\d\d)"$', text, re.MULTILINE) == [f"R{n:02d}" for n in range(1, 26)]


def test_the_evidence_file_is_json_with_one_line_a_test():
    text = file_text(
        {"commit": "abc"}, {"b": {"result": "passed", "rows": 2}, "a": {"result": "failed", "rows": 1}}
    )
    assert json.loads(text)["tests"] == {
        "a": {"result": "failed", "rows": 1},
        "b": {"result": "passed", "rows": 2},
    }
    assert text.splitlines()[3].strip().startswith('"a": ')


def test_a_method_is_found_in_the_base_that_a_class_has_it_from(tmp_path):
    plant = {"safety/a.py": "class Base:\n    def f(self): ...\n"}
    plant["safety/b.py"] = (
        "from safety.a import Base\nclass Own(Base):\n    def g(self): ...\nclass More(Own): ...\n"
    )
    for name, text in plant.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [
        place_of_code(f"safety.b:{name}", tmp_path)
        for name in ("Own.g", "Own.f", "More.f", "More.h", "Base.f")
    ]
    assert found == [("safety/b.py", 3), ("safety/a.py", 2), ("safety/a.py", 2), None, None]
