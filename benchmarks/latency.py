"""Latency from event to decision, per sensor: simulated legs, of which every event is known to the millisecond.

The event is what the leg did (heel over 8 mm, contact), not what a sensor saw; so the delay of mounting, filters,
debouncing and sampling is in it, and an onset that was predicted is early. Recordings add what people marked.
"""

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from gait_detect.detector import GaitDetector
from hw_sim.gait_runs import Result, run_all
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recordings import Recording
from hw_sim.walker_settings import WalkerSettings

WALK_S = 45.0
# Usual and slow, from healthy to a foot without any push of its own.
WALKERS = (
    *(
        ("healthy", 1.1),
        ("moderate", 1.2),
        ("severe", 1.2),
        ("severe", 1.7),
        ("flaccid", 1.5),
        ("flaccid", 2.0),
    ),
)
# Sensor -> place of the IMU, is the IMU there, is the switch there.
SENSORS = {
    "IMU on the foot": ("foot", True, False),
    "IMU on the shank": ("shank", True, False),
    "heel switch": ("foot", False, True),
    "IMU on the foot and heel switch": ("foot", True, True),
    "IMU on the shank and heel switch": ("shank", True, True),
}
EARLY_S, LATE_S = 0.5, 0.5  # a decision farther away belongs to another event
TIMED_PASSES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Delays of one decision on one sensor, + is late. events: how many there were, found or not."""

    sensor: str
    decision: str
    source: str
    events: int
    delays_ms: tuple[float, ...]


def latencies(processes: int, progress: Callable[[float], None]) -> list[Latency]:
    """Return onset and end of each of SENSORS over all WALKERS, at 100 samples a second."""
    rows = [(n, place) for n in range(len(WALKERS)) for place in ("foot", "shank")]
    found: dict[tuple[str, str], tuple[int, list[float]]] = {}
    for done, walked in enumerate(run_all(_walked, rows, processes=processes), 1):
        for key, events, delays_ms in walked:
            total, all_ms = found.setdefault(key, (0, []))
            found[key] = (total + events, [*all_ms, *delays_ms])
        progress(done / len(rows))
    return [
        Latency(sensor=sensor, decision=decision, source="simulated", events=n, delays_ms=tuple(delays))
        for sensor in SENSORS
        for decision in ("on after heel-off", "off after contact")
        for n, delays in [found[sensor, decision]]
    ]


def _walked(row: tuple[int, str]) -> list[tuple[tuple[str, str], int, list[float]]]:
    number, place = row
    severity, stride_s = WALKERS[number]
    settings = WalkerSettings(severity=severity, stride_s=stride_s, seed=number, stop_s=WALK_S - 6)
    recording = simulated_recording(settings, seconds=WALK_S, place=place)
    found = []
    for sensor, (where, has_imu, has_switch) in SENSORS.items():
        if where != place:
            continue
        worn = (
            recording
            if has_imu
            else replace(recording, gyro_counts=np.full((recording.n_samples, 3), np.nan))
        )
        on_s, off_s = edges_s(worn, use_switch=has_switch)
        for decision, column, times_s in (("on after heel-off", 0, on_s), ("off after contact", 3, off_s)):
            events_s = [step[column] / recording.fs for step in recording.steps]
            found.append(((sensor, decision), len(events_s), delays_ms(events_s, times_s)))
    return found


def edges_s(recording: Recording, *, use_switch: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return when swing began and ended, s."""
    detector = GaitDetector(place=recording.place, use_switch=use_switch)
    on = np.fromiter((detector.step(s).swing for s in recording.samples()), np.int8, recording.n_samples)
    change = np.diff(on, prepend=0)
    return np.flatnonzero(change == 1) / recording.fs, np.flatnonzero(change == -1) / recording.fs


def delays_ms(events_s: Sequence[float], decisions_s: np.ndarray) -> list[float]:
    """Return for each event how much later the nearest decision came; events without one near are left out."""
    delays = []
    for event_s in events_s:
        near = decisions_s[(decisions_s >= event_s - EARLY_S) & (decisions_s <= event_s + LATE_S)]
        if len(near):
            delays.append(float(1000 * (near[np.argmin(np.abs(near - event_s))] - event_s)))
    return delays


def recorded(results: Sequence[Result]) -> list[Latency]:
    """Return the same of recorded people, where people or the signal gave the event."""
    rows = []
    for dataset, place, decision, name, source in (
        ("truong2019", "foot", "on after heel-off", "onset_heel_off_s", "Truong, heel-off seen by people"),
        ("voisard2023", "foot", "off after contact", "end_contact_s", "Voisard, contact checked by people"),
        (
            "stanford_fog",
            "shank",
            "off after contact",
            "end_contact_s",
            "Stanford, contact by the foot's signal",
        ),
    ):
        scores = [r.score for r in results if (r.recording.dataset, r.recording.place) == (dataset, place)]
        delays = [1000 * v for s in scores for v in getattr(s, name) if v == v]
        steps = sum(s.steps for s in scores)
        sensor = f"IMU on the {place}"
        rows += [
            Latency(sensor=sensor, decision=decision, source=source, events=steps, delays_ms=tuple(delays))
        ]
    return [row for row in rows if row.delays_ms]


def table(rows: Sequence[Latency]) -> list[str]:
    """Return the lines of the Markdown table."""
    lines = [
        "| sensor | decision | event from | events | with a decision | median ms | quartiles | 5 to 95 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, q1, middle, q3, high = np.percentile(row.delays_ms, [5, 25, 50, 75, 95]) + 0.0
        lines.append(
            f"| {row.sensor} | {row.decision} | {row.source} | {row.events} | {len(row.delays_ms)} | {middle:.0f} | "
            f"{q1:.0f} to {q3:.0f} | {low:.0f} to {high:.0f} |"
        )
    return lines


def step_us(recording: Recording) -> float:
    """Return how much CPU time one step of the detector takes on this machine, us: the best of several passes."""
    samples = [copy(sample) for sample in recording.samples()]
    best_s = float("inf")
    for _ in range(TIMED_PASSES):
        detector = GaitDetector(place=recording.place)
        began_s = time.process_time()
        for sample in samples:
            detector.step(sample)
        best_s = min(best_s, time.process_time() - began_s)
    return 1e6 * best_s / len(samples)
