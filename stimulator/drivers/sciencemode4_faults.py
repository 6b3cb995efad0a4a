"""Why the ScienceMode 4 driver stopped, in sentences for people; the numbers stand in `faults`."""

from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_codec as codec

# One sentence per cause, for the engineer and the log: fact, allowed range, next step. What the wearer is told
# stands in safety/words.toml.
FAULTS = (
    "No fault.",
    "The port is gone (unplugged, or the system closed it). Plug in, reopen the port, clear, start.",
    (
        "No answer to a command while connecting; 100 ms are allowed (200 ms for init and stop). Check "
        "that this port is the stimulator and that its power supply is strong enough."
    ),
    (
        "A pulse was not answered within 100 ms; whether it ran is unknown. Look at the cable and the "
        "load of the USB hub, then clear and start."
    ),
    (
        "An answer arrived damaged (length or checksum) and no whole one within the time allowed. Look "
        "at the cable and the hub."
    ),
    (
        "ll_stop was not confirmed within 200 ms. Switch the stimulator off at its own switch, then look "
        "at the cable."
    ),
    (
        "A frame arrived that answers nothing we asked (command + 1 and packet number must both match). "
        "See last_command; make sure that no other program uses the port."
    ),
    (
        "An answer has fewer or more data bytes than the protocol prescribes. Compare the firmware with "
        "the protocol and report the frame."
    ),
    ("The answer to a pulse names another channel than the pulse. Report it with the log of the frames."),
    "Result 1: the stimulator received a damaged frame. Look at the cable and the hub.",
    ("Result 2: the stimulator refused the pulse's parameters. Compare the prescription with its limits."),
    (
        "Result 7: not initialised, or another level is active; the stimulator may have restarted. Check "
        "its power supply (up to 2.4 A), then clear and start."
    ),
    "Result 8: the stimulator's high voltage failed. Restart it; if it returns, have it serviced.",
    "Result 10: electrode error, see error_channel. Check pads, gel and leads with 15 mA or more.",
    "Result 21: the stimulator is busy. Lower the pulse rate; one command may take up to 15 ms.",
    "Result 28: the current was lower than asked. Check pads, gel and leads.",
    "Another result of the device's list, see last_result. Look it up, then restart the device.",
    "A result that is not in the device's list, see last_result. Compare the firmware.",
    ("get_stim_status answered with a status that is not 0 to 3. Compare the firmware with the protocol."),
    (
        "The device speaks another protocol version: a P24 speaks 4, a RehaMove3 3, see protocol_major (0: it did "
        "not understand the question). Name the device that is connected."
    ),
    (
        "The driver was used out of order (a pulse written that was not encoded, or an event its state "
        "does not allow). This is an error in our program; report it with the log."
    ),
)

# The device's results that have a cause of their own; another known one is faults.FAULT_DEVICE_ERROR.
_BY_RESULT = (
    (codec.RESULT_TRANSFER, faults.FAULT_TRANSFER),
    (codec.RESULT_PARAMETER, faults.FAULT_PARAMETER),
    (codec.RESULT_NOT_INITIALISED, faults.FAULT_NOT_INITIALISED),
    (codec.RESULT_HIGH_VOLTAGE, faults.FAULT_HIGH_VOLTAGE),
    (codec.RESULT_ELECTRODE, faults.FAULT_ELECTRODE),
    (codec.RESULT_BUSY, faults.FAULT_BUSY),
    (codec.RESULT_LOW_CURRENT, faults.FAULT_LOW_CURRENT),
)


def fault_of_result(result: int) -> int:
    """Return the cause for a device result other than 0."""
    for known, fault in _BY_RESULT:
        if known == result:
            return fault
    return faults.FAULT_DEVICE_ERROR if 0 < result <= codec.RESULT_MAX else faults.FAULT_UNKNOWN_RESULT
