"""Recorded walks: read `*.npz`, turn them into `Sample`s, and let a benchmark score the device's detector.

One file holds many recordings: `gyro` and `acc` (rows, 3) int16 with `gyro_scale` (rad/s) and `acc_scale`
(m/s2), `heel` (rows,) raw force counts where a sole was worn, and `index`, a JSON list of what each is.
Axes as in safety.sample. The files are not part of this project: see README there for sources and licences.
"""

import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gait_detect.detector import GaitDetector
from gait_detect.profile import PLACES
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

CDPS_PER_RAD_S = 18_000 / math.pi
MG_PER_MPS2 = 1000 / 9.80665
DEFAULT_DIR = Path(__file__).resolve().parents[2] / "shared" / "gait"
ARRAYS = ("gyro", "acc", "gyro_scale", "acc_scale", "index")
FIELDS = ("dataset", "subject", "trial", "side", "place", "group", "fs", "start", "len", "has_heel", "steps")

# A comparator with hysteresis over the recording's own range: closes above 25 %, opens below 15 %.
HEEL_CLOSES, HEEL_OPENS = 0.25, 0.15

# What numpy and zipfile raise on broken files; RuntimeError: a broken flag looks like encryption.
NOT_A_FILE_OF_ARRAYS = (
    *(OSError, ValueError, EOFError, RuntimeError, SyntaxError, MemoryError, KeyError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


class RecordingError(ValueError):
    """A recording cannot be used; the text says what is wrong, what is allowed and what to do."""


def fill_sample(
    sample: Sample, t_s: float, gyro_rad_s: Sequence[float], acc_mps2: Sequence[float], heel: bool | None
) -> None:
    """Write one reading in SI floats into `sample` as whole numbers: the only place that converts.

    t_s         time since the start of the recording, s
    gyro_rad_s  (3,), acc_mps2 (3,), axes as in safety.sample; nan or inf means that the IMU did not answer
    heel        True down, False up, None no switch
    """
    sample.t_us = round(t_s * 1e6) & WRAP_MASK_US
    try:
        sample.gyro_x_cdps = round(gyro_rad_s[0] * CDPS_PER_RAD_S)
        sample.gyro_y_cdps = round(gyro_rad_s[1] * CDPS_PER_RAD_S)
        sample.gyro_z_cdps = round(gyro_rad_s[2] * CDPS_PER_RAD_S)
        sample.acc_x_mg = round(acc_mps2[0] * MG_PER_MPS2)
        sample.acc_y_mg = round(acc_mps2[1] * MG_PER_MPS2)
        sample.acc_z_mg = round(acc_mps2[2] * MG_PER_MPS2)
        sample.has_imu = 1
    except (ValueError, OverflowError):
        sample.has_imu = 0
    sample.heel = HEEL_NONE if heel is None else HEEL_DOWN if heel else HEEL_UP


@dataclass(frozen=True, kw_only=True)  # without slots: `heel_down` is kept once computed
class Recording:
    """One walk of one foot.

    gyro_counts, acc_counts   (n, 3) int16 as stored; times scale they are rad/s and m/s2
    heel_counts               (n,) int16 raw force of a heel sole, or None
    steps                     rows (HO, FF, TO, IC), sample numbers, -1 unknown
    ignore                    [start, end) sample numbers where a trigger is neither right nor wrong
    meta                      the whole entry of the index
    """

    number: int
    dataset: str
    subject: str
    trial: str
    side: str
    place: str
    group: str
    fs: float
    is_slow: bool
    is_weak_pushoff: bool
    gyro_scale: float
    acc_scale: float
    gyro_counts: NDArray[np.int16] = field(repr=False)
    acc_counts: NDArray[np.int16] = field(repr=False)
    heel_counts: NDArray[np.int16] | None = field(repr=False)
    steps: tuple[tuple[int, int, int, int], ...] = field(repr=False)
    ignore: tuple[tuple[int, int], ...] = field(repr=False)
    meta: dict[str, Any] = field(repr=False)

    @property
    def n_samples(self) -> int:
        """How many samples it has."""
        return len(self.gyro_counts)

    @property
    def gyro_rad_s(self) -> NDArray[np.float64]:
        """Angular rate, (n, 3), rad/s."""
        return self.gyro_counts.astype(np.float64) * self.gyro_scale

    @property
    def acc_mps2(self) -> NDArray[np.float64]:
        """Specific force, (n, 3), m/s2."""
        return self.acc_counts.astype(np.float64) * self.acc_scale

    @cached_property
    def heel_down(self) -> NDArray[np.bool_] | None:
        """Heel contact, (n,), as a comparator set once for this recording would see it; None without sole."""
        if self.heel_counts is None:
            return None
        low, high = np.percentile(self.heel_counts, [5, 95])
        closes, opens = low + HEEL_CLOSES * (high - low), low + HEEL_OPENS * (high - low)
        down = np.empty(self.n_samples, bool)
        is_down = False
        for i, force in enumerate(self.heel_counts):
            is_down = bool(force > (opens if is_down else closes))
            down[i] = is_down
        return down

    def fill(self, i: int, sample: Sample) -> None:
        """Write sample number `i` into `sample`; time 0 is the start of the recording."""
        x, y, z = self.gyro_counts[i].tolist()
        ax, ay, az = self.acc_counts[i].tolist()
        g, a = self.gyro_scale, self.acc_scale
        heel = None if self.heel_down is None else bool(self.heel_down[i])
        fill_sample(sample, i / self.fs, (x * g, y * g, z * g), (ax * a, ay * a, az * a), heel)

    def samples(self) -> Iterator[Sample]:
        """Yield one `Sample`, filled anew for each reading."""
        sample = Sample()
        for i in range(self.n_samples):
            self.fill(i, sample)
            yield sample

    def describe(self) -> str:
        """Return one line for a person."""
        marks = "".join(
            f", {word}"
            for word, holds in (("slow", self.is_slow), ("weak push-off", self.is_weak_pushoff))
            if holds
        )
        return (
            f"{self.dataset} recording {self.number}: {self.group}, subject {self.subject}, trial {self.trial}, "
            f"{self.side} {self.place}, {self.n_samples / self.fs:.0f} s at {self.fs:g} Hz, "
            f"{len(self.steps)} steps labelled{marks}"
        )


def gait_dir() -> Path:
    """Return the folder of recordings: SWINGPHASE_GAIT_DIR, or ../shared/gait beside this project."""
    return Path(os.environ.get("SWINGPHASE_GAIT_DIR") or DEFAULT_DIR)


def load_recordings(path: Path | str | None = None) -> list[Recording]:
    """Return the recordings of a file or folder; without one, those of `gait_dir()`."""
    return recordings_in(Path(path or gait_dir()))


def recordings_in(path: Path) -> list[Recording]:
    """Return the recordings of one `.npz` file, or of all in a folder, in the order of their names.

    Raises RecordingError if there is none or one cannot be read.
    """
    if path.is_dir():
        files = sorted(path.glob("*.npz"))
        if not files:
            raise RecordingError(
                f"{path} holds no *.npz file; a folder of recordings holds at least one. "
                "Name the folder with the recordings, or set SWINGPHASE_GAIT_DIR."
            )
        return [recording for file in files for recording in _recordings_of(file)]
    if not path.exists():
        raise RecordingError(
            f"{path} does not exist; a recording is a *.npz file or a folder of them. "
            "Check the name, or set SWINGPHASE_GAIT_DIR."
        )
    return _recordings_of(path)


def pick(path: Path, number: int) -> Recording:
    """Return recording `number` (from 0) of `path`."""
    recordings = recordings_in(path)
    if not 0 <= number < len(recordings):
        raise RecordingError(
            f"recording is {number}; {path} holds 0 to {len(recordings) - 1}. Choose one of these."
        )
    return recordings[number]


def _recordings_of(file: Path) -> list[Recording]:
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
                f"{file} has no {name}; it must hold {', '.join(ARRAYS)}. Use a file in the format of this module."
            )
    for name in ("gyro", "acc"):
        a = arrays[name]
        if a.ndim != 2 or a.shape[1] != 3 or len(a) != len(arrays["gyro"]) or a.dtype.kind not in "iuf":
            raise RecordingError(
                f"{file}: {name} is {a.dtype} of shape {a.shape}; it must be numbers of shape (rows, 3), as many "
                "rows for gyro and acc. Use a file in the format of this module."
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
    if not (20 <= fs <= 1000 and start >= 0 and 0 < n <= rows - start):
        raise RecordingError(
            f"{where}: fs is {fs:g}, start {start}, len {n}; fs may be 20 to 1000 Hz and the samples must lie "
            f"within the {rows} rows. Correct the index of the file."
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


class DetectorAdapter:
    """The detector of the device behind the interface of a benchmark: SI floats in, "stimulate now" out."""

    def __init__(self, place: str = "foot") -> None:
        self.detector = GaitDetector(place=place)
        self._sample = Sample()

    def update(
        self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None = None
    ) -> bool:
        """Take one reading (see `fill_sample`); return whether the foot needs help now."""
        fill_sample(self._sample, t_s, gyro, acc, heel)
        return self.detector.step(self._sample).swing == 1


def make_detector(fs: float, place: str = "foot") -> DetectorAdapter:
    """Return a detector for a benchmark; the sampling rate `fs` (Hz) is not needed, time comes with samples."""
    del fs
    return DetectorAdapter(place)
