"""How a board is wired and worn: `setup.json` on the board, written by `./swingphase board build`, checked here."""

import json
from collections import namedtuple

from firmware_py.axes import LAYOUT, Axes
from firmware_py.profile import Profile
from stimulator.drivers.devices import OUTPUT_STAGE

# board              "rp2", "esp32" or "stage" (an RP2 that is only the output stage of another computer)
# side, place        of the leg and of the IMU;  has_switch  bool
# imu, axes          one of IMUS, three words of `axes`
# wearer, electrodes text that tells profiles apart
# battery_empty_mv, battery_full_mv   0 and 0: nothing measures it
# log_rows           room of the RAM ring, rows of 36 bytes
FIELDS = (
    ("board", str, None),
    ("side", str, "right"),
    ("place", str, "foot"),
    ("has_switch", bool, True),
    ("imu", str, "lsm6dsox"),
    ("axes", list, list(LAYOUT)),
    ("wearer", str, ""),
    ("electrodes", str, ""),
    ("battery_empty_mv", int, 0),
    ("battery_full_mv", int, 0),
    ("log_rows", int, 300),
)
IMUS = ("lsm6dsox", "bmi270")
Setup = namedtuple("Setup", tuple([name for name, _, _ in FIELDS]))
CHOICES = (
    ("board", ("rp2", "esp32", "stage")),
    ("side", ("right", "left")),
    ("place", ("foot", "shank")),
    ("imu", IMUS),
)
RANGES = (
    ("log_rows", 100, 5_000),
    ("battery_empty_mv", 0, 6_000),  # the converter sees half of it, 3.3 V at most
    ("battery_full_mv", 0, 6_500),
)


class SetupError(ValueError):
    """A setup that must not be used; the text says fact, allowed range, next step."""

    is_for_people = True


def read_setup(text: str):
    """Return the Setup in `text` (JSON, one object); SetupError with a sentence unless every field is right."""
    try:
        found = json.loads(text)
    except ValueError as e:
        raise SetupError("setup.json is not JSON. Build the folder again.") from e
    if not isinstance(found, dict):
        raise SetupError("setup.json holds no object. Build the folder again.")
    known = [name for name, _, _ in FIELDS]
    for name in found:
        if name not in known:
            raise SetupError(
                "setup.json has the field %s; known are %s. Remove it." % (name, ", ".join(known))
            )
    values = []
    for name, kind, default in FIELDS:
        value = found.get(name, default)
        if type(value) is not kind:  # a bool is an int, and must not pass for one
            raise SetupError("%s is %r; it must be of the kind %s. Mend it." % (name, value, kind.__name__))
        values.append(value)
    return checked(Setup(*values))


def checked(setup):
    """Return `setup` if it may be used, else raise SetupError."""
    for name, allowed in CHOICES:
        value = getattr(setup, name)
        if value not in allowed:
            raise SetupError("%s is %r; known are %s. Name one of these." % (name, value, ", ".join(allowed)))
    for name, least, most in RANGES:
        value = getattr(setup, name)
        if not least <= value <= most:
            raise SetupError(
                "%s is %d; allowed is %d to %d. Choose a value inside." % (name, value, least, most)
            )
    if setup.battery_full_mv and setup.battery_full_mv - setup.battery_empty_mv < 100:
        raise SetupError(
            "battery_full_mv is %d; it must lie at least 100 above battery_empty_mv (%d). Read them off the battery's "
            "data sheet, or set both to 0." % (setup.battery_full_mv, setup.battery_empty_mv)
        )
    try:
        Axes(setup.axes)
    except ValueError as e:
        raise SetupError(str(e)) from e
    return setup


def profile_of(setup):
    """Return the Profile of `firmware_py.profile` that this setup is."""
    return Profile(setup.wearer, setup.side, setup.place, setup.has_switch, OUTPUT_STAGE, setup.electrodes)
