"""`./swingphase log`: what a black box says, what is left of a damaged one, its rows as tables."""

import argparse
import csv
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES, STEPS
from firmware_py.pi.console import UserError, made_folder
from firmware_py.pi.log_file import RESTARTS, LogFile
from firmware_py.pi.log_info import WHOLE, damage_of, info_lines, times_us
from firmware_py.pi.log_paths import OneLog, logs_at
from firmware_py.pi.log_rows import Row, readable
from firmware_py.row_names import BYTES, KINDS


def main(arguments: list[str]) -> int:
    """Do one of the three; return 0, or 1 if something is missing in the log."""
    parser = argparse.ArgumentParser(prog="./swingphase log", description=__doc__)
    jobs = parser.add_subparsers(title="jobs", required=True, metavar="JOB", dest="job")
    for name, text in (
        ("info", "what ran, how long, what happened, what is missing"),
        ("recover", "a clean copy of what is whole in a damaged log"),
        ("export", "a CSV table for each kind of row"),
    ):
        job = jobs.add_parser(name, help=text, description=text)
        job.add_argument("log", help="a file *.swp, or the folder of a session")
        if name != "info":
            job.add_argument("--out", required=True, help="folder for the result")
    chosen = parser.parse_args(arguments)
    logs = logs_at(Path(chosen.log))
    folder = None if chosen.job == "info" else made_folder(chosen.out)
    is_damaged = False
    for log in logs:
        rows, gap = readable(log.found.runs)
        damage = damage_of(log, gap)
        is_damaged |= bool(damage)
        if folder is None:
            print("\n".join(info_lines(log, rows, damage)))
        elif chosen.job == "recover":
            print(f"{_recover(log, folder)} {damage or WHOLE}")
        else:
            left_out = " What follows a gap was left out." if gap else ""
            print(f"{_export(log, folder, rows)}{left_out} {damage or WHOLE}")
    return int(is_damaged)


def _recover(log: OneLog, folder: Path) -> str:
    target = folder / f"{log.name}-recovered.swp"
    if target.exists():
        raise UserError(f"{target} exists already. Choose another folder with --out.")
    first = log.found.pieces[0][0] if log.found.pieces else 0
    about = log.found.about | {"recovered_from": [f.name for f in log.files]}
    if log.found.restarts:
        about[RESTARTS] = log.found.restarts
    copy = LogFile(target, about, first)
    for number, rows in log.found.pieces:
        copy.rows_total = number
        copy.append(rows)
    if log.found.rows_total is not None:
        copy.rows_total = log.found.rows_total
        copy.close()
    copy.leave()
    n = sum(len(rows) for _, rows in log.found.pieces) // ROW_BYTES
    return f"{target}: {n} rows."


def _export(log: OneLog, folder: Path, rows: list[Row]) -> str:
    tables: dict[int, list[list[object]]] = {}
    for row, t_us in zip(rows, times_us(rows), strict=True):
        tables.setdefault(row.kind, []).append([t_us, *_cells(row)])
    for kind, lines in tables.items():
        name = BYTES.get(kind) or KINDS[kind][0]
        with (folder / f"{log.name}-{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["t_us", *_columns(kind)])
            writer.writerows(lines)
    return f"{folder}/{log.name}-*.csv: {len(rows)} rows in {len(tables)} tables."


def _columns(kind: int) -> list[str]:
    if kind in BYTES:
        return ["bytes_hex"]
    if kind == STEPS:
        return ["step_t_us"]
    return [name for name in KINDS[kind][1].split() if name != "-"]


def _cells(row: Row) -> list[object]:
    if row.kind in BYTES:
        return [row.data.hex()]
    if row.kind == STEPS:
        return [" ".join(str(t) for t in row.steps_us())]
    names = KINDS[row.kind][1].split()
    return [value for name, value in zip(names, row.values, strict=True) if name != "-"]
