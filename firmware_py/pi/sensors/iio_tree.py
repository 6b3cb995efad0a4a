"""The kernel's IIO folders: find a part, set it up, read back that it took what was set."""

import contextlib
import os
from pathlib import Path

from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.sensors.iio_scan import Layout, element_of

SYS = Path("/sys/bus/iio/devices")
DEV = Path("/dev")
BUFFER_RECORDS = 128  # of room in the kernel: half a second
SCALE_TOLERANCE = 0.005  # older kernels print fewer digits
USE_I2C = 'Wire INT1 of the part and name it in the device tree overlay, or set kind = "i2c" in [imu].'


class IioDevice:
    """One `iio:deviceN` folder.

    folder   under /sys/bus/iio/devices;  dev   folder of the character devices
    Each `set_*` writes, reads back and raises SensorError if the kernel did not take it.
    """

    def __init__(self, folder: Path, dev: Path = DEV) -> None:
        self.folder = folder
        self.name = self.read("name")
        self._dev = dev
        self._fd = -1
        self._rest = b""
        self.layout = Layout([])

    def read(self, name: str) -> str:
        """Return the text of a file of the folder."""
        try:
            return (self.folder / name).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as e:
            why = getattr(e, "strerror", e)
            raise SensorError(
                f"{self.folder / name} cannot be read ({why}). Check the kernel's driver, or use i2c."
            ) from e

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder."""
        try:
            (self.folder / name).write_text(text, encoding="ascii")
        except OSError as e:
            raise SensorError(
                f"{self.folder / name} does not take {text} ({e.strerror}). Run as a user who may write there, "
                "for instance with the udev rule that `./swingphase install-service` makes."
            ) from e

    def set_scale(self, kind: str, scale: float, words: str) -> None:
        """Set and read back `in_KIND_scale`; `words` says which range that is."""
        name = f"in_{kind}_scale"
        offered = self.read(f"{name}_available").split()
        near = [text for text in offered if _is_near(text, scale)]
        if not near:
            raise SensorError(
                f"{self.name} offers {name} {', '.join(offered)}; {words} is {scale}. Use a part with that range."
            )
        self.write(name, near[0])
        self.check_scale(kind, scale, words)

    def check_scale(self, kind: str, scale: float, words: str) -> None:
        """Raise SensorError unless the kernel says that this range is set now."""
        name = f"in_{kind}_scale"
        now = self.read(name)
        if not _is_near(now, scale):
            raise SensorError(
                f"{self.name} reads back {name} {now}; {words} is {scale}. With a wrong range a fast foot looks "
                "slow: take the power off the part and begin again, or use another one."
            )

    def set_rate(self, kind: str, rate_hz: float) -> float:
        """Set the sampling rate to the lowest that is offered from `rate_hz` on; return what is read back."""
        name = next(n for n in (f"in_{kind}_sampling_frequency", "sampling_frequency") if self.has(n))
        offered = self.read("sampling_frequency_available").split()
        enough = [text for text in offered if float(text) >= rate_hz]
        if not enough:
            raise SensorError(
                f"{self.name} offers {', '.join(offered)} Hz; asked for is {rate_hz:g}. Lower rate_hz in [imu]."
            )
        self.write(name, min(enough, key=float))
        return float(self.read(name))

    def has(self, name: str) -> bool:
        """Return whether the folder holds this file or folder."""
        return (self.folder / name).exists()

    def take(self) -> None:
        """Open it, which the kernel lets one program do at a time; SensorError before anything of it was changed."""
        if not self.has("scan_elements") or not self.has("buffer/enable"):
            raise SensorError(f"{self.name} has no buffer. {USE_I2C}")
        path = self._dev / self.folder.name
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as e:
            raise SensorError(
                f"{path} cannot be opened ({e.strerror}). Close the program that uses it."
            ) from e
        self.write("buffer/enable", "0")  # a range cannot be changed while it runs

    def start(self, wanted: tuple[str, ...]) -> None:
        """Let the buffer run with these elements and the time, in CLOCK_MONOTONIC. It was taken before."""
        self._clock()
        for path in sorted((self.folder / "scan_elements").glob("in_*_en")):
            name = path.name.removeprefix("in_").removesuffix("_en")
            self.write(f"scan_elements/{path.name}", str(int(name in (*wanted, "timestamp"))))
        self.layout = Layout(
            [
                element_of(
                    n, self.read(f"scan_elements/in_{n}_index"), self.read(f"scan_elements/in_{n}_type")
                )
                for n in (*wanted, "timestamp")
            ]
        )
        self._trigger()
        self.write("buffer/length", str(BUFFER_RECORDS))
        if self.has("buffer/watermark"):
            self.write("buffer/watermark", "1")
        self.write("buffer/enable", "1")

    def records(self):
        """Yield what has arrived, a dict per record; OSError if the part is gone."""
        try:
            data = os.read(self._fd, self.layout.size * BUFFER_RECORDS)
        except BlockingIOError:
            return
        data = self._rest + data
        whole = len(data) - len(data) % self.layout.size
        self._rest = data[whole:]
        yield from self.layout.values(data[:whole])

    def stop(self) -> None:
        """Let the buffer rest. Safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            with contextlib.suppress(SensorError):
                self.write("buffer/enable", "0")

    def _clock(self) -> None:
        name = "current_timestamp_clock"
        self.write(name, "monotonic")
        if self.read(name) != "monotonic":
            raise SensorError(
                f"{self.name} keeps the clock {self.read(name)}; needed is monotonic. {USE_I2C}"
            )

    def _trigger(self) -> None:
        """A part whose driver wants a trigger gets its own, the one with its number."""
        name = "trigger/current_trigger"
        if self.has(name) and not self.read(name):
            self.write(name, f"{self.name}-dev{self.folder.name.removeprefix('iio:device')}")


def find_devices(root: Path, dev: Path = DEV) -> list[IioDevice]:
    """Return every IIO device below `root`."""
    return [
        IioDevice(folder, dev) for folder in sorted(root.glob("iio:device*")) if (folder / "name").exists()
    ]


def the_device(root: Path, name: str, dev: Path = DEV) -> IioDevice:
    """Return the one device of this name; SensorError if there is none or more than one."""
    there = find_devices(root, dev)
    found = [one for one in there if one.name == name]
    if len(found) == 1:
        return found[0]
    seen = ", ".join(one.name for one in there) or "none"
    if found:
        raise SensorError(
            f"There are {len(found)} devices named {name}; one is expected. Disconnect the others."
        )
    raise SensorError(
        f"The kernel shows no {name} (it shows: {seen}). Check wiring and overlay with `i2cdetect -y 1` and "
        '`dmesg`, or set kind = "i2c" in [imu].'
    )


def _is_near(text: str, scale: float) -> bool:
    try:
        return abs(float(text) - scale) <= SCALE_TOLERANCE * scale
    except ValueError:
        return False
