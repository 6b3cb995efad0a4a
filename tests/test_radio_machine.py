"""Any order of connecting, pairing, requests, writes, long writes, lost links: no more than may be, stop works.

The requests are those of somebody who knows everything but may not: the session of hello, rising numbers, and proofs
with the key of the PIN. What each is answered is said here once more, beside the device's own rules.
"""

import asyncio
import struct
import tempfile
from pathlib import Path

from bumble import hci
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_py.link import control, gatt, ops, unlock
from firmware_py.link.access import ALONE, ENGINEER, THERAPIST, WEARER
from firmware_py.link.proofs import hmac_sha256
from tests.link_rig import there
from tests.mpy.link_session import KEY
from tests.radio_rig import ADDRESS, Raw, Ward, cccd_of, handle_of, until

STOP = bytes.fromhex("01003f00")
PLACES = st.sampled_from((gatt.CONTROL, gatt.STAGE, gatt.STATUS, gatt.ACTIVE, gatt.INFO))
PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([op.code for op in ops.OPS if op.code not in (ops.STOP, ops.HELLO)]).map(
        lambda code: control.with_crc(struct.pack("<BBHH4s", 1, 0, code, 7, bytes(4)))
    ),
)
MAY = st.sampled_from(
    [(ops.PAUSE, b"", "pause"), (ops.RESUME, b"", "resume"), (ops.LEVEL, b"\x50", "level 80")]
)
MAY_NOT = [op for op in ops.OPS if op.code != ops.EVENT and op.role > WEARER]
MTU = 247


