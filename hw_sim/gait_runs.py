"""Let a detector decide over many recordings, as worn well or badly, and score what it decided."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hw_sim.gait_scores import Flags, Score, score
from hw_sim.recordings import Recording, RecordingError, files_in, recordings_in

SEED = 1  # of the mounting errors


class Detector(Protocol):
    """What is scored: SI floats in, "stimulate now" out."""

    def update(self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None) -> bool: ...


Factory = Callable[[float, str], Detector]  # (fs, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One recording to decide on.

    file, recording   where it is from
    rotation          (3, 3), how the sensor is turned from where it should sit, or None
    bias_rad_s        added to each axis of the gyroscope
    """

    file: Path
    recording: Recording
    rotation: NDArray[np.float64] | None = None
    bias_rad_s: float = 0.0

    def signals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return gyro rad/s and acc m/s2, (n, 3) each, as the sensor gives them when worn so."""
        gyro, acc = self.recording.gyro_rad_s, self.recording.acc_mps2
        if self.rotation is not None:
            gyro, acc = gyro @ self.rotation.T, acc @ self.rotation.T
        return gyro + self.bias_rad_s, acc


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One recording and how it scored; `recording` without its arrays, so that results stay small.

    about   the recording in one line, for a person
    """

    file: Path
    recording: Recording
    about: str
    score: Score


def result_of(job: Job, on: Flags) -> Result:
    """Return how the decisions `on` (n,) score for `job`."""
    r = job.recording
    none = np.empty((0, 3), np.int16)
    return Result(
        file=job.file,
        recording=replace(r, gyro_counts=none, acc_counts=none, heel_counts=None, heel_levels=None),
        about=r.describe(),
        score=score(r, on),
    )


def jobs_of(
    folder: Path,
    *,
    place: str | None = None,
    misalign_deg: float = 0.0,
    bias_rad_s: float = 0.0,
    halve: bool = False,
) -> list[Job]:
    """Return a job per recording in `folder` (or of one file), in the order of their names.

    misalign_deg   turn each sensor by this angle about an axis of its own, drawn from a fixed seed
    halve          keep every second sample only: 100 Hz becomes 50 Hz
    """
    files = files_in(folder)
    pairs = [(file, recording) for file in files for recording in recordings_in(file)]
    pairs = [(file, r) for file, r in pairs if place is None or r.place == place]
    if not pairs:
        raise RecordingError(
            f"{folder} holds no recording with place {place!r}. Leave --place out, or name another folder."
        )
    rng = np.random.default_rng(SEED)
    return [
        Job(
            file=file,
            recording=halved(r) if halve else r,
            rotation=rotation_about(rng.normal(size=3), misalign_deg) if misalign_deg else None,
            bias_rad_s=bias_rad_s,
        )
        for file, r in pairs
    ]


def rotation_about(axis: NDArray[np.float64], angle_deg: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation by `angle_deg` about `axis` (3,), of any length above 0."""
    x, y, z = axis / np.linalg.norm(axis)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(angle_deg)
    return np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across


def halved(r: Recording) -> Recording:
    """Return `r` with every second sample, and its labels to match."""
    return replace(
        r,
        fs=r.fs / 2,
        gyro_counts=r.gyro_counts[::2],
        acc_counts=r.acc_counts[::2],
        heel_counts=None if r.heel_counts is None else r.heel_counts[::2],
        heel_levels=None if r.heel_levels is None else r.heel_levels[::2],
        steps=tuple(tuple(v // 2 if v >= 0 else -1 for v in row) for row in r.steps),  # type: ignore[misc]
        ignore=tuple((a // 2, b // 2) for a, b in r.ignore),
    )


def decide(job: Job, make: Factory) -> Flags:
    """Return the detector's decision for each sample, (n,)."""
    r = job.recording
    gyro, acc = job.signals()
    detector = make(r.fs, r.place)
    return np.fromiter(
        (
            detector.update(i / r.fs, g, a, h)
            for i, (g, a, h) in enumerate(zip(gyro.tolist(), acc.tolist(), r.heel_readings, strict=True))
        ),
        bool,
        r.n_samples,
    )


def evaluate(
    jobs: Sequence[Job],
    make: Factory,
    *,
    processes: int = 2,
    progress: Callable[[float], None] | None = None,
) -> list[Result]:
    """Decide and score each job, in order. `make` must be a function of a module: other processes call it."""
    results = []
    for result in run_all(_scored, [(job, make) for job in jobs], processes=processes):
        results.append(result)
        if progress:
            progress(len(results) / len(jobs))
    return results


def run_all(work: Callable, rows: Sequence, *, processes: int) -> Iterator:
    """Yield work(row) of each row in order, computed in `processes` processes (1: in this one)."""
    if processes <= 1:
        yield from map(work, rows)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, rows, chunksize=8)


def _scored(row: tuple[Job, Factory]) -> Result:
    job, make = row
    return result_of(job, decide(job, make))
