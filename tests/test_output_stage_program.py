"""The pulse program of the output stage: whatever word it is given, phases are short, equal, apart and rare.

Limits are restated here. Run cycle by cycle in our emulator; another emulator sees the same edges.
"""

import random
from collections import deque
from itertools import pairwise

import pytest
from pioemu import State, emulate

from hw_sim.emulators.pio import FIFO_MAX, PioError, StateMachine
from stimulator.drivers import output_stage_program as program
from tests.house import REPO
from tests.pio_assembler import assemble

TEXT = (REPO / "stimulator/drivers/output_stage.pio").read_text()
PHASE_MIN_US, PHASE_MAX_US = 6, 450
PAUSE_MIN_US, PAUSE_MAX_US = 20, 330
REST_US = 8216
SIDE_A, SIDE_B = 1, 2


def word(output=0, pause=8, coarse=98, fine=0):
    return output | pause << 2 | coarse << 7 | fine << 14


def machine():
    return StateMachine(
        program.OPCODES,
        wrap_target=program.WRAP_TARGET,
        wrap=program.WRAP,
        set_pins=program.SET_PINS,
        out_pins=program.OUT_PINS,
    )


def spans(edges, clock):
    """Return (begin, end, sides, output) for each time in which the pins stood still."""
    stood = [(0, 0), *edges, (clock, 0)]
    return [(a, b, pins & 3, pins >> 2) for (a, pins), (b, _) in pairwise(stood) if b > a]


def pulses(edges, clock):
    """Return (begin, phase A, pause, phase B, output) of each pulse; fails on anything else than A, pause, B."""
    found = []
    for span in spans(edges, clock):
        begin, end, sides, output = span
        assert sides != SIDE_A | SIDE_B, "both sides on"
        if sides == SIDE_A:
            found.append([begin, end - begin, None, None, output])
        elif sides == SIDE_B:
            assert found, "side B first"
            assert found[-1][3] is None, "side B twice"
            found[-1][2] = begin - found[-1][0] - found[-1][1]
            found[-1][3] = end - begin
            assert found[-1][4] == output, "the output changed inside a pulse"
    assert all(p[3] is not None for p in found), "a pulse without its second phase"
    return [tuple(p) for p in found]


def run(*words, cycles=None):
    m = machine()
    for one in words:
        assert m.put(one)
    m.run_until(cycles or 12_000 * (len(words) + 1))
    return pulses(m.edges, m.clock)


def test_opcodes_are_what_the_text_assembles_to():
    opcodes, wrap_target, wrap = assemble(TEXT)
    assert tuple(opcodes) == program.OPCODES
    assert (wrap_target, wrap) == (program.WRAP_TARGET, program.WRAP)
    assert len(opcodes) <= 32, "the memory of a PIO block"


def test_only_off_and_one_side_are_ever_written_to_the_bridge():
    written = {op & 31 for op in program.OPCODES if op & 0xE0E0 == 0xE000}
    assert written == {0, SIDE_A, SIDE_B}


def test_every_width_code_gives_equal_phases_within_the_cap():
    m = machine()
    widths = []
    for code in range(1 << 13):
        assert m.put(code << 7 | 2 << 2)
        m.run_until(m.clock + 9_800)
        if len(m.edges) > 400:
            widths += pulses(m.edges, m.clock)
            m.edges.clear()
            m.edges.append((m.clock, m.pins))
    widths += pulses(m.edges, m.clock)
    assert len(widths) == 1 << 13
    for code, (_, phase_a, pause, phase_b, _) in enumerate(widths):
        assert phase_a == phase_b == 3 * (code & 127) + (code >> 7) + 6
        assert PHASE_MIN_US <= phase_a <= PHASE_MAX_US
        assert pause == 40


@pytest.mark.parametrize("pause", range(32))
def test_every_pause_code_gives_its_pause(pause):
    ((_, _, pause_us, _, _),) = run(word(pause=pause))
    assert pause_us == 10 * pause + 20
    assert PAUSE_MIN_US <= pause_us <= PAUSE_MAX_US


@pytest.mark.parametrize("output", range(4))
def test_select_lines_show_the_output_before_the_pulse_and_until_the_next(output):
    m = machine()
    m.put(word(output=output))
    m.put(word(output=3 - output))
    m.run_until(20_000)
    first, second = pulses(m.edges, m.clock)
    assert (first[4], second[4]) == (output, 3 - output)
    first_end = first[0] + sum(first[1:4])
    change = next(at for at, pins in m.edges if at > first_end and pins >> 2 == second[4])
    assert first_end < change < second[0]


def garbage(rng, m, cycles):
    """A processor gone wild: random words whenever there is room, for `cycles`."""
    until = m.clock + cycles
    while m.clock < until:
        for _ in range(rng.randint(0, FIFO_MAX + 1)):
            m.put(rng.choice((rng.getrandbits(32), 0, 0xFFFF_FFFF)))
        m.run_until(m.clock + rng.randint(1, 6_000))