class RadioMachine(RuleBasedStateMachine):
    """One device, one central after the other."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.raw: Raw | None = None
        self.told: list[str] = []  # what the device should have been told
        self.session = bytes(4)
        self.seq = 0
        self.key = b""  # of whoever has unlocked last in this session
        self.indicated: list[bytes] = []
        self.do(self.begin())

    async def begin(self):
        self.ward = await Ward(Path(self.folder.name)).__aenter__()
        self.laptop = await self.ward.laptop().__aenter__()
        self.before = self.ward.device.in_use
        self.users = self.ward.store.things["users"]

    def do(self, deed):
        return self.loop.run_until_complete(asyncio.wait_for(deed, 10))

    @property
    def is_paired(self):
        return self.raw is not None and WEARER <= self.ward.session.access.state <= ENGINEER

    @property
    def has_session(self):
        return self.is_paired and self.session != bytes(4)

    @precondition(lambda self: self.raw is None)
    @rule()
    def connects(self):
        async def deed():
            connection = await self.laptop.device.connect(hci.Address(ADDRESS), timeout=3)
            await until(lambda: self.ward.session.access.state != ALONE)
            self.raw = Raw(self.laptop, connection)
            self.ward.is_patient()
            self.session = bytes(4)
            await self.exchange(b"\x02" + struct.pack("<H", MTU))

        self.do(deed())

    @precondition(lambda self: self.raw is not None and not self.is_paired)
    @rule()
    def pairs(self):
        async def deed():
            self.ward.session.pairing.button()
            await there(self.raw).connection.pair()
            await until(lambda: self.is_paired)
            await self.exchange(b"\x12" + struct.pack("<HH", cccd_of(self.ward, gatt.CONTROL), 2))

        self.do(deed())
        self.says_hello()

    @precondition(lambda self: self.is_paired)
    @rule()
    def says_hello(self):
        self.session, self.seq = bytes(4), 0
        reply = self.request(ops.HELLO)
        assert reply.result == ops.OK
        self.session, self.key = reply.values.session, b""

    @precondition(lambda self: self.has_session)
    @rule()
    def unlocks(self):
        nonce = self.request(ops.CHALLENGE, ops.BY_CODE[ops.CHALLENGE].request.pack("Ada")).values.nonce
        mine = bytes(8)
        proof = hmac_sha256(KEY, unlock.proof_message(b"unlock", nonce, mine, "Ada"))[:16]
        assert self.request(ops.UNLOCK, mine + proof).result == ops.OK
        self.key = hmac_sha256(KEY, unlock.proof_message(b"session", nonce, mine, "Ada"))
        assert self.ward.session.access.state == THERAPIST

    @precondition(lambda self: self.has_session)
    @rule()
    def locks(self):
        assert self.request(ops.LOCK).result == ops.OK
        assert self.ward.session.access.state == WEARER

    @precondition(lambda self: self.has_session)
    @rule(what=MAY)
    def asks_for_what_a_wearer_may(self, what):
        code, body, told = what
        assert self.request(code, body).result == ops.OK
        self.told.append(told)

    @precondition(lambda self: self.has_session)
    @rule(body=st.binary(max_size=30), is_new=st.booleans(), unlocks_first=st.booleans())
    def asks_for_all_that_it_may_not(self, body, is_new, unlocks_first):
        """As a wearer with the proof of a therapist; or as therapist without a proof, or once more."""
        if unlocks_first:
            self.unlocks()
        for op in MAY_NOT:
            for is_proven, is_of_session in ((True, True), (False, True), (True, False)):
                self.asks_in_vain(op, body, is_proven, is_new, is_of_session)

    def asks_in_vain(self, op, body, is_proven, is_new, is_of_session):
        is_allowed = self.ward.session.access.state >= op.role
        key = self.key if is_proven else b"another key"
        if not is_of_session:
            wanted = ops.NO_SESSION
        elif not is_allowed:
            wanted = ops.NOT_ALLOWED
        elif not is_proven:
            wanted = ops.BAD_PROOF
        else:
            is_new, wanted = False, ops.REPLAYED
        seq = self.seq + 1 if is_new else self.seq
        session = self.session if is_of_session else b"\xff" + self.session[1:]
        assert self.ask_signed(op.code, seq, session, body, key).result == wanted

    def request(self, code, body=b""):
        """Ask with the next number; return the answer."""
        self.seq += 1
        return self.ask_signed(code, self.seq, self.session, body)

    def ask_signed(self, code, seq, session, body, key=None):
        data = struct.pack("<BBHH4s", 1, 0, code, seq, session) + body
        if key is not None:
            data += hmac_sha256(key, data)[:8]
        return self.do(self.answer(control.with_crc(data)))

    async def answer(self, data):
        """Write a request; return what is indicated as its answer."""
        self.indicated.clear()
        assert (await self.exchange(b"\x12" + self.handle(gatt.CONTROL) + data))[0] == 0x13
        while True:
            for told in self.indicated:
                reply = there(control.read_reply(told))
                if (reply.op, reply.seq) == (control.op_of(data), control.seq_of(data)):
                    return reply
            self.indicated.clear()
            self.take(await there(self.raw).heard())

    async def exchange(self, pdu):
        """Send a PDU; return its answer, and confirm what is indicated meanwhile."""
        raw = there(self.raw)
        raw.send(pdu)
        while True:
            answer = await raw.heard()
            if not self.take(answer):
                return answer

    def take(self, pdu):
        if pdu[0] == 0x1D:
            self.indicated.append(pdu[3:])
            there(self.raw).send(b"\x1e")
        return pdu[0] in (0x1B, 0x1D)

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
        self.told += ["stop"] * self.is_paired
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
        answer = self.do(self.exchange(pdu))
        assert answer[0] in (0x01, pdu[0] + 1)
        return answer

    @invariant()
    def nothing_changed_but_what_a_wearer_may(self):
        ward = self.ward
        assert ward.device.in_use == self.before
        assert ward.session.changes.running == ward.session.changes.confirmed == self.before
        assert ward.device.told == self.told
        assert (ward.session.changes.state, ward.session.arming.is_on) == (0, False)
        assert not ward.session.bursts.is_held
        assert ward.store.things["users"] == self.users
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
