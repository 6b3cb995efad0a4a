"""Any order of connecting, pairing, writes, long writes and lost links: nothing breaks or changes, stop works."""

import asyncio
import struct
import tempfile
from pathlib import Path

from bumble import hci
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_py.link import control, gatt, ops
from firmware_py.link.access import ALONE, WEARER
from tests.link_rig import there
from tests.radio_rig import ADDRESS, Raw, Ward, handle_of, until

STOP = bytes.fromhex("01003f00")
PLACES = st.sampled_from((gatt.CONTROL, gatt.STAGE, gatt.STATUS, gatt.ACTIVE, gatt.INFO))
PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([op.code for op in ops.OPS if op.code != ops.STOP]).map(
        lambda code: control.with_crc(struct.pack("<BBHH4s", 1, 0, code, 7, bytes(4)))
    ),
)


class RadioMachine(RuleBasedStateMachine):
    """One device, one central after the other."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.raw: Raw | None = None
        self.stops = 0
        self.do(self.begin())

    async def begin(self):
        self.ward = await Ward(Path(self.folder.name)).__aenter__()
        self.laptop = await self.ward.laptop().__aenter__()
        self.before = self.ward.device.in_use

    def do(self, deed):
        return self.loop.run_until_complete(asyncio.wait_for(deed, 10))

    @property
    def is_paired(self):
        return self.raw is not None and self.ward.session.access.state == WEARER

    @precondition(lambda self: self.raw is None)
    @rule()
    def connects(self):
        async def deed():
            connection = await self.laptop.device.connect(hci.Address(ADDRESS), timeout=3)
            await until(lambda: self.ward.session.access.state != ALONE)
            self.raw = Raw(self.laptop, connection)
            self.ward.is_patient()

        self.do(deed())

    @precondition(lambda self: self.raw is not None and not self.is_paired)
    @rule()
    def pairs(self):
        async def deed():
            self.ward.session.pairing.button()
            await there(self.raw).connection.pair()
            await until(lambda: self.is_paired)

        self.do(deed())

    @precondition(lambda self: self.raw is not None)
    @rule(place=PLACES, data=PIECES)
    def writes(self, place, data):
        self.ask(b"\x12" + self.handle(place) + data)

    @precondition(lambda self: self.raw is not None)
    @rule(place=PLACES, data=PIECES, at=st.integers(0, 40))
    def prepares(self, place, data, at):
        self.ask(b"\x16" + self.handle(place) + struct.pack("<H", at) + data)

    @precondition(lambda self: self.raw is not None)
    @rule(flags=st.sampled_from((0, 1)))
    def executes(self, flags):
        self.ask(b"\x18" + bytes([flags]))

    @precondition(lambda self: self.raw is not None)
    @rule(place=PLACES, at=st.integers(0, 100))
    def reads(self, place, at):
        self.ask(b"\x0c" + self.handle(place) + struct.pack("<H", at))

    @precondition(lambda self: self.raw is not None)
    @rule()
    def stops_therapy(self):
        answer = self.ask(b"\x12" + self.handle(gatt.CONTROL) + STOP)
        self.stops += self.is_paired
        assert (answer[0] == 0x13) == self.is_paired

    @precondition(lambda self: self.raw is not None)
    @rule(is_cut=st.booleans())
    def disconnects(self, is_cut):
        async def deed():
            if is_cut:
                self.ward.air.cut()
            else:
                await there(self.raw).connection.disconnect()
            await until(lambda: self.ward.session.access.state == ALONE)
            await until(lambda: not self.laptop.device.connections)
            self.ward.air.mend()

        self.do(deed())
        self.raw = None

    def handle(self, place):
        return struct.pack("<H", handle_of(self.ward, place))

    def ask(self, pdu):
        answer = self.do(there(self.raw).ask(pdu))
        assert answer[0] in (0x01, pdu[0] + 1)
        return answer

    @invariant()
    def nothing_changed_but_stops(self):
        ward = self.ward
        assert ward.device.in_use == self.before
        assert ward.session.changes.running == ward.session.changes.confirmed == self.before
        assert set(ward.device.told) <= {"stop"}
        assert ward.device.told.count("stop") == self.stops
        device = ward.peripheral.device
        assert device.gatt_server.prepared_writes.keys() <= set(device.connections.values())

    def teardown(self):
        self.do(self.laptop.__aexit__())
        self.do(self.ward.__aexit__())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        self.folder.cleanup()


TestRadioMachine = RadioMachine.TestCase
TestRadioMachine.settings = settings(
    max_examples=max(8, there(settings.default).max_examples // 12), stateful_step_count=25
)
