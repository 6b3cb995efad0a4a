"""What a stimulator can do: the planner and the validator refuse what does not fit, instead of clamping.

Tags: D maker's document, C maker's library, P third party, I our inference. None was measured by us.
"""

from collections import namedtuple

# name                        str
# channels                    int, outputs, numbered from 0
# current_step_ua, current_max_ua          uA per phase
# width_min_us, width_max_us, width_step_us   us per phase
# has_gap_none                bool, whether the second phase may follow at once
# gap_min_us, gap_max_us, gap_step_us      pause between the phases other than none, us; 0 and 0: no other
# shape_max                   int, largest n of a second phase n times longer and weaker; 1: equal phases only
# has_polarity                bool, whether the negative phase may lead
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
        "has_gap_none",
        "gap_min_us",
        "gap_max_us",
        "gap_step_us",
        "shape_max",
        "has_polarity",
        "commands_per_s_max",
        "host_death_tail_ms",
        "own_timeout_ms",
        "reports_electrode_from_ua",
    ),
)

P24 = Capability(
    name="P24",
    channels=8,  # D: 4 on the yellow and 4 on the green connector
    current_step_ua=500,  # D: the current field counts 0.5 mA
    current_max_ua=130_000,  # C: the library refuses more, although the field reaches 150 mA
    width_min_us=10,  # D: shorter points become 10 us long
    width_max_us=4095,  # D: 12-bit field
    width_step_us=1,  # D
    has_gap_none=True,  # D: one point less
    gap_min_us=10,  # D: as for the width
    gap_max_us=4095,
    gap_step_us=1,
    shape_max=4,  # our codec's; the device takes any list of points
    has_polarity=True,
    # P: users measured 5 to 15 ms per command, 10 on average; slower answers drop pulses, and say so.
    commands_per_s_max=100,
    host_death_tail_ms=28,  # I: one command on its way, 15 ms (P), and its pulse, at most 3 x 4.095 ms (D)
    own_timeout_ms=0,  # D: the low level has none and needs none, silence means no pulse (the mid level's is 2 s)
    reports_electrode_from_ua=15_000,  # C: comment in the library
)

REHAMOVE3 = Capability(
    name="RehaMove3",
    channels=4,  # C
    current_step_ua=500,  # C: as the P24, whose points it shares
    current_max_ua=130_000,  # as the P24; its own field reaches 150 mA
    width_min_us=10,  # C: shorter points become 10 us long
    width_max_us=4095,  # C
    width_step_us=1,
    has_gap_none=True,
    gap_min_us=10,
    gap_max_us=4095,
    gap_step_us=1,
    shape_max=4,
    has_polarity=True,
    # D: 1 ms per command; users saw answers after the next pulse from 60 Hz on (P): pulses are dropped then.
    commands_per_s_max=100,
    host_death_tail_ms=28,  # I: as the P24
    own_timeout_ms=0,  # as the P24
    reports_electrode_from_ua=15_000,  # C
)

OUTPUT_STAGE = Capability(
    name="output stage",
    channels=4,  # two select lines
    current_step_ua=500,  # the codec's, like the maximum; what supply and sense resistor do, bench-check shows
    current_max_ua=100_000,
    width_min_us=6,  # this and what follows: `output_stage.pio`, shown cycle by cycle
    width_max_us=450,
    width_step_us=1,
    has_gap_none=False,
    gap_min_us=20,
    gap_max_us=330,
    gap_step_us=10,
    shape_max=1,
    has_polarity=False,
    commands_per_s_max=100,  # at most 9446 us from the begin of a pulse to the next
    host_death_tail_ms=10,  # one word may wait while the program rests (8.2 ms), then its pulse (1.3 ms)
    own_timeout_ms=0,  # no word, no pulse
    reports_electrode_from_ua=5_000,  # its comparator; what a maker builds decides (docs/stimulators.md)
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
        name="RehaStim2",
        channels=8,  # D
        current_step_ua=2_000,  # D: the frame counts 1 mA, the data sheet promises steps of 2 mA
        current_max_ua=126_000,  # D: data sheet; the frame reaches 130 mA
        width_min_us=20,  # D
        width_max_us=500,  # D
        width_step_us=1,  # D
        has_gap_none=True,  # D: the pulse's form is the device's own, no frame can ask for another
        gap_min_us=0,
        gap_max_us=0,
        gap_step_us=1,
        shape_max=1,
        has_polarity=False,
        commands_per_s_max=1000 // (answer_max_ms + CYCLE_MS),
        # D: 10 to 24 ms from a command to its pulse, then two phases of at most 0.5 ms (their pause: I).
        host_death_tail_ms=26,
        # D: without any frame for so long it ends every mode; single pulses need none, silence is no pulse.
        own_timeout_ms=1_200,
        reports_electrode_from_ua=15_000,  # assumed as for the P24: the document names no current
    )


REHASTIM2 = rehastim2(ANSWER_MAX_MS)
