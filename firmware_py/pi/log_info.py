"""What a log says, in lines for a person: what ran, how long, what happened, what is missing."""

from collections import Counter
from collections.abc import Iterable, Iterator

from firmware_py import blackbox
from firmware_py.pi import words
from firmware_py.pi.log_paths import OneLog
from firmware_py.pi.log_rows import Row
from safety.clock import elapsed_us
from safety.reasons import OK
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FRAME_MAX_N, FrameReader

WHOLE = "Whole."
HEAD = (
    ("process", "process"),
    ("commit", "commit"),
    ("requirements", "requirements"),
    ("prescription", "prescription"),
    ("device", "device"),
    ("wall_time", "begun"),
    ("wall_time_source", "clock"),
    ("walker", "walker"),
    ("recording", "recording"),
)


def info_lines(log: OneLog, rows: list[Row], damage: str) -> list[str]:
    """Return what there is to say about one log, of which these records can be read, and what is wrong with it."""
    found = log.found
    lines = [f"{log.name}: {len(log.files)} file(s), {sum(f.stat().st_size for f in log.files):,} bytes"]
    lines += [f"  {label}: {found.about[key]}" for key, label in HEAD if key in found.about]
    lines += [f"  {label}: {text}" for label, text in stimulator_said(rows)]
    lines.append(
        f"  time: {length_us(rows) / 1e6:.1f} s in {sum(len(r) for _, r in found.pieces) // blackbox.ROW_BYTES:,} rows"
    )
    counts = Counter(row.name for row in rows)
    lines.append("  rows: " + (", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none"))
    lines += [f"  {line}" for line in what_happened(rows)]
    return [*lines, f"  {damage or WHOLE}"]


def length_us(rows: list[Row]) -> int:
    """Return the time from the first to the last row, us; the clock wraps, rows come in order."""
    times = list(times_us(rows))
    return max(times, default=0)


def times_us(rows: Iterable[Row]) -> Iterator[int]:
    """Yield the time of each row since the first, us. An act carries the clock of the step before it, or none."""
    now_us, last_us = 0, -1
    for row in rows:
        if row.kind not in (blackbox.ACT, blackbox.PRESCRIPTION):
            ahead_us = elapsed_us(row.t_us, last_us) if last_us >= 0 else 1
            if ahead_us > 0:  # a sample is older than the cycle that reads it
                now_us += ahead_us if last_us >= 0 else 0
                last_us = row.t_us
        yield now_us


def what_happened(rows: list[Row]) -> list[str]:
    """Return faults, refusals, arming and pulses, in words."""
    refused: Counter[int] = Counter()
    granted = armed = 0
    faults: Counter[int] = Counter()
    was_armed = was_fault = 0
    for row in rows:
        if row.kind == blackbox.RESULT:
            granted += row.values[3] > 0
            if row.values[3] <= 0:
                refused[row.values[5]] += 1
        elif row.kind == blackbox.ARMED:
            is_armed, fault = row.values[0], row.values[3]
            armed += is_armed and not was_armed
            if fault and fault != was_fault:
                faults[fault] += 1
            was_armed, was_fault = is_armed, fault
    lines = [f"armed {armed} times, {granted} pulses granted"] if granted or armed else []
    lines += [
        f"{n} x refused: {words.of_reason(reason)}" for reason, n in refused.most_common() if reason != OK
    ]
    return lines + [f"{n} x fault: {words.of_fault(fault).engineer}" for fault, n in faults.most_common()]


def damage_of(log: OneLog, gap: str) -> str:
    """Return what is missing of a log in words, "" if nothing is. gap: what `log_rows.readable` says."""
    found = log.found
    said = []
    if found.rows_lost or found.bytes_lost:
        said.append(
            f"{found.rows_lost} rows are missing, {found.bytes_lost} bytes belong to nothing: damaged, not taken by "
            "a full disk, or older files made room."
        )
    said += [restart_sentence(number) for number in found.restarts]
    if gap:
        said.append(gap)
    if not found.is_ended:
        said.append("It was not closed in order: rows may be missing at its end.")
    return " ".join(said)


def restart_sentence(number: int) -> str:
    """Say that a log writer was killed before row `number`."""
    return f"A log writer ended by itself before row {number}: what it had not yet written is missing there."


def stimulator_said(rows: list[Row]) -> list[tuple[str, str]]:
    """Return number and firmware of the stimulator, as it told them when the driver asked (ScienceMode 4 and 3)."""
    reader = FrameReader(FRAME_MAX_N)
    said: dict[str, str] = {}
    for row in rows:
        if row.kind != blackbox.RECEIVED:
            continue
        for byte in row.data:
            if not reader.feed(byte):
                continue
            data = bytes(reader.data[: reader.data_n])
            if reader.command == codec.GET_DEVICE_ID + 1 and len(data) == 11:
                said["stimulator"] = data[1:].decode("ascii", "replace")
            elif reader.command == codec.GET_EXTENDED_VERSION + 1 and len(data) >= 7:
                said["firmware"] = f"{data[1]}.{data[2]}.{data[3]}, ScienceMode {data[4]}.{data[5]}.{data[6]}"
        if len(said) == 2:
            break
    return list(said.items())
