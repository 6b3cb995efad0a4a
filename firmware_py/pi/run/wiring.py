"""Open the parts that the configuration names: the IMU, the heel switch, both as the HAL's `Sensors`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_py.acts import ACT_BUTTON as BUTTON
from firmware_py.acts import ACT_KEY_DOWN as KEY_DOWN
from firmware_py.acts import ACT_KEY_UP as KEY_UP
from firmware_py.pi.gpio_port import Contact, open_contact, open_output
from firmware_py.pi.keys import Keys
from firmware_py.pi.run.config import RunConfig, line_of
from firmware_py.pi.sensors.axes import axes_of
from firmware_py.pi.sensors.contacts import EdgePipe
from firmware_py.pi.sensors.i2c_imu import I2cImu, open_bus
from firmware_py.pi.sensors.iio_imu import IioImu
from firmware_py.pi.sensors.iio_tree import DEV, SYS
from firmware_py.pi.sensors.leg_sensors import Imu, LegSensors
from firmware_py.pi.sensors.parts import PARTS
from firmware_py.pi.signals import PiSignals
from stimulator.wearer import DOWN, MUTE, PAUSE, UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the kernel shows its parts; a simulation has folders and a pipe of its own.

    heel_pipe   named pipe of edges in place of a GPIO line, "" on a Pi
    """

    iio_sys: str = str(SYS)
    iio_dev: str = str(DEV)
    heel_pipe: str = ""


def open_imu(config: RunConfig, places: Places, clock_us: Callable[[], int]) -> Imu:
    """Return the IMU, its range set and read back; SensorError with the next step."""
    own = config.imu
    part, axes = PARTS[own.part], axes_of(own.axes)
    if own.kind == "iio":
        return IioImu(part, axes, own.rate_hz, root=Path(places.iio_sys), dev=Path(places.iio_dev))
    return I2cImu(part, axes, open_bus(own.bus), clock_us, address=own.address or None)


def open_switch(config: RunConfig, places: Places) -> Contact | None:
    """Return the heel switch, None if none is fitted; GpioError with the next step."""
    if not config.lines.heel_switch:
        return None
    if places.heel_pipe:
        return EdgePipe(places.heel_pipe)
    return open_contact(*line_of(config.lines.heel_switch), "heel switch")


def open_sensors(config: RunConfig, places: Places, clock_us: Callable[[], int]) -> LegSensors:
    """Return the leg's sensors."""
    imu = open_imu(config, places, clock_us)
    try:
        switch = open_switch(config, places)
    except OSError:
        imu.close()
        raise
    return LegSensors(imu, switch, clock_us)


def open_keys(config: RunConfig, places: Places, press: Callable[[int, int], object]) -> Keys:
    """Return the wearer's keys; `press(act, key)` is told what they do. A simulation has none but at the console."""
    own = config.keys
    lines = ((own.up, UP, "key up"), (own.down, DOWN, "key down"), (own.pause, PAUSE, "key pause"))
    found: list = []
    if not places.heel_pipe:
        for line, key, what in (*lines, (own.mute, MUTE, "key mute")):
            if line:
                contact = open_contact(*line_of(line), what)
                found.append((contact, lambda down, key=key: press(KEY_DOWN if down else KEY_UP, key)))
        if own.hand:
            found.append(
                (
                    open_contact(*line_of(own.hand), "hand button"),
                    lambda down: press(BUTTON, 0) if down else None,
                )
            )
    return Keys(found)


def open_signals(config: RunConfig, places: Places) -> PiSignals | None:
    """Return what the wearer hears and feels, None if nothing is fitted."""
    own = config.keys
    if places.heel_pipe or not (own.beeper or own.motor):
        return None
    parts = [
        open_output(*line_of(line), what) if line else None
        for line, what in ((own.beeper, "quiet beeper"), (own.motor, "vibration motor"))
    ]
    return PiSignals(*parts)
