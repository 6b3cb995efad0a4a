"""Which modules a bare rp2 or esp32 firmware has, for the build and for the tests' portable lint.

MicroPython's wasm build has more, so a green run there does not prove an import.
"""

MODULES = (
    *("array", "binascii", "collections", "gc", "hashlib", "json"),
    *("math", "micropython", "struct", "sys", "time"),
)
# What only `firmware_py/boards` may import: pins, files, the console.
BOARD_MODULES = (*MODULES, "bluetooth", "machine", "os", "rp2", "select")
ROOMS = ("safety", "gait_detect", "stimulator", "firmware_py")
