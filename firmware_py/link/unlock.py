"""Therapist or engineer by PIN: challenge, proof, and a delay that grows with every wrong one and outlives power-off.

The device keeps no PIN but a key made of it (PBKDF2-HMAC-SHA256, by the client, so a board need not do it):
    proof          HMAC(key, "unlock" + nonce of the device + nonce of the client + user), 16 bytes
    answer         HMAC(key, "device" + the same), 8 bytes: the client sees that the device knows the key too
    session key    HMAC(key, "session" + the same): signs every operation of the role until it ends
A wrong try is written down before its proof is looked at, so that cutting the power does not undo it.
"""

from firmware_py.link import access, ops
from firmware_py.link.clocks import Countdown
from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.wire import Layout

NONCE_N = 16
CHALLENGE_S = 30
FREE_TRIES = 3  # then the waiting begins
WAIT_S = 30  # doubles with each further wrong one
WAIT_MAX_S = 3_600
FAILURES_MAX = 0xFF
USERS_MAX = 8
SLOTS = 16  # of counts; names whose bytes have the same sum mod 16 wait together
NOBODY = "\0"  # begins the name under which tries of names that do not exist are counted, one for each slot
ROUNDS_MIN = 200_000  # PBKDF2, a tenth of a second on a laptop; a PIN is short, and each try must be slow

USER = Layout(
    "User",
    (
        ("user", "text", ""),
        ("role", "u8", ""),
        ("salt", "b8", ""),
        ("rounds", "u30", ""),
        ("key", "b32", ""),
    ),
)
USER_LIST = Layout("UserList", (("count", "u8", ""), ("users", "rest", "")))
TRIES = Layout("Tries", (("failures", "u8", ""), ("user", "text", "")))


def proof_message(what: bytes, nonce: bytes, client_nonce: bytes, user: str) -> bytes:
    """Return what a proof is made over; the same on both ends."""
    return what + nonce + client_nonce + user.encode("utf-8")


class Users:
    """Who may unlock what, in the store."""

    def __init__(self, store) -> None:
        self._store = store
        self._users = _read_users(store)

    def reload(self) -> None:
        """Read them again: somebody at the device has changed them."""
        self._users = _read_users(self._store)

    def find(self, name: str):
        """Return the user called `name`; None if there is none."""
        for user in self._users:
            if user.user == name:
                return user
        return None

    @property
    def usual_rounds(self) -> int:
        """What a challenge for an unknown user names, so that it looks like any other; 0: nobody has a PIN."""
        return self._users[0].rounds if self._users else 0

    def put(self, user) -> bool:
        """Add or replace a user, remove one with role 0; False if the list is full. OSError if it cannot be kept."""
        users = [u for u in self._users if u.user != user.user]
        if user.role != 0:
            users.append(user)
        if len(users) > USERS_MAX:
            return False
        parts = []
        for u in users:
            data = USER.pack(*u)
            parts.append(bytes([len(data)]) + data)
        self._store.save("users", USER_LIST.pack(len(users), b"".join(parts)))
        self._users = users
        return True


class Lockout:
    """How many wrong PINs there were, in the store, and how long everybody waits after the last one.

    Two counts: of all tries in a row, which the right PIN of anybody ends; and of each name, which only the own right
    PIN ends. Else whoever has a PIN could try those of others for ever, with the own one in between. The waiting comes
    from the larger one. So that it does not tell whether a name exists, names that do not are counted too, all of a
    slot as one; and what counts of a name, whether it exists or not, is the sum of its slot. An engineer's right PIN
    ends the counts of names that do not exist. Kept: count in a row, count that the waiting comes from, then those of
    names.
    """

    def __init__(self, store) -> None:
        self._store = store
        self._wait = Countdown()
        self._in_a_row: int = 0
        self._of_names = {}
        waits_for = 0
        try:
            data = store.load("failures")
            if data:
                self._in_a_row = data[0]
                waits_for = data[1] if len(data) > 1 else data[0]
                self._of_names = _read_tries(data[2:])
        except (ValueError, OSError):
            self._in_a_row = waits_for = FAILURES_MAX  # whoever damaged it does not get free tries for it
        self._begin(waits_for)  # switching off and on begins the waiting anew

    @property
    def wait_s(self) -> int:
        """How long to wait before the next try."""
        return self._wait.left_s

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        self._wait.advance(dt_us)

    def count(self, name: str, exists: bool) -> None:
        """One more try under a name. OSError if it cannot be kept: then there is no try."""
        in_a_row = min(self._in_a_row + 1, FAILURES_MAX)
        slot = _slot_of(name)
        if not exists:
            name = NOBODY + chr(0x60 + slot)
        own = min(self._of_names.get(name, 0) + 1, FAILURES_MAX)
        counts = own
        for other in self._of_names:
            if other != name and _slot_of(other) == slot:
                counts += self._of_names[other]
        counts = min(max(in_a_row, counts), FAILURES_MAX)
        self._save(in_a_row, counts, name, own)
        self._begin(counts)

    def right(self, user: str, is_engineer: bool) -> None:
        """It was the right PIN."""
        self._save(0, 0, user, 0, is_engineer)
        self._wait.start(0)

    def forget(self, user: str) -> None:
        """This user has another PIN now, or is none any longer."""
        if user in self._of_names:
            self._save(self._in_a_row, 0, user, 0)

    def _save(self, in_a_row: int, waits_for: int, user: str, own: int, of_users_only: bool = False) -> None:
        changed = {}
        for name in self._of_names:
            if name != user and not (of_users_only and name.startswith(NOBODY)):
                changed[name] = self._of_names[name]
        if own > 0:
            changed[user] = own
        parts = [TRIES.pack(changed[name], name) for name in sorted(changed)]
        self._store.save("failures", bytes([in_a_row, waits_for]) + b"".join(parts))
        self._in_a_row = in_a_row
        self._of_names = changed

    def _begin(self, failures: int) -> None:
        over = failures - FREE_TRIES
        if over >= 0:
            self._wait.start(min(WAIT_S << min(over, 10), WAIT_MAX_S))


