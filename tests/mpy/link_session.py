"""A therapist's session over the link's core, without a radio; prints every byte that goes out, step by step.

The same file runs under CPython (imported by tests, which also use its stand-ins) and under MicroPython (as
__main__, with the heap locked in every control cycle).
"""

import hashlib

from firmware_py.blackbox import RowRing, rows
from firmware_py.compose import compose_walk
from firmware_py.cycle import CYCLE_US
from firmware_py.link import control, gatt, ops, unlock, values
from firmware_py.link.contracts import Chance, Display, LogSource, Store
from firmware_py.link.loop_device import LoopDevice
from firmware_py.link.proofs import hmac_sha256
from firmware_py.link.session import Session
from firmware_py.link.wire import with_version
from safety.clock import after_us
from stimulator.cues import Cues
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import canonical_bytes, default_prescription, from_bytes
from stimulator.wearer import DEFAULT_CORRIDOR, Wearer

try:
    from tests.mpy import whole_loop
except ImportError:
    import whole_loop  # placed beside this file under MicroPython

KEY = bytes(range(32))  # of the PIN, as a client would derive it
PEER = b"\x01\x02\x03\x04\x05\xc6"
ABOUT = (b"\x11\x22\x33\x44", "Swingphase", "P24", "0.1.0")
FEATURES = values.HAS_LOG | values.HAS_TEST | values.HAS_LEVEL


class MemoryStore(Store):
    """Keeps everything until the program ends; `is_full` makes it refuse."""

    def __init__(self):
        self.things = {}
        self.lists = {}
        self.is_full = False

    def load(self, name):
        return self.things.get(name)

    def save(self, name, data):
        if self.is_full:
            raise OSError(28)
        self.things[name] = bytes(data)

    def append(self, name, entry):
        if self.is_full:
            raise OSError(28)
        self.lists.setdefault(name, []).append(bytes(entry))

    def count(self, name):
        return len(self.lists.get(name, ()))

    def entry(self, name, index):
        return self.lists[name][index]


class Dice(Chance):
    """The same row of bytes in every run."""

    def __init__(self, seed=1):
        self._state = seed

    def fill(self, n):
        found = bytearray()
        for _ in range(n):
            self._state = (self._state * 1103 + 12345) & 0xFFFFF
            found.append(self._state >> 8 & 0xFF)
        return bytes(found)


class Eyes(Display):
    """Somebody who looks at the display."""

    def __init__(self):
        self.seen = []
        self.is_dark = True

    def show_passkey(self, passkey):
        self.seen.append(passkey)
        self.is_dark = False

    def clear(self):
        self.is_dark = True


class RingLog(LogSource):
    """Rows kept in memory, oldest first."""

    def __init__(self):
        self.epoch = b"\xaa\xbb\xcc\xdd"
        self.rows = []

    def keep(self, data):
        for at in range(0, len(data), 36):
            self.rows.append(bytes(data[at : at + 36]))

    def first(self):
        return 0

    def end(self):
        return len(self.rows)

    def read(self, number):
        return self.rows[number]


