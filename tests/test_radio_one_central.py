"""Who holds the one connection, over the software radio: not for long without pairing, and nobody beside."""

import json
import struct

import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import hci

from firmware_py.link import gatt
from firmware_py.link.access import ALONE, STRANGER, WEARER
from tests.radio_rig import ADDRESS, Ward, handle_of, raw_connection, run, until

STRANGER_MAX_S = 20
QUICK = 100  # simulated time for real time: 20 s in a fifth of a second
STATUS = gatt.ours(0x0106)
CONTROL = gatt.ours(0x0102)
STOP = bytes.fromhex("01003f00")
OTHER = "F1:00:00:00:00:02"


@pytest.mark.parametrize("is_busy", [False, True], ids=["silent", "reading all the time"])
def test_a_stranger_is_dropped_after_20_s_and_the_next_one_can_connect(tmp_path, is_busy):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            began_s = ward.session.uptime.s
            ward.speed = QUICK
            read = b"\x0a" + struct.pack("<H", handle_of(ward, gatt.MODEL))
            while ward.session.uptime.s < began_s + STRANGER_MAX_S - 2:
                assert await raw.ask(read) == b"\x0bP24"
                if not is_busy:
                    await until(lambda: ward.session.uptime.s >= began_s + STRANGER_MAX_S - 2)
            assert ward.session.access.state == STRANGER
            await until(lambda: ward.session.access.state == ALONE)
            assert STRANGER_MAX_S <= ward.session.uptime.s - began_s <= STRANGER_MAX_S + 5
            await until(lambda: not laptop.device.connections)
            ward.speed = 1
            async with raw_connection(ward, laptop) as again:
                assert await again.ask(read) == b"\x0bP24"

    run(deed())


def test_a_second_central_is_dropped_from_the_air_and_the_first_one_notices_nothing(tmp_path):
    async def deed():
        async with (
            Ward(tmp_path) as ward,
            ward.laptop() as laptop,
            ward.laptop("second", address=OTHER) as second,
        ):
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client, pair=True) as client:
                before = ward.session.access.state
                await ward.peripheral.device.start_advertising()  # as no device should while it is connected
                gone = []
                connection = await second.device.connect(hci.Address(ADDRESS), timeout=3)
                connection.on(connection.EVENT_DISCONNECTION, gone.append)
                await until(lambda: gone)
                assert ward.session.access.state == before == WEARER
                assert len(await client.read_gatt_char(STATUS)) == 60
                await client.write_gatt_char(CONTROL, STOP, response=True)
                assert ward.device.told == ["stop"]

    run(deed())


def test_while_somebody_is_connected_the_device_cannot_be_heard(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            assert ward.peripheral.device.is_advertising
            async with raw_connection(ward, laptop) as raw:
                assert not ward.peripheral.device.is_advertising
                await raw.connection.disconnect()
            await until(lambda: ward.peripheral.device.is_advertising)

    run(deed())


def test_whoever_was_forgotten_is_dropped_and_a_stranger_when_it_comes_back(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            client = BleakClient(ADDRESS, backend=laptop.client, pair=True)
            await client.connect()
            keys = tmp_path / "device-keys.json"
            assert any(json.loads(keys.read_text()).values())
            ward.session.must_forget = True
            await until(lambda: ward.session.access.state == ALONE)
            assert not any(json.loads(keys.read_text()).values())
            await until(lambda: not client.is_connected)
            with pytest.raises(BleakError):
                async with BleakClient(ADDRESS, backend=laptop.client) as again:
                    await again.read_gatt_char(STATUS)

    run(deed())
