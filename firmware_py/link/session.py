"""The link of one device, without a radio: a server hands in what arrives and takes out what is to be sent.

A server (bumble, BlueZ, NimBLE) calls: `connected`, `begin_pairing`, `secured`, `disconnected`; `read` and `write`;
`next_out` whenever it can send, and `acked` when an indication was confirmed; it obeys `must_drop` and `must_forget`.
Whoever owns the loop calls `step` in every control cycle, which allocates nothing, and `work` outside of it.
Nothing here is in the way of a pulse: if none of it runs, therapy goes on with what it has.
"""

from firmware_py.link import access, gatt, ops, values
from firmware_py.link.access import Access
from firmware_py.link.arming import Arming
from firmware_py.link.bursts import Bursts
from firmware_py.link.changes import Changes
from firmware_py.link.clocks import Uptime
from firmware_py.link.contracts import FOR_TEST, DeviceStatus, TestOutcome
from firmware_py.link.control import op_of, reply_bytes
from firmware_py.link.history import History
from firmware_py.link.kept import hash_of
from firmware_py.link.logs import Logs
from firmware_py.link.pairing import Pairing
from firmware_py.link.requests import NO_SESSION, Requests
from firmware_py.link.standing import status_bytes
from firmware_py.link.telemetry import Telemetry
from firmware_py.link.unlock import Unlock
from firmware_py.link.wire import with_version, without_version
from safety.clock import Age
from stimulator.prescription import canonical_bytes

MTU_MIN = 23
ATT_HEAD_N = 3
PIECE_HEAD_N = 6
ANSWERS_MAX = 4  # that wait to be sent; a client has one at a time
STATUS_US = 200_000  # not more often
RUNNING_US = 1_000_000
TELEMETRY_QUEUE = 1  # packets that may wait for the radio when more is handed over
LOG_QUEUE = 8
KEY_N = 32
SECONDS_MAX = 0x3FFFFFFF
BOOT_MASK = 0xFFFF

# What a write may be refused with; BlueZ lets only 0x80 to 0x9F through.
REFUSED = 0x80
BUSY = 0x81