class Talk:
    """A client without a radio: builds requests, keeps session and key, reads what comes back."""

    def __init__(self, session):
        self.session = session
        self.id = bytes(4)
        self.key = b""
        self.seq = 0
        self.heard = []  # (key, bytes) of everything that was sent by the device

    def bytes_of(self, code, *asked):
        self.seq += 1
        return control.request_bytes(ops.BY_CODE[code], self.seq, self.id, self.key, *asked)

    def send(self, data):
        """Write `data` to the control point; return the answer."""
        refused = self.session.write(gatt.CONTROL, data)
        if refused:
            raise ValueError("the write was refused with %d" % refused)
        replies = [control.read_reply(v) for key, v, _ in self.take() if key == gatt.CONTROL]
        answers = [r for r in replies if r is not None and (r.op != ops.EVENT or r.seq != 0)]
        return answers[len(answers) - 1]

    def take(self):
        """Take out everything that waits, confirming as a central does."""
        found = []
        out = self.session.next_out()
        while out is not None:
            if out[2]:
                self.session.acked()
            found.append(out)
            self.heard.append((out[0], out[1]))
            out = self.session.next_out()
        return found

    def ask(self, code, *asked):
        """Ask for an operation; return its answer."""
        return self.send(self.bytes_of(code, *asked))

    def hello(self):
        """Begin a session."""
        self.seq = 0
        self.key = b""
        reply = self.ask(ops.HELLO)
        self.id = reply.values.session
        return reply

    def unlock(self, user="Ada", key=KEY):
        """Unlock by the key of a PIN; return the answer."""
        reply = self.ask(ops.CHALLENGE, user)
        if reply.result != ops.OK:
            return reply
        nonce = reply.values.nonce
        mine = b"\x07" * 8
        proof = hmac_sha256(key, unlock.proof_message(b"unlock", nonce, mine, user))[:16]
        reply = self.ask(ops.UNLOCK, mine, proof)
        if reply.result == ops.OK:
            self.key = hmac_sha256(key, unlock.proof_message(b"session", nonce, mine, user))
        return reply

    def stage(self, prescription, revision, txn=1, size=20):
        """Send a prescription in pieces and let it be checked; return the answer."""
        data = canonical_bytes(prescription)
        reply = self.ask(ops.BEGIN, txn, len(data), hashlib.sha256(data).digest()[:8], revision)
        if reply.result != ops.OK:
            return reply
        for at in range(0, len(data), size):
            self.session.write(gatt.STAGE, with_version(values.PIECE, txn, at, data[at : at + size]))
        return self.ask(ops.VALIDATE, txn)


def new_store(role=3):
    """Return a store with one user, Ada."""
    store = MemoryStore()
    unlock.Users(store).put(unlock.USER.record("Ada", role, b"saltsalt", 100_000, KEY))
    return store


def changed(prescription, channel, **what):
    """Return `prescription` with other values on one channel; MicroPython's namedtuple has no _replace."""
    data = bytearray(canonical_bytes(prescription))
    ids = {p.name: p.id for p in WALK_PARAMETERS + CHANNEL_PARAMETERS}
    for name in what:
        value = what[name]
        for at in range(5, len(data), 6):
            if data[at] == ids[name] and (data[at + 1] == channel or data[at + 1] == 255):
                data[at + 2 : at + 6] = bytes(
                    [value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255]
                )
    return from_bytes(bytes(data))


class Bench:
    """The whole on-board loop over a stored trace, with a session beside it."""

    def __init__(self, trace, store=None, session_on=True, seed=1):
        self.ring = RowRing(4000)
        self.sensors = whole_loop.TraceSensors(trace)
        self.port = whole_loop.AnsweringPort()
        self.store = new_store() if store is None else store
        self.loop = compose_walk(
            sensors=self.sensors,
            port=self.port,
            log=self.ring,
            prescription=default_prescription(),
            place="foot",
            has_switch=True,
            was_checked=True,
        )
        self.cues = Cues()
        self.wearer = Wearer(DEFAULT_CORRIDOR, self.cues)
        self.loop.wear(self.wearer, self.cues)
        self.device = LoopDevice(self.loop, self.wearer)
        self.eyes = Eyes()
        self.log = RingLog()
        self.session = Session(
            self.device, self.store, Dice(seed), self.eyes, self.log, about=ABOUT, features=FEATURES
        )
        self.talk = Talk(self.session)
        self.is_session_on = session_on
        self.t_us = whole_loop.T_START_US
        self.ms = 0
        self.all_rows = bytearray()
        self.loop.guard.open()

    def run(self, ms):
        """Let so many milliseconds pass, with the heap locked in every cycle."""
        end = self.ms + ms
        while self.ms < end:
            whole_loop.heap_lock()
            try:
                whole_loop.one_cycle(self.loop, self.loop.guard, self.sensors, self.port, self.t_us)
                if self.is_session_on:
                    self.device.after_cycle(self.t_us, self.session.telemetry)
                    self.session.step(self.t_us, CYCLE_US)
            finally:
                whole_loop.heap_unlock()
            self.t_us = after_us(self.t_us, CYCLE_US)
            self.ms += 5
            if self.ms % 1000 == 0:
                self.drain()

    def drain(self):
        """Bring the rows of the loop into the log."""
        data = self.ring.drain()
        self.log.keep(data)
        self.all_rows += data


