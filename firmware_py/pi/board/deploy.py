"""Copy a build to a board, never while somebody is armed, and believe nothing that does not read back.

main.py goes first and comes back last: a board that was left half-copied starts nothing, and its pins stay as the
chip's reset leaves them. What an older build left behind is removed: a forgotten .py would be taken before a .mpy.
"""

from collections.abc import Callable

from firmware_py.pi.board.build import Built
from firmware_py.pi.board.line import BoardLine
from firmware_py.pi.console import UserError

CHUNK_N = 512
MAIN = "main.py"
OWN_FILES = (MAIN, "setup.json", "prescription.bin", "build.txt", "imu.bin", "boot.py")
OWN_ROOMS = ("firmware_py", "safety", "gait_detect", "stimulator")
PLATFORMS = {"rp2": "rp2", "esp32": "esp32", "stage": "rp2"}
ROOM_LEFT_N = 16_384  # the log and the settings need some
# Code is loaded into the heap; measured need and a margin (tests/test_portable_heap.py). A Pico W has some 190,000.
HEAP_MIN_N = {"rp2": 300_000, "esp32": 300_000, "stage": 60_000}

# Runs on the board. The watchdog may still run from before: it is given time, and fed here.
HELPERS = """
import gc, os, sys, json, hashlib, binascii
from machine import WDT
w = WDT(timeout=8000)
def hash_of(name):
    h = hashlib.sha256()
    try:
        f = open(name, "rb")
    except OSError:
        return ""
    while True:
        b = f.read(512)
        w.feed()
        if not b:
            break
        h.update(b)
    f.close()
    return binascii.hexlify(h.digest()).decode()
def files_in(folder):
    found = []
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return found
    for e in entries:
        name = folder + "/" + e[0]
        found += files_in(name) if e[1] & 0x4000 else [name]
    return found
def room():
    s = os.statvfs("/")
    return s[0] * s[3]
def put(name):
    at = name.find("/")
    while at > 0:
        try:
            os.mkdir(name[:at])
        except OSError:
            pass
        at = name.find("/", at + 1)
    return open(name, "wb")
def remove(name):
    w.feed()
    try:
        os.remove(name)
    except OSError:
        pass
"""
FACTS = (
    "gc.collect()\nprint(json.dumps([sys.platform, getattr(sys.implementation, '_mpy', 0) & 0xff, room(), "
    "gc.mem_free() + gc.mem_alloc()]))"
)


def deploy(built: Built, line: BoardLine, say: Callable[[str], None]) -> None:
    """Put `built` on the board at `line` and restart it; UserError with the next step if anything is wrong."""
    become_idle(line)
    line.enter_console()
    line.run(HELPERS)
    _check(built, line)
    line.run(f"remove({MAIN!r})")
    wanted = {name: entry["sha256"] for name, entry in built.manifest["files"].items()}
    _remove_old(wanted, line, say)
    there = hashes_of(sorted(wanted), line)
    changed = [name for name in sorted(wanted) if there[name] != wanted[name] and name != MAIN]
    for number, name in enumerate(changed, 1):
        say(f"{number}/{len(changed)} {name}")
        put_file(name, (built.folder / name).read_bytes(), line)
    _verify({name: sha for name, sha in wanted.items() if name != MAIN}, line)
    put_file(MAIN, (built.folder / MAIN).read_bytes(), line)
    _verify({MAIN: wanted[MAIN]}, line)
    say(f"{len(changed) + 1} files copied, {len(wanted)} verified on the board")
    line.reset()


def become_idle(line: BoardLine) -> None:
    """Ask a loop that runs to end; UserError if somebody is armed."""
    state = line.ask_state()
    if state is None:
        return  # a board without our loop: MicroPython's console is asked next
    if state.is_armed:
        raise UserError(f"Somebody is armed ({state.text}). Disarm first; nothing was touched.")
    line.leave()


def _check(built: Built, line: BoardLine) -> None:
    platform, abi, room_n, heap_n = line.ask(FACTS)
    board = built.manifest["board"]
    if platform != PLATFORMS[board]:
        raise UserError(
            f"The board is of the kind {platform}; this build is for {board}. Build for the board that is there."
        )
    if abi != built.manifest["mpy"]["version"]:
        raise UserError(
            f"The board reads .mpy version {abi}; this build has {built.manifest['mpy']['version']}. Put MicroPython "
            "1.27 or newer on the board."
        )
    if heap_n < HEAP_MIN_N[board]:
        raise UserError(
            f"The board has {heap_n} bytes of memory for programs; {HEAP_MIN_N[board]} are needed. Use one with more, "
            "such as a Pico 2 W (docs/boards.md, Memory)."
        )
    if room_n < built.total_n + ROOM_LEFT_N:
        raise UserError(
            f"The board has room for {room_n} bytes; {built.total_n + ROOM_LEFT_N} are needed. Remove files from it."
        )


def _remove_old(wanted: dict[str, str], line: BoardLine, say: Callable[[str], None]) -> None:
    found = line.ask(f"print(json.dumps([n for r in {OWN_ROOMS!r} for n in files_in(r)] + os.listdir('/')))")
    old = [name for name in found if name not in wanted and (name in OWN_FILES or "/" in name)]
    for name in sorted(old):
        say(f"removing {name}")
        line.run(f"remove({name!r})")


def put_file(name: str, data: bytes, line: BoardLine) -> None:
    """Write one file on the board; HELPERS run there already."""
    line.run(f"f = put({name!r})")
    for at in range(0, len(data), CHUNK_N):
        line.run(f"w.feed()\nf.write({data[at : at + CHUNK_N]!r})")
    line.run("f.close()")


def hashes_of(names: list[str], line: BoardLine) -> dict[str, str]:
    """Return the sha256 of each file on the board, "" where there is none."""
    found: dict[str, str] = {}
    for at in range(0, len(names), 16):
        part = names[at : at + 16]
        found |= dict(zip(part, line.ask(f"print(json.dumps([hash_of(n) for n in {part!r}]))"), strict=True))
    return found


def _verify(wanted: dict[str, str], line: BoardLine) -> None:
    found = hashes_of(sorted(wanted), line)
    wrong = [name for name in sorted(wanted) if found[name] != wanted[name]]
    if wrong:
        raise UserError(
            f"{wrong[0]} does not read back as it was written ({len(wrong)} of {len(wanted)} files). The board starts "
            "nothing now. Deploy again; if it happens again, the flash is worn: use another board."
        )
