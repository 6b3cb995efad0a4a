"""The head of a log or report: which code, which requirements, which prescription, which device, and when."""

import ctypes
import functools
import hashlib
from datetime import UTC, datetime

from firmware_py.pi.console import ROOT, version

TIME_ERROR = 5  # adjtimex: nobody sets this clock
TIMEX_N = 512  # more than struct timex needs on any Linux


def about_log(about: dict) -> dict:
    """Return `about` (of `firmware_py.compose` or a process) with everything a log must name, ready for JSON.

    Bytes become hex. Kept: commit, requirement hash, wall time and where it comes from; `firmware` is that of
    the stimulator, which a log names in its rows once the driver has asked (`./swingphase log info` shows it).
    """
    told = {name: value.hex() if isinstance(value, bytes) else value for name, value in about.items()}
    return {"commit": version(), "requirements": requirements_hash(), **wall_time(), **told}


@functools.cache
def requirements_hash() -> str:
    """Return 16 hex digits that name the list of requirements of this checkout."""
    return hashlib.sha256((ROOT / "safety/requirements.toml").read_bytes()).hexdigest()[:16]


def wall_time() -> dict:
    """Return {"wall_time": UTC in ISO 8601, "wall_time_source": whether anything keeps the clock right}."""
    return {
        "wall_time": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_time_source": "synchronised" if is_clock_synchronised() else "system clock, not synchronised",
    }


def is_clock_synchronised() -> bool:
    """Ask the kernel whether a time service has set its clock; False where it cannot be asked."""
    try:
        return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_N)) not in (-1, TIME_ERROR)
    except (OSError, AttributeError):
        return False
