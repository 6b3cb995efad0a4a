"""The link on an ESP32: MicroPython's `bluetooth` on NimBLE, with `firmware_py.link` behind it.

What NimBLE and MicroPython do by themselves, and what follows:
- A write is stored and answered before any Python runs, so it cannot be refused. Everything that matters is
  answered by an indication, and a change that lost a piece is noticed by its length and hash.
- A read is answered from a stored value, without asking. So values of a secure characteristic are stored only while
  a proven central is there, besides the flags that NimBLE checks.
- Events may come in the middle of a control cycle. They are only noted there; `work` does them.
- Python is not told whether a pairing was LE Secure Connections or legacy, and `le_secure` does not exclude legacy.
  So the firmware must be built without it (CONFIG_BT_NIMBLE_SM_LEGACY=n), and whoever starts this says that it was.
It has never run on a board. tests/test_board_link.py runs it on a stand-in of NimBLE, on CPython and MicroPython.
"""

from firmware_py.boards.ble_table import ADVERTISE_US, advertisement, definition, handles_in
from firmware_py.boards.bonds import Bonds
from firmware_py.link import access, gatt, ops
from firmware_py.link.control import op_of
from safety.clock import elapsed_us

CENTRAL_CONNECT, CENTRAL_DISCONNECT, GATTS_WRITE = 1, 2, 3
INDICATE_DONE, MTU_EXCHANGED = 20, 21
ENCRYPTION_UPDATE, GET_SECRET, SET_SECRET, PASSKEY_ACTION = 28, 29, 30, 31
PASSKEY_DISPLAY = 3
DISPLAY_ONLY = 0

MTU = 247
RX_BUFFER_N = 2048
KEY_N = 16
EVENTS_MAX = 16  # noted and not done yet; a central that is quicker than this is disconnected
FRAMES_MAX = 6  # handed over in one `work`
REFRESH_US = 200_000
NOBODY = -1


