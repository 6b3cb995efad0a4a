"""What every job of the front door says at the keyboard: errors as sentences, progress, version, folders."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BAD_INPUT = 2


class UserError(ValueError):
    """A wish that cannot be fulfilled; the text says fact, allowed range, next step."""

    is_for_people = True


def sentence_of(e: Exception) -> str | None:
    """Return the text of `e` if it was written for the person at the keyboard (`is_for_people`), else None."""
    return str(e) if getattr(e, "is_for_people", False) else None


def progress_bar(what: str) -> Callable[[float], None]:
    """Return a function that shows the share done on stderr: a bar with the time left, or a line per quarter."""
    began, shown = time.monotonic(), [-1]

    def draw(share: float) -> None:
        is_terminal = sys.stderr.isatty()
        step = int(share * (50 if is_terminal else 4))
        if step == shown[0]:
            return
        shown[0] = step
        spent_s = time.monotonic() - began
        left_s = spent_s / share - spent_s if share > 0 else 0
        text = (
            f"\r{what} [{'#' * step:<50}] {share:4.0%}, {left_s:3.0f} s left"
            if is_terminal
            else f"{what} {share:.0%}"
        )
        print(text, end="" if is_terminal and share < 1 else "\n", file=sys.stderr, flush=True)

    return draw


def made_folder(name: str) -> Path:
    """Return the folder `name`, made if needed; UserError if it cannot be."""
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UserError(f"{folder} cannot be made ({e.strerror}). Choose another folder with --out.") from e
    return folder


def version() -> str:
    """Return release and commit of this checkout, or the release alone if there is no git.

    git does not look into a checkout of another user unless it is told to; the service is another user than whoever
    made the checkout, and its logs must name the commit. It runs this checkout's programs anyway.
    """
    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    try:
        commit = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "describe", "--always", "--dirty"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return release
    return f"{release} ({commit})"
