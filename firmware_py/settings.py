"""Small things that must outlive a power cut at any moment: named values, and lists that only grow.

Values lie together in an image with a checksum, written to two files in turn, so that a write can only ever hurt
the older of the two. A list is written entry by entry, first to one file, then to its mirror, so that a torn
write can only hurt one of them. After a cut anything reads as it was before, or as it is after; never mixed.
"""

import binascii
import struct

MAGIC = b"SWS1"
HEAD = "<4sII"  # magic, sequence, length of the payload
SYNC = b"\xb7\x5c"
ENTRY_HEAD = "<2sIH"  # sync, number, length
CRC = "<I"
CRC_N = 4
SEQUENCE_MAX = 0x3FFFFFFF
VALUES_MAX = 64
VALUE_MAX_N = 0x0FFF
ENTRY_MAX_N = 0x0FFF
MIRRORS = (0, 1)
NO_SLOT = -1


class Files:
    """What the store needs of a medium. Trouble is an OSError."""

    def size(self, name: str) -> int:
        """Return how many bytes the file has; -1 if there is none."""
        raise NotImplementedError

    def read(self, name: str, at: int, n: int) -> bytes:
        """Return up to `n` bytes from `at` on."""
        raise NotImplementedError

    def write(self, name: str, at: int, data: bytes) -> None:
        """Put `data` at `at`, which is then the end of the file, and return when the medium has it."""
        raise NotImplementedError


