"""Any row of steps gives the same bytes at the stimulator, in line on a board and through the guardian's core."""

import random
from pathlib import Path

import pytest

from firmware_py import messages
from firmware_py.pi.guardian.core import GuardianCore, Incoming
from tests.guardian_frames import command, cycle, request, sample
from tests.mpy import guard_steps
from tests.mpy.host import run_under_micropython
from tests.mpy.whole_loop import T_START_US, AnsweringPort

MPY = Path(guard_steps.__file__).parent
MASK = 2**30 - 1
CYCLE_US = 5_000


def random_trace(seed: int, n_steps: int) -> bytes:
    """Steps as `guard_steps` stores them: walking with mistakes, lost cycles, stops, arms and gaps.

    Frames keep to the contract of the socket (made now, at the cycle's pace), nothing else does.
    """
    draw = random.Random(seed)
    now_us, sequence, numbers, rows = T_START_US, 0, [0, 0], []
    since_frame_us = 0

    def row(dt_us: int, frame: bytes = b"") -> None:
        rows.append(dt_us.to_bytes(3, "little") + len(frame).to_bytes(2, "little") + frame)

    for i in range(n_steps):
        dt_us = draw.randint(300, 2_500)
        if draw.random() < 0.0005:
            dt_us = draw.randint(100_001, 900_000)
            now_us += dt_us
            row(dt_us)
            continue
        now_us += dt_us
        since_frame_us += dt_us
        phase_us = (now_us - T_START_US) % 1_200_000
        is_up = phase_us > 450_000
        if i % 1_500 in (400, 402, 404, 900, 902, 904):
            kinds = {0: messages.ACKNOWLEDGE, 2: messages.CHANNELS_CHECKED, 4: messages.ARM}
            row(dt_us, command(kinds[i % 1_500 % 10], now_us))
        elif draw.random() < 0.0006:
            row(dt_us, command(draw.choice((messages.STOP, messages.CLEAR)), now_us))
        elif since_frame_us < CYCLE_US or draw.random() < 0.0003:
            row(dt_us)
        else:
            since_frame_us = 0
            requests = []
            for channel in (0, 1):
                if is_up and draw.random() < 0.3:
                    wild = draw.random() < 0.01
                    numbers[channel] = (numbers[channel] + (draw.randint(-2, 2) if wild else 1)) & 0xFFFFF
                    made = request(
                        channel=channel,
                        sequence=numbers[channel],
                        fire_at_us=(now_us + draw.randint(-15_000 if wild else -500, 6_000)) & MASK,
                        current_ua=draw.choice((0, 500, 8_000, 15_300, 40_000, 70_000 if wild else 12_000)),
                        width_us=draw.choice((100, 300, 449, 460 if wild else 200)),
                        gap_us=draw.choice((0, 100, 7 if wild else 500)),
                        shape=draw.choice((1, 1, -1, 4, 9 if wild else 2)),
                    )
                    requests.append(made)
            sequence += draw.choice((0, 2)) if draw.random() < 0.0005 else 1
            row(
                dt_us,
                cycle(
                    sequence & 0xFFFFF,
                    now_us,
                    swing=int(is_up),
                    samples=[sample(now_us, is_up)],
                    requests=requests,
                ),
            )
    return b"".join(rows)


def through_the_core(trace: bytes) -> str:
    """Return what `guard_steps.run` returns, with the same steps given to the guardian's core."""
    port = AnsweringPort()
    guard = guard_steps.make_guard(port)
    core = GuardianCore(guard)
    core.open()
    now_us, at = T_START_US + 2**33, 0
    while at < len(trace):
        dt_us, n = (
            int.from_bytes(trace[at : at + 3], "little"),
            int.from_bytes(trace[at + 3 : at + 5], "little"),
        )
        frame = trace[at + 5 : at + 5 + n]
        at += 5 + n
        now_us += dt_us
        port.now_us = now_us & MASK
        is_cycle = n > 2 and frame[2] == messages.CYCLE
        core.step(now_us, Incoming(controller=(frame,)) if is_cycle else Incoming(operator=(frame,)))
    return guard_steps.wire_line(port, guard)


@pytest.mark.parametrize("seed", range(4))
def test_any_row_of_steps_gives_the_same_bytes_in_line_and_in_the_guardian(seed):
    trace = random_trace(seed, 6_000)
    in_line = guard_steps.run(trace)
    assert through_the_core(trace).split(" results")[0] == in_line.split(" results")[0]
    assert int(in_line.split()[1]) >= 30, "few pulses show little"


def test_the_guardian_gives_the_same_bytes_as_the_guard_on_micropython():
    trace = random_trace(11, 6_000)
    files = {"trace.bin": trace, "whole_loop.py": MPY / "whole_loop.py"}
    board = run_under_micropython(MPY / "guard_steps.py", "/app/trace.bin", files=files).strip()
    assert through_the_core(trace).split(" results")[0] == board.split(" results")[0]
    assert int(board.split()[1]) >= 30
