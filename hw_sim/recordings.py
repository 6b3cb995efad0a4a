"""Where recorded walks come from: `*.npz` files, own `*.csv` files, folders of both; and the detector to score."""

import os
from collections.abc import Sequence
from pathlib import Path

from gait_detect.detector import GaitDetector
from gait_detect.profile import PLACES
from hw_sim.recording import Recording, RecordingError, fill_sample
from hw_sim.recordings_csv import is_ours, recording_of_csv
from hw_sim.recordings_npz import recordings_of_npz
from safety.sample import Sample

__all__ = [
    "PLACES",
    "DetectorAdapter",
    "Recording",
    "RecordingError",
    "files_in",
    "fill_sample",
    "gait_dir",
    "load_recordings",
    "make_detector",
    "pick",
    "recordings_in",
]

DEFAULT_DIR = Path(__file__).resolve().parents[2] / "shared" / "gait"


def gait_dir() -> Path:
    """Return the folder of recordings: SWINGPHASE_GAIT_DIR, or ../shared/gait beside this project."""
    return Path(os.environ.get("SWINGPHASE_GAIT_DIR") or DEFAULT_DIR)


def load_recordings(path: Path | str | None = None) -> list[Recording]:
    """Return the recordings of a file or folder; without one, those of `gait_dir()`."""
    return recordings_in(Path(path or gait_dir()))


def files_in(path: Path) -> list[Path]:
    """Return the files of recordings: `path` itself, or every *.npz and every CSV of ours in a folder.

    A CSV without our first line is somebody else's and left out of a folder; named by itself it is refused.
    Raises RecordingError if there is none.
    """
    if path.is_dir():
        files = sorted([*path.glob("*.npz"), *(f for f in path.glob("*.csv") if is_ours(f))])
        if not files:
            raise RecordingError(
                f"{path} holds no *.npz file and no *.csv of ours; a folder of recordings holds at least one. "
                "Name the folder with the recordings, or set SWINGPHASE_GAIT_DIR."
            )
        return files
    if not path.exists():
        raise RecordingError(
            f"{path} does not exist; recordings are a *.npz file, a *.csv file or a folder of them. "
            "Check the name, or set SWINGPHASE_GAIT_DIR."
        )
    return [path]


def recordings_in(path: Path) -> list[Recording]:
    """Return the recordings of one file, or of all in a folder, in the order of their names.

    Raises RecordingError if there is none or one cannot be read.
    """
    found: list[Recording] = []
    for file in files_in(path):
        found += [recording_of_csv(file)] if file.suffix.lower() == ".csv" else recordings_of_npz(file)
    return found


def pick(path: Path, number: int) -> Recording:
    """Return recording `number` (from 0) of `path`."""
    recordings = recordings_in(path)
    if not 0 <= number < len(recordings):
        raise RecordingError(
            f"recording is {number}; {path} holds 0 to {len(recordings) - 1}. Choose one of these."
        )
    return recordings[number]


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
