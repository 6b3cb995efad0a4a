"""States of the ScienceMode 4 driver: what each does, what is said in it, and where each event leads."""

from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.one_pulse import OFF, Table

ASK_STATUS = 1
STOP_LOW = 2
STOP_MID = 3
ASK_ID = 4
ASK_VERSION = 5
INIT = 6
READY = 7
STOPPING = 8
FAULT = 9
STATE_NAMES = (
    "off",  # power-on; writes nothing; start leads on
    "asking what is active",  # frames left over from an earlier session are ignored here
    "stopping the low level that was active",
    "stopping the mid level that was active",
    "asking for the device's name",
    "asking for the protocol version",
    "switching the low level on",  # high voltage comes on, no current flows
    "ready",  # the only state in which pulses can be encoded
    "stopping",  # ll_stop is written; leaves to off when it is confirmed
    "fault",  # one ll_stop, then silence; leaves only by clear_fault
)

EVENT_NOTHING_ACTIVE = 4
EVENT_LOW_ACTIVE = 5
EVENT_MID_ACTIVE = 6
EVENT_DONE = 7

# fmt: off
NEXT = (  # NEXT[state][event]; what cannot happen leads to FAULT
    # start       stop      clear        fail   nothing  low       mid       done
    (ASK_STATUS,  OFF,      OFF,         FAULT, FAULT,   FAULT,    FAULT,    FAULT),        # OFF
    (ASK_STATUS,  OFF,      ASK_STATUS,  FAULT, ASK_ID,  STOP_LOW, STOP_MID, FAULT),        # ASK_STATUS
    (STOP_LOW,    STOPPING, STOP_LOW,    FAULT, FAULT,   FAULT,    FAULT,    ASK_ID),       # STOP_LOW
    (STOP_MID,    OFF,      STOP_MID,    FAULT, FAULT,   FAULT,    FAULT,    ASK_ID),       # STOP_MID
    (ASK_ID,      OFF,      ASK_ID,      FAULT, FAULT,   FAULT,    FAULT,    ASK_VERSION),  # ASK_ID
    (ASK_VERSION, OFF,      ASK_VERSION, FAULT, FAULT,   FAULT,    FAULT,    INIT),         # ASK_VERSION
    (INIT,        STOPPING, INIT,        FAULT, FAULT,   FAULT,    FAULT,    READY),        # INIT
    (READY,       STOPPING, READY,       FAULT, FAULT,   FAULT,    FAULT,    FAULT),        # READY
    (STOPPING,    STOPPING, STOPPING,    FAULT, FAULT,   FAULT,    FAULT,    OFF),          # STOPPING
    (FAULT,       FAULT,    OFF,         FAULT, FAULT,   FAULT,    FAULT,    FAULT),        # FAULT
)
# Per state: the command sent on entering (-1 none), data bytes of its answer, time allowed, tries.
# ll_init and the stops switch the high voltage, which takes 40 ms; they are never repeated.
COMMANDS = (
    (-1, 0, 0, 0),
    (codec.GET_STIM_STATUS, 3, 100_000, 2),
    (codec.LL_STOP, 1, 200_000, 1),
    (codec.ML_STOP, 1, 200_000, 1),
    (codec.GET_DEVICE_ID, 11, 100_000, 2),
    (codec.GET_EXTENDED_VERSION, 13, 100_000, 2),
    (codec.LL_INIT, 1, 200_000, 1),
    (-1, 0, 0, 0),
    (codec.LL_STOP, 1, 200_000, 1),
    (codec.LL_STOP, 1, 0, 1),
)
# fmt: on

TABLE = Table(READY, STOPPING, FAULT, NEXT, COMMANDS)

# A RehaMove3 has no get_extended_version; its get_version_main says firmware and protocol. Its answer to ll_init
# has 50 characters more, of a part that was never sold.
COMMANDS_REHAMOVE3 = (
    COMMANDS[:ASK_VERSION]
    + ((codec.GET_VERSION_MAIN, 7, 100_000, 2), (codec.LL_INIT, 51, 200_000, 1))
    + COMMANDS[READY:]
)
TABLE_REHAMOVE3 = Table(READY, STOPPING, FAULT, NEXT, COMMANDS_REHAMOVE3)
