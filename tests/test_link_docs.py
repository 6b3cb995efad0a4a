"""The pages about the link say what is so: named tests exist, tables are those of the code."""

import ast
import re

import pytest

from firmware_py.link import gatt, ops, values
from firmware_py.pi import link_docs
from tests.house import REPO

SECURITY = (REPO / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([Tt]est_?\w+)`", SECURITY)))


def names_in_tests():
    found = set()
    for path in (*(REPO / "tests").glob("test_*.py"), REPO / "tests/guest/attacks.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return found


def test_every_test_that_the_security_page_names_exists():
    assert len(NAMED) > 60
    assert set(NAMED) - names_in_tests() == set()


def test_every_threat_has_a_control_and_a_test():
    rows = [
        line for line in SECURITY.split("## What this does not do")[0].splitlines() if line.startswith("| ")
    ]
    threats = [row for row in rows if row.count("|") == 4 and "`test" in row.lower()]
    assert len(threats) > 40
    for row in threats:
        threat, control, test = (cell.strip() for cell in row.strip("|").split("|"))
        assert threat, row
        assert control, row
        assert all(re.fullmatch(r"`[Tt]est_?\w+`", t.strip()) for t in test.split(",")), row


def test_no_row_of_a_threat_is_without_a_test():
    section = SECURITY.split("## Threat, control, test")[1].split("## What this does not do")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    bare = [r for r in rows if "`test" not in r.lower() and not r.startswith(("| threat |", "| ---"))]
    assert bare == []


def test_the_tables_of_the_link_page_are_those_of_the_code():
    written = link_docs.PAGE.read_text(encoding="utf-8")
    assert written == link_docs.filled(written), "run `python -m firmware_py.pi.link_docs`"


@pytest.mark.parametrize("op", ops.OPS, ids=lambda op: op.name)
def test_the_link_page_has_every_operation_with_its_number_role_and_sentence(op):
    row = next(
        line for line in link_docs.PAGE.read_text(encoding="utf-8").splitlines() if f"| `{op.name}` |" in line
    )
    assert f"0x{op.code:04X}" in row
    assert ops.ROLE_NAMES[op.role] in row
    assert op.help in row


def test_the_link_page_has_every_characteristic_and_every_field():
    page = link_docs.PAGE.read_text(encoding="utf-8")
    for service in gatt.table(True):
        for c in service.characteristics:
            assert c.uuid in page
    for layout in (values.INFO, values.PRESCRIPTION, values.STATUS, values.PIECE, values.TELEMETRY_HEAD):
        for field in layout.fields:
            assert f"`{field.name}` {field.kind}" in page


def test_a_page_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="operations"):
        link_docs.filled("nothing here")
