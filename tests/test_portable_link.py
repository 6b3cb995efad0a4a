"""The link's core is the same on a PC and on a board: the same bytes go out, and no control cycle allocates for it."""

import functools
from pathlib import Path

import pytest

from tests.mpy import link_session
from tests.mpy.host import run_under_micropython

HERE = Path(__file__).resolve().parent
TRACE = HERE / "golden" / "walk_trace.bin"


@functools.cache
def run_here():
    return link_session.run(TRACE.read_bytes())


@pytest.mark.parametrize(
    "compiled",
    [pytest.param(False, marks=pytest.mark.slow, id="from source"), pytest.param(True, id="from mpy")],
)
def test_a_therapists_session_gives_the_same_bytes_on_cpython_and_micropython(compiled):
    here = run_here()
    files = {"trace.bin": TRACE, "whole_loop.py": HERE / "mpy" / "whole_loop.py"}
    board = run_under_micropython(
        HERE / "mpy" / "link_session.py", "/app/trace.bin", files=files, compiled=compiled
    )
    assert board.strip().splitlines() == here
    assert int(here[-2].split()[3]) > 300, "it did stimulate"


def test_the_lines_see_one_changed_byte_on_the_air(monkeypatch):
    before = run_here()
    monkeypatch.setattr(link_session, "PEER", b"\x01\x02\x03\x04\x05\xc7")
    after = link_session.run(TRACE.read_bytes())
    assert [a.split()[0:2] for a in before] == [a.split()[0:2] for a in after]
    assert before != after, "the peer's address stands in the history"