@pytest.mark.parametrize("seed", range(20))
def test_a_processor_gone_wild_gives_nothing_but_short_equal_separate_rare_pulses(seed):
    m = machine()
    garbage(random.Random(seed), m, 400_000)
    m.run_until(m.clock + 100_000)
    found = pulses(m.edges, m.clock)
    assert len(found) > 30
    for _, phase_a, pause, phase_b, _ in found:
        assert PHASE_MIN_US <= phase_a <= PHASE_MAX_US
        assert phase_a == phase_b
        assert PAUSE_MIN_US <= pause <= PAUSE_MAX_US
    for (begin, phase_a, pause, phase_b, _), (later, *_) in pairwise(found):
        assert later - (begin + phase_a + pause + phase_b) >= REST_US


def test_a_processor_that_hangs_with_a_full_fifo_leaves_at_most_five_pulses_in_48_ms_and_then_silence():
    m = machine()
    m.put(0xFFFF_FFFF)
    m.run_until(1)
    while m.put(0xFFFF_FFFF):
        pass
    m.run_until(1_000_000)
    found = pulses(m.edges, m.clock)
    assert len(found) == 5
    assert found[-1][0] + 2 * 450 + 330 < 48_000
    assert m.pins & 3 == 0
    assert m.is_waiting


def test_word_of_each_pulse_comes_back_after_it_and_is_lost_if_nobody_reads():
    m = machine()
    for n in range(1, 6):
        m.put(word(coarse=n))
        m.run_until(m.clock + 10_000)
        if n < 5:
            at, back = m.pushed[-1]
            assert back == word(coarse=n)
            assert m.edges[-1][0] < at <= m.edges[-1][0] + 2
    assert [back for _, back in m.pushed] == [word(coarse=n) for n in range(1, 5)]
    assert len(pulses(m.edges, m.clock)) == 5, "and it does not wait for anybody"


def test_without_a_word_nothing_ever_happens():
    m = machine()
    m.run_until(10_000_000)
    assert m.edges == []


@pytest.mark.parametrize("seed", range(3))
def test_another_emulator_sees_the_same_edges(seed):
    rng = random.Random(seed)
    words = (
        [rng.getrandbits(32) for _ in range(4)] if seed else [0, 0xFFFF_FFFF, word(), word(3, 31, 127, 63)]
    )
    m = machine()
    for one in words:
        m.put(one)
    m.run_until(40_000)
    edges, pins = [], 0
    steps = emulate(
        list(program.OPCODES),
        stop_when=lambda _, state: (
            state.clock > 40_000 or (not state.transmit_fifo and not state.program_counter)
        ),
        initial_state=State(transmit_fifo=deque(words)),
        set_base=0,
        set_count=program.SET_PINS,
        out_base=program.SET_PINS,
        out_count=program.OUT_PINS,
        wrap_target=program.WRAP_TARGET,
        wrap_top=program.WRAP,
    )
    for before, after in steps:
        if after.pin_values != pins:
            pins = after.pin_values
            edges.append((before.clock + 1, pins))  # its clock includes the delay; the pin moves before it
    assert edges == m.edges


# The emulator itself ---------------------------------------------------------------------------------------


def small(*opcodes):
    return StateMachine(opcodes, wrap_target=0, wrap=len(opcodes) - 1, set_pins=2, out_pins=2)


@pytest.mark.parametrize(
    "opcode",
    [0x2020, 0x4001, 0x8020, 0x8080, 0xC000, 0xE080, 0x6080, 0xA0CA, 0xA003, 0x00C0, 0x00E0],
    ids=hex,  # wait, in, push block, pull noblock, irq, set and out pindirs, mov reversed, mov pins, jmp pin, jmp osre
)
def test_opcode_that_the_emulator_does_not_know_is_refused(opcode):
    with pytest.raises(PioError, match="Teach it"):
        small(opcode).run_until(10)


def test_jumps_that_the_program_does_not_use_go_where_the_datasheet_says():
    for opcodes, end in [
        ((0xE020, 0x0023, 0xE001, 0x0003), 0),  # set x 0; jmp !x over the set
        ((0xE021, 0x0023, 0xE001, 0x0003), 1),
        ((0xE040, 0x0063, 0xE001, 0x0003), 0),  # the same with y
        ((0xE041, 0x0063, 0xE001, 0x0003), 1),
        ((0xE021, 0x00A3, 0xE001, 0x0003), 0),  # x != y
        ((0xE020, 0x00A3, 0xE001, 0x0003), 1),
    ]:
        m = small(*opcodes)
        m.run_until(20)
        assert m.pins == end, opcodes


def test_counting_down_from_zero_wraps_and_stepwise_running_changes_nothing():
    m, slow = machine(), machine()
    for one in (m, slow):
        one.put(word(coarse=127, fine=63))
    m.run_until(12_000)
    for cycle in range(12_000):
        slow.run_until(cycle + 1)
    assert m.edges == slow.edges
    wrapped = small(0xE020, 0x0042, 0x0022)  # set x 0; jmp x-- 2; jmp !x 2: x is 0xFFFFFFFF and falls through
    wrapped.run_until(3)
    assert wrapped._x == 0xFFFF_FFFF


@pytest.mark.parametrize("line", ["wait 1 gpio 2", "set x, 32", "out x, 0", "out x, 33", "set x, 1 [32]"])
def test_assembler_refuses_what_it_does_not_know(line):
    with pytest.raises((ValueError, KeyError)):
        assemble(line)
