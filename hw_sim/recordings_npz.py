"""Published walks: read `*.npz`, many recordings in one file.

`gyro` and `acc` (rows, 3) int16 with `gyro_scale` (rad/s) and `acc_scale` (m/s2), `heel` (rows,) raw force
counts where a sole was worn, and `index`, a JSON list of what each recording is. Axes as in safety.sample.
The files are not part of this project: docs/recordings.md names their sources.
"""

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gait_detect.profile import PLACES
from hw_sim.recording import FS_MAX_HZ, FS_MIN_HZ, Recording, RecordingError

ARRAYS = ("gyro", "acc", "gyro_scale", "acc_scale", "index")
FIELDS = ("dataset", "subject", "trial", "side", "place", "group", "fs", "start", "len", "has_heel", "steps")

# What numpy and zipfile raise on broken files; RuntimeError: a broken flag looks like encryption.
NOT_A_FILE_OF_ARRAYS = (
    *(OSError, ValueError, EOFError, RuntimeError, SyntaxError, MemoryError, KeyError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def recordings_of_npz(file: Path) -> list[Recording]:
    """Return the recordings of one `.npz` file; RecordingError with a sentence if it cannot be read."""
    arrays = _arrays_of(file)
    rows = len(arrays["gyro"])
    heel = arrays.get("heel")
    try:
        entries = json.loads(arrays["index"].tobytes())
    except ValueError as e:
        raise RecordingError(
            f"{file}: index is not JSON ({e}); it must be a JSON list of recordings. Fetch the file again."
        ) from e
    if not isinstance(entries, list) or not entries:
        raise RecordingError(
            f"{file}: index lists no recordings; it must be a JSON list of at least one. Fetch the file again."
        )
    return [_recording(file, number, entry, arrays, heel, rows) for number, entry in enumerate(entries)]


def _arrays_of(file: Path) -> dict[str, NDArray[Any]]:
    try:
        with file.open("rb") as f:  # np.load leaves a broken file open if it opens it itself
            stored = np.load(f, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise ValueError("it is a single array")
            arrays = {name: stored[name] for name in stored.files}
    except NOT_A_FILE_OF_ARRAYS as e:
        said = " ".join(str(e).split()) or type(e).__name__
        raise RecordingError(
            f"{file} cannot be read as recordings ({said}); it must be a whole *.npz file. Fetch it again."
        ) from e
    for name in ARRAYS:
        if name not in arrays:
            raise RecordingError(
                f"{file} has no {name}; it must hold {', '.join(ARRAYS)}. "
                "Use a file as docs/recordings.md describes it."
            )
    for name in ("gyro", "acc"):
        a = arrays[name]
        if a.ndim != 2 or a.shape[1] != 3 or len(a) != len(arrays["gyro"]) or a.dtype.kind not in "iuf":
            raise RecordingError(
                f"{file}: {name} is {a.dtype} of shape {a.shape}; it must be numbers of shape (rows, 3), as many "
                "rows for gyro and acc. Use a file as docs/recordings.md describes it."
            )
    return arrays


def _recording(
    file: Path,
    number: int,
    entry: Any,
    arrays: dict[str, NDArray[Any]],
    heel: NDArray[Any] | None,
    rows: int,
) -> Recording:
    where = f"{file} recording {number}"
    for name in FIELDS:
        if not isinstance(entry, dict) or name not in entry:
            raise RecordingError(
                f"{where} has no {name}; each needs {', '.join(FIELDS)}. Add it to the index of the file."
            )
    place = entry["place"]
    if place not in PLACES:
        raise RecordingError(
            f"{where}: place is {place!r}; it may be 'foot' or 'shank'. Correct the index, or leave it out."
        )
    try:
        fs, start, n = float(entry["fs"]), int(entry["start"]), int(entry["len"])
        steps = tuple((int(ho), int(ff), int(to), int(ic)) for ho, ff, to, ic in entry["steps"])
        ignore = tuple((int(a), int(b)) for a, b in entry.get("ignore") or ())
        scales = float(arrays["gyro_scale"]), float(arrays["acc_scale"])
    except (TypeError, ValueError) as e:
        raise RecordingError(
            f"{where}: fs, start, len, steps, ignore or a scale is not a number ({e}); they must be numbers, steps "
            "four a row, ignore two. Correct the index of the file."
        ) from e
    if not (FS_MIN_HZ <= fs <= FS_MAX_HZ and start >= 0 and 0 < n <= rows - start):
        raise RecordingError(
            f"{where}: fs is {fs:g}, start {start}, len {n}; fs may be {FS_MIN_HZ} to {FS_MAX_HZ} Hz and "
            f"the samples must lie within the {rows} rows. Correct the index of the file."
        )
    part = slice(start, start + n)
    return Recording(
        number=number,
        dataset=str(entry["dataset"]),
        subject=str(entry["subject"]),
        trial=str(entry["trial"]),
        side=str(entry["side"]),
        place=place,
        group=str(entry["group"]),
        fs=fs,
        is_slow=bool(entry.get("slow")),
        is_weak_pushoff=bool(entry.get("weak_pushoff")),
        gyro_scale=scales[0],
        acc_scale=scales[1],
        gyro_counts=arrays["gyro"][part],
        acc_counts=arrays["acc"][part],
        heel_counts=heel[part] if heel is not None and entry["has_heel"] else None,
        steps=steps,
        ignore=ignore,
        meta=entry,
    )
