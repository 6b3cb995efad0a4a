"""Attacks on the device behind a real BlueZ; `tests/test_link_bluez_qemu.py` runs them inside its guest."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from bleak import BleakClient
from bumble import hci
from bumble.core import BaseBumbleError
from bumble.pairing import PairingConfig, PairingDelegate
from dbus_fast import BusType
from dbus_fast.aio import MessageBus

from firmware_py.link.access import ALONE, STRANGER, WEARER
from firmware_py.pi.bluez_server import BluezServer
from tests.radio_rig import ADDRESS, Ward, run, until
from tests.test_radio_attacks_pairing import ATTACKS, Guesser, nobody_answers

KEYBOARD = PairingDelegate.KEYBOARD_INPUT_ONLY
PAIRING_S = 10.0
OTHER = "F1:00:00:00:00:02"


class Tries(PairingDelegate):
    """Types a number that is no better than any other, and never asks anybody."""

    def __init__(self) -> None:
        super().__init__(io_capability=KEYBOARD)

    async def get_number(self) -> int:
        return 123_456


def bluez_ward(folder: Path, **how: Any) -> Any:
    """A `tests.guest.bluez_rig.BluezWard`, which stands in the place of `Ward` in the guest."""
    return Ward(folder, **how)


async def connects(ward: Any, laptop: Any) -> Any:
    connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=10)
    await until(lambda: ward.session.access.state != ALONE)
    return connection


async def fails_to_pair(connection: Any) -> None:
    """Try once; a lost link ends it too."""
    with pytest.raises((BaseBumbleError, asyncio.CancelledError, TimeoutError)):
        await asyncio.wait_for(connection.pair(), PAIRING_S)


@pytest.mark.parametrize("bonding", [False, True], ids=["without a bond", "with a bond"])
def test_whoever_tries_passkeys_while_the_window_is_closed_gets_one_try_at_most(tmp_path, bonding):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.pairing_config_factory = lambda _: PairingConfig(bonding=bonding, delegate=Tries())
            connection = await connects(ward, laptop)
            await fails_to_pair(connection)
            if not bonding:  # Linux itself refuses the other one, which gets no passkey to try
                await until(lambda: not laptop.device.connections)
            assert ward.eyes.seen == []
            assert ward.session.access.state != WEARER

    run(deed())


def test_a_fourth_attempt_in_one_window_gets_no_passkey(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.pairing_config_factory = lambda _: PairingConfig(delegate=Tries())
            ward.session.pairing.button()
            for _ in range(4):
                if not laptop.device.connections:
                    connection = await connects(ward, laptop)
                await fails_to_pair(connection)
            assert 1 <= len(ward.eyes.seen) <= 3
            assert not ward.session.pairing.is_open
            assert ward.session.access.state != WEARER

    run(deed())


@pytest.mark.parametrize(("rogue", "io", "weak"), ATTACKS)
def test_the_attack_gets_nowhere_with_bluez_either(tmp_path, rogue, io, weak):
    async def deed():
        rogue.failures = []
        compare = nobody_answers if io == PairingDelegate.DISPLAY_OUTPUT_AND_YES_NO_INPUT else None
        async with Ward(tmp_path, compare=compare) as ward, ward.laptop("rogue") as laptop:
            laptop.device.smp_manager.session_proxy = rogue
            laptop.device.pairing_config_factory = lambda _: PairingConfig(delegate=Guesser(io))
            ward.session.pairing.button()
            connection = await connects(ward, laptop)
            tries = asyncio.ensure_future(laptop.device.smp_manager.pair(connection))
            for _ in range(100):
                await asyncio.sleep(0.1)
                if not laptop.device.connections or ward.session.access.state == WEARER:
                    break
            tries.cancel()
            assert ward.session.access.state != WEARER
            assert len(set(ward.eyes.seen)) <= 3
            assert await ward.bonds() == []

    run(deed())


def test_a_stranger_who_was_there_before_the_server_was_started_is_dropped(tmp_path):
    async def deed():
        async with bluez_ward(tmp_path) as ward, ward.laptop() as laptop:
            await connects(ward, laptop)
            ward.server.stop()
            ward.session.disconnected()
            bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
            again = BluezServer(ward.session, bus, name="SWP-TEST", adapter=ward.adapter.path)
            ward.server._bus.disconnect()
            await again.start()
            await until(lambda: not laptop.device.connections)
            assert ward.session.access.state == ALONE
            again.stop()
            bus.disconnect()

    run(deed())


def test_a_second_central_is_dropped_and_the_first_one_keeps_its_session(tmp_path):
    async def deed():
        async with (
            Ward(tmp_path) as ward,
            ward.laptop() as laptop,
            ward.laptop("second", address=OTHER) as second,
        ):
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await client.read_gatt_char("07f60106-91ae-4bb3-a434-f6296fe7ab65")
                assert ward.session.access.state == WEARER
                with contextlib.suppress(BaseBumbleError, TimeoutError):  # it may not even be heard
                    await second.device.connect(hci.Address(ADDRESS), timeout=3)
                await until(lambda: not second.device.connections)
                assert ward.session.access.state == WEARER
                await client.read_gatt_char("07f60106-91ae-4bb3-a434-f6296fe7ab65")
            await until(lambda: ward.session.access.state in (ALONE, STRANGER))

    run(deed())
