"""Which device is meant: never the one that was merely heard first, because it may be another patient's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from bleak.backends.device import BLEDevice

from firmware_py.pi.console import UserError
from therapist import link_words as words
from therapist.channel import SCAN_S, find, first_heard, label_of, scan
from therapist.client import LinkClient
from therapist.known import Known, Met
from therapist.link_errors import Doubt, LinkError, NotFound


async def meant(known: Known, wanted: str | None, seconds: float = SCAN_S) -> BLEDevice:
    """Return the device that a person means; Doubt or NotFound if that is not certain.

    wanted   its address, or its name if this laptop knows it. None takes the only one that this laptop knows, if no
             other is heard: a device that is connected elsewhere is silent, so to hear one only proves nothing
    """
    met = known.all()
    if wanted is not None:
        return await find(_address(met, wanted), seconds)
    if len(met) > 1:
        raise Doubt(f"This laptop knows {list_of(met)}.")
    device = await find(None, seconds)
    if not met:
        raise Doubt(
            f"This laptop does not know {label_of(device)} yet: pair with it (`./swingphase link pair`)."
        )
    if device.address.upper() != met[0].address:
        raise Doubt(f"This laptop knows {list_of(met)} and hears {label_of(device)}.")
    return device


async def stop_in_reach(
    known: Known, wanted: str | None, say: Callable[[str], None], seconds: float = SCAN_S
) -> int:
    """Stop the device that is meant, as soon as it is heard; return how many were stopped, NotFound if none.

    Without `wanted`: each one that this laptop knows and hears, and each one that it hears if it knows none. To stop
    one too many costs its wearer some steps with help; to ask which one costs the other one the stop.
    """
    met: list[Met] = []
    with contextlib.suppress(UserError):  # a damaged file is said by every other job
        met = known.all()
    if wanted is not None:
        address = _address(met, wanted)
        met = [m for m in met if m.address == address.upper()]
        targets = _these({address.upper()}, seconds)
    else:
        targets = _these({m.address for m in met}, seconds) if met else _all(seconds)
    is_one = wanted is not None or len(met) == 1
    stopped: set[str] = set()
    async for device in targets:
        try:
            async with _bare(device) as link:
                await link.stop()
                stopped.add(device.address.upper())
                say(f"Stopped: {label_of(device)}.")
                if is_one:
                    say("\n".join(words.status_lines(await link.status())))
        except LinkError as e:
            say(f"{label_of(device)}: {e}")
    silent = [m for m in met if m.address not in stopped]
    if not stopped:
        which = list_of(silent) or wanted
        why = (
            f"{which} was not heard or did not obey"
            if which
            else "no device was heard that obeys this laptop"
        )
        raise NotFound(f"Nothing was stopped: {why}. Use the switch in the wearer's hand.")
    if silent:
        say(f"Not stopped: {list_of(silent)}.")
    return len(stopped)


@contextlib.asynccontextmanager
async def _bare(device: BLEDevice) -> AsyncIterator[LinkClient]:
    """A client that connects when it is asked to stop, and says nothing before."""
    link = LinkClient(device, says_hello=False)
    try:
        yield link
    finally:
        await link.__aexit__()


async def _these(addresses: set[str], seconds: float) -> AsyncIterator[BLEDevice]:
    """Devices with one of `addresses`, as they are heard within `seconds` of listening."""
    loop = asyncio.get_running_loop()
    left, left_s = set(addresses), seconds
    while left and left_s > 0:
        began_s = loop.time()
        device = await first_heard(lambda d: d.address.upper() in left, left_s)
        left_s -= loop.time() - began_s
        if device is None:
            return
        left.discard(device.address.upper())
        yield device


async def _all(seconds: float) -> AsyncIterator[BLEDevice]:
    for found in await scan(seconds):
        yield found.device


def _address(met: list[Met], wanted: str) -> str:
    """Return the address of whom this laptop knows by name; else `wanted` should be one."""
    named = [m for m in met if wanted.upper() == m.name.upper()]
    if len(named) > 1:
        raise Doubt(f"This laptop knows {list_of(named)}.")
    return named[0].address if named else wanted


def list_of(met: list[Met]) -> str:
    """Return their names and addresses."""
    return ", ".join(f"{m.name or 'a device'} ({m.address})" for m in met)
