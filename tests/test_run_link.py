"""The device with its link as a process, and that process killed and stopped: in a burst, in a trial, in a walk.

One run in real time tells a whole story; the tests look at what its logs hold. Times are those of the logs.
"""

import asyncio
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware_py import acts, blackbox
from firmware_py.link import ops, values
from firmware_py.pi.log_rows import pieces_of
from firmware_py.pi.replay.handover import compare_processes
from firmware_py.pi.replay.verify import verify
from hw_sim.radio import link_sim
from safety.clock import WRAP_MASK_US, elapsed_us
from stimulator.prescription import from_bytes
from tests.run_link_rig import RunWithLink, arms
from therapist.client import LinkClient
from therapist.link_errors import LinkError
from therapist.press import press

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="the device runs on Linux only"
)
STORY_S = 120
SILENT_S = 2.5  # of a link that is stopped: a trial ends after one second of it
MORE_UA = 2_000


@dataclass
class Story:
    """What happened when, us, CLOCK_MONOTONIC; and what was read over the link."""

    before: object = None
    burst_killed_us: int = 0
    stopped_us: int = 0
    went_on_us: int = 0
    killed_us: int = 0
    phases: list = field(default_factory=list)  # (phase, is what runs as confirmed before) after each silence
    figures: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)
    logs: dict = field(default_factory=dict)


async def holds_until_killed(run) -> int:
    """Hold the button of a test burst until the device's link is killed in it."""
    async with run.laptop(), LinkClient(link_sim.ADDRESS, scan_s=20) as link:
        await arms(link, ops.ARM_TEST)
        held = asyncio.create_task(press(link, 0))
        await asyncio.sleep(0.7)
        killed_us = run.signal_link(signal.SIGKILL)
        with pytest.raises((LinkError, TimeoutError)):
            await asyncio.wait_for(held, 10)
    return killed_us


async def walks_on_trial(run, number: int):
    """Arm for walking, try more, and silence the link once the walk uses it; return before, and from when to when."""
    async with run.laptop(), LinkClient(link_sim.ADDRESS, scan_s=20) as link:
        if (await link.status()).armed != 1:
            await arms(link, ops.ARM_WALK)
        else:
            await link.unlock("Therapist", (run.folder / "pin").read_text())
        before = (await link.active()).prescription
        wanted = before._replace(
            channels=(
                before.channels[0]._replace(current_ua=before.channels[0].current_ua + MORE_UA),
                *before.channels[1:],
            )
        )
        await link.try_prescription(wanted)
        await link.wait_taken_over()
        await asyncio.sleep(1.3)  # at least a step of it
        silent_us = run.signal_link(number)
        if number == signal.SIGKILL:
            return before, silent_us, 0
        await asyncio.sleep(SILENT_S)
        return before, silent_us, run.signal_link(signal.SIGCONT)


async def reads(run):
    """Return how the change stands and what runs."""
    async with run.laptop(), LinkClient(link_sim.ADDRESS, scan_s=20) as link:
        return (await link.status()).phase, (await link.active()).prescription


async def tell(run, story) -> None:
    await run.pairs()
    story.burst_killed_us = await holds_until_killed(run)
    await asyncio.to_thread(run.waits_for, "can be found.")
    story.before, story.stopped_us, story.went_on_us = await walks_on_trial(run, signal.SIGSTOP)
    story.phases.append(await reads(run))
    _, story.killed_us, _ = await walks_on_trial(run, signal.SIGKILL)
    await asyncio.to_thread(run.waits_for, "can be found.")
    story.phases.append(await reads(run))


@pytest.fixture(scope="module")
def story():
    with tempfile.TemporaryDirectory() as name:  # a short path: it holds a socket
        run, found = RunWithLink(Path(name)), Story()
        try:
            run.waits_for("can be found.")
            asyncio.run(asyncio.wait_for(tell(run, found), STORY_S))
        finally:
            found.figures = run.end()
        found.logs = run.logs()
        found.rows = {name: pieces_of(log.found.rows) for name, log in found.logs.items()}
        yield found


