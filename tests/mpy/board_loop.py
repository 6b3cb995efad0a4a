"""Run a whole board over a stored walk: its files, its IMU, its output stage, its superloop. On a stand-in chip.

The same file runs under CPython (imported by a test, through tests/fake_board.py) and under MicroPython (as
__main__), where the board's own ticks run with the heap locked. Prints what happened and one checksum.
"""

import hashlib
import sys

T_START_US = 0x3FFFFFFF - 4_999_999
BUSY_US = 100  # of one turn, while a pulse is under way
IDLE_US = 500
SETUP = (
    '{"board": "%s", "side": "%s", "has_switch": true, "log_rows": 300,'
    ' "battery_empty_mv": 3300, "battery_full_mv": 4100}'
)
TYPED = "state\nstate\nPlease stop now\npause"  # at the end
ARM_AT_CYCLE = 60
DRAIN_EVERY = 2000


class Platform:
    """Stands for `sys` where the board's kind is asked for."""

    platform = "rp2"


def write_files(root, board, prescription, side="right"):
    """Put on the flash what a build puts there."""
    with open(root + "/setup.json", "w") as f:
        f.write(SETUP % (board, side))
    with open(root + "/prescription.bin", "wb") as f:
        f.write(prescription)
    with open(root + "/build.txt", "w") as f:
        f.write("test build\n")


def wire(chip, part, pins):
    """Wire the chip: the IMU, a stop that is not pressed, keys, high voltage, a battery."""
    chip.now_us = T_START_US
    chip.parts[0x6A] = part
    chip.levels[pins.STOP] = 0
    chip.levels[pins.KEY] = 1
    chip.levels[pins.TEST] = 1
    if hasattr(pins, "SUPPLY_GOOD"):
        chip.levels[pins.SUPPLY_GOOD] = 1
    chip.analog[pins.BATTERY] = 65_535 * 3_900 // 2 // 3_300


def make(root, trace, pins, modules):
    """Return (superloop, part, said) on a chip that is wired; `modules` gives the boards' modules by name."""
    from board_parts import Lsm6dsox, System
    from chip import CHIP

    from firmware_py.board_setup import read_setup

    whole = modules("whole")
    for name, file in (
        ("SETUP", "/setup.json"),
        ("PRESCRIPTION", "/prescription.bin"),
        ("BUILD", "/build.txt"),
    ):
        setattr(whole, name, root + file)
    whole.KEPT = root + "/kept"
    modules("ram_log").FILES = (root + "/log.0", root + "/log.1")
    modules("console").sys = System()
    part = Lsm6dsox(trace, T_START_US, pins.HEEL)
    wire(CHIP, part, pins)
    with open(whole.SETUP) as f:
        setup = read_setup(f.read())
    superloop, _ = whole.build(setup)
    said = []
    superloop.console._say = said.append
    return superloop, part, said


def turn(superloop, chip):
    """One turn, and the time until the next is worth it."""
    superloop.turn()
    stage = getattr(superloop.board, "stage", None)
    chip.pass_us(BUSY_US if stage is not None and stage.is_busy() else IDLE_US)


def run(root, trace, pins, modules, chip):
    """Walk; return the lines that name what happened."""
    superloop, part, said = make(root, trace, pins, modules)
    digest = hashlib.sha256()
    loop = superloop.loop
    is_acknowledged = False
    while not part.is_over():
        turn(superloop, chip)
        if superloop.cycles == ARM_AT_CYCLE and not is_acknowledged:
            is_acknowledged = True
            superloop.person.acknowledge()
            loop.guard._was_checked = True  # as kept from a check before
            superloop.person.arm()
        if superloop.cycles % DRAIN_EVERY == DRAIN_EVERY - 1:
            digest.update(superloop.log.events.drain())
    digest.update(superloop.log.events.drain())
    digest.update(superloop.log.newest.drain())
    sup = loop.guard.supervisor
    lines = (
        "cycles %d overruns %d steps %d pulses %d acked %d late %d"
        % (
            superloop.cycles,
            superloop.overruns,
            loop.cycle.detector.state.steps,
            chip.pulses_n,
            loop.guard.driver.pulses_acked,
            superloop.late_us,
        ),
        "state %d fault %d driver %d watch %d"
        % (sup.state, sup.fault_id, loop.guard.driver.state, chip.watchdog_ms),
        "checksum " + "".join(["%02x" % b for b in digest.digest()]),
    )
    chip.type(TYPED)
    end = superloop.cycles + 10
    while superloop.cycles < end:
        turn(superloop, chip)
    typed = "stops %d said %s" % (loop.guard.stops, said)
    return (lines[0], lines[1], typed, lines[2])


def main(walk_name):
    """Run under MicroPython."""
    import rp2
    from chip import CHIP

    from firmware_py.boards import console, pins_rp2, ram_log, whole
    from stimulator.prescription import canonical_bytes, default_prescription

    rp2.reset()  # pyright: ignore[reportAttributeAccessIssue]
    whole.sys = Platform()
    modules = {"whole": whole, "ram_log": ram_log, "console": console}
    write_files("", "rp2", canonical_bytes(default_prescription()))
    with open(walk_name, "rb") as f:
        for line in run("", f.read(), pins_rp2, modules.get, CHIP):
            print(line)


if __name__ == "__main__":
    main(sys.argv[1])
