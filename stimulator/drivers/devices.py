"""The one list of stimulators: who is called what, what each can do, its driver, its check, its port.

    device = choose("rehastim2", answer_max_ms=20)     # DeviceError with a sentence if that must not be used
    driver, check = make_driver(device), make_check(device)

A driver is imported only when it is made, so that a board carries none but its own.
"""

from collections import namedtuple

from stimulator.drivers import capability

P24 = "p24"
REHAMOVE3 = "rehamove3"
REHASTIM2 = "rehastim2"
OUTPUT_STAGE = "output_stage"
NAMES = (P24, REHAMOVE3, REHASTIM2, OUTPUT_STAGE)

TAIL_MAX_MS = 100  # current after the computer died; more needs a key of its own in the configuration
TAIL_ABS_MS = 2_000

# name            one of NAMES
# capability      of stimulator.drivers.capability
# port            settings of its serial port
# answer_max_ms   int, slowest answer as it was measured, 0 if the capability does not depend on it
Device = namedtuple("Device", ("name", "capability", "port", "answer_max_ms"))

# baudrate, parity ("N" or "E"), stop bits, and whether RTS and CTS are used. USB CDC ignores all of it, an FTDI chip
# does not.
PortSettings = namedtuple("PortSettings", ("baudrate", "parity", "stop_bits", "has_rtscts"))
SCIENCEMODE4_PORT = PortSettings(3_000_000, "N", 2, True)
SCIENCEMODE2_PORT = PortSettings(460_800, "E", 1, False)
STAGE_PORT = PortSettings(115_200, "N", 1, False)  # USB CDC; on the board itself there is no port to open


class DeviceError(ValueError):
    """A stimulator that must not be used like this; the text says fact, allowed range, next step."""

    is_for_people = True


def choose(
    name: str,
    *,
    answer_max_ms: int = 0,
    allow_host_death_tail_ms: int = TAIL_MAX_MS,
    channel_list: bool = False,
):
    """Return the Device called `name`; DeviceError with a sentence if it must not be used like this.

    The keywords are keys of the configuration.
    answer_max_ms              int, only for a RehaStim2: its slowest answer as `./swingphase bench-check` measured
                               it, 5 to 100; 0 is 100, the maker's limit
    allow_host_death_tail_ms   int, current may flow for so long after this computer died, 100 to 2000
    channel_list               bool, must be False: see the sentence
    """
    if name not in NAMES:
        raise DeviceError("device is %r; known are %s. Name one of these." % (name, ", ".join(NAMES)))
    if channel_list:
        raise DeviceError(
            "channel_list is true; it must be false. With the channel list a RehaStim2 repeats pulses by itself and "
            "goes on for up to 1200 ms after this computer died, so Swingphase does not use it. Remove the key; "
            "docs/stimulators.md says which prescriptions one pulse per command can do."
        )
    if answer_max_ms and name != REHASTIM2:
        raise DeviceError(
            "answer_max_ms is %d; only a rehastim2 needs it, and the device is %s. Remove the key."
            % (answer_max_ms, name)
        )
    port = SCIENCEMODE4_PORT
    if name == P24:
        found = capability.P24
    elif name == REHAMOVE3:
        found = capability.REHAMOVE3
    elif name == OUTPUT_STAGE:
        port = STAGE_PORT
        found = capability.OUTPUT_STAGE
    else:
        port = SCIENCEMODE2_PORT
        try:
            found = capability.rehastim2(answer_max_ms or capability.ANSWER_MAX_MS)
        except ValueError as e:
            raise DeviceError(str(e)) from e
    check_tail(found, allow_host_death_tail_ms)
    return Device(name, found, port, answer_max_ms)


def check_tail(found, allow_host_death_tail_ms: int = TAIL_MAX_MS) -> None:
    """DeviceError if current may flow for longer than is allowed after this computer died."""
    if not TAIL_MAX_MS <= allow_host_death_tail_ms <= TAIL_ABS_MS:
        raise DeviceError(
            "allow_host_death_tail_ms is %d; allowed is %d to %d. Choose a value inside, or remove the key."
            % (allow_host_death_tail_ms, TAIL_MAX_MS, TAIL_ABS_MS)
        )
    tail_ms = found.host_death_tail_ms
    if tail_ms > TAIL_MAX_MS and found.own_timeout_ms == 0:
        raise DeviceError(
            "%s goes on without this computer and has no time-out of its own. It cannot be used like this; "
            "choose one pulse per command." % found.name
        )
    if tail_ms > allow_host_death_tail_ms:
        raise DeviceError(
            "%s may go on for %d ms after this computer died; allowed is 0 to %d. If a person who knows the danger "
            "wants that, set allow_host_death_tail_ms to %d."
            % (found.name, tail_ms, allow_host_death_tail_ms, tail_ms)
        )


def tail_sentence(found) -> str:
    """Return what a person must be told at each arming, "" if current ends within 100 ms of this computer's death."""
    if found.host_death_tail_ms <= TAIL_MAX_MS:
        return ""
    return (
        "If this computer dies, %s may go on for %d ms (allow_host_death_tail_ms). Keep its own stop in your hand."
        % (found.name, found.host_death_tail_ms)
    )


def make_driver(device):
    """Return a new driver, a `one_pulse.OnePulseDriver`."""
    if device.name == REHASTIM2:
        from stimulator.drivers.sciencemode2 import ScienceMode2

        return ScienceMode2(device.capability)
    if device.name == OUTPUT_STAGE:
        from stimulator.drivers.output_stage import OutputStage

        return OutputStage()
    from stimulator.drivers.sciencemode4 import P24_PROFILE, REHAMOVE3_PROFILE, ScienceMode4

    return ScienceMode4(P24_PROFILE if device.name == P24 else REHAMOVE3_PROFILE)


def make_check(device):
    """Return the separate decoder of finished frames that belongs to the driver."""
    if device.name == REHASTIM2:
        from stimulator.drivers.sciencemode2_check import FrameCheck

        return FrameCheck()
    if device.name == OUTPUT_STAGE:
        from stimulator.drivers.output_stage_check import FrameCheck

        return FrameCheck()
    from stimulator.drivers.sciencemode4_check import FrameCheck, RehaMove3Check

    return FrameCheck() if device.name == P24 else RehaMove3Check()
