"""Which state of the safety layer a result belongs to: the commit, and a hash over what would make it untrue."""

import hashlib
import subprocess
from pathlib import Path

COVERED = ("safety",)  # a result holds for exactly these files


def fingerprint(root: Path) -> str:
    """Return 16 hex digits over every Python file of the safety layer, names and contents.

    A commit cannot name itself, so evidence that lies in a commit always names an earlier one. The hash says
    whether the safety layer is still the one that was tested.
    """
    digest = hashlib.sha256()
    for folder in COVERED:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def commit_of(root: Path) -> str:
    """Return the commit of the checkout, with "-dirty" if files differ from it; "unknown" without git."""
    return _git(root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*") or "unknown"


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
