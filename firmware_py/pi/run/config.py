"""What is wired to this computer and who wears it: `swingphase.toml`, checked by pydantic, every key with its sentence.

docs/configuration.md and the example file are made from these models (`config_docs`). Unknown keys are refused: a
typing error must not silently do nothing.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from firmware_py.pi.console import UserError
from firmware_py.pi.gpio_port import CHIP
from firmware_py.pi.sensors.axes import IDENTITY, axes_of
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.profile import Profile
from safety.limits import AREA_MAX_CM2, AREA_MIN_CM2
from stimulator.drivers import devices
from stimulator.drivers.devices import Device
from stimulator.wearer import Corridor, corridor_problems

NAME_MAX = 8  # of an advertisement, beside flags and UUID
LINE = re.compile(r"(?:(/dev/[\w/.-]+):)?(\d{1,3})$")
I2C_BUS, SDA, SCL, INT1 = 1, "2", "3", "5"  # of the IMU, as docs/boards.md wires it


def _line(text: str) -> str:
    if text and not LINE.match(text):
        raise ValueError(
            'a line is its number, "17", or chip and number, "/dev/gpiochip4:17", or "" for none'
        )
    return text


def _axes(words: list[str]) -> list[str]:
    try:
        axes_of(words)
    except SensorError as e:
        raise ValueError(str(e)) from e
    return words


def _name(text: str) -> str:
    if len(text.encode()) > NAME_MAX or not text.isprintable():
        raise ValueError(
            f"allowed are up to {NAME_MAX} characters, no wearer's name: everybody near can read it"
        )
    return text


IS_LINE = AfterValidator(_line)
Line = Annotated[str, IS_LINE]
SHAPE = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wearer(BaseModel):
    """Who wears it, where. Another wearer, leg, place or pads: leg and channels have to be checked again."""

    model_config = SHAPE
    code: str = Field(default="", max_length=40, description="Tells wearers apart. A code, not a name.")
    side: Literal["right", "left"] = Field(
        default="right", description="The leg that wears sensors and pads."
    )
    electrodes: str = Field(
        default="", max_length=200, description="Pads and their places, so that others are noticed."
    )
    electrode_area_cm2: int = Field(
        default=25,
        ge=AREA_MIN_CM2,
        le=AREA_MAX_CM2,
        description="Area of the smallest pad. Smaller pads are refused: what is left of one that has half come "
        "off could burn.",
    )


class Stimulator(BaseModel):
    """The stimulator and its port."""

    model_config = SHAPE
    device: Literal["p24", "rehamove3", "rehastim2", "output_stage"] = Field(
        default="p24", description="Which stimulator; docs/stimulators.md says what each can do."
    )
    port: str = Field(
        default="",
        description="Its serial port, as `ls /dev/serial/by-id/*` shows it: that name stays when the plug moves.",
    )
    answer_max_ms: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Only a RehaStim2: its slowest answer as `bench-check` measured it; else 0.",
    )
    allow_host_death_tail_ms: int = Field(
        default=devices.TAIL_MAX_MS,
        ge=devices.TAIL_MAX_MS,
        le=devices.TAIL_ABS_MS,
        description="Current may flow for so long after this computer died. Above 100 it is said at each arming.",
    )


class Imu(BaseModel):
    """The motion sensor."""

    model_config = SHAPE
    part: Literal["lsm6dsox", "mpu6050"] = Field(default="lsm6dsox", description="Which chip.")
    place: Literal["foot", "shank"] = Field(default="foot", description="Where it sits.")
    kind: Literal["iio", "i2c"] = Field(
        default="iio",
        description="iio: the kernel's driver and its interrupt (better). i2c: read by us, no third wire.",
    )
    rate_hz: int = Field(default=208, ge=100, le=416, description="Readings a second asked for with iio.")
    bus: int = Field(default=1, ge=0, le=20, description="I2C bus, only with i2c.")
    address: int = Field(
        default=0, ge=0, le=0x77, description="I2C address, only with i2c; 0 is the chip's usual one."
    )
    axes: Annotated[list[str], AfterValidator(_axes)] = Field(
        default=list(IDENTITY),
        description="Which axis of the chip points backward, to the wearer's right, and up, when standing.",
    )


class Lines(BaseModel):
    """GPIO lines: the BCM number, "17", or chip and number, "/dev/gpiochip4:17"; "" if not fitted.

    Inputs are contacts to ground. A line has one use, also in [keys] and [link]; 2 and 3 are the IMU's bus, 5 is
    its interrupt with kind iio."""

    model_config = SHAPE
    heel_switch: Line = Field(default="17", description="Closed while the heel is loaded.")
    heel_switch_foot: Literal["own", "other"] = Field(
        default="own",
        description="Under whose heel: the helped foot's own, or the other's, for prescriptions with start_at 1. "
        "With other the guardian has the IMU alone to judge by.",
    )
    stop: Line = Field(
        default="27", description="Stop contact, closed at rest: pressed, unplugged and broken all stop."
    )
    beeper: Line = Field(default="22", description="Loud beeper of the guardian, through a transistor.")
    lamp: Line = Field(default="23", description="Lamp: on while armed, blinks when help is lost.")


class Keys(BaseModel):
    """The wearer's keys (to ground, open at rest), what they may change, and what the wearer hears and feels.

    Keys lock themselves after 4 s; holding any of them for 2 s frees them. Pause always pauses."""

    model_config = SHAPE
    up: Line = Field(default="", description="More, by 5 % of the level.")
    down: Line = Field(default="", description="Less, by 5 % of the level.")
    pause: Line = Field(default="", description="No step is helped after the one that runs; again: goes on.")
    mute: Line = Field(default="", description="Cues are felt, not heard; alarms are always heard.")
    hand: Line = Field(default="", description="Hand button that begins each burst of a triggered exercise.")
    beeper: Line = Field(
        default="", description="Quiet beeper for cues, through a transistor; not the guardian's."
    )
    motor: Line = Field(default="", description="Vibration motor for the same cues, through a transistor.")
    min_percent: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Of the prescribed strength, that level 0 % stands for; steps of 5.",
    )
    max_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        description="Of the prescribed strength, that level 100 % stands for; steps of 5.",
    )
    start_level: int = Field(default=100, ge=0, le=100, description="Level at the start, %; steps of 5.")


class Link(BaseModel):
    """Bluetooth, for a therapist's laptop: a process of its own, which therapy never waits for (docs/link.md)."""

    model_config = SHAPE
    enabled: bool = Field(
        default=False,
        description="Whether to start it. Without it nothing is sent; what was decided over it still runs.",
    )
    name: Annotated[str, AfterValidator(_name)] = Field(
        default="",
        description="What scanners show, 1 to 8 characters; empty: SWP- and four of this device's own.",
    )
    adapter: str = Field(
        default="hci0",
        pattern=r"^hci\d{1,2}$",
        description="Which Bluetooth adapter, as `bluetoothctl list` has it.",
    )
    pairing_button: Line = Field(
        default="", description="Button to ground that opens the pairing window for a minute; or type `pair`."
    )


