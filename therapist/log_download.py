"""Download the black box: record by record, each with its checksum, going on where it stopped, also after a restart.

While it is incomplete the records stand in `<name>.part` with the epoch of their log; at the end they become an
ordinary log file, which `./swingphase replay` reads. Records of another log are never mixed in.
"""

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.link import gatt, ops, values
from firmware_py.link.logs import HEAD_N, NUMBER_MAX, records_in
from firmware_py.pi.log_file import LogFile
from therapist.client import LinkClient
from therapist.link_errors import LinkError, LinkLost

PART_HEAD = struct.Struct("<8s4sI")  # magic, epoch, number of the first record
PART_MAGIC = b"SWPPART1"
QUIET_S = 3.0  # without a record: ask again from the first one that is missing
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """first to end - 1 are in the file; `resumed` of them were there before."""

    path: Path
    first: int
    end: int
    resumed: int


class _Part:
    """The records so far, on the disk."""

    def __init__(self, path: Path, epoch: bytes, first: int) -> None:
        self.path, self.epoch, self.first = path, epoch, first
        self.count = 0
        head = path.read_bytes()[: PART_HEAD.size] if path.exists() else b""
        if len(head) == PART_HEAD.size:
            magic, kept_epoch, kept_first = PART_HEAD.unpack(head)
            kept = (path.stat().st_size - PART_HEAD.size) // ROW_BYTES
            if (magic, kept_epoch) == (PART_MAGIC, epoch) and kept_first <= first <= kept_first + kept:
                self.first, self.count = kept_first, kept
        if self.count == 0:
            path.write_bytes(PART_HEAD.pack(PART_MAGIC, epoch, first))
        self._file = path.open("r+b")
        self._file.seek(PART_HEAD.size + self.count * ROW_BYTES)
        self._file.truncate()

    @property
    def next(self) -> int:
        """Number of the first record that is missing."""
        return self.first + self.count

    def take(self, number: int, records: list[bytes]) -> bool:
        """Keep the records that come next; False if some before them are missing."""
        if number > self.next:
            return False
        new = records[self.next - number :]
        self._file.write(b"".join(new))
        self.count += len(new)
        return True

    def flush(self) -> None:
        """Bring what there is to the disk."""
        self._file.flush()

    def rows(self) -> bytes:
        """Return all of them."""
        self.flush()
        return self.path.read_bytes()[PART_HEAD.size : PART_HEAD.size + self.count * ROW_BYTES]

    def close(self) -> None:
        self._file.close()


async def download_log(
    link: LinkClient,
    path: Path,
    *,
    last: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Downloaded:
    """Download the records that there are now into `path`; `last`: only the newest so many.

    LinkError if that cannot be finished; the same call again goes on from there.
    """
    if path.exists():
        raise LinkError(f"{path} is there already. Name another file, or remove it.")
    info = await link.ask(ops.LOG_INFO)
    if info.end == info.first:
        raise LinkError("The device's log is empty.")
    first = info.first if last is None else max(info.first, info.end - max(1, last))
    part = _Part(path.with_name(path.name + ".part"), info.epoch, first)
    resumed = part.count
    try:
        for _ in range(TRIES):
            before = part.next
            try:
                await _fetch(link, part, info, progress)
            except LinkLost:
                await link.reconnect()
            if part.next >= info.end:
                break
            if part.next == before and (await link.ask(ops.LOG_INFO)).epoch != info.epoch:
                raise LinkError("The device has begun a new log meanwhile. Download that one.")
        if part.next < info.end:
            raise LinkError(
                f"{info.end - part.next} records are missing. Call the same again: it goes on from there."
            )
        about = {"from": "link", "device": link.address, "epoch": info.epoch.hex(), "first": part.first}
        log = LogFile(path, about)
        log.append(part.rows())
        log.close()
    finally:
        part.close()
    part.path.unlink()
    return Downloaded(path=path, first=part.first, end=part.next, resumed=resumed)


async def _fetch(link: LinkClient, part: _Part, info, progress: Callable[[float], None] | None) -> None:
    """Ask for the missing records and take what comes, until all are there, the device is done, or nothing comes."""
    news = asyncio.Event()

    def heard(data: bytes) -> None:
        head = without_head(data)
        records = records_in(data[HEAD_N:], ROW_BYTES) if head is not None else None
        if head is not None and records is not None and len(records) == head.count:
            part.take(head.number, records)
        news.set()

    async with link.listening(gatt.LOG, heard), link.events() as events:
        await link.ask_once(ops.LOG_REPORT, info.epoch, part.next, min(info.end - part.next, NUMBER_MAX))
        while part.next < info.end:
            news.clear()
            if not await _comes(news, link.lost):
                return
            while not events.empty():
                kind, _ = events.get_nowait()
                if kind == ops.LOG_DONE and part.next < info.end:
                    return
            if progress:
                progress((part.next - part.first) / (info.end - part.first))
        part.flush()


async def _comes(news: asyncio.Event, lost: asyncio.Event) -> bool:
    """Wait for news; False if none comes. LinkLost if the link is lost first."""
    waits = [asyncio.ensure_future(e.wait()) for e in (news, lost)]
    await asyncio.wait(waits, timeout=QUIET_S, return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()
    if lost.is_set():
        raise LinkLost("log", None)
    return news.is_set()


def without_head(data: bytes):
    """Return the head of a notification of the log; None if it is none."""
    return values.LOG_HEAD.unpack(data[2:HEAD_N]) if len(data) >= HEAD_N and data[0] == 1 else None