class SettingsStore:
    """Keep values and lists in `files`.

    is_damaged   True if values were there and none of the two images is whole: what was kept is not known
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._values: dict[str, bytes] = {}
        self._sequence: int = 0
        self._newest: int = NO_SLOT  # the one that must not be touched
        self.is_damaged: bool = False
        self._lists: dict[str, list] = {}
        self._read_values()

    # Values -----------------------------------------------------------------------------------------

    def load(self, name: str) -> bytes | None:
        """Return what was saved last under `name`; None if nothing ever was. ValueError if that is not known."""
        if self.is_damaged:
            raise ValueError(
                "Both copies of the settings are damaged. Load the prescription again and check the channels."
            )
        return self._values.get(name)

    def save(self, name: str, data: bytes) -> None:
        """Keep `data`: after a power cut either the old or the new is there, whole. OSError if it cannot be kept."""
        if len(data) > VALUE_MAX_N or not 0 < len(name) <= 255:
            raise ValueError(f"{name} has {len(data)} bytes; a value may have 0 to {VALUE_MAX_N}. Keep less.")
        new = dict(self._values)
        new[name] = bytes(data)
        if len(new) > VALUES_MAX:
            raise ValueError(f"There would be {len(new)} values; allowed are {VALUES_MAX}. Use another name.")
        payload = _pack_values(new)
        sequence = (self._sequence + 1) & SEQUENCE_MAX
        slot = 1 - self._newest if self._newest != NO_SLOT else 0
        image = struct.pack(HEAD, MAGIC, sequence, len(payload)) + payload
        self._files.write(_slot_name(slot), 0, image + _crc(image))
        self._values, self._sequence, self._newest = new, sequence, slot
        self.is_damaged = False
        if self._files.size(_slot_name(1 - slot)) <= 0:  # the first one: from here on two images are expected
            self._files.write(_slot_name(1 - slot), 0, image + _crc(image))

    def _read_values(self) -> None:
        found = 0
        for slot in MIRRORS:
            size = self._files.size(_slot_name(slot))
            if size <= 0:
                continue
            found += 1
            values, sequence = _unpack_image(self._files.read(_slot_name(slot), 0, size))
            if values is not None and (self._newest == NO_SLOT or _is_after(sequence, self._sequence)):
                self._values, self._sequence, self._newest = values, sequence, slot
        # One image that is not whole, and no other, is the very first write, which was cut: nothing was kept.
        self.is_damaged = found == len(MIRRORS) and self._newest == NO_SLOT

    # Lists ------------------------------------------------------------------------------------------

    def append(self, name: str, entry: bytes) -> None:
        """Add an entry to the list `name`. OSError if it cannot be kept."""
        if len(entry) > ENTRY_MAX_N:
            raise ValueError(f"The entry has {len(entry)} bytes; allowed are 0 to {ENTRY_MAX_N}. Keep less.")
        number = self.count(name)
        frame = _entry_frame(number, entry)
        ends = [end for _, end in self._lists[name]]
        try:
            for mirror in MIRRORS:
                self._files.write(_mirror_name(name, mirror), ends[mirror], frame)
        except OSError:
            self._files.write(_mirror_name(name, 0), ends[0], b"")  # what is not in both is not kept
            raise
        for mirror in MIRRORS:
            places = self._lists[name][mirror][0]
            places[number] = ends[mirror]
            self._lists[name][mirror] = (places, ends[mirror] + len(frame))

    def count(self, name: str) -> int:
        """Return how many entries the list has, damaged ones included."""
        if name not in self._lists:
            self._lists[name] = [self._scan(name, mirror) for mirror in MIRRORS]
            self._mend(name)
        return max([number + 1 for places, _ in self._lists[name] for number in places] + [0])

    def entry(self, name: str, index: int) -> bytes:
        """Return one entry, 0 for the oldest; ValueError if there is none or it is damaged in both files."""
        if not 0 <= index < self.count(name):
            raise ValueError(f"{name} has no entry {index}; it has {self.count(name)}. Ask for one of these.")
        for mirror in MIRRORS:
            places, _ = self._lists[name][mirror]
            if index in places:
                return self._entry_at(name, mirror, places[index])[1]
        raise ValueError(f"Entry {index} of {name} is damaged in both files. Ask for the ones around it.")

    def _scan(self, name: str, mirror: int) -> tuple:
        """Return ({number: place}, end of the last whole entry) of one file."""
        places: dict[int, int] = {}
        at = end = 0
        size = self._files.size(_mirror_name(name, mirror))
        while at < size:
            number, entry = self._entry_at(name, mirror, at)
            if number < 0:
                at += 1  # a torn or dead part: look for the next whole entry
                continue
            places[number] = at
            at += struct.calcsize(ENTRY_HEAD) + len(entry) + CRC_N
            end = at
        return places, end

    def _entry_at(self, name: str, mirror: int, at: int) -> tuple:
        """Return (number, entry) of a whole entry; (-1, b"") if there is none at this place."""
        file = _mirror_name(name, mirror)
        head = self._files.read(file, at, struct.calcsize(ENTRY_HEAD))
        if len(head) < struct.calcsize(ENTRY_HEAD) or head[:2] != SYNC:
            return -1, b""
        _, number, length = struct.unpack(ENTRY_HEAD, head)
        rest = self._files.read(file, at + len(head), length + CRC_N)
        if length > ENTRY_MAX_N or number > SEQUENCE_MAX or len(rest) != length + CRC_N:
            return -1, b""
        if rest[length:] != _crc(head + rest[:length]):
            return -1, b""
        return number, rest[:length]

    def _mend(self, name: str) -> None:
        """Write what only one of the files has to the end of the other."""
        for mirror in MIRRORS:
            places, end = self._lists[name][mirror]
            other_places = self._lists[name][1 - mirror][0]
            for number in sorted(other_places):
                if number not in places:
                    frame = _entry_frame(number, self._entry_at(name, 1 - mirror, other_places[number])[1])
                    self._files.write(_mirror_name(name, mirror), end, frame)
                    places[number] = end
                    end += len(frame)
            self._lists[name][mirror] = (places, end)


def _entry_frame(number: int, entry: bytes) -> bytes:
    frame = struct.pack(ENTRY_HEAD, SYNC, number, len(entry)) + entry
    return frame + _crc(frame)


def _slot_name(slot: int) -> str:
    return f"settings.{slot}"


def _mirror_name(name: str, mirror: int) -> str:
    return f"{name}.{mirror}"


def _crc(data: bytes) -> bytes:
    return struct.pack(CRC, binascii.crc32(data))


def _is_after(a: int, b: int) -> bool:
    """Say whether sequence `a` is newer than `b`; they wrap."""
    return 0 < ((a - b) & SEQUENCE_MAX) <= SEQUENCE_MAX // 2


def _pack_values(values: dict) -> bytes:
    parts = [bytes([len(values)])]
    for name in sorted(values):
        key = name.encode("utf-8")
        parts.append(bytes([len(key)]) + key + struct.pack("<H", len(values[name])) + values[name])
    return b"".join(parts)


def _unpack_image(image: bytes) -> tuple:
    """Return ({name: value}, sequence) of a whole image; (None, 0) for anything else."""
    head_n = struct.calcsize(HEAD)
    if len(image) < head_n + 1 + CRC_N or image[: len(MAGIC)] != MAGIC:
        return None, 0
    _, sequence, length = struct.unpack(HEAD, image[:head_n])
    if len(image) != head_n + length + CRC_N or image[-CRC_N:] != _crc(image[:-CRC_N]):
        return None, 0
    values = {}
    at = head_n + 1
    for _ in range(image[head_n]):
        key_n = image[at]
        key = image[at + 1 : at + 1 + key_n].decode("utf-8")
        at += 1 + key_n
        (value_n,) = struct.unpack("<H", image[at : at + 2])
        values[key] = image[at + 2 : at + 2 + value_n]
        at += 2 + value_n
    return values, sequence
