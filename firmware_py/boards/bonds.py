"""The keys of paired centrals, kept for NimBLE, which asks for them by kind and key.

Keys come and go only while somebody pairs within the window that the button opened. Otherwise a stranger with the
address of a paired laptop could make NimBLE delete its keys, or leave keys of a pairing that proved nothing.
NimBLE brings them at any moment, also within a control cycle: they are written later, when nothing is held up.
"""

NAME = "bonds"
ENTRIES_MAX = 16  # two for each of eight centrals
FIELD_MAX_N = 255


class Bonds:
    """A short list of (kind, key, value).

    store        firmware_py.link.contracts.Store
    may_change   True while a pairing runs that the session has allowed
    get(kind, index, key)    the value; the index-th of its kind if `key` is None; None if there is none
    put(kind, key, value)    True if it was noted; a value of None deletes. Writes nothing
    keep()       write what was noted; False if that could not be, and it is dropped
    drop()       what was noted and not written is as it was before
    clear()      everybody is forgotten; OSError if that could not be kept
    """

    def __init__(self, store) -> None:
        self.may_change: bool = False
        self._store = store
        try:
            self._entries = _entries_in(store.load(NAME) or b"")
        except ValueError:
            self._entries = []  # damaged: whoever was paired is a stranger
        self._kept = self._entries  # as the store has them

    def get(self, kind: int, index: int, key):
        """Return a value or None."""
        for entry in self._entries:
            if entry[0] == kind:
                if key is not None and entry[1] == bytes(key):
                    return entry[2]
                if key is None:
                    if index == 0:
                        return entry[2]
                    index -= 1
        return None

    def put(self, kind: int, key, value) -> bool:
        """Note or delete, if that is allowed now."""
        if not self.may_change:
            return False
        key = bytes(key)
        others = [e for e in self._entries if e[0] != kind or e[1] != key]
        if value is not None:
            value = bytes(value)
            if len(others) >= ENTRIES_MAX or len(key) > FIELD_MAX_N or len(value) > FIELD_MAX_N:
                return False
            others.append((kind, key, value))
        self._entries = others
        return True

    def keep(self) -> bool:
        """Write what was noted."""
        if self._entries is not self._kept:
            try:
                self._write(self._entries)
            except OSError:
                self.drop()
                return False
        return True

    def drop(self) -> None:
        """What was noted does not count."""
        self._entries = self._kept

    def clear(self) -> None:
        """Forget everybody."""
        self._write([])
        self._entries = self._kept

    def _write(self, entries) -> None:
        parts = []
        for kind, key, value in entries:
            parts.append(bytes([kind, len(key), len(value)]) + key + value)
        self._store.save(NAME, b"".join(parts))
        self._kept = entries


def _entries_in(data: bytes):
    """Return the entries in `data`; ValueError if they are not whole."""
    entries = []
    at = 0
    while at < len(data):
        end = at + 3 + data[at + 1] + data[at + 2] if at + 3 <= len(data) else len(data) + 1
        if end > len(data):
            raise ValueError("The bonds are not whole.")
        key_end = at + 3 + data[at + 1]
        entries.append((data[at], bytes(data[at + 3 : key_end]), bytes(data[key_end:end])))
        at = end
    return entries
