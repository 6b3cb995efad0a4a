"""With each requirement switched off in turn, one of its own tests fails: the tests look where they say."""

import subprocess
import sys

from evidence.requirements import load
from tests.house import REPO


def test_with_each_requirement_switched_off_one_of_its_own_tests_fails():
    command = [sys.executable, "-m", "evidence.switch_off"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ways = sum(len(one.off) for one in load().requirements if one.is_shown)
    assert done.stdout.count(" noticed: ") == ways
    assert ways >= 40