class Unlock:
    """Answer challenges and proofs; keep the session key of whoever unlocked.

    key     session key, b"" while nobody has unlocked;  user  name
    """

    def __init__(self, store, chance, device_key: bytes) -> None:
        self.users = Users(store)
        self.lockout = Lockout(store)
        self.key: bytes = b""
        self.user: str = ""
        self._chance = chance
        self._device_key = device_key
        self._nonce: bytes = b""
        self._asked: str = ""
        self._challenge = Countdown()

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        self.lockout.advance(dt_us)
        self._challenge.advance(dt_us)

    def end(self) -> None:
        """Nobody is unlocked any longer."""
        self.key = b""
        self.user = ""

    def forget(self) -> None:
        """Nor is a challenge open."""
        self.end()
        self._nonce = b""
        self._challenge.start(0)

    def challenge(self, name: str):
        """Return (result, (nonce, salt, rounds)). A name that does not exist looks like one that does."""
        if self.lockout.wait_s > 0:
            return ops.LOCKED_OUT, (self.lockout.wait_s,)
        user = self.users.find(name)
        salt = (
            hmac_sha256(self._device_key, b"salt" + name.encode("utf-8"))[:8] if user is None else user.salt
        )
        rounds = self.users.usual_rounds if user is None else user.rounds
        self._nonce = self._chance.fill(NONCE_N)
        self._asked = name
        self._challenge.start(CHALLENGE_S)
        return ops.OK, (self._nonce, salt, rounds)

    def unlock(self, client_nonce: bytes, proof: bytes):
        """Return (result, role, proof of the device); a challenge serves once."""
        if self.lockout.wait_s > 0:
            return ops.LOCKED_OUT, 0, b""
        nonce = self._nonce
        is_open = self._challenge.left_s > 0 and len(nonce) == NONCE_N
        self._nonce = b""
        self._challenge.start(0)
        if not is_open:
            return ops.WRONG_STATE, 0, b""
        user = self.users.find(self._asked)
        try:
            self.lockout.count(self._asked, user is not None)
        except OSError:
            return ops.STORE_FAILED, 0, b""
        key = hmac_sha256(self._device_key, nonce) if user is None else user.key
        wanted = hmac_sha256(key, proof_message(b"unlock", nonce, client_nonce, self._asked))[:16]
        if not is_same(wanted, proof) or user is None:
            return ops.WRONG_PIN, 0, b""
        try:
            self.lockout.right(user.user, user.role == access.ENGINEER)
        except OSError:
            return ops.STORE_FAILED, 0, b""
        self.key = hmac_sha256(key, proof_message(b"session", nonce, client_nonce, self._asked))
        self.user = user.user
        return (
            ops.OK,
            user.role,
            hmac_sha256(key, proof_message(b"device", nonce, client_nonce, user.user))[:8],
        )


def _slot_of(name: str) -> int:
    """Return the slot of a name's count; that of NOBODY + chr(0x60 + n) is n."""
    return sum(name.encode("utf-8")) % SLOTS


def user_problem(user) -> str:
    """Return why a user must not be kept, "" if it may."""
    if not user.user:
        return "A user needs a name. Give one."
    if user.role != 0 and user.role != access.THERAPIST and user.role != access.ENGINEER:
        return f"role is {user.role}; allowed is 3 (therapist), 4 (engineer) or 0 (remove). Choose one."
    if user.role != 0 and user.rounds < ROUNDS_MIN:
        return f"rounds is {user.rounds}; at least {ROUNDS_MIN} are needed. Use the client's own."
    return ""


def _read_tries(data: bytes):
    """Return the counts of users in a record, by name; ValueError if it is none."""
    found = {}
    at = 0
    while at < len(data):
        n = 2 + (data[at + 1] if at + 1 < len(data) else 0)
        tries = TRIES.unpack(data[at : at + n])
        if tries is None:
            raise ValueError("no record of wrong PINs")
        found[tries.user] = tries.failures
        at += n
    return found


def _read_users(store) -> list:
    """Return the users that are kept; none if the list is damaged: then nobody can unlock."""
    try:
        data = store.load("users")
    except (ValueError, OSError):
        return []
    listed = None if data is None else USER_LIST.unpack(data)
    found = []
    at = 0
    while listed is not None and at < len(listed.users):
        n = listed.users[at]
        user = USER.unpack(listed.users[at + 1 : at + 1 + n])
        if user is None:
            return []
        found.append(user)
        at += 1 + n
    return found
