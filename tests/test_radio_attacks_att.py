"""Attacks on the attribute server: every access of a stranger, and bytes that are no messages at all."""

import asyncio
import random
import struct

import pytest
from bumble import att, core, smp

from firmware_py.link import gatt
from firmware_py.link.access import STRANGER, WEARER
from tests.link_rig import in_use, there
from tests.radio_rig import SECURE_KEYS, Ward, cccd_of, handle_of, raw_connection, run, until

STOP = bytes.fromhex("01003f00")
REFUSED = (0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x0A, 0x0F)
FUZZ_N = 3_000
FUZZ_ALL_N = 1_000_000


def error_in(answer: bytes) -> tuple[int, int]:
    """Return (opcode, error) of an error response."""
    assert answer[0] == 0x01, answer.hex()
    return answer[1], answer[4]


async def state_of(ward):
    return (ward.device.told[:], in_use(ward), ward.session.changes.running, ward.session.read(gatt.MODEL))


def uuid_bytes(uuid: str) -> bytes:
    return core.UUID(uuid).to_bytes(force_128=True)


@pytest.mark.parametrize("key", SECURE_KEYS)
def test_no_way_of_reading_leads_a_stranger_to_what_is_secure(tmp_path, key):
    uuid = next(c.uuid for s in gatt.table() for c in s.characteristics if c.key == key)

    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            h = struct.pack("<H", handle_of(ward, key))
            free = struct.pack("<H", handle_of(ward, gatt.INFO))
            everywhere = b"\x01\x00\xff\xff"
            for pdu in (
                b"\x0a" + h,
                b"\x0c" + h + b"\x00\x00",
                b"\x0c" + h + b"\x05\x00",
                b"\x08" + everywhere + uuid_bytes(uuid),
                b"\x0e" + free + h,
                b"\x0e" + h + free,
                b"\x20" + free + h,
                b"\x10" + everywhere + uuid_bytes(uuid)[12:14],
            ):
                opcode, error = error_in(await raw.ask(pdu))
                assert (opcode, error in (*REFUSED, 0x10)) == (pdu[0], True), (pdu.hex(), error)

    run(deed())


