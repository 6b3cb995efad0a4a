"""What a central finds on the device, as data: services, characteristics, and who may touch them.

A server (bumble, BlueZ, NimBLE) builds its table from this one and decides nothing by itself. Handles are given
in this order and only ever appended to: phones and laptops remember them.
"""

from collections import namedtuple

# Properties, with the bits of the Bluetooth specification.
READ = 0x02
WRITE = 0x08  # with response, always: there is no write without one
NOTIFY = 0x10
INDICATE = 0x20

# key            what the session calls it
# is_secure      reading, writing and subscribing need LE Secure Connections with a passkey or comparison
# value_max_n    longest value, bytes
Characteristic = namedtuple(
    "Characteristic", ("key", "uuid", "properties", "is_secure", "value_max_n", "help")
)
Service = namedtuple("Service", ("uuid", "help", "characteristics"))

VALUE_MAX_N = 512  # of any characteristic, by the specification

INFO = 1
CONTROL = 2
STAGE = 3
ACTIVE = 4
COMMITTED = 5
STATUS = 6
TELEMETRY = 7
LOG = 8
MAKER = 9
MODEL = 10
FIRMWARE = 11
BATTERY = 12
RSC_MEASUREMENT = 13
RSC_FEATURE = 14
OPEN_TELEMETRY = 15


def ours(short: int) -> str:
    """Return our 128-bit UUID number `short`."""
    return "07f6%04x-91ae-4bb3-a434-f6296fe7ab65" % short


def assigned(short: int) -> str:
    """Return the full form of a 16-bit UUID of the Bluetooth SIG."""
    return "0000%04x-0000-1000-8000-00805f9b34fb" % short


SERVICE_UUID = ours(0x0001)  # what a client looks for
READ_ONLY_UUID = ours(0x0002)  # of a board that cannot bond

SWINGPHASE = Service(
    SERVICE_UUID,
    "The device.",
    (
        Characteristic(
            INFO, ours(0x0101), READ, False, 32, "Which schema, what it can do. No data of therapy."
        ),
        Characteristic(
            CONTROL,
            ours(0x0102),
            WRITE | INDICATE,
            True,
            VALUE_MAX_N,
            "One operation at a time; its answer and events come as indications.",
        ),
        Characteristic(STAGE, ours(0x0103), WRITE, True, VALUE_MAX_N, "Pieces of a new prescription."),
        Characteristic(ACTIVE, ours(0x0104), READ, True, VALUE_MAX_N, "The prescription that runs."),
        Characteristic(
            COMMITTED, ours(0x0105), READ, True, VALUE_MAX_N, "The prescription that was confirmed."
        ),
        Characteristic(STATUS, ours(0x0106), READ | NOTIFY, True, 96, "How device and session stand."),
        Characteristic(TELEMETRY, ours(0x0107), NOTIFY, True, VALUE_MAX_N, "The foot, 100 times a second."),
        Characteristic(LOG, ours(0x0108), NOTIFY, True, VALUE_MAX_N, "Records of the black box."),
    ),
)
DEVICE_INFORMATION = Service(
    assigned(0x180A),
    "Device Information.",
    (
        Characteristic(MAKER, assigned(0x2A29), READ, False, 32, "Maker."),
        Characteristic(MODEL, assigned(0x2A24), READ, False, 32, "Model: stimulator and kind of device."),
        Characteristic(FIRMWARE, assigned(0x2A26), READ, False, 32, "Version of the firmware."),
    ),
)
# Open, because operating systems read it by themselves and would ask for pairing in the middle of nothing.
BATTERY_SERVICE = Service(
    assigned(0x180F),
    "Battery.",
    (Characteristic(BATTERY, assigned(0x2A19), READ, False, 1, "Charge in per cent, if known."),),
)
# Off unless asked for. For paired phones only: a stranger would hold the one connection and be dropped after 20 s.
RUNNING = Service(
    assigned(0x1814),
    "Running Speed and Cadence, if switched on.",
    (
        Characteristic(
            RSC_MEASUREMENT, assigned(0x2A53), NOTIFY, True, 4, "Strides a minute; speed is not measured."
        ),
        Characteristic(RSC_FEATURE, assigned(0x2A54), READ, True, 2, "No optional feature."),
    ),
)
READ_ONLY = Service(
    READ_ONLY_UUID,
    "A board that cannot bond: nothing can be written, and telemetry is not secret.",
    (
        Characteristic(
            INFO, ours(0x0101), READ, False, 32, "Which schema, what it can do. No data of therapy."
        ),
        Characteristic(
            OPEN_TELEMETRY, ours(0x0109), NOTIFY, False, VALUE_MAX_N, "The foot, 100 times a second."
        ),
    ),
)

STANDARD = (SWINGPHASE, DEVICE_INFORMATION, BATTERY_SERVICE)


def table(has_running: bool = False, can_bond: bool = True):
    """Return the services of a device: all of them, or what may be shown by a board that cannot bond."""
    if not can_bond:
        return (READ_ONLY, DEVICE_INFORMATION)
    if has_running:
        return (SWINGPHASE, DEVICE_INFORMATION, BATTERY_SERVICE, RUNNING)
    return STANDARD
