"""The software air: pace, losses, cuts and peers that die without a word."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import hci

from firmware_py.link import gatt
from firmware_py.pi.console import UserError
from firmware_py.pi.link_store import default_folder
from hw_sim.radio.air import Air, Pace
from hw_sim.radio.air_port import AirPort, visit
from tests.client_rig import bedside, beside
from tests.house import REPO
from tests.radio_rig import ADDRESS, Ward, run, until
from therapist.link_errors import LinkError

SLOW = Pace(interval_s=0.02, packets=2)


async def rounds(client, count) -> float:
    """Return how long one read takes, s."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(count):
        await client.read_gatt_char(gatt.ours(0x0101))
    return (loop.time() - began) / count


def test_a_paced_read_takes_two_connection_intervals(tmp_path):
    async def deed(pace):
        async with Ward(tmp_path, air=Air(pace=pace)) as ward, ward.laptop() as laptop:
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                return await rounds(client, 10)

    assert run(deed(SLOW)) > 0.9 * 2 * 0.02


def test_lost_packets_are_sent_again_and_nothing_is_missing(tmp_path):
    async def deed(loss):
        air = Air(pace=Pace(interval_s=0.002, packets=4), loss=loss)
        async with Ward(tmp_path, air=air) as ward, ward.laptop() as laptop:
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                for _ in range(20):
                    assert len(await client.read_gatt_char(gatt.ours(0x0101))) == 11
        return True

    assert run(deed(0.5))


def test_a_cut_ends_the_link_on_both_sides_and_the_device_can_be_found_again(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            gone = []
            client = BleakClient(ADDRESS, gone.append, backend=laptop.client)
            await client.connect()
            ward.air.cut()
            with pytest.raises(BleakError):
                await client.read_gatt_char(gatt.ours(0x0101))
            await until(lambda: gone and ward.session.access.state == 0)
            assert not client.is_connected
            ward.air.mend()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                await client.read_gatt_char(gatt.ours(0x0101))

    run(deed())


def test_a_cut_that_is_mended_within_the_supervision_time_only_delays(tmp_path):
    async def deed():
        air = Air(supervision_s=5.0, pace=Pace(interval_s=0.005, packets=4))
        async with Ward(tmp_path, air=air) as ward, ward.laptop() as laptop:
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                air.cut()
                reads = asyncio.ensure_future(client.read_gatt_char(gatt.ours(0x0101)))
                await asyncio.sleep(0.05)
                assert not reads.done()
                air.mend()
                assert len(await reads) == 11

    run(deed())


def deaf_to(ward, monkeypatch, times):
    """Let the device hear no request to connect so many times, as if it had just stopped advertising."""
    controller, heard = ward.controller, []
    take = controller.on_le_connect_ind

    def hears(packet):
        heard.append(packet)
        if len(heard) > times:
            take(packet)

    monkeypatch.setattr(controller, "on_le_connect_ind", hears)
    return heard


def test_a_request_to_connect_that_nobody_heard_ends_as_a_real_radio_ends_it(tmp_path, monkeypatch):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            heard = deaf_to(ward, monkeypatch, 1)
            connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=10)
            reasons = []
            connection.on("disconnection", reasons.append)
            await until(lambda: reasons)
            assert reasons == [hci.HCI_CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR]
            assert (len(heard), ward.session.access.state) == (1, 0)
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                assert len(await client.read_gatt_char(gatt.ours(0x0101))) == 11
                await asyncio.sleep(0.2)
                assert client.is_connected, "one that was heard stands"

    run(deed())


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_laptop_tries_to_connect_three_times(tmp_path, monkeypatch, times):
    async def deed():
        async with bedside(tmp_path) as ward:
            heard = deaf_to(ward, monkeypatch, times)
            if times == 3:
                with pytest.raises(LinkError):
                    async with beside():
                        pass
            else:
                async with beside() as link:
                    assert (await link.status()).armed == 0
            assert len(heard) == min(times + 1, 3)

    run(deed())


def test_a_device_that_is_switched_off_is_noticed_by_the_laptop(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            gone = []
            await BleakClient(ADDRESS, gone.append, backend=laptop.client).connect()
            ward.air.leave(ward.controller)
            await until(lambda: gone)

    run(deed())


OTHER_PROGRAM = """
import asyncio, sys
from pathlib import Path
from bleak import BleakClient
from hw_sim.radio.air_port import visit
from hw_sim.radio.bleak_backend import Laptop

async def main():
    transport = await visit(Path(sys.argv[1]))
    async with Laptop(transport.source, transport.sink, keys_path=Path(sys.argv[1], "k.json")) as laptop:
        async with BleakClient(sys.argv[2], backend=laptop.client) as client:
            print("connected", flush=True)
            await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as name:  # short: the path of a socket has 108 bytes at most
        yield Path(name)


def test_a_program_that_is_killed_is_noticed_and_another_one_can_connect(folder):
    async def deed():
        async with Ward(folder) as ward, AirPort(ward.air, folder):
            for _ in range(2):
                program = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-c", OTHER_PROGRAM, str(folder), ADDRESS),
                    cwd=REPO,
                    stdout=asyncio.subprocess.PIPE,
                )
                assert program.stdout is not None
                assert await program.stdout.readline() == b"connected\n"
                assert ward.session.access.state == 1
                os.kill(program.pid, signal.SIGKILL)
                await program.wait()
                await until(lambda: ward.session.access.state == 0)

    run(deed())


def test_the_socket_stands_in_a_folder_of_its_owner_alone(folder):
    async def deed():
        async with AirPort(Air(), folder / "air") as port:
            assert stat.S_IMODE(port.path.parent.stat().st_mode) == 0o700
            with pytest.raises(UserError, match="Another simulated device"):
                await AirPort(Air(), folder / "air").__aenter__()
        assert not port.path.exists()
        folder.chmod(0o755)
        with pytest.raises(UserError, match="chmod 700"):
            await AirPort(Air(), folder).__aenter__()

    run(deed())


def test_a_socket_left_behind_by_a_killed_program_is_used_again(folder):
    async def deed():
        folder.chmod(0o700)
        server = await asyncio.start_unix_server(lambda *_: None, str(folder / "air.sock"))
        server.close()
        await server.wait_closed()
        async with AirPort(Air(), folder):
            pass

    run(deed())


def test_without_a_simulated_device_a_sentence_says_how_to_start_one(folder):
    with pytest.raises(UserError, match=r"\./swingphase link serve-sim"):
        run(visit(folder))


def test_the_usual_folder_belongs_to_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_folder().parent == tmp_path
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_folder().name == f"swingphase-{os.getuid()}"


def test_a_visitor_who_sends_nonsense_does_not_disturb_the_others(folder):
    async def deed():
        async with Ward(folder) as ward, AirPort(ward.air, folder) as port, ward.laptop() as laptop:
            _, writer = await asyncio.open_unix_connection(str(port.path))
            writer.write(bytes(range(256)))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                await client.read_gatt_char(gatt.ours(0x0101))
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    run(deed())
