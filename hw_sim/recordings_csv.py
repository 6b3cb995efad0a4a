"""Own recordings: one walk of one foot or shank as a CSV that any spreadsheet or logger can write.

First line `# swingphase recording 1`, then `# name: value` lines, then the names of the columns, then one row per
reading. docs/recordings.md describes it for the person who writes one; `write_csv` beside this file writes it.
Every refusal names the line and the column.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gait_detect.profile import PLACES
from hw_sim.csv_cells import (
    ACC_UNITS,
    EVENTS,
    FIRST_LINE,
    GYRO_UNITS,
    HEADER_NAMES,
    TIME_UNITS,
    Cells,
    Columns,
    columns_of,
)
from hw_sim.recording import FS_MAX_HZ, FS_MIN_HZ, Recording, RecordingError
from safety.sample import HEEL_NONE

GAP_MAX_S = 10.0  # a longer pause is another recording, and a wrong time must not ask for all the memory
LOST_MAX = 10  # readings for each that is there; more is a wrong rate
UNEVEN_MAX = 0.3  # of a period: the readings lie on a grid, and a radio's time stamps scatter by less
EVENT_NUMBERS = {name: number for number, name in enumerate(EVENTS)}


def is_ours(file: Path) -> bool:
    """Return whether `file` begins with our first line."""
    try:
        with file.open("rb") as f:
            return f.read(200).removeprefix(b"\xef\xbb\xbf").splitlines()[:1] == [FIRST_LINE.encode()]
    except OSError:
        return False


def recording_of_csv(file: Path) -> Recording:
    """Return the recording in `file`.

    Raises RecordingError with file, line and column, what is allowed and what to do.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise RecordingError(
            f"{file} cannot be read ({e}); it must be a text file in UTF-8. Save it as CSV with UTF-8."
        ) from e
    rows = _rows(file, text)
    header, columns = _header(file, rows)
    cells = Cells(file, columns)
    for line, row in rows:
        cells.add(line, row)
    return _recording(file, header, columns, cells)