class Supply(BaseModel):
    """The battery of this computer."""

    model_config = SHAPE
    battery: str = Field(
        default="",
        max_length=60,
        description="Folder in /sys/class/power_supply that tells its charge; empty: unknown.",
    )


class Files(BaseModel):
    """Where things are kept."""

    model_config = SHAPE
    prescription: str = Field(
        default="",
        description="TOML file with the settings of the stimulation (docs/prescription.md); empty: defaults.",
    )
    exercise: str = Field(
        default="",
        description="TOML file with the plan of an exercise (docs/stimulation.md); empty: no exercise.",
    )
    settings: str = Field(
        default="settings",
        min_length=1,
        description="Folder of what must outlive a power cut: which profile was checked.",
    )
    logs: str = Field(default="logs", min_length=1, description="Folder of the black boxes, a session each.")
    logs_max_mib: int = Field(
        default=2048, ge=16, le=1 << 20, description="The oldest files go when the logs need more than this."
    )


class RunConfig(BaseModel):
    """All sections. Paths are meant from the folder of the configuration file."""

    model_config = SHAPE
    wearer: Wearer = Wearer()
    stimulator: Stimulator = Stimulator()
    imu: Imu = Imu()
    lines: Lines = Lines()
    keys: Keys = Keys()
    link: Link = Link()
    supply: Supply = Supply()
    files: Files = Files()

    def device(self) -> Device:
        """Return the stimulator; DeviceError with a sentence if it must not be used like this."""
        chosen = self.stimulator
        return devices.choose(
            chosen.device,
            answer_max_ms=chosen.answer_max_ms,
            allow_host_death_tail_ms=chosen.allow_host_death_tail_ms,
        )

    @property
    def hears_other(self) -> bool:
        """Whether the heel switch is under the other foot."""
        return bool(self.lines.heel_switch) and self.lines.heel_switch_foot == "other"

    def line_problems(self) -> list[str]:
        """Return a sentence for each line that is given to more than one part."""
        uses: dict[tuple[str, int], list[str]] = {}
        for what, line in self._lines():
            chip, number = line_of(line)
            uses.setdefault((os.path.realpath(chip), number), []).append(what)
        return [
            f"{' and '.join(whats)} share line {number}. Give each a line of its own (docs/boards.md, Wiring)."
            for (_, number), whats in uses.items()
            if len(whats) > 1
        ]

    def _lines(self) -> list[tuple[str, str]]:
        """Return what uses a line, and the line, the IMU's among them."""
        found = [
            (f"{key} in [{section}]", getattr(model, key))
            for section, model in self
            for key, field in type(model).model_fields.items()
            if IS_LINE in field.metadata and getattr(model, key)
        ]
        if self.imu.kind == "iio" or self.imu.bus == I2C_BUS:
            found += [("SDA of the IMU", SDA), ("SCL of the IMU", SCL)]
        if self.imu.kind == "iio":
            found.append(("INT1 of the IMU", INT1))
        return found

    def corridor(self) -> Corridor:
        """Return what the wearer's level may be; UserError with the sentences if it may not be that."""
        own = self.keys
        corridor = Corridor(own.min_percent, own.max_percent, own.start_level)
        found = corridor_problems(corridor)
        if found:
            raise UserError("[keys]: " + " ".join(found))
        return corridor

    def profile(self) -> Profile:
        """Return who wears what, for the settings store."""
        return Profile(
            wearer=self.wearer.code,
            side=self.wearer.side,
            place=self.imu.place,
            has_switch=bool(self.lines.heel_switch),
            device=self.stimulator.device,
            electrodes=f"{self.wearer.electrodes}, {self.wearer.electrode_area_cm2} cm2",
        )


