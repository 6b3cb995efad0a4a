"""States of the ScienceMode 2 driver: what each does, what is said in it, and where each event leads."""

from stimulator.drivers import sciencemode2_codec as codec
from stimulator.drivers.one_pulse import OFF, Table

WAIT_INIT = 1
ACCEPT = 2
ASK_MODE = 3
READY = 4
STOPPING = 5
FAULT = 6
STATE_NAMES = (
    "off",  # power-on; writes nothing, so the device stops by itself after 1.2 s; start leads on
    "waiting for the device to begin",  # silent: a device left in an earlier session first times out
    "accepting the device",  # InitAck is written; it has no answer
    "asking for the mode",  # must be "start": no list prepared, none running
    "ready",  # the only state in which pulses can be encoded; a watchdog when nothing else was said
    "stopping",  # StopChannelListMode is written; leaves to off when it is confirmed
    "fault",  # one StopChannelListMode, then silence; leaves only by clear_fault
)

EVENT_INIT = 4
EVENT_DONE = 5

# fmt: off
NEXT = (  # NEXT[state][event]; what cannot happen leads to FAULT
    # start     stop      clear      fail   init      done
    (WAIT_INIT, OFF,      OFF,       FAULT, FAULT,    FAULT),     # OFF
    (WAIT_INIT, OFF,      WAIT_INIT, FAULT, ACCEPT,   FAULT),     # WAIT_INIT
    (ACCEPT,    OFF,      ACCEPT,    FAULT, ACCEPT,   ASK_MODE),  # ACCEPT
    (ASK_MODE,  OFF,      ASK_MODE,  FAULT, ASK_MODE, READY),     # ASK_MODE: an Init that crossed our answer
    (READY,     STOPPING, READY,     FAULT, FAULT,    FAULT),     # READY: an Init means it has restarted
    (STOPPING,  STOPPING, STOPPING,  FAULT, OFF,      OFF),       # STOPPING: restarted is as good as stopped
    (FAULT,     FAULT,    OFF,       FAULT, FAULT,    FAULT),     # FAULT
)
# Per state: the command sent on entering (-1 none), data bytes of its answer, time allowed until what is awaited
# (0: nothing), tries.
# The maker allows 100 ms for an answer; 20 more are for the cable and our own cycle.
# Init comes at the latest after the device's own time-out of 1.2 s and one of its periods of 0.5 s.
ANSWER_MAX_US = 120_000
INIT_MAX_US = 2_000_000
COMMANDS = (
    (-1, 0, 0, 0),
    (-1, 1, INIT_MAX_US, 1),
    (codec.INIT_ACK, 0, 0, 1),
    (codec.GET_STIMULATION_MODE, 2, ANSWER_MAX_US, 2),
    (-1, 0, 0, 0),
    (codec.STOP_CHANNEL_LIST, 1, ANSWER_MAX_US, 1),
    (codec.STOP_CHANNEL_LIST, 1, 0, 1),
)
# fmt: on

TABLE = Table(READY, STOPPING, FAULT, NEXT, COMMANDS)