def _rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of each line that is not empty."""
    reader = csv.reader(text.splitlines())
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as e:
        raise RecordingError(
            f"{file}, line {reader.line_num} cannot be read ({e}); a line holds cells with commas between. "
            "Correct this line."
        ) from e


def _header(file: Path, rows: Iterator[tuple[int, list[str]]]) -> tuple[dict[str, str], Columns]:
    """Return the `# name: value` lines and the columns; `rows` then stands at the first reading."""
    header: dict[str, str] = {}
    is_first = True
    for line, row in rows:
        text = ",".join(row)
        if is_first and text.rstrip(",") != FIRST_LINE:
            raise RecordingError(
                f"{file}, line {line} is {text[:40]!r}; a recording of ours begins with {FIRST_LINE!r}. "
                "Write this line first; docs/recordings.md shows an example."
            )
        if not text.startswith("#"):
            return _checked_header(file, header), columns_of(file, line, row)
        if not is_first:
            name, colon, value = (part.strip() for part in text.lstrip("# ").rstrip(",").partition(":"))
            if not colon or name not in HEADER_NAMES:
                raise RecordingError(
                    f"{file}, line {line} is {text[:40]!r}; lines above the columns are '# name: value' with one "
                    f"of {', '.join(HEADER_NAMES)}. Use one of these names, or leave the line out."
                )
            header[name] = value
        is_first = False
    raise RecordingError(
        f"{file} has no line with the names of the columns; it comes below the '#' lines. Add it and the readings."
    )


def _checked_header(file: Path, header: dict[str, str]) -> dict[str, str]:
    for name, allowed in (
        ("place", PLACES),
        ("side", ("L", "R")),
        ("slow", ("yes", "no")),
        ("weak_pushoff", ("yes", "no")),
    ):
        if name == "place" or name in header:
            value = header.get(name, "")
            if value not in allowed:
                raise RecordingError(
                    f"{file}: {name} is {value!r}; it may be {' or '.join(allowed)}. "
                    f"Write '# {name}: {allowed[0]}' or the other."
                )
    return header


def _recording(file: Path, header: dict[str, str], columns: Columns, cells: Cells) -> Recording:
    if len(cells.t) < 2:
        raise RecordingError(
            f"{file} holds {len(cells.t)} readings; it must hold 2 or more. Record at least a few steps."
        )
    t_s = np.array(cells.t) * TIME_UNITS[columns.time_unit]
    fs, at = _grid(file, header, columns, cells, t_s)
    n = int(at[-1]) + 1
    imu = np.full((n, 6), math.nan)  # nan: a reading that was lost
    imu[at] = np.array(cells.imu)
    levels = np.full(n, HEEL_NONE, np.int8)
    if cells.heel:
        levels[at] = cells.heel
    return Recording(
        number=0,
        dataset=header.get("dataset", "own"),
        subject=header.get("subject", file.stem),
        trial=header.get("trial", "1"),
        side=header.get("side", "-"),
        place=header["place"],
        group=header.get("group", "own"),
        fs=fs,
        is_slow=header.get("slow") == "yes",
        is_weak_pushoff=header.get("weak_pushoff") == "yes",
        gyro_scale=GYRO_UNITS[columns.gyro_unit],
        acc_scale=ACC_UNITS[columns.acc_unit],
        gyro_counts=imu[:, :3],
        acc_counts=imu[:, 3:],
        heel_counts=None,
        heel_levels=levels if cells.heel else None,
        steps=_steps(file, cells, at),
        ignore=_ignored(columns, cells, at, n),
        meta=dict(header),
    )


def _grid(
    file: Path, header: dict[str, str], columns: Columns, cells: Cells, t_s: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the rate in Hz and the sample number of each row; numbers left out are readings that were lost."""
    gaps_s = np.diff(t_s)
    period_s = float(np.median(gaps_s))
    if "rate_hz" in header:
        try:
            period_s = 1 / float(header["rate_hz"])
        except (ValueError, ZeroDivisionError):
            period_s = math.nan
    if not 1 / FS_MAX_HZ <= period_s <= 1 / FS_MIN_HZ:
        what = (
            f"rate_hz is {header['rate_hz']!r}" if "rate_hz" in header else f"{1e3 * period_s:g} ms a reading"
        )
        raise RecordingError(
            f"{file}: {what}; {FS_MIN_HZ} to {FS_MAX_HZ} readings a second are allowed. Correct {columns.time} "
            "or its unit, or rate_hz."
        )
    periods = gaps_s / period_s
    whole = np.round(periods)
    bad = np.flatnonzero((whole < 1) | (np.abs(periods - whole) > UNEVEN_MAX) | (gaps_s > GAP_MAX_S))
    if len(bad):
        row = int(bad[0]) + 1
        raise RecordingError(
            f"{file}, line {cells.lines[row]}: {columns.time} is {cells.t[row]:g}, {1e3 * gaps_s[row - 1]:.3g} ms "
            f"after the line before; readings come every {1e3 * period_s:.3g} ms, within "
            f"{UNEVEN_MAX:.0%}, or a whole multiple up to {GAP_MAX_S:g} s where some were lost. Write the times at "
            "which the sensor measured, or split the file at the pause."
        )
    at = np.r_[0, np.cumsum(whole)].astype(np.int64)
    if at[-1] >= LOST_MAX * len(at):
        raise RecordingError(
            f"{file} holds {len(at)} of {at[-1] + 1} readings; at most {LOST_MAX - 1} of {LOST_MAX} may be lost. "
            "Correct rate_hz, or record with less loss."
        )
    measured_hz = float(at[-1] / (t_s[-1] - t_s[0]))
    if "rate_hz" in header and abs(at[-1] * period_s - (t_s[-1] - t_s[0])) > period_s:
        raise RecordingError(
            f"{file}: rate_hz is {header['rate_hz']}, and {columns.time} gives {measured_hz:.6g} readings a second; "
            "they must agree within one reading. Correct one, or leave rate_hz out."
        )
    return (float(header["rate_hz"]) if "rate_hz" in header else measured_hz), at


def _steps(file: Path, cells: Cells, at: np.ndarray) -> tuple[tuple[int, int, int, int], ...]:
    """Return rows (HO, FF, TO, IC), sample numbers, -1 unknown, out of marks in the order of their time."""
    steps: list[dict[str, int]] = []
    last, line = len(EVENTS), 0
    for row, name in cells.events:
        number = EVENT_NUMBERS[name]
        if number <= last:
            _check_step(file, line, steps[-1:])
            steps.append({})
        steps[-1][name] = int(at[row])
        last, line = number, cells.lines[row]
    _check_step(file, line, steps[-1:])
    return tuple(
        (s.get("heel_off", -1), s.get("foot_flat", -1), s.get("toe_off", -1), s.get("contact", -1))
        for s in steps
    )


def _check_step(file: Path, line: int, last: list[dict[str, int]]) -> None:
    for step in last:
        if not ({"toe_off", "contact"} <= step.keys() or {"heel_off", "foot_flat"} <= step.keys()):
            raise RecordingError(
                f"{file}, line {line}, column event: the step that ends here has only {' and '.join(step)}; a step "
                f"needs toe_off and contact, or heel_off and foot_flat, and its events in the order "
                f"{', '.join(EVENTS)}. Add the missing event, or mark these rows as unlabelled."
            )


def _ignored(columns: Columns, cells: Cells, at: np.ndarray, n: int) -> tuple[tuple[int, int], ...]:
    """Return [start, end) of what nobody labelled; all of it where there is no event column."""
    if "event" not in columns.at:
        return ((0, n),)
    flags = np.zeros(n, np.int8)
    flags[at[cells.unlabelled]] = 1
    edges = np.flatnonzero(np.diff(flags, prepend=0, append=0)).tolist()
    return tuple(zip(edges[::2], edges[1::2], strict=True))
