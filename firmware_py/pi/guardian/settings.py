"""What the guardian is told at its start, by the parent that checked the prescription: limits, not wishes.

The guardian does not read prescriptions. Whoever starts it (`./swingphase run`, a bench) derives the
limits from the committed prescription and writes them as one JSON file; the guardian checks every number
against the absolute limits compiled into `safety.limits`: a wrong file cannot loosen those. Everything else
in it (sensors, was_checked, lower limits) is the parent's word.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from safety import limits
from safety.limits import CHANNELS_MAX, Limits
from stimulator.drivers import devices
from stimulator.drivers.devices import Device, DeviceError

VERSION = 3
FLAGS = ("has_imu", "has_switch", "is_shank", "was_checked")
DEVICE_KEYS = ("answer_max_ms", "allow_host_death_tail_ms")
KEYS = tuple(sorted(("channels", "device", "prescription", "version", *DEVICE_KEYS, *FLAGS)))


class SettingsError(ValueError):
    """The file must not be used. The text says fact, allowed range, next step."""

    is_for_people = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianSettings:
    """device          which stimulator, one of `stimulator.drivers.devices.NAMES`
    answer_max_ms, allow_host_death_tail_ms   as `devices.choose` takes them
    prescription    hash of the prescription that the limits come from, for the log
    has_imu, has_switch   which sensors the leg wears
    is_shank              True if the IMU sits on the shank, False on the foot
    was_checked           leg and channels were checked before with this profile (firmware_py.profile)
    channels        tuple of `safety.limits.Limits`, one per channel
    """

    device: str = devices.P24
    answer_max_ms: int = 0
    allow_host_death_tail_ms: int = devices.TAIL_MAX_MS
    prescription: str = ""
    has_imu: bool = True
    has_switch: bool = True
    is_shank: bool = False
    was_checked: bool = False
    channels: tuple = ()

    def to_bytes(self) -> bytes:
        """Return the one way in which these settings are written."""
        told = {
            "version": VERSION,
            "device": self.device,
            **{key: getattr(self, key) for key in DEVICE_KEYS},
            "prescription": self.prescription,
            **{flag: getattr(self, flag) for flag in FLAGS},
            "channels": [dict(one._asdict()) for one in self.channels],
        }
        return json.dumps(told, sort_keys=True, indent=1).encode() + b"\n"

    def chosen(self) -> Device:
        """Return the stimulator; DeviceError if it must not be used like this."""
        return devices.choose(self.device, **{key: getattr(self, key) for key in DEVICE_KEYS})

    def digest(self) -> str:
        """Return 16 hex digits that name exactly these settings."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:16]


def load_settings(path: Path) -> GuardianSettings:
    """Read the settings file; SettingsError unless every value is there and none is looser than allowed."""
    try:
        return settings_from(path.read_bytes())
    except OSError as e:
        raise SettingsError(
            f"{path} cannot be read ({e.strerror}). Give the file that the parent wrote."
        ) from e


def settings_from(data: bytes) -> GuardianSettings:
    """Check and take over what `to_bytes` wrote."""
    try:
        told = json.loads(data)
    except ValueError as e:
        raise SettingsError(f"The guardian's settings are not JSON ({e}). Write them anew.") from e
    if not isinstance(told, dict) or tuple(sorted(told)) != KEYS:
        raise SettingsError(f"The guardian's settings must hold exactly {', '.join(KEYS)}. Write them anew.")
    if told["version"] != VERSION:
        raise SettingsError(
            f"version is {told['version']!r}; it must be {VERSION}. Start parent and guardian from one checkout."
        )
    if not all(type(told[key]) is int for key in DEVICE_KEYS):
        raise SettingsError(f"{', '.join(DEVICE_KEYS)} must be whole numbers. Write them anew.")
    if not isinstance(told["prescription"], str) or not all(type(told[flag]) is bool for flag in FLAGS):
        raise SettingsError(f"prescription must be text, {', '.join(FLAGS)} true or false. Write them anew.")
    channels = told["channels"]
    if not isinstance(channels, list) or not 1 <= len(channels) <= CHANNELS_MAX:
        raise SettingsError(f"channels must be a list of 1 to {CHANNELS_MAX} records. Write it anew.")
    if not (told["has_imu"] or told["has_switch"]):
        raise SettingsError(
            "has_imu and has_switch are both false; a leg wears at least one. Write them anew."
        )
    settings = GuardianSettings(
        **{key: told[key] for key in ("device", "prescription", *DEVICE_KEYS, *FLAGS)},
        channels=tuple(_channel(index, one) for index, one in enumerate(channels)),
    )
    _fits(settings)
    return settings


def _fits(settings: GuardianSettings) -> None:
    """SettingsError unless the channels are those of the stimulator that is named."""
    try:
        capability = settings.chosen().capability
    except DeviceError as e:
        raise SettingsError(str(e)) from e
    steps = {one.current_step_ua for one in settings.channels}
    if len(settings.channels) > capability.channels or steps != {capability.current_step_ua}:
        raise SettingsError(
            f"channels are {len(settings.channels)} with steps of {sorted(steps)} uA; a {capability.name} has 1 to "
            f"{capability.channels} with {capability.current_step_ua}. Derive them from a prescription checked for it."
        )


def _channel(index: int, told: object) -> Limits:
    where = f"channels[{index}]"
    if not isinstance(told, dict) or sorted(told) != sorted(Limits._fields):
        raise SettingsError(f"{where} must hold exactly {', '.join(Limits._fields)}. Write it anew.")
    for name, value in told.items():
        if type(value) is not (bool if name == "doublet" else int):
            raise SettingsError(f"{where}: {name} is {value!r}; it must be a whole number. Write it anew.")
        if not 0 <= value < 1 << 30:
            raise SettingsError(f"{where}: {name} is {value}; allowed is 0 to 2**30 - 1. Write it anew.")
    found = Limits(**told)
    if not limits.is_absolute(found):
        raise SettingsError(
            f"{where} goes beyond the absolute limits. Derive it from a checked prescription."
        )
    return found