def since(row, us: int) -> int:
    """How long after a moment (CLOCK_MONOTONIC) a row was made, us."""
    return elapsed_us(row.t_us, us & WRAP_MASK_US)


def granted(story, begin_us: int, end_us: int) -> list:
    """Return (us after `begin_us`, channel, uA) of every pulse granted between two moments."""
    found = []
    for row in story.rows["guardian"]:
        if (
            row.kind == blackbox.RESULT
            and row.values[3] > 0
            and 0 <= since(row, begin_us) < end_us - begin_us
        ):
            found.append((since(row, begin_us), row.values[0], row.values[3]))
    return found


def commits(story, begin_us: int, end_us: int) -> list:
    """Return (us after `begin_us`, prescription) of what the controller took over between two moments."""
    rows = story.rows["controller"]
    return [
        (since(row, begin_us), from_bytes(rows[i + 1].data))
        for i, row in enumerate(rows)
        if row.kind == blackbox.ACT and row.values[0] == acts.ACT_COMMIT
        if 0 <= since(row, begin_us) < end_us - begin_us
    ]


def was_armed(story, begin_us: int, end_us: int) -> bool:
    """Whether nothing ended help between two moments, as a machine that is too busy does."""
    changes = [row for row in story.rows["controller"] if row.kind == blackbox.HEARD]
    return not any(row.values[0] == 0 and 0 <= since(row, begin_us) < end_us - begin_us for row in changes)


def test_a_test_burst_ends_within_600_ms_of_the_death_of_the_link(story):
    killed_us = story.burst_killed_us
    assert len(granted(story, killed_us - 700_000, killed_us)) > 5, "there must be a burst"
    after = granted(story, killed_us, killed_us + 2_000_000)
    assert all(us <= 600_000 for us, _, _ in after), after[-1]


@pytest.mark.parametrize("which", ["stopped", "killed"])
def test_a_trial_ends_in_the_smaller_between_two_steps_when_the_link_is_silent(story, which):
    begin_us = story.stopped_us if which == "stopped" else story.killed_us
    first_us, least = commits(story, begin_us, begin_us + 3_000_000)[0]
    assert least == story.before
    assert 850_000 <= first_us < 2_000_000, "one second after the last sign of life"


def test_walking_goes_on_while_the_link_is_stopped_and_never_with_more_than_before(story):
    begin_us, end_us = story.stopped_us, story.went_on_us
    full_ua = story.before.channels[0].current_ua
    before = granted(story, begin_us - 1_300_000, begin_us)
    if was_armed(story, begin_us - 5_000_000, begin_us):  # a busy machine may have ended help just then
        strongest_ua = max((ua for _, channel, ua in before if channel == 0), default=0)
        assert strongest_ua == full_ua + MORE_UA, "the trial was walked with"
    first_us, _ = commits(story, begin_us, end_us)[0]
    after = [
        ua
        for us, channel, ua in granted(story, begin_us, end_us)
        if channel == 0 and us > first_us + 1_200_000
    ]
    assert all(ua <= full_ua for ua in after)
    if was_armed(story, begin_us, end_us):
        assert len(granted(story, begin_us, end_us)) > 20, "the walk goes on"


def test_the_link_that_comes_back_says_what_runs_and_the_history_of_the_trial_is_closed(story):
    assert story.phases == [(values.SETTLED, story.before)] * 2


def test_the_whole_run_is_decided_again_as_it_was(story):
    for name in ("controller", "guardian"):
        verdict = verify(story.logs[name])
        assert (verdict.problem, verdict.checked_n) == ("", verdict.rows_n), verdict.line()
    text, is_same = compare_processes(story.logs["controller"], story.logs["guardian"])
    assert is_same, text
    assert story.figures["ended"] == "by a signal (Ctrl-C)."
