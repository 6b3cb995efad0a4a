"""The columns of an own recording's CSV, their units, and what one cell may hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hw_sim.recording import RecordingError
from safety.sample import ACC_MAX_MG, GYRO_MAX_CDPS, HEEL_DOWN, HEEL_NONE, HEEL_UP

FIRST_LINE = "# swingphase recording 1"
HEADER_NAMES = (
    *("place", "side", "subject", "group", "dataset", "trial", "rate_hz", "slow", "weak_pushoff", "note"),
)
EVENTS = ("heel_off", "toe_off", "contact", "foot_flat")  # in the order of a step

# Unit as it ends the column's name -> factor to s, rad/s, m/s2.
TIME_UNITS = {"s": 1.0, "ms": 1e-3}
GYRO_UNITS = {"dps": math.pi / 180, "rad_s": 1.0}
ACC_UNITS = {"g": 9.80665, "mps2": 1.0}
# What a sensor can say at most, in SI; more is an error of units.
GYRO_MAX_RAD_S = GYRO_MAX_CDPS / 100 * GYRO_UNITS["dps"]
ACC_MAX_MPS2 = ACC_MAX_MG / 1000 * ACC_UNITS["g"]

TIME_MAX = 1e13  # the clock of a computer in ms is at 2e12

HEEL_WORDS = {"": HEEL_NONE, "0": HEEL_UP, "1": HEEL_DOWN}
FLAG_WORDS = {"": False, "0": False, "1": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each column stands, and the units of the three kinds."""

    at: dict[str, int]
    time_unit: str
    gyro_unit: str
    acc_unit: str

    @property
    def time(self) -> str:
        """Name of the column of time."""
        return f"t_{self.time_unit}"

    @property
    def imu(self) -> tuple[str, ...]:
        """Names of the six columns of the IMU: gyro x y z, acc x y z."""
        return imu_names(self.gyro_unit, self.acc_unit)


def imu_names(gyro_unit: str, acc_unit: str) -> tuple[str, ...]:
    """Return the names of the six columns of the IMU."""
    return (*(f"gyro_{a}_{gyro_unit}" for a in "xyz"), *(f"acc_{a}_{acc_unit}" for a in "xyz"))


def columns_of(file: Path, line: int, row: list[str]) -> Columns:
    """Return the columns named in `row`; RecordingError if one is missing, twice or unknown."""
    times = [unit for unit in TIME_UNITS if f"t_{unit}" in row]
    units = [(g, a) for g in GYRO_UNITS for a in ACC_UNITS if set(imu_names(g, a)) <= set(row)]
    if len(times) != 1 or len(units) != 1:
        raise RecordingError(
            f"{file}, line {line} names the columns {', '.join(row)[:120]}; needed are one of "
            f"{', '.join(f't_{u}' for u in TIME_UNITS)}, gyro_x_ gyro_y_ gyro_z_ with one of "
            f"{', '.join(GYRO_UNITS)}, and acc_x_ acc_y_ acc_z_ with one of {', '.join(ACC_UNITS)}. "
            "Name the columns so, with commas between."
        )
    (gyro_unit, acc_unit) = units[0]
    known = (f"t_{times[0]}", *imu_names(gyro_unit, acc_unit), "heel_down", "event", "unlabelled")
    for name in row:
        if name not in known or row.count(name) > 1:
            raise RecordingError(
                f"{file}, line {line}: column {name!r} is {'there twice' if name in known else 'unknown'}; "
                f"allowed are {', '.join(known)}, each once. Rename it or take it out."
            )
    at = {name: number for number, name in enumerate(row)}
    return Columns(at=at, time_unit=times[0], gyro_unit=gyro_unit, acc_unit=acc_unit)


@dataclass(slots=True)
class Cells:
    """The readings of one file, row by row, still in its own units.

    t            time;  imu  six numbers, nan where the sensor did not answer
    heel         HEEL_* per row; empty without that column
    events       (row, name) in the order of the file
    unlabelled   rows marked so;  lines  line number of each row
    """

    file: Path
    columns: Columns
    t: list[float] = field(default_factory=list)
    imu: list[list[float]] = field(default_factory=list)
    heel: list[int] = field(default_factory=list)
    events: list[tuple[int, str]] = field(default_factory=list)
    unlabelled: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, line: int, row: list[str]) -> None:
        """Take one row; RecordingError with line and column if a cell cannot be used."""
        c = self.columns
        if len(row) != len(c.at):
            raise RecordingError(
                f"{self.file}, line {line} has {len(row)} cells; it must have {len(c.at)}, as many as columns. "
                "Write a point in numbers and a comma between cells, and leave a cell empty where nothing is known."
            )
        number = len(self.t)
        self.lines.append(line)
        self.t.append(self._number(line, c.time, row[c.at[c.time]], TIME_MAX))
        self.imu.append(self._imu(line, row))
        if "heel_down" in c.at:
            self.heel.append(self._word(line, "heel_down", row, HEEL_WORDS))
        if "unlabelled" in c.at and self._word(line, "unlabelled", row, FLAG_WORDS):
            self.unlabelled.append(number)
        if "event" in c.at:
            for name in filter(None, row[c.at["event"]].split("+")):
                if name not in EVENTS:
                    self._refuse(
                        line, "event", name, f"{', '.join(EVENTS)}, joined by + if several, or empty"
                    )
                self.events.append((number, name))

    def _imu(self, line: int, row: list[str]) -> list[float]:
        c = self.columns
        texts = [row[c.at[name]] for name in c.imu]
        if not any(texts):
            return [math.nan] * 6
        gyro_max, acc_max = GYRO_MAX_RAD_S / GYRO_UNITS[c.gyro_unit], ACC_MAX_MPS2 / ACC_UNITS[c.acc_unit]
        return [
            self._number(line, name, text, most)
            for name, text, most in zip(c.imu, texts, [gyro_max] * 3 + [acc_max] * 3, strict=True)
        ]

    def _number(self, line: int, name: str, text: str, most: float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= most:
            empty = "" if name == self.columns.time else "; all six empty where the IMU did not answer"
            self._refuse(line, name, text, f"a number from -{most:.5g} to {most:.5g}{empty}")
        return value

    def _word(self, line: int, name: str, row: list[str], words: Mapping[str, int]) -> int:
        text = row[self.columns.at[name]]
        if text not in words:
            self._refuse(line, name, text, "1, 0 or empty")
        return words[text]

    def _refuse(self, line: int, name: str, text: str, allowed: str) -> None:
        raise RecordingError(
            f"{self.file}, line {line}, column {name} is {text[:40]!r}; it may be {allowed}. Correct this cell."
        )