class Session:
    """The one link of a device.

    device, store, chance, display, log   of `firmware_py.link.contracts`
    about      (serial hash of 4 bytes, maker, model, firmware)
    is_again   see `firmware_py.link.changes.Changes`
    features   HAS_* of `values`
    """

    def __init__(self, device, store, chance, display, log, *, about, features: int, is_again=False) -> None:
        self.device = device
        self.chance = chance
        self.access = Access()
        self.pairing = Pairing(chance, display)
        self.status = DeviceStatus()
        self.outcome = TestOutcome()
        self.uptime = Uptime()
        self.boot: int = _next_boot(store)
        self.wall_s: int = 0  # at `_wall_at_s` of the uptime; 0 while nobody has set it
        key = _device_key(store, chance)
        self.unlock = Unlock(store, chance, key)
        self.history = History(store, key)
        self.mtu: int = MTU_MIN
        self.must_drop: bool = False  # disconnect this central
        self.must_forget: bool = False  # delete every bond, then disconnect
        self.peer: bytes = bytes(6)
        self.changes = Changes(device, store, self.history, self._author, is_again)
        self.bursts = Bursts(device, chance)
        self.arming = Arming(device, self.status)
        self.logs = Logs(log)
        self.requests = Requests(self)
        self.telemetry = Telemetry(len(device.prescription().channels))
        self._about = about
        self._features: int = features
        self._is_secured: bool = False
        self._wall_at_s: int = 0
        self._answers = []
        self._is_waiting: bool = False  # for the confirmation of an indication
        self._is_trial_over: bool = False
        self._is_role_over: bool = False
        self._fault: int = 0
        self._fault_told: int = 0
        self._since_status = Age()
        self._since_running = Age()
        self._status_told: bytes = b""
        self._t_us: int = 0
        device.fill_status(self.status)
        self._fault = self._fault_told = self.status.fault

    # Connection -----------------------------------------------------------------------------------

    @property
    def value_max_n(self) -> int:
        """Longest value that fits into one notification, indication or write now, bytes."""
        return min(self.mtu - ATT_HEAD_N, gatt.VALUE_MAX_N)

    def connected(self, peer: bytes) -> bool:
        """A central has connected. False if there is one already: the new one must be disconnected."""
        if self.access.state != access.ALONE:
            return False
        self.access.event(access.CONNECTED)
        self.peer = peer
        self.mtu = MTU_MIN
        return True

    def begin_pairing(self) -> bool:
        """The central asks to pair: False if it must be refused."""
        if self.access.state == access.LEAVING or not self.pairing.begin():
            return False
        self.access.types()
        return True

    def secured(self) -> None:
        """The link is encrypted, with a key of LE Secure Connections from a passkey or comparison."""
        self._is_secured = (
            self.access.state != access.ALONE
        )  # also while it is disconnected: it may still stop
        self.access.event(access.SECURED)
        self._look_at_access()

    def disconnected(self) -> None:
        """The central is gone, whatever the reason. What it held or tried ends; walking goes on."""
        self.access.event(access.DISCONNECTED)
        self._is_secured = False
        self.must_drop = False
        self.pairing.end(False)
        self.lock()
        self.telemetry.stop()
        self.logs.stop()
        self.requests.forget()
        self.unlock.forget()
        self._answers = []
        self._is_waiting = False
        self._status_told = b""
        self._fault_told = self._fault
        self._end_trial()
        self.peer = bytes(6)

    def lock(self) -> None:
        """Whoever unlocked is wearer again: what only a therapist may do ends."""
        self.arming.end()
        self._let_go()
        self.device.fill_status(self.status)
        if self.status.armed == FOR_TEST and self.unlock.key:
            self.device.disarm()  # armed for a test over the radio, and nobody is there to test
        self.changes.drop()
        self.logs.stop()
        self.unlock.end()
        if access.WEARER < self.access.state < access.LEAVING:
            self.access.event(access.LOCKED)

    def stop(self) -> None:
        """No pulse from now on."""
        self.device.stop()
        self.arming.end()
        self._let_go()

    # Reading and writing --------------------------------------------------------------------------

    def read(self, key: int) -> bytes | None:
        """Return the value of a characteristic; None if it may not be read now."""
        if not self.access.may_read(_is_secure(key)):
            return None
        if key == gatt.INFO:
            piece_max = self.value_max_n - PIECE_HEAD_N
            is_open = 1 if self.pairing.is_open else 0
            return with_version(values.INFO, self._features, piece_max, self._about[0], is_open)
        if key == gatt.ACTIVE:
            return self._prescription(self.changes.running)
        if key == gatt.COMMITTED:
            return self._prescription(self.changes.confirmed)
        if key == gatt.STATUS:
            return status_bytes(self, self._t_us)
        if gatt.MAKER <= key <= gatt.FIRMWARE:
            return self._about[1 + key - gatt.MAKER].encode("utf-8")
        if key == gatt.BATTERY:
            self.device.fill_status(self.status)
            return bytes([self.status.battery]) if self.status.battery <= 100 else None  # 255: unknown
        if key == gatt.RSC_FEATURE:
            return b"\0\0"
        return None

    def write(self, key: int, data: bytes) -> int:
        """Take a write; return 0, or the ATT error to refuse it with. Answers come as indications."""
        data = bytes(data)
        if key == gatt.CONTROL and self._is_secured:
            is_stop = op_of(data) == ops.STOP
            if not is_stop and (len(self._answers) >= ANSWERS_MAX or not self.access.may_read(True)):
                return BUSY
            answer = self.requests.answer(data)
            if len(self._answers) < ANSWERS_MAX:
                self._answers.append(answer)
            self._look_at_access()
            return 0
        if key == gatt.STAGE and self.access.may_read(True):
            piece = without_version(values.PIECE, data)
            if piece is not None and self.unlock.key and self.changes.piece(*piece):
                return 0
        return REFUSED

    # Sending --------------------------------------------------------------------------------------

    def next_out(self, queued: int = 0):
        """Return (key, value, is_indication) of what is to be sent next; None if there is nothing now.

        queued   packets that the server has handed over and that have not left yet. Telemetry stays here while
                 some wait, where it does not grow old; the log keeps the radio busy, but not for long.
        """
        self.work()
        if not access.WEARER <= self.access.state <= access.ENGINEER:
            return None
        if self._answers and not self._is_waiting:
            self._is_waiting = True
            return gatt.CONTROL, self._answers.pop(0), True
        if self._features & values.HAS_RUNNING and self._since_running.us >= RUNNING_US:
            self._since_running.restart()
            return gatt.RSC_MEASUREMENT, bytes([0, 0, 0, self._strides_per_min()]), False
        if self.requests.id == NO_SESSION:
            return None
        if self._since_status.us >= STATUS_US:
            self._since_status.restart()
            status = status_bytes(self, self._t_us)
            told = status[: len(status) - values.STATUS_CLOCKS_N]
            if told != self._status_told:
                self._status_told = told
                return gatt.STATUS, status, False
        if self.telemetry.is_due(self._t_us):
            data = self.telemetry.take(self.value_max_n) if queued <= TELEMETRY_QUEUE else None
            return None if data is None else (gatt.TELEMETRY, data, False)
        data = self.logs.take(self.value_max_n) if queued <= LOG_QUEUE else None
        return None if data is None else (gatt.LOG, data, False)

    def acked(self) -> None:
        """The central has confirmed the last indication."""
        self._is_waiting = False

    # Time -----------------------------------------------------------------------------------------

    def step(self, t_us: int, dt_us: int) -> None:
        """Let `dt_us` pass, in the control cycle. Allocates nothing."""
        self._t_us = t_us
        self.uptime.advance(dt_us)
        self.pairing.advance(dt_us)
        self.unlock.advance(dt_us)
        self.bursts.step(dt_us)
        self._since_status.advance(dt_us)
        self._since_running.advance(dt_us)
        if self.changes.trial.advance(dt_us):
            self._is_trial_over = True
        if self.access.advance(dt_us):
            self._is_role_over = True
        if self.access.state == access.LEAVING:
            self.must_drop = True
        self.device.fill_status(self.status)
        self._fault = self.status.fault
        self.arming.step(dt_us)

    def work(self) -> None:
        """Do what has become due and may take memory and time."""
        if self._is_role_over:
            self._is_role_over = False
            self.lock()
            self._event(ops.ROLE_LOCKED, 0)
        if self._is_trial_over or self.changes.is_ending_due:
            self._end_trial()
        if self._fault != self._fault_told:
            self._fault_told = self._fault
            self._event(ops.FAULT_CHANGED, self._fault)
        done = self.logs.take_done()
        if done >= 0:
            self._event(ops.LOG_DONE, done)

    def trial_lost(self) -> None:
        """The device did not hear of this link for a while, and has ended the trial by itself."""
        self._is_trial_over = True

    def set_wall(self, wall_s: int) -> None:
        """Somebody says what time it is."""
        self.wall_s = wall_s
        self._wall_at_s = self.uptime.s

    def _end_trial(self) -> None:
        self._is_trial_over = False
        if self.changes.phase == values.TRIAL or self.changes.is_ending_due:
            self._let_go()
            self.changes.end_trial()
            self._event(ops.TRIAL_ENDED, self.changes.phase)

    def _let_go(self) -> None:
        if self.bursts.is_held:
            self.bursts.release()

    def _look_at_access(self) -> None:
        if self.access.state == access.LEAVING:
            self.must_drop = True

    def _event(self, kind: int, value: int) -> None:
        if access.WEARER <= self.access.state <= access.ENGINEER and self.requests.id != NO_SESSION:
            event = ops.BY_CODE[ops.EVENT].reply.pack(kind, value)
            if len(self._answers) < ANSWERS_MAX:
                self._answers.append(reply_bytes(ops.EVENT, 0, ops.OK, event))

    def _author(self):
        wall_s = 0
        if self.wall_s > 0:
            wall_s = min(self.wall_s + self.uptime.s - self._wall_at_s, SECONDS_MAX)
        role = self.access.state if self.unlock.user else 0
        return self.unlock.user, role, self.peer, wall_s, self.boot, self.uptime.s

    def _prescription(self, prescription) -> bytes:
        data = canonical_bytes(prescription)
        c = self.changes
        return with_version(values.PRESCRIPTION, c.revision, c.phase, hash_of(prescription), data)

    def _strides_per_min(self) -> int:
        stride_us = self.status.stride_us
        return min(60_000_000 // stride_us, 0xFF) if stride_us > 0 else 0


def _is_secure(key: int) -> bool:
    for service in gatt.table(True):
        for c in service.characteristics:
            if c.key == key:
                return c.is_secure
    return True


def _next_boot(store) -> int:
    """Count this power-on; a damaged counter begins anew."""
    try:
        data = store.load("boot")
        boot = 0 if data is None else data[0] | data[1] << 8
    except ValueError:
        boot = 0
    boot = (boot + 1) & BOOT_MASK
    store.save("boot", bytes([boot & 0xFF, boot >> 8]))
    return boot


def _device_key(store, chance) -> bytes:
    """Return the key that signs the history; made once, at the first power-on."""
    key = store.load("key")
    if key is None:
        key = chance.fill(KEY_N)
        store.save("key", key)
    return key
