"""What a stimulator can do: the planner and the validator refuse what does not fit, instead of clamping.

Tags: D maker's document, C maker's library, P third party, I our inference. None was measured by us.
"""

from collections import namedtuple

# name                        str
# channels                    int, outputs, numbered from 0
# current_step_ua, current_max_ua          uA per phase
# width_min_us, width_max_us, width_step_us   us per phase
# gap_min_us                  shortest pause between the phases other than none, us
# commands_per_s_max          pulses per second over all channels together, one unacknowledged at most
# host_death_tail_ms          longest time in which current can still flow after the host stopped
# own_timeout_ms              the device's own time-out in the mode we use, 0 if it has none
# reports_electrode_from_ua   current from which an open electrode is reported, uA; 0 if never
Capability = namedtuple(
    "Capability",
    (
        "name",
        "channels",
        "current_step_ua",
        "current_max_ua",
        "width_min_us",
        "width_max_us",
        "width_step_us",
        "gap_min_us",
        "commands_per_s_max",
        "host_death_tail_ms",
        "own_timeout_ms",
        "reports_electrode_from_ua",
    ),
)

P24 = Capability(
    "P24",
    8,  # D: 4 on the yellow and 4 on the green connector
    500,  # D: the current field counts 0.5 mA
    130_000,  # C: the library refuses more, although the field reaches 150 mA
    10,  # D: shorter points become 10 us long
    4095,  # D: 12-bit field
    1,  # D
    10,  # D: as for the width; no pause at all is one point less
    100,  # P: users measured 5 to 15 ms per command, 10 on average; slower answers drop pulses, and say so
    28,  # I: one command on its way, 15 ms (P), and its pulse, at most 3 x 4.095 ms (D)
    0,  # D: the low level has none and needs none, silence means no pulse (the mid level's is 2 s)
    15_000,  # C: comment in the library
)
