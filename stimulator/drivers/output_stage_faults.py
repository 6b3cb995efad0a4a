"""Why the output stage's driver stopped, in sentences for people; the numbers stand in `faults`."""

from stimulator.drivers import faults
from stimulator.drivers import output_stage_codec as codec

_FREE = "Free: this protocol has no such cause. If you read it, report it with the log."

# One sentence per cause, for the engineer and the log: fact, allowed range, next step.
FAULTS = (
    "No fault.",
    "The stage is gone (unplugged, or its port closed). Plug it in, reopen the port, clear, start.",
    (
        "No answer to a command within 100 ms (200 ms for enable and disable). Check that this port is the stage, "
        "that it has power, and that its program runs."
    ),
    "A pulse was not answered within 100 ms; whether it ran is unknown. Look at the cable, clear and start.",
    "An answer arrived damaged (checksum) and no whole one within the time allowed. Look at the cable.",
    "Disable was not confirmed within 200 ms. Take the stage's supply away, then look at the cable.",
    (
        "An answer arrived to nothing that was asked (command + 1 and packet number must both match). See "
        "last_command; make sure that no other program uses the port."
    ),
    _FREE,
    (
        "The pulse program gave another pulse than was asked for. Do not use the stage: something overwrites its "
        "words or its program."
    ),
    _FREE,
    "Result 2: the stage refused the pulse's numbers. Compare its version with this program's.",
    "Result 7: the stage is not enabled; it may have restarted. Check its supply, then clear and start.",
    "Result 8: the stage's high voltage is missing or too low. Check its supply, then clear and start.",
    _FREE,
    "Result 21: a pulse still waited in the stage. Lower the pulse rate: 100 a second on all outputs together.",
    "Result 28: the current did not flow as asked. Check pads, gel and leads, then the stage's supply.",
    _FREE,
    "A result that is not in the list, see last_result. Compare the stage's version with this program's.",
    (
        "The stage has another pulse program than the one that was tested here. Load the boards' files anew, then "
        "start."
    ),
    (
        "The stage speaks another version of these frames, see protocol_major; this driver speaks 1. Load the boards' "
        "files anew, then start."
    ),
    (
        "The driver was used out of order (a pulse written that was not encoded, or an event its state does not "
        "allow). This is an error in our program; report it with the log."
    ),
)

_BY_RESULT = (
    (codec.RESULT_PARAMETER, faults.FAULT_PARAMETER),
    (codec.RESULT_NOT_ENABLED, faults.FAULT_NOT_INITIALISED),
    (codec.RESULT_SUPPLY, faults.FAULT_HIGH_VOLTAGE),
    (codec.RESULT_BUSY, faults.FAULT_BUSY),
    (codec.RESULT_LOW_CURRENT, faults.FAULT_LOW_CURRENT),
)


def fault_of_result(result: int) -> int:
    """Return the cause for a result other than 0."""
    for known, fault in _BY_RESULT:
        if known == result:
            return fault
    return faults.FAULT_UNKNOWN_RESULT
