"""Pairing over the software radio: who gets in, and every way that must not lead in."""

import asyncio
import logging
import stat
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError

from firmware_py.link import gatt
from firmware_py.link.access import STRANGER, WEARER
from tests.link_rig import there
from tests.radio_rig import ADDRESS, Ward, run, until

INSUFFICIENT = (0x05, 0x0F)  # authentication, encryption


async def reads_status(client) -> bytes:
    return bytes(await client.read_gatt_char(gatt.ours(0x0106)))


async def is_refused(client) -> bool:
    with pytest.raises(BleakGATTProtocolError) as caught:
        await reads_status(client)
    return caught.value.code in INSUFFICIENT


def test_the_device_is_found_by_its_service_and_its_name_tells_nothing_of_therapy(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            with laptop.installed():
                found = there(
                    await BleakScanner.find_device_by_filter(
                        lambda _, seen: gatt.SERVICE_UUID in seen.service_uuids, timeout=3
                    )
                )
            assert (found.address, found.name) == (ADDRESS, "SWP-TEST")

    run(deed())


def test_a_passkey_that_the_device_shows_pairs_and_opens_what_is_secure(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                assert await is_refused(client)
                await client.pair()
                assert len(await reads_status(client)) == 60
                assert ward.session.access.state == WEARER
            assert ward.eyes.is_dark
            assert len(ward.eyes.seen) == 1

    run(deed())


def test_a_bond_lasts_over_reconnecting_and_over_a_restart_of_both_sides(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await reads_status(client)
            await until(lambda: ward.session.access.state == 0)
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                await reads_status(client)
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                await reads_status(client)
            assert ward.eyes.seen == []

    run(deed())


@pytest.mark.parametrize("answer", [True, False])
def test_a_comparison_pairs_only_if_a_person_at_the_device_confirms_it(tmp_path, answer):
    async def deed():
        seen = []

        async def at_device(number):
            seen.append(number)
            return answer

        async def at_laptop(number):
            seen.append(number)
            return True

        async with Ward(tmp_path, compare=at_device) as ward, ward.laptop(compare=at_laptop) as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                if answer:
                    await client.pair()
                    await reads_status(client)
                else:
                    with pytest.raises(BleakError):
                        await client.pair()
                    assert await is_refused(client)
            assert len(set(seen)) == 1
            assert ward.eyes.is_dark

    run(deed())


def test_a_wrong_passkey_does_not_pair(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward:

            async def types_wrong():
                return await ward.reads_display() % 999_999 + 1

            async with ward.laptop(passkey=types_wrong) as laptop:
                ward.session.pairing.button()
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    with pytest.raises(BleakError):
                        await client.pair()
                    assert await is_refused(client)
                assert ward.eyes.is_dark

    run(deed())


def test_passkey_000000_is_just_a_wrong_one_and_nothing_hangs(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward:

            async def types_zero():
                return 0

            async with ward.laptop(passkey=types_zero) as laptop:
                ward.session.pairing.button()
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    paired = asyncio.ensure_future(client.pair())
                    await asyncio.sleep(0.2)  # the central's stack itself asserts on 0
                    paired.cancel()
                    assert await is_refused(client)
            async with ward.laptop("other") as laptop:
                ward.session.pairing.button()
                async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                    await reads_status(client)

    run(deed())


def test_nobody_pairs_while_the_window_is_closed(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                with pytest.raises(BleakError, match="PAIRING_NOT_SUPPORTED"):
                    await client.pair()
                assert await is_refused(client)
            assert ward.eyes.seen == []

    run(deed())


def test_after_three_wrong_passkeys_the_window_is_closed_and_each_was_another(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward:

            async def types_wrong():
                return await ward.reads_display() % 999_999 + 1

            async with ward.laptop(passkey=types_wrong) as laptop:
                ward.session.pairing.button()
                for _ in range(3):
                    async with BleakClient(ADDRESS, backend=laptop.client) as client:
                        with pytest.raises(BleakError, match="CONFIRM_VALUE_FAILED"):
                            await client.pair()
                    await until(lambda: ward.session.access.state == 0)
                laptop.passkey = ward.reads_display
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    with pytest.raises(BleakError, match="PAIRING_NOT_SUPPORTED"):
                        await client.pair()
            assert len(set(ward.eyes.seen)) == 3

    run(deed())


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"passkey": None}, "AUTHENTICATION_REQUIREMENTS"),  # Just Works: no keyboard, no display
        ({"passkey": None, "is_mitm": False}, "AUTHENTICATION_REQUIREMENTS"),
        ({"is_sc": False}, "AUTHENTICATION_REQUIREMENTS"),  # legacy pairing, with a passkey
        ({"is_sc": False, "passkey": None}, "AUTHENTICATION_REQUIREMENTS"),
    ],
    ids=["just works", "just works without a wish for more", "legacy passkey", "legacy just works"],
)
def test_pairing_that_proves_nothing_is_refused(tmp_path, how, why):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop(**how) as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                with pytest.raises(BleakError, match=why):
                    await client.pair()
                assert await is_refused(client)
            assert await ward.bonds() == []

    run(deed())


def test_a_laptop_whose_bond_the_device_has_forgotten_is_a_stranger(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await reads_status(client)
            await until(lambda: ward.session.access.state == 0)
            await ward.forget_bonds()
            with pytest.raises(BleakError):
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    await reads_status(client)
            await until(lambda: ward.session.access.state == 0)
            # It forgets too, and may pair anew while the window is open.
            await laptop.keys.delete_all()
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await reads_status(client)

    run(deed())


def test_a_device_that_was_forgotten_by_the_laptop_refuses_until_paired_again(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await client.unpair()
            await until(lambda: ward.session.access.state == 0)
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                assert await is_refused(client)

    run(deed())


def test_somebody_with_the_address_but_not_the_key_of_a_bonded_laptop_is_dropped(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                await reads_status(client)
            await until(lambda: ward.session.access.state == 0)
            keys = dict(await laptop.keys.get_all())
            name, stolen = next(iter(keys.items()))
            there(stolen.ltk).value = bytes(16)
            async with ward.laptop("thief") as thief:
                await thief.keys.update(name, stolen)
                with pytest.raises(BleakError):
                    async with BleakClient(ADDRESS, backend=thief.client) as client:
                        await reads_status(client)
            assert ward.session.access.state in (0, 1)

    run(deed())


def test_a_key_that_was_not_authenticated_when_it_was_made_opens_nothing(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True):
                pass
            await until(lambda: ward.session.access.state == 0)
            name, keys = (await ward.peripheral.keys.get_all())[0]
            there(keys.ltk).authenticated = False
            await ward.peripheral.keys.update(name, keys)
            with pytest.raises(BleakError):
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    await reads_status(client)
            assert ward.session.access.state in (0, 1)

    run(deed())


@pytest.mark.parametrize("is_open", [True, False])
def test_a_laptop_without_keys_pairs_when_the_device_asks_for_them_and_gets_in_only_through_the_window(
    tmp_path, is_open
):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            if is_open:
                ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                (connection,) = ward.peripheral.device.connections.values()
                connection.request_pairing()  # as BlueZ does that knows the laptop from before
                if is_open:
                    await until(lambda: ward.session.access.state == WEARER)
                    assert len(await reads_status(client)) == 60
                else:
                    backend: Any = client._backend
                    await until(lambda: backend._pairing is not None)
                    await backend._pairing
                    assert await is_refused(client)
                    assert (ward.session.access.state, ward.eyes.seen) == (STRANGER, [])

    run(deed())


def test_the_keys_can_be_read_by_their_owner_only(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True):
                pass
            path = tmp_path / "device-keys.json"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert [p.name for p in tmp_path.glob("*.new")] == []

    run(deed())


def test_the_passkey_is_shown_and_written_nowhere_even_with_every_log_on(tmp_path, caplog, capfd):
    async def deed():
        with caplog.at_level(logging.DEBUG):
            async with Ward(tmp_path) as ward, ward.laptop() as laptop:
                ward.session.pairing.button()
                async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                    await reads_status(client)
                return f"{ward.eyes.seen[0]}"

    passkey = run(deed())
    said = capfd.readouterr()
    assert passkey not in caplog.text + said.out + said.err
    kept = "".join(p.read_text() for p in tmp_path.glob("device-*.json"))
    assert passkey not in kept


def test_the_display_goes_dark_when_the_link_is_lost_in_the_middle_of_pairing(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward:

            async def waits():
                await ward.reads_display()
                ward.air.cut()
                return 1

            async with ward.laptop(passkey=waits) as laptop:
                ward.session.pairing.button()
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    with pytest.raises(BleakError):
                        await client.pair()
            await until(lambda: ward.eyes.is_dark)
            assert ward.session.access.state == 0

    run(deed())
