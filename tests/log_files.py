"""What may happen to the files of a log, for tests."""

from pathlib import Path

from firmware_py.pi import log_file


def cut_out(path: Path, n: int) -> None:
    """Take the last `n` frames of rows out of a file; the word at its end stays."""
    data = path.read_bytes()
    places, at, end = [], len(log_file.MAGIC), b""
    while at < len(data):
        frame = log_file.frame_at(data, at)
        assert frame is not None
        if frame[0] in (log_file.ROWS, log_file.PACKED):
            places.append(at)
        if frame[0] == log_file.END:
            end = data[at:]
        at += frame[2]
    assert end
    path.write_bytes(data[: places[-n]] + end)
