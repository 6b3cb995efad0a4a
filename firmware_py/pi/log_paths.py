"""Which files a person means by the name of a log: one file, or a session's folder with a log per process."""

from dataclasses import dataclass
from pathlib import Path

from firmware_py.pi.console import UserError
from firmware_py.pi.log_file import Recovered, read_log
from firmware_py.pi.log_folder import processes, segments


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLog:
    """One process's log as it was found."""

    name: str
    files: tuple[Path, ...]
    found: Recovered


def logs_at(path: Path) -> list[OneLog]:
    """Return the logs that `path` names, one per process; UserError if there is none."""
    if path.is_dir():
        found = [(name, tuple(segments(path, name))) for name in processes(path)]
        found = found or [(f.stem, (f,)) for f in sorted(path.glob("*.swp"))]
        if not found:
            raise UserError(
                f"{path} holds no log; a log is a file *.swp or a folder of them. Check the name."
            )
    elif path.is_file():
        found = [(path.stem, (path,))]
    else:
        raise UserError(f"{path} does not exist; a log is a file *.swp or a folder of them. Check the name.")
    logs = [OneLog(name=name, files=files, found=_read(files)) for name, files in found]
    for one in logs:
        if not one.found.about and not one.found.pieces:
            raise UserError(f"{one.files[0]} holds nothing that is a log of Swingphase. Check the name.")
    return logs


def _read(files: tuple[Path, ...]) -> Recovered:
    try:
        return read_log(*files)
    except OSError as e:
        raise UserError(
            f"{e.filename} cannot be read ({e.strerror}). Copy it to where you may read it."
        ) from e
