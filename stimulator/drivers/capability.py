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

REHAMOVE3 = Capability(
    "RehaMove3",
    4,  # C
    500,  # C: as the P24, whose points it shares
    130_000,  # as the P24; its own field reaches 150 mA
    10,  # C: shorter points become 10 us long
    4095,  # C
    1,
    10,
    100,  # maker's figure: 1 ms per command; users saw answers after the next pulse from 60 Hz on (P), then pulses drop
    28,  # I: as the P24
    0,  # as the P24: silence means no pulse (the mid level's is 2 s)
    15_000,  # C
)

CYCLE_MS = 5  # until our next cycle hears an answer
ANSWER_MIN_MS = 5
ANSWER_MAX_MS = 100  # D: MaxResponseTime


def rehastim2(answer_max_ms: int) -> Capability:
    """Return the record of a RehaStim2 that answers each command within `answer_max_ms`, 5 to 100.

    One pulse waits for the answer to the one before, so the slowest answer sets the rate: at 100 ms, the
    maker's limit, 9 pulses a second, which is less than any prescription needs. Users measured 20 to 100 ms;
    who has measured less on the own device, with the latency timer of the port at 1 ms, may say so here.
    If it then answers later after all, pulses are dropped, never sent late.
    """
    if not ANSWER_MIN_MS <= answer_max_ms <= ANSWER_MAX_MS:
        raise ValueError(
            "answer_max_ms is %d; allowed is 5 to 100. Give what ./swingphase bench-check measured, or leave 100."
            % answer_max_ms
        )
    return Capability(
        "RehaStim2",
        8,  # D
        2_000,  # D: the frame counts 1 mA, the data sheet promises steps of 2 mA
        126_000,  # D: data sheet; the frame reaches 130 mA
        20,  # D
        500,  # D
        1,  # D
        1_000,  # D: the pulse's form is the device's own. Above every gap_us that may be prescribed: only 0 is left
        1000 // (answer_max_ms + CYCLE_MS),
        26,  # D: 10 to 24 ms from a command to its pulse, then two phases of at most 0.5 ms (their pause: I)
        1_200,  # D: without any frame for so long it ends every mode; single pulses need none, silence is no pulse
        15_000,  # assumed as for the P24: the document names no current
    )


REHASTIM2 = rehastim2(ANSWER_MAX_MS)
