"""Builds the whole on a board from its files, and runs it until `leave`. Outputs are off already."""

import gc
import sys

from firmware_py.axes import Axes
from firmware_py.board_setup import profile_of, read_setup
from firmware_py.boards.board_files import BoardFiles
from firmware_py.boards.console import Console, UsbBytes
from firmware_py.boards.imu_parts import part_called
from firmware_py.boards.person import Person
from firmware_py.boards.ram_log import LogWriter, RamLog
from firmware_py.boards.superloop import Superloop
from firmware_py.compose import compose_walk
from firmware_py.profile import profile_hash, was_checked
from firmware_py.settings import SettingsStore
from stimulator.drivers import devices
from stimulator.prescription import from_bytes

SETUP = "/setup.json"
PRESCRIPTION = "/prescription.bin"
IMAGE = "/imu.bin"  # the IMU maker's, if it needs one
BUILD = "/build.txt"  # one line that names the build
KEPT = "/kept"


def main() -> None:
    """Run. Whatever is wrong raises, and the outputs stay off."""
    superloop, source = build(read_setup(_text(SETUP)))
    superloop.run()
    source.leave()


def build(setup):
    """Return (Superloop, UsbBytes) for a setup; the IMU has been set up and its range read back."""
    part = part_called(setup.imu)
    board = make_board(setup, part)
    gc.collect()
    image = _bytes(IMAGE) if part.needs_image else None
    board.imu.begin(image)
    gc.collect()
    prescription = from_bytes(_bytes(PRESCRIPTION))
    name = _text(BUILD).strip()
    store = SettingsStore(BoardFiles(KEPT))
    profile = profile_hash(profile_of(setup), prescription)
    log = RamLog(setup.log_rows)
    loop = compose_walk(
        sensors=board.sensors,
        port=board.port,
        log=log,
        prescription=prescription,
        place=setup.place,
        has_switch=setup.has_switch,
        side=setup.side,
        was_checked=was_checked(store, profile, prescription),
        device=devices.choose(devices.OUTPUT_STAGE),
        is_replayable=False,
    )
    person = Person(loop, store, profile)
    source = UsbBytes()
    console = Console(source, loop, person, name)
    was_cut = board.was_in_session()
    board.mark_session(False)
    writer = LogWriter(log, ("%s profile %s%s" % (name, profile, " restarted" if was_cut else "")).encode())
    gc.collect()
    return Superloop(board, loop, log, writer, person, console, was_cut=was_cut, image=image), source


def make_board(setup, part):
    """Return the Board of this chip."""
    if sys.platform == "rp2":
        from firmware_py.boards.rp2 import Rp2Board

        return Rp2Board(setup, part, Axes(setup.axes))
    from firmware_py.boards.esp32 import Esp32Board

    return Esp32Board(setup, part, Axes(setup.axes))


def _text(name: str) -> str:
    with open(name) as file:
        return file.read()


def _bytes(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()
