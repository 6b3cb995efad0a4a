"""A board's log, read on a PC: what the files of `firmware_py/boards/ram_log.py` hold, as lines."""

import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_py import blackbox, row_names
from firmware_py.pi.board.deploy import HELPERS, become_idle
from firmware_py.pi.board.line import BoardLine
from firmware_py.pi.console import UserError
from firmware_py.pi.words import of_fault, of_reason

MAGIC = b"SWB1"
SYNC = b"\xb7\x5d"
HEAD = struct.Struct("<2sHI")
FILES = ("log.0", "log.1")  # in turn: the one that is full is kept until the other one is
CHUNK_N = 768
READ = """
f = open({name!r}, "rb")
f.seek({at})
w.feed()
print(json.dumps(binascii.b2a_base64(f.read({n})).decode()))
f.close()
"""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One row, or (kind "start") the line with which a start begins, or (kind "damaged") bytes that are none."""

    kind: str
    t_us: int
    text: str


def fetch(line: BoardLine, folder: Path) -> list[Path]:
    """Copy the logs of the board at `line` into `folder` and restart it; UserError while somebody is armed."""
    become_idle(line)
    line.enter_console()
    line.run(HELPERS)
    sizes = line.ask("print(json.dumps([[n, os.stat(n)[6]] for n in os.listdir('/') if n[:4] == 'log.']))")
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, size in sizes:
        if name not in FILES:
            continue
        data = b"".join(
            binascii.a2b_base64(line.ask(READ.format(name=name, at=at, n=min(CHUNK_N, size - at))))
            for at in range(0, size, CHUNK_N)
        )
        (folder / name).write_bytes(data)
        found.append(folder / name)
    line.reset()
    return found


def read_log(path: Path) -> list[LogLine]:
    """Return what the log holds; UserError if it cannot be read or is none."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UserError(
            f"{path} cannot be read ({e.strerror}). Give a log of a board (log.0 or log.1)."
        ) from e
    if data[:4] != MAGIC:
        raise UserError(
            f"{path} is no log of a board. Give log.0 or log.1, as `board log --port` copies them."
        )
    return list(_lines(data))


def _lines(data: bytes) -> Iterator[LogLine]:
    at = skipped = 0
    while at < len(data):
        found = _start(data, at) or _block(data, at)
        if found is None:
            at, skipped = at + 1, skipped + 1
            continue
        if skipped:
            yield LogLine("damaged", 0, f"{skipped} bytes that are no row")
            skipped = 0
        yield from found[1]
        at += found[0]
    if skipped:
        yield LogLine("damaged", 0, f"{skipped} bytes that are no row")


def _start(data: bytes, at: int) -> tuple[int, list[LogLine]] | None:
    if data[at : at + 4] != MAGIC or at + 6 > len(data):
        return None
    (n,) = struct.unpack_from("<H", data, at + 4)
    about = data[at + 6 : at + 6 + n]
    if len(about) < n:
        return None
    return 6 + n, [LogLine("start", 0, about.decode("utf-8", "replace"))]


def _block(data: bytes, at: int) -> tuple[int, list[LogLine]] | None:
    if data[at : at + 2] != SYNC or at + HEAD.size > len(data):
        return None
    _, n, crc = HEAD.unpack_from(data, at)
    body = data[at + HEAD.size : at + HEAD.size + n]
    if len(body) < n or binascii.crc32(body) != crc:
        return None
    return HEAD.size + n, [_line(*row) for row in blackbox.rows(body)]


def _line(kind: int, t_us: int, values: tuple[int, ...]) -> LogLine:
    name, fields = row_names.KINDS.get(kind, (f"kind {kind}", "a b c d e f g"))
    words = [f"{field} {value}" for field, value in zip(fields.split(), values, strict=False) if field != "-"]
    sentence = ""
    try:
        if kind == blackbox.RESULT and values[5]:
            sentence = of_reason(values[5])
        elif kind == blackbox.ARMED and values[3]:
            sentence = of_fault(values[3]).engineer
    except KeyError:
        sentence = "a number that this version does not know"
    return LogLine(name, t_us, ", ".join(words) + (f": {sentence}" if sentence else ""))
