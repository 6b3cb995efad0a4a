"""Many people: who they are, how they walk and how the sensor sits, each drawn from a seed."""

import random
from dataclasses import dataclass, replace

from .activities import Activity
from .imu import ImuSettings, drawn_settings
from .walker_settings import WalkerSettings, speed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One simulated person in a walking test: settings of walker and sensor, and how long it takes, s."""

    settings: WalkerSettings
    imu: ImuSettings
    seconds: float


def drawn_person(seed: int) -> Person:
    """Return the person with this seed: stands, walks ten metres, turns, walks back and stands."""
    draw = random.Random(f"person {seed}")
    severity = draw.choices(("healthy", "mild", "moderate", "severe"), (14, 3, 2, 1))[0]
    stride_s = min(2.0, max(0.92, draw.lognormvariate(0.17, 0.13)))
    speed_mps = min(1.5, max(0.3, speed_of(stride_s) * draw.lognormvariate(0.0, 0.10)))
    side = draw.choice(("left", "right"))
    there_s = 10.0 / speed_mps
    settings = WalkerSettings(
        side=side,
        severity=severity,
        stride_s=stride_s,
        speed_mps=speed_mps,
        activities=(
            Activity(do="stand", seconds=draw.uniform(2.0, 5.0)),
            Activity(do="walk", seconds=there_s),
            Activity(do="turn", turn_deg=draw.choice((-180.0, 180.0))),
            Activity(do="walk", seconds=there_s),
            Activity(do="stand", seconds=2.0),
        ),
        seed=seed,
    )
    imu = drawn_settings("foot", side, seed)
    is_smooth = draw.random() < 0.5
    return Person(
        settings=settings,
        imu=replace(
            imu,
            acc_smoothing_ms=draw.uniform(20.0, 50.0) if is_smooth else 0.0,
            gyro_repeats=draw.uniform(0.01, 0.15) if is_smooth else 0.0,
        ),
        seconds=2.0 * there_s + 12.0,
    )
