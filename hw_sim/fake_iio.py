"""The kernel's IIO folders and devices as plain files and pipes, with real binary records.

What the Pi's code finds in /sys/bus/iio/devices and /dev it finds here as well, so `./swingphase run --sim` and the
tests go through the same code as a sensor. Not simulated: the kernel's own checks of what is written.
"""

import contextlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from firmware_py.pi.sensors.parts import LSM6DSOX, MPU6050, Part

RATES = {LSM6DSOX.name: "13.000 26.000 52.000 104.000 208.000 416.000", MPU6050.name: "10 20 50 100 200 500"}
GYRO_SCALES = {
    LSM6DSOX.name: "0.000152716 0.000305432 0.000610864 0.001221730",
    MPU6050.name: "0.000133090 0.000266181 0.000532362 0.001064724",
}
ACC_SCALES = {
    LSM6DSOX.name: "0.000598 0.001196 0.002392 0.004785",
    MPU6050.name: "0.000598 0.001196 0.002392 0.004785",
}
AXES = ("x", "y", "z")


class FakeIio:
    """One part. `root` and `dev` stand for the kernel's folders; `write` makes one reading.

    with_buffer   False: as with a part whose interrupt line is not wired
    """

    def __init__(self, folder: Path, part: Part = LSM6DSOX, *, with_buffer: bool = True) -> None:
        self.part = part
        self.root, self.dev = folder / "sys", folder / "dev"
        self.dev.mkdir(parents=True)
        is_one = part.iio_gyro == part.iio_acc
        kinds = [("anglvel", "accel")] if is_one else [("anglvel",), ("accel",)]
        names = [part.iio_gyro] if is_one else [part.iio_gyro, part.iio_acc]
        order, letter = ("be", ">") if is_one else ("le", "<")  # as the two drivers do
        self._pipes: list[tuple[tuple[str, ...], struct.Struct, int]] = []
        for number, (name, own) in enumerate(zip(names, kinds, strict=True)):
            self._make(number, name, own, order, with_buffer)
            n = 3 * len(own)
            form = struct.Struct(f"{letter}{n}h")
            pipe = self.dev / f"iio:device{number}"
            os.mkfifo(pipe)
            self._pipes.append((own, form, os.open(pipe, os.O_RDWR | os.O_NONBLOCK)))

    def file(self, name: str, number: int = 0) -> Path:
        """Return a file of device `number`."""
        return self.root / f"iio:device{number}" / name

    def write(self, t_us: int, gyro: Sequence[int], acc: Sequence[int]) -> None:
        """Make one reading of counts at `t_us`; a reader that does not read loses it, as with a full buffer."""
        for kinds, form, fd in reversed(self._pipes):  # the force first, as a reader wants it
            counts = [c for kind in kinds for c in (gyro if kind == "anglvel" else acc)]
            data = form.pack(*(max(-32768, min(32767, c)) for c in counts))
            data += bytes(-len(data) % 8) + struct.pack("<q", t_us * 1000)
            with contextlib.suppress(BlockingIOError):
                os.write(fd, data)

    def close(self) -> None:
        """Let go of the pipes. Safe to call twice."""
        for _, _, fd in self._pipes:
            os.close(fd)
        self._pipes = []

    def _make(self, number: int, name: str, kinds: tuple[str, ...], order: str, with_buffer: bool) -> None:
        files = {"name": name, "current_timestamp_clock": "realtime"}
        files["sampling_frequency_available"] = RATES[self.part.name]
        files["sampling_frequency"] = RATES[self.part.name].split()[0]
        for kind in kinds:
            scales = (GYRO_SCALES if kind == "anglvel" else ACC_SCALES)[self.part.name]
            files[f"in_{kind}_scale_available"] = scales
            files[f"in_{kind}_scale"] = scales.split()[0]
        if with_buffer:
            files |= {"buffer/enable": "0", "buffer/length": "2", "buffer/watermark": "1"}
            if self.part is MPU6050:
                files["trigger/current_trigger"] = ""
            elements = [f"{kind}_{axis}" for kind in kinds for axis in AXES]
            for index, element in enumerate(elements):
                files[f"scan_elements/in_{element}_index"] = str(index)
                files[f"scan_elements/in_{element}_type"] = f"{order}:s16/16>>0"
                files[f"scan_elements/in_{element}_en"] = "0"
            files["scan_elements/in_timestamp_index"] = str(len(elements))
            files["scan_elements/in_timestamp_type"] = "le:s64/64>>0"
            files["scan_elements/in_timestamp_en"] = "0"
        for path, text in files.items():
            one = self.file(path, number)
            one.parent.mkdir(parents=True, exist_ok=True)
            one.write_text(text + "\n", encoding="ascii")
