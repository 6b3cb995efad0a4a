"""A stand-in of MicroPython's `bluetooth.BLE` on NimBLE with a central in front of it, and a session over both.

The same file runs under CPython (imported by tests) and under MicroPython (as __main__). The stand-in does what the
documentation and the source of NimBLE's binding say: a write is stored before anybody is asked, values are cut to their
buffer, reads are answered from what is stored, and every access is checked against the flags.
"""

from firmware_py.boards.esp32_link import Esp32Link
from firmware_py.link import control, gatt, ops
from stimulator.prescription import default_prescription

try:
    from tests.mpy import link_session
except ImportError:
    import link_session  # placed beside this file under MicroPython

ADDRESS = b"\xc6\x05\x04\x03\x02\x01"  # highest byte first, as MicroPython has it
REFUSED = 0x05
OUR_SECRET, PEER_SECRET = 1, 2


class StandIn:
    """The board's side is that of `bluetooth.BLE`; the air's side begins with `air_`."""

    def __init__(self):
        self.settings = {}
        self.advertised = None  # while it advertises
        self.sent = []  # (conn, handle, value, is_indication)
        self.passkey = None
        self.is_full = False
        self.connected = {}  # conn -> [is_encrypted, is_authenticated]
        self._irq = lambda event, data: None
        self._flags = {}
        self._uuids = {}
        self._values = {}
        self._room = {}

    # What the board calls -------------------------------------------------------------------------

    def active(self, is_on=None):
        self.settings["active"] = is_on

    def irq(self, handler):
        self._irq = handler

    def config(self, **what):
        self.settings.update(what)

    def gatts_register_services(self, services):
        handle = 15
        found = []
        for _, characteristics in services:
            handles = []
            for uuid, flags in characteristics:
                handle += 2
                self._flags[handle] = flags
                self._uuids[handle] = uuid
                self._values[handle] = b""
                self._room[handle] = 20
                handles.append(handle)
                if flags & (gatt.NOTIFY | gatt.INDICATE):
                    handle += 1
            handle += 1
            found.append(tuple(handles))
        return tuple(found)

    def gatts_set_buffer(self, handle, n, append=False):
        self._room[handle] = n

    def gatts_write(self, handle, value):
        self._values[handle] = bytes(value)
        self._room[handle] = max(self._room[handle], len(value))

    def gatts_read(self, handle):
        return self._values[handle]

    def gatts_notify(self, conn, handle, value):
        self._send(conn, handle, value, False)

    def gatts_indicate(self, conn, handle, value):
        self._send(conn, handle, value, True)

    def _send(self, conn, handle, value, is_indication):
        if self.is_full:
            raise OSError(12)
        self.sent.append((conn, handle, bytes(value), is_indication))

    def gap_passkey(self, conn, action, passkey):
        self.passkey = passkey

    def gap_disconnect(self, conn):
        if conn not in self.connected:
            raise OSError(128)
        self.air_disconnect(conn)

    def gap_advertise(self, interval_us, data):
        self.advertised = data

    # What comes through the air -------------------------------------------------------------------

    def event(self, number, *data):
        return self._irq(number, data)

    def air_connect(self, conn=1, address=ADDRESS):
        self.connected[conn] = [0, 0]
        self.advertised = None
        self.event(1, conn, 0, memoryview(address))
        self.event(21, conn, 247)

    def air_disconnect(self, conn=1):
        if conn in self.connected:
            del self.connected[conn]
            self.event(2, conn, 0, memoryview(ADDRESS))

    def air_encrypted(self, conn, encrypted, authenticated, bonded=1, key_n=16):
        if conn in self.connected:
            self.connected[conn] = [encrypted, authenticated]
            self.event(28, conn, encrypted, authenticated, bonded, key_n)

    def air_keeps_keys(self, address=ADDRESS):
        """The end of a pairing: NimBLE hands over its keys."""
        return [self.event(30, kind, memoryview(address), b"key" * 20) for kind in (OUR_SECRET, PEER_SECRET)]

    def air_finds_keys(self, address=ADDRESS):
        """A paired central asks for encryption: does the device know its key?"""
        return self.event(29, OUR_SECRET, 0, memoryview(address)) is not None

    def _may(self, conn, handle, bit, proof):
        flags = self._flags[handle]
        if not flags & bit:
            return 3
        return REFUSED if flags & proof and self.connected[conn] != [1, 1] else 0

    def air_read(self, handle, conn=1):
        """Return the value, or the number of the error."""
        error = self._may(conn, handle, gatt.READ, 0x0600)
        return error if error else self._values[handle]

    def air_write(self, handle, value, conn=1):
        error = self._may(conn, handle, gatt.WRITE, 0x3000)
        if not error:
            self._values[handle] = bytes(value)[: self._room[handle]]
            self.event(3, conn, handle)
        return error

    def air_handle(self, uuid):
        return next(h for h in self._uuids if self._uuids[h] == uuid)


