"""Save, append and read back in memory, and print a checksum of every file: under CPython and under MicroPython."""

import binascii

from firmware_py.profile import Profile, keep_checked, profile_hash, was_checked
from firmware_py.settings import Files, SettingsStore
from stimulator.prescription import canonical_bytes, default_prescription


class MemoryFiles(Files):
    """Files in a dict."""

    def __init__(self):
        self.files = {}

    def size(self, name):
        return len(self.files[name]) if name in self.files else -1

    def read(self, name, at, n):
        return self.files[name][at : at + n]

    def write(self, name, at, data):
        self.files[name] = self.files.get(name, b"")[:at] + data


def run():
    """Return lines that both sides must agree on."""
    files = MemoryFiles()
    prescription = default_prescription()
    name = profile_hash(Profile("W17", "left", "shank", False, "P24", "5 x 5 cm"), prescription)
    for i in range(5):
        store = SettingsStore(files)
        store.save("prescription", canonical_bytes(prescription))
        store.save("failures", bytes([i]))
        store.append("history", bytes([i] * i))
    keep_checked(store, name, prescription)
    damaged = files.files["history.0"]
    files.files["history.0"] = damaged[:20] + b"\0\0\0" + damaged[23:]
    store = SettingsStore(files)
    lines = ["%s %d" % (name, was_checked(store, name, prescription)), "%d" % store.count("history")]
    lines.append(" ".join(["%d" % len(store.entry("history", i)) for i in range(5)]))
    for file in sorted(files.files):
        lines.append("%s %08x" % (file, binascii.crc32(files.files[file])))
    return lines


if __name__ == "__main__":
    print("\n".join(run()))