def line_of(text: str) -> tuple[str, int]:
    """Return chip and number of a line that was checked."""
    found = LINE.match(text)
    if found is None:
        raise UserError(f"{text!r} is no GPIO line. Write its number.")
    return found[1] or CHIP, int(found[2])


def load_config(path: Path) -> RunConfig:
    """Read a configuration; UserError with a sentence for each thing that is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise UserError(
            f"{path} cannot be read ({e.strerror}). Copy swingphase.example.toml to it and fill it in."
        ) from e
    except (ValueError, RecursionError) as e:
        raise UserError(f"{path} is not TOML ({e}). Mend the line named there.") from e
    try:
        found = RunConfig.model_validate(data)
    except ValidationError as e:
        raise UserError("\n".join(_sentence(path, dict(error)) for error in e.errors())) from e
    found.corridor()  # what no key alone can say
    if shared := found.line_problems():
        raise UserError("\n".join(f"{path}: {one}" for one in shared))
    beside = path.resolve().parent
    kept = found.files
    return found.model_copy(
        update={
            "files": kept.model_copy(
                update={
                    "prescription": str(beside / kept.prescription) if kept.prescription else "",
                    "exercise": str(beside / kept.exercise) if kept.exercise else "",
                    "settings": str(beside / kept.settings),
                    "logs": str(beside / kept.logs),
                }
            )
        }
    )


def _sentence(path: Path, error: dict) -> str:
    where = [str(one) for one in error["loc"]]
    section = where[0] if where else ""
    known = RunConfig.model_fields
    if section not in known:
        return f"{path}: there is no section [{section}]; allowed are {_names(known, '[{}]')}. Rename it."
    model = known[section].annotation
    keys = getattr(model, "model_fields", {})
    if len(where) == 1:
        return f"{path}: [{section}] is not a section with settings. Write [{section}] and its keys below it."
    if where[1] not in keys:
        return (
            f"{path}: there is no key {where[1]} in [{section}]; allowed are {_names(keys, '{}')}. Rename it."
        )
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{path}: {where[1]} in [{section}] is {error['input']!r}: {text}. {keys[where[1]].description}"


def _names(known, form: str) -> str:
    return ", ".join(form.format(name) for name in known)
