"""Hold a test button from afar: beats for as long as somebody really holds it, and not one more.

The beats are sent by the same task that looks whether the button is held. If this program stalls, none is sent, and
the device ends the burst by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from firmware_py import channel_check
from firmware_py.link import ops
from stimulator.test_burst import ENDS, PRESS_MAX_US
from therapist.client import LinkClient
from therapist.link_errors import LinkError, LinkLost, Refused

BEAT_S = 0.2
LOOK_S = 0.02
PRESS_MAX_S = PRESS_MAX_US / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a test burst showed.

    verdict   number and name of firmware_py.channel_check;  said  its sentence;  ended  why the burst ended
    lift_deg, evert_deg   toe-up and eversion +
    """

    channel: int
    verdict: int
    name: str
    said: str
    ended: str
    granted: int
    lift_deg: float
    evert_deg: float


async def press(
    link: LinkClient,
    channel: int,
    *,
    is_held: Callable[[], bool] | None = None,
    current_max_ma: float = 100.0,
) -> Shown:
    """Hold the button of `channel` while `is_held()` says so, 2 s at most; the device must be armed for a test.

    LinkLost if the link is lost: the device has ended the burst within 600 ms.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    async with _lets_go(link):
        held = await link.ask_once(ops.HOLD, channel, round(current_max_ma * 1000))
    ticket = held.ticket
    end_s = loop.time() + PRESS_MAX_S
    beat_s = loop.time() + BEAT_S
    with contextlib.suppress(Refused):  # the burst is over; release says why
        async with _lets_go(link):
            while loop.time() < end_s and (is_held is None or is_held()):
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError  # Python 3.11's wait_for, in a Bluetooth stack, may swallow one
                if loop.time() >= beat_s:
                    beat_s = loop.time() + BEAT_S
                    ticket = (await link.ask_once(ops.BEAT, held.token, ticket)).ticket
                else:
                    await asyncio.sleep(min(LOOK_S, max(0.0, beat_s - loop.time())))
    got = await link.ask_once(ops.RELEASE)
    return Shown(
        channel=got.channel,
        verdict=got.verdict,
        name=channel_check.VERDICT_NAMES[got.verdict],
        said=channel_check.VERDICTS[got.verdict],
        ended=ENDS[got.ended_by],
        granted=got.granted,
        lift_deg=got.lift_cdeg / 100,
        evert_deg=got.evert_cdeg / 100,
    )


@contextlib.asynccontextmanager
async def _lets_go(link: LinkClient) -> AsyncIterator[None]:
    """Let go if this program is told to end, also before it was told that the button is down."""
    try:
        yield
    except asyncio.CancelledError:
        with contextlib.suppress(LinkError):
            await link.ask_once(ops.RELEASE)
        raise


__all__ = ["LinkLost", "Shown", "press"]