class AirTalk(link_session.Talk):
    """A client that reaches the session through the stand-in."""

    def __init__(self, ble, link, work):
        super().__init__(self)
        self.ble, self._work = ble, work
        self._handles = {}
        for service in gatt.table():
            for c in service.characteristics:
                short = int(c.uuid[4:8], 16)
                is_assigned = c.uuid.endswith("-0000-1000-8000-00805f9b34fb")
                self._handles[c.key] = ble.air_handle(short if is_assigned else c.uuid)
        self._keys = {h: key for key, h in self._handles.items()}

    def write(self, key, data):
        error = self.ble.air_write(self._handles[key], data)
        self._work()
        return error

    def read(self, key):
        self._work()
        return self.ble.air_read(self._handles[key])

    def take(self):
        """Take what was sent, confirming each indication."""
        found = []
        while self.ble.sent:
            conn, handle, value, is_indication = self.ble.sent.pop(0)
            if is_indication:
                self.ble.event(20, conn, handle, 0)
            key = self._keys[handle]
            found.append((key, value, is_indication))
            self.heard.append((key, value))
            self._work()
        return found

    def pair(self, typed=None, how=(1, 1)):
        """Pair with what the display shows, or with something else; True if the link is still there."""
        self.ble.passkey = None
        self.ble.event(31, 1, 3, 0)
        self._work()
        if self.ble.passkey is not None:
            if typed is None or typed == self.ble.passkey:
                self.ble.air_keeps_keys()
                self.ble.air_encrypted(1, how[0], how[1])
            else:
                self.ble.air_encrypted(1, 0, 0, 0, 0)
        self._work()
        return 1 in self.ble.connected


def run(trace):
    """Return the lines that name what a session over NimBLE's stand-in did."""
    bench = link_session.Bench(trace)
    session = bench.session
    ble = StandIn()
    link = Esp32Link(ble, lambda v: v, session, bench.store, name="SWP-1122", is_sc_only=True)
    link.start()
    talk = AirTalk(ble, link, lambda: link.work(bench.t_us))
    lines = []

    def say(what, value: object = ""):
        if isinstance(value, control.Reply):
            value = "%d %s" % (value.result, value.sentence)
        lines.append("%d %s %s heard %d" % (bench.ms, what, value, len(talk.heard)))

    def walk(ms):
        for _ in range(ms // 5):
            bench.run(5)
            link.work(bench.t_us)
            talk.take()

    say("advertises", ble.advertised)
    walk(400)
    ble.air_connect()
    say("info", talk.read(gatt.INFO))
    say("status", talk.read(gatt.STATUS))
    say("window closed", talk.pair())
    walk(5)
    session.pairing.button()
    ble.air_connect()
    say("paired", talk.pair())
    say("hello", talk.hello())
    say("not yet", talk.ask(ops.ARM_WALK))
    say("unlocked", talk.unlock())
    say("acknowledged", talk.ask(ops.ACKNOWLEDGE))
    say("arm", talk.ask(ops.ARM_WALK))
    say("watch", talk.ask(ops.WATCH, 1))
    walk(3_000)
    wanted = link_session.changed(default_prescription(), 0, current_ua=27_000)
    say("staged", talk.stage(wanted, session.changes.revision, size=80))
    reply = talk.ask(ops.COMMIT, 1, session.changes.revision)
    say("committed", reply)
    walk(2_000)
    say("confirmed", talk.ask(ops.CONFIRM, reply.values.hash, reply.values.revision))
    say("active", talk.read(gatt.ACTIVE))
    say("report", talk.ask(ops.LOG_REPORT, bench.log.epoch, 10, 60))
    walk(200)
    ble.air_disconnect()
    walk(5)
    ble.air_connect()
    say("known", ble.air_finds_keys())
    say("before", talk.read(gatt.ACTIVE))
    ble.air_encrypted(1, 1, 1)
    say("hello", talk.hello())
    say("stop", talk.send(b"\x01\x00\x3f\x00"))
    walk(500)
    lines.append("pulses %d wire %06x" % (bench.port.pulses, bench.port.wire_sum))
    return lines


if __name__ == "__main__":
    import sys

    with open(sys.argv[1], "rb") as f:
        for line in run(f.read()):
            print(line)