def run(trace):
    """Return the lines that name what a whole session did."""
    bench = Bench(trace)
    talk = bench.talk
    session = bench.session
    lines = []

    def say(what, reply=None):
        sent = hashlib.sha256()
        for key, value in talk.heard:
            sent.update(bytes([key]) + value)
        lines.append(
            "%d %s %s heard %d %s"
            % (
                bench.ms,
                what,
                "-" if reply is None else "%d %s %s" % (reply.result, reply.values, reply.sentence),
                len(talk.heard),
                "".join(["%02x" % b for b in sent.digest()[:8]]),
            )
        )

    bench.run(400)
    session.pairing.button()
    say("connected %s" % session.connected(PEER))
    say("refused %d" % session.write(gatt.CONTROL, b"anything"))
    say("pairing %s %d" % (session.pairing.begin(), session.pairing.fresh()))
    session.secured()
    session.pairing.end(True)
    session.mtu = 247
    say("hello", talk.hello())
    say("not yet", talk.ask(ops.ARM_WALK))
    say("wrong PIN", talk.unlock(key=bytes(32)))
    say("unlocked", talk.unlock())
    say("time", talk.ask(ops.TIME, 200_000_000))
    say("acknowledged", talk.ask(ops.ACKNOWLEDGE))
    say("arm", talk.ask(ops.ARM_WALK))
    bench.run(50)
    talk.take()
    say("watch", talk.ask(ops.WATCH, 1))
    for _ in range(40):
        bench.run(100)
        talk.take()
    say("walked")
    wanted = changed(default_prescription(), 0, current_ua=27_000)
    say("staged", talk.stage(wanted, session.changes.revision))
    reply = talk.ask(ops.COMMIT, 1, session.changes.revision)
    say("committed", reply)
    bench.run(2_000)
    say("confirmed", talk.ask(ops.CONFIRM, reply.values.hash, reply.values.revision))
    say("level", talk.ask(ops.LEVEL, 80))
    bench.run(2_000)
    say("info", talk.ask(ops.LOG_INFO))
    say("report", talk.ask(ops.LOG_REPORT, bench.log.epoch, 10, 200))
    talk.take()
    say("history", talk.ask(ops.HISTORY, 1, 0))
    wanted = changed(wanted, 1, current_ua=18_000, width_us=250)
    talk.stage(wanted, session.changes.revision, txn=2)
    say("less", talk.ask(ops.COMMIT, 2, session.changes.revision))
    session.disconnected()
    bench.run(1_500)
    say("phase %d hash %s" % (session.changes.phase, session.changes.hash()))
    say("stop", None)
    session.connected(PEER)
    session.secured()
    say("stopped", talk.send(b"\x01\x00\x3f\x00"))
    bench.run(500)
    bench.drain()
    digest = hashlib.sha256(bytes(bench.all_rows)).digest()
    commits = len([row for row in rows(bytes(bench.all_rows)) if row[0] == 4])
    lines.append("requests %d pulses %d wire %06x" % (commits, bench.port.pulses, bench.port.wire_sum))
    lines.append("checksum " + "".join(["%02x" % b for b in digest]))
    return lines


if __name__ == "__main__":
    import sys

    with open(sys.argv[1], "rb") as f:
        for line in run(f.read()):
            print(line)