class Esp32Link:
    """Serve `session`.

    ble, make_uuid   `bluetooth.BLE()` and `bluetooth.UUID`
    store            firmware_py.link.contracts.Store, for the bonds
    is_sc_only       True: this firmware cannot do legacy pairing. ValueError otherwise
    start()          switch on and advertise
    work(t_us)       in the main loop, outside of the control cycle, as often as it goes round
    """

    def __init__(
        self, ble, make_uuid, session, store, *, name: str, is_sc_only: bool, has_running: bool = False
    ) -> None:
        if is_sc_only is not True:
            raise ValueError(
                "is_sc_only is False: this firmware may accept legacy pairing, which whoever listens can break. "
                "Build MicroPython with CONFIG_BT_NIMBLE_SM_LEGACY=n, or use firmware_py.boards.open_link."
            )
        self.session = session
        self.bonds = Bonds(store)
        self._ble = ble
        self._make_uuid = make_uuid
        self._name = name
        self._services = gatt.table(has_running)
        self._handles = {}
        self._keys = {}  # handle -> key
        self._conn: int = NOBODY
        self._events = []
        self._is_overrun: bool = False
        self._is_stop: bool = False
        self._is_secure: bool = False
        self._held = None  # what NimBLE had no room for
        self._refreshed_us: int = 0
        self._shown = None  # what the stored prescriptions were made from

    def start(self) -> None:
        """Switch on and advertise."""
        ble = self._ble
        ble.active(True)
        ble.irq(self._irq)
        ble.config(mtu=MTU, rxbuf=RX_BUFFER_N, gap_name=self._name)
        ble.config(bond=True, mitm=True, le_secure=True, io=DISPLAY_ONLY)
        registered = ble.gatts_register_services(definition(self._services, self._make_uuid))
        self._handles = handles_in(self._services, registered)
        for service in self._services:
            for c in service.characteristics:
                handle = self._handles[c.key]
                self._keys[handle] = c.key
                if c.properties & gatt.WRITE:
                    ble.gatts_set_buffer(handle, c.value_max_n)
        self._advertise()

    def work(self, t_us: int) -> None:
        """Do what was noted, keep the stored values fresh, send what is due."""
        session = self.session
        if self._is_stop:
            self._is_stop = False
            session.stop()
        while self._events:
            self._take(self._events.pop(0))
            self._refreshed_us = t_us - REFRESH_US
        session.work()
        if self._conn == NOBODY:
            return
        if session.must_forget:
            session.must_forget = False
            try:
                self.bonds.clear()
            except OSError:
                pass  # they are still there, and the central may ask again
            self._drop(self._conn)
        elif session.must_drop or self._is_overrun:
            self._drop(self._conn)
        else:
            if elapsed_us(t_us, self._refreshed_us) >= REFRESH_US:
                self._refreshed_us = t_us
                self._refresh()
            self._send()

    # Events ---------------------------------------------------------------------------------------

    def _irq(self, event: int, data):
        """Answer what NimBLE waits for, note the rest. Runs at any moment, also within a control cycle."""
        if event == GET_SECRET:
            return self.bonds.get(data[0], data[1], data[2])
        if event == SET_SECRET:
            return self.bonds.put(data[0], data[1], data[2])
        if event == GATTS_WRITE:
            value = bytes(self._ble.gatts_read(data[1]))
            is_noted = self._note((event, data[0], data[1], value))
            if not is_noted and self._is_secure and data[0] == self._conn and op_of(value) == ops.STOP:
                self._is_stop = True  # there is no room for its answer, but it is done
        elif event == CENTRAL_CONNECT:
            self._events.append((event, data[0], bytes(data[2])))  # never left out, as its end
        elif event == ENCRYPTION_UPDATE:
            self._note((event, data[0], data[1], data[2], data[3], data[4]))
        elif event == CENTRAL_DISCONNECT:
            self._events.append((event, data[0]))
        elif event == MTU_EXCHANGED or event == PASSKEY_ACTION:
            self._note((event, data[0], data[1]))
        elif event == INDICATE_DONE:
            self._note((event, data[0], data[2]))
        return None

    def _note(self, event) -> bool:
        if len(self._events) < EVENTS_MAX:
            self._events.append(event)
            return True
        self._is_overrun = True
        return False

    def _take(self, event) -> None:
        kind = event[0]
        conn = event[1]
        if kind == CENTRAL_CONNECT:
            self._came(conn, event[2])
        elif conn != self._conn:
            return  # of a central that was not admitted, or is gone
        elif kind == CENTRAL_DISCONNECT:
            self._went()
        elif kind == MTU_EXCHANGED:
            self.session.mtu = event[2]
        elif kind == PASSKEY_ACTION:
            self._pair(event[2])
        elif kind == ENCRYPTION_UPDATE:
            self._encrypted(event)
        elif kind == GATTS_WRITE:
            self.session.write(self._keys.get(event[2], 0), event[3])
        elif kind == INDICATE_DONE:
            if event[2] == 0:
                self.session.acked()
            else:
                self._drop(conn)  # a central that does not confirm is no central

    def _came(self, conn: int, address: bytes) -> None:
        lowest_first = bytes([address[5 - i] for i in range(6)])
        if self._conn == NOBODY and self.session.connected(lowest_first):
            self._conn = conn
        else:
            self._drop(conn)  # one central at a time

    def _went(self) -> None:
        self._conn = NOBODY
        self._is_secure = False
        self._is_overrun = False
        self._held = None
        self.bonds.may_change = False
        self.bonds.drop()  # of a pairing that has not come to its end
        self.session.disconnected()
        self._refresh()  # which takes the values of secure characteristics away
        self._advertise()

    def _pair(self, action: int) -> None:
        """NimBLE wants a passkey to compare with what the central types."""
        if action != PASSKEY_DISPLAY or not self.session.begin_pairing():
            self._drop(self._conn)
            return
        self.bonds.may_change = True
        self._ble.gap_passkey(self._conn, action, self.session.pairing.fresh())

    def _encrypted(self, event) -> None:
        """The link is encrypted, or a pairing has failed."""
        _, conn, is_encrypted, is_authenticated, is_bonded, key_n = event
        is_good = bool(is_encrypted and is_authenticated and is_bonded and key_n == KEY_N)
        if self.bonds.may_change:
            self.bonds.may_change = False
            if not is_good:
                self.bonds.drop()
            elif not self.bonds.keep():
                is_good = False  # who is not remembered is not paired
            self.session.pairing.end(is_good)
        if is_good:
            self._is_secure = True
            self.session.secured()
        else:
            self._drop(conn)

    # Values ---------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Store what a read will be answered with; nothing where reading is not allowed now."""
        c = self.session.changes
        shown = (self.session.access.state >= access.WEARER, c.revision, c.phase)
        for service in self._services:
            for characteristic in service.characteristics:
                key = characteristic.key
                if not characteristic.properties & gatt.READ:
                    continue
                if shown == self._shown and (key == gatt.ACTIVE or key == gatt.COMMITTED):
                    continue
                value = self.session.read(key)
                self._ble.gatts_write(self._handles[key], b"" if value is None else value)
        self._shown = shown

    # Sending --------------------------------------------------------------------------------------

    def _send(self) -> None:
        for _ in range(FRAMES_MAX):
            out = self.session.next_out() if self._held is None else self._held
            self._held = None
            if out is None:
                return
            try:
                if out[2]:
                    self._ble.gatts_indicate(self._conn, self._handles[out[0]], out[1])
                else:
                    self._ble.gatts_notify(self._conn, self._handles[out[0]], out[1])
            except OSError:
                self._held = out  # NimBLE has no room now
                return

    def _advertise(self) -> None:
        self._ble.gap_advertise(ADVERTISE_US, advertisement(gatt.SERVICE_UUID, self._name))

    def _drop(self, conn: int) -> None:
        try:
            self._ble.gap_disconnect(conn)
        except OSError:
            pass  # it is gone already
