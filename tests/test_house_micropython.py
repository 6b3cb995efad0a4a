"""The second dialect can be run from a test, and it is the 32-bit kind that the boards have."""

import json
import random

import pytest

from safety.clock import Age, after_us, elapsed_us
from tests.mpy import host
from tests.mpy.host import ScriptFailed, run_under_micropython

CLOCK_SCRIPT = """
import json
from safety.clock import Age, after_us, elapsed_us
with open("pairs.json") as f:
    rows = json.load(f)
for later, earlier in rows:
    age = Age()
    age.restart()
    age.advance(later % 1000)
    print(elapsed_us(later, earlier), after_us(earlier, later >> 1), age.us)
"""


@pytest.mark.parametrize("compiled", [False, True])
def test_clock_arithmetic_is_the_same_under_both_dialects(tmp_path, compiled):
    script = tmp_path / "clock.py"
    script.write_text(CLOCK_SCRIPT.replace('"pairs.json"', '"/app/pairs.json"'))
    draw = random.Random(1)
    edges = [0, 1, 2**29 - 1, 2**29, 2**30 - 1]
    rows = [(a, b) for a in edges for b in edges] + [
        (draw.randrange(2**30), draw.randrange(2**30)) for _ in range(50)
    ]
    files = {"pairs.json": json.dumps(rows).encode()}
    printed = run_under_micropython(script, files=files, compiled=compiled)
    expected = []
    for later, earlier in rows:
        age = Age()
        age.restart()
        age.advance(later % 1000)
        expected.append(f"{elapsed_us(later, earlier)} {after_us(earlier, later >> 1)} {age.us}")
    assert printed.splitlines() == expected


def test_a_locked_heap_refuses_whole_numbers_of_2_to_the_30_and_floats(tmp_path):
    script = tmp_path / "heap.py"
    script.write_text(
        "import micropython\n"
        "half = 1 << 29\n"
        "def small(): return half - 1 + half\n"
        "def large(): return half + half\n"
        "def split(): return half // 3\n"
        "def fraction(): return half / 3\n"
        "said = []\n"
        "for f in (small, large, split, fraction):\n"
        "    kept = True\n"
        "    micropython.heap_lock()\n"
        "    try:\n"
        "        f()\n"
        "    except MemoryError:\n"
        "        kept = False\n"
        "    micropython.heap_unlock()\n"
        "    said.append(kept)\n"
        "print(said)\n"
    )
    assert run_under_micropython(script).strip() == "[True, False, True, False]"


def test_an_exception_in_the_script_fails_with_its_traceback(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("print('so far')\nraise ValueError('too far')\n")
    with pytest.raises(ScriptFailed, match=r"so far\n(.*\n)*ValueError: too far"):
        run_under_micropython(script)


def test_an_exit_code_fails_and_arguments_arrive(tmp_path):
    script = tmp_path / "leaves.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nif sys.argv[1] == 'no': sys.exit(4)\n")
    assert run_under_micropython(script, "yes", "a b").strip() == "['yes', 'a b']"
    with pytest.raises(ScriptFailed, match="ended with 4"):
        run_under_micropython(script, "no")


def test_modules_that_no_board_has_are_not_there(tmp_path):
    script = tmp_path / "frozen.py"
    script.write_text("import functools\n")
    with pytest.raises(ScriptFailed, match="no module named 'functools'"):
        run_under_micropython(script)


def test_without_micropython_a_test_is_skipped_but_fails_in_ci(tmp_path, monkeypatch):
    monkeypatch.setattr(host, "WASM", tmp_path / "nothing.wasm")
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="wasm build is missing"):
        host.need_micropython()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="wasm build is missing"):
        host.need_micropython()
