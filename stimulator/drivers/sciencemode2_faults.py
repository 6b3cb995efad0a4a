"""Why the ScienceMode 2 driver stopped, in sentences for people; the numbers stand in `faults`.

Numbers 8 and 15 stay free: no answer of this protocol names a channel, or a current that was lower than asked.
"""

from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_codec as codec

_FREE = "Free: this protocol has no such cause. If you read it, report it with the log."

# One sentence per cause, for the engineer and the log: fact, allowed range, next step.
FAULTS = (
    "No fault.",
    "The port is gone (unplugged, or the system closed it). Plug in, reopen the port, clear, start.",
    (
        "No Init within 2 s, or no answer to a command within 120 ms. Check that this port is the "
        "stimulator, that it is switched on and in ScienceMode, and that no other program uses it."
    ),
    (
        "A pulse was not answered within 120 ms; whether it ran is unknown. Set the port's latency timer "
        "to 1 ms, look at the cable, then clear and start."
    ),
    (
        "An answer arrived damaged (length or checksum) and no whole one within the time allowed. Look "
        "at the cable and the hub, and that the port runs with even parity."
    ),
    (
        "StopChannelListMode was not confirmed within 120 ms. Press the stimulator's own stop, then look "
        "at the cable."
    ),
    (
        "A frame arrived that answers nothing we asked (command + 1 and packet number must both match). "
        "See last_command; make sure that no other program uses the port."
    ),
    (
        "An answer has fewer or more data bytes than the protocol prescribes. Compare the firmware with "
        "ScienceMode 2 and report the frame."
    ),
    _FREE,
    "Result -1: the stimulator received a damaged frame. Look at the cable and the hub.",
    "Result -2: the stimulator refused the pulse's parameters. Compare the prescription with its limits.",
    "Result -3: the stimulator is in another mode, so another program may use it. Close that, then start.",
    "Error -3: the stimulator's output module failed. Restart it; if it returns, have it serviced.",
    "Error -2: electrode error, see error_channel. Check pads, gel and leads.",
    "Result -8: the stimulator is busy. Lower the pulse rate; one command may take up to 100 ms.",
    _FREE,
    "The stimulator does not know a command of ours, see last_result for its number. Compare the firmware.",
    "A result or error that is not in the protocol's list, see last_result. Compare the firmware.",
    "After Init the stimulator says that its channel list is in use. Switch it off and on, then start.",
    (
        "The device speaks another protocol version, see protocol_major; this driver speaks 1. Choose "
        "the driver that fits the device."
    ),
    (
        "The driver was used out of order (a pulse written that was not encoded, or an event its state "
        "does not allow). This is an error in our program; report it with the log."
    ),
    "Error -1: the quick stop is pressed or not plugged in. Release it or plug it in, then clear and start.",
    (
        "The stimulator began anew (Init) in the middle of a session: it lost its power, or heard nothing "
        "for 1.2 s. Check its power supply and the load of this computer, then clear and start."
    ),
)

_BY_RESULT = (
    (codec.RESULT_TRANSFER, faults.FAULT_TRANSFER),
    (codec.RESULT_PARAMETER, faults.FAULT_PARAMETER),
    (codec.RESULT_WRONG_MODE, faults.FAULT_NOT_INITIALISED),
    (codec.RESULT_BUSY, faults.FAULT_BUSY),
)
_BY_ERROR = (
    (codec.ERROR_QUICK_STOP, faults.FAULT_QUICK_STOP),
    (codec.ERROR_ELECTRODE, faults.FAULT_ELECTRODE),
    (codec.ERROR_MODULE, faults.FAULT_HIGH_VOLTAGE),
)


def fault_of_result(result: int) -> int:
    """Return the cause for the result of an answer, other than 0."""
    for known, fault in _BY_RESULT:
        if known == result:
            return fault
    return faults.FAULT_UNKNOWN_RESULT


def fault_of_error(error: int) -> int:
    """Return the cause for the number in a StimulationError."""
    for known, fault in _BY_ERROR:
        if known == error:
            return fault
    return faults.FAULT_UNKNOWN_RESULT
