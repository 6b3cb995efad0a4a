"""A therapist's client beside a device in the air, for tests of `therapist.client`."""

import asyncio
import contextlib
import functools
from unittest import mock

from firmware_py.pi.link_users import add_user, key_of
from stimulator.prescription import default_prescription
from tests import radio_rig
from tests.mpy.link_session import MemoryStore, changed
from tests.radio_rig import Ward, until
from therapist import client
from therapist.client import LinkClient

OLD = default_prescription()
MORE = changed(OLD, 0, current_ua=28_000)
LESS = changed(OLD, 0, current_ua=20_000)
PIN = "481516"
AT = radio_rig.ADDRESS  # of the device, as a person types it
SCAN_S = 0.3
UNDER_WAY_MAX = 150  # rows of a log, in two lost links


def made_store() -> MemoryStore:
    store = MemoryStore()
    add_user(store, "Ada", "therapist", PIN)
    return store


KEYS = functools.cache(key_of)  # a key takes its time, and is the same each time
STORED = made_store().things


def new_store() -> MemoryStore:
    """A store with Ada; made once, because a PIN's key takes its time."""
    store = MemoryStore()
    store.things = dict(STORED)
    return store


def beside(**how):
    """A client of the device, which needs not listen for others."""
    return LinkClient(AT, **how)


@contextlib.asynccontextmanager
async def bedside(folder, *, pairs=True):
    """A device and a laptop that is paired with it."""
    async with Ward(folder, store=new_store()) as ward, ward.laptop() as laptop:
        with laptop.installed(), mock.patch.object(client, "key_of", KEYS):
            if pairs:
                ward.session.pairing.button()
                async with beside(says_hello=False) as link:
                    await link.pair()
                await until(lambda: ward.session.access.state == 0)
            yield ward


@contextlib.asynccontextmanager
async def unlocked(folder):
    async with bedside(folder) as ward, beside() as link:
        await link.unlock("Ada", PIN)
        yield ward, link


async def loses_the_link(ward, link):
    """Let the radio be lost, and come back."""
    ward.air.cut()
    await until(lambda: not link.is_connected)
    ward.air.mend()


def hears(ward, monkeypatch):
    """Return the list of operations that reach the device from now on."""
    heard, answer = [], ward.session.requests.answer

    def noting(data):
        heard.append(int.from_bytes(data[2:4], "little"))
        return answer(data)

    monkeypatch.setattr(ward.session.requests, "answer", noting)
    return heard


def cuts_after(ward, code, monkeypatch, *, is_done):
    """Let the radio be lost just after, or just before, the device hears the next request of this kind."""
    answer = ward.session.requests.answer

    def cut(data):
        if data[2:4] != code.to_bytes(2, "little"):
            return answer(data)
        monkeypatch.setattr(ward.session.requests, "answer", answer)
        ward.air.cut()
        asyncio.get_running_loop().call_later(0.3, ward.air.mend)
        return answer(data) if is_done else b""

    monkeypatch.setattr(ward.session.requests, "answer", cut)