def test_values_cannot_be_guessed_by_asking_where_they_are(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ask = b"\x06\x01\x00\xff\xff"
            for short in (0x2A19, 0x2A26, 0x2902):
                answer = await raw.ask(ask + struct.pack("<H", short) + b"\xff")
                assert error_in(answer)[1] in (0x0A, 0x05, 0x02)
            found = await raw.ask(ask + b"\x00\x28" + uuid_bytes(gatt.SERVICE_UUID))
            assert found[0] == 0x07, "services may be looked for: that is how a client finds them"

    run(deed())


@pytest.mark.parametrize("key", [*SECURE_KEYS, gatt.INFO, gatt.MODEL, gatt.BATTERY])
def test_no_way_of_writing_leads_a_stranger_anywhere(tmp_path, key):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            before = await state_of(ward)
            around = handle_of(ward, key)
            for handle in range(around - 1, around + 2):  # its declaration, itself, its descriptor
                h = struct.pack("<H", handle)
                assert error_in(await raw.ask(b"\x12" + h + STOP))[1] in REFUSED
                assert error_in(await raw.ask(b"\x16" + h + b"\x00\x00" + STOP))[1] in REFUSED
                raw.send(b"\x52" + h + STOP)
                raw.send(b"\xd2" + h + STOP + bytes(12))
            assert (await raw.ask(b"\x18\x01"))[0] == 0x19
            assert await state_of(ward) == before
            assert ward.session.access.state == STRANGER

    run(deed())


@pytest.mark.parametrize("battery", [71, 255])
def test_every_way_of_reading_a_charge_that_may_be_unknown_gets_an_answer(tmp_path, battery):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ward.device.battery = battery
            h = struct.pack("<H", handle_of(ward, gatt.BATTERY))
            everywhere = b"\x01\x00\xff\xff\x19\x2a"
            ways = [
                b"\x0a" + h,
                b"\x08" + everywhere,
                b"\x06" + everywhere + bytes([battery]),
            ]
            ways += [b"\x0e" + h + h, b"\x20" + h + h]
            answers = [await raw.ask(way) for way in ways]
            if battery <= 100:
                assert [a[0] for a in answers] == [way[0] + 1 for way in ways]
            else:
                assert [error_in(a)[1] for a in answers] == [0x02] * len(ways)
            assert error_in(await raw.ask(b"\x0c" + h + b"\0\0"))[1] in (0x02, 0x0B), "it is not long"

    run(deed())


def test_a_stranger_cannot_subscribe(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            for key in (gatt.CONTROL, gatt.STATUS, gatt.TELEMETRY, gatt.LOG):
                h = struct.pack("<H", cccd_of(ward, key))
                for value in (b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x01", bytes(40)):
                    assert error_in(await raw.ask(b"\x12" + h + value))[1] == 0x05
            assert ward.peripheral.device.gatt_server.subscribers == {}

    run(deed())


def test_nothing_that_may_be_read_without_pairing_changes_when_it_is_written_by_a_wearer(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ward.session.pairing.button()
            await raw.connection.pair()
            await until(lambda: ward.session.access.state == WEARER)
            before = await state_of(ward)
            may = {handle_of(ward, gatt.CONTROL), handle_of(ward, gatt.STAGE)}
            may |= {cccd_of(ward, k) for k in (gatt.CONTROL, gatt.STATUS, gatt.TELEMETRY, gatt.LOG)}
            for handle in range(1, ward.last_handle() + 3):
                if handle not in may:
                    answer = await raw.ask(b"\x12" + struct.pack("<H", handle) + b"HACKED")
                    if (
                        answer[0] == 0x13
                    ):  # the stack's own: which features the client has, what it wants told
                        attribute = there(ward.peripheral.device.gatt_server.get_attribute(handle))
                        assert attribute.type in (core.UUID(0x2B29), core.UUID(0x2902))
            assert await state_of(ward) == before

    run(deed())


def test_a_write_without_an_answer_does_nothing_even_from_a_wearer(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ward.session.pairing.button()
            await raw.connection.pair()
            await until(lambda: ward.session.access.state == WEARER)
            for opcode in (b"\x52", b"\xd2"):
                raw.send(opcode + struct.pack("<H", handle_of(ward, gatt.CONTROL)) + STOP)
            await raw.ask(b"\x0a" + struct.pack("<H", handle_of(ward, gatt.INFO)))
            assert ward.device.told == []

    run(deed())


MALFORMED = [
    *(bytes([opcode]) for opcode in range(0, 0x40, 2)),
    *(bytes([opcode, 1]) for opcode in range(0, 0x40, 2)),
    b"\x0a\x01",
    b"\x12\x03",
    b"\x04\x01\x00",
    b"\x08\x01\x00\xff\xff\x01\x02\x03",
    b"\x3e" + bytes(40),
]


def test_every_malformed_request_gets_an_answer_and_the_next_good_one_too(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            good = b"\x0a" + struct.pack("<H", handle_of(ward, gatt.INFO))
            for pdu in MALFORMED:
                raw.send(pdu)
                if pdu[0] != 0x1E:  # a confirmation gets none
                    answer = await raw.heard()
                    assert answer[:2] == bytes([0x01, pdu[0]]) or answer[0] == pdu[0] + 1
                assert (await raw.ask(good))[0] == 0x0B
            raw.send(b"")
            assert (await raw.ask(good))[0] == 0x0B

    run(deed())


def test_too_many_prepared_writes_are_refused_and_leave_nothing_behind(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ward.session.pairing.button()
            await raw.connection.pair()
            await until(lambda: ward.session.access.state == WEARER)
            h = struct.pack("<H", handle_of(ward, gatt.CONTROL))
            answers = [await raw.ask(b"\x16" + h + struct.pack("<H", 18 * n) + bytes(18)) for n in range(40)]
            assert [a[0] for a in answers] == [0x17] * 32 + [0x01] * 8
            assert (await raw.ask(b"\x18\x01"))[0] in (0x01, 0x19)
            assert ward.peripheral.device.gatt_server.prepared_writes == {}
            assert ward.device.told == []

    run(deed())


def test_stop_as_a_long_write_is_a_stop(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
            ward.session.pairing.button()
            await raw.connection.pair()
            await until(lambda: ward.session.access.state == WEARER)
            h = struct.pack("<H", handle_of(ward, gatt.CONTROL))
            await raw.ask(b"\x16" + h + b"\x00\x00" + STOP[:3])
            await raw.ask(b"\x16" + h + b"\x03\x00" + STOP[3:])
            assert (await raw.ask(b"\x18\x00"))[0] == 0x19
            assert ward.device.told == [], "cancelled"
            await raw.ask(b"\x16" + h + b"\x00\x00" + STOP)
            await raw.ask(b"\x18\x01")
            assert ward.device.told == ["stop"]

    run(deed())


def fuzzed(draw: random.Random, handles: list[int]) -> tuple[int, bytes]:
    """Return (channel, bytes): wild ones, and good ones with something wrong."""
    cid = draw.choices((att.ATT_CID, smp.SMP_CID, 0x05), (18, 1, 1))[0]
    if cid != att.ATT_CID or draw.random() < 0.3:
        return cid, draw.randbytes(draw.choice((1, 2, 3, 5, 9, 17, 33, 80, 240)))
    h = struct.pack("<H", draw.choice(handles))
    some = draw.randbytes(draw.choice((0, 1, 2, 4, 16, 60, 200)))
    pdu = draw.choice(
        (
            b"\x0a" + h,
            b"\x0c" + h + draw.randbytes(2),
            b"\x12" + h + some,
            b"\x12" + h + b"\x01\x00" + some,
            b"\x16" + h + draw.randbytes(2) + some,
            b"\x18" + draw.randbytes(1),
            b"\x52" + h + some,
            b"\xd2" + h + some,
            b"\x0e" + h + draw.randbytes(2) + h,
            b"\x20" + h + h,
            b"\x08\x01\x00\xff\xff" + draw.randbytes(2),
            b"\x10\x01\x00\xff\xff\x00\x28",
            b"\x06\x01\x00\xff\xff\x00\x28" + some,
            b"\x04" + h + b"\xff\xff",
            b"\x02" + draw.randbytes(2),
            b"\x1e",
        )
    )
    if draw.random() < 0.3:
        at = draw.randrange(len(pdu))
        pdu = pdu[:at] + draw.randbytes(1) + pdu[at + 1 :]
    return cid, pdu


async def fuzz(folder, seed, count, is_paired):
    draw = random.Random(seed)
    complaints = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    async with Ward(folder) as ward, ward.laptop() as laptop, raw_connection(ward, laptop) as raw:
        if is_paired:
            ward.session.pairing.button()
            await raw.connection.pair()
            await until(lambda: ward.session.access.state == WEARER)
        ward.is_patient()
        prescription = in_use(ward)
        kept = dict(ward.store.things)
        handles = list(range(ward.last_handle() + 4))
        good = b"\x0a" + struct.pack("<H", handle_of(ward, gatt.MODEL))
        sent = 0
        while sent < count:
            for _ in range(50):
                cid, pdu = fuzzed(draw, handles)
                raw.send(pdu, cid)
            sent += 50
            ward.is_patient()
            while not raw.answers.empty():
                raw.answers.get_nowait()
            raw.send(good)
            while await raw.heard(60) != b"\x0bP24":  # a machine may stand still for seconds in so long a run
                pass
        assert in_use(ward) == prescription
        assert ward.session.changes.running == prescription
        assert ward.store.things == kept
        assert set(ward.device.told) <= ({"stop"} if is_paired else set())
        assert ward.session.access.state == (WEARER if is_paired else STRANGER)
    return sent, complaints


@pytest.mark.parametrize("is_paired", [False, True], ids=["stranger", "wearer"])
def test_thousands_of_wild_messages_change_nothing_and_every_good_one_is_answered(tmp_path, is_paired):
    sent, complaints = asyncio.run(fuzz(tmp_path, 1, FUZZ_N // 2, is_paired))
    assert sent >= FUZZ_N // 2
    assert complaints == [], "nothing was raised in the host"


@pytest.mark.slow
@pytest.mark.parametrize("is_paired", [False, True], ids=["stranger", "wearer"])
def test_a_million_wild_messages_change_nothing(tmp_path, is_paired):
    sent, complaints = asyncio.run(fuzz(tmp_path, 2, FUZZ_ALL_N // 2, is_paired))
    assert sent >= FUZZ_ALL_N // 2
    assert complaints == []
