"""Every driver, codec and check under MicroPython: the same bytes as here, and not one allocation on the way.

MicroPython hears what a driver here heard, cycle by cycle: connecting, pulses of every shape, a rest with
watchdogs, an open electrode.
"""

import functools
import json

import pytest

from hw_sim.emulators.catalogue import emulated
from stimulator.drivers import devices
from tests.device_bench import CYCLE_US, Bench
from tests.mpy.host import run_under_micropython

# Cycles of 5 ms: how many, a pulse each so many, and the last ones with the leads off.
PLANS = {
    devices.P24: (400, 5, 20),
    devices.REHAMOVE3: (400, 5, 20),
    devices.REHASTIM2: (1000, 15, 50),
    devices.OUTPUT_STAGE: (400, 5, 20),
}
WIDTH_US, CURRENT_UA = 271, 20_499

SCRIPT = """
import binascii, json, sys
from stimulator.drivers import devices
try:
    from micropython import heap_lock, heap_unlock
except ImportError:
    heap_lock = heap_unlock = lambda: None

with open("/app/talk.json") as f:
    cycles = [(bytearray(binascii.unhexlify(heard)), pulse) for heard, pulse in json.load(f)]
device = devices.choose(sys.argv[1])
driver = devices.make_driver(device)
check = devices.make_check(device)
wrote = bytearray(64)
wrote_n = 0
accepted = False

def cycle(heard, channel, gap_us, shape):
    global wrote_n, accepted
    driver.receive(heard, len(heard))
    wrote_n = driver.step(5000)
    if channel >= 0 and driver.can_pulse():
        wrote_n = driver.encode_pulse(channel, driver.quantise_current_ua(20_499, shape), 271, gap_us, shape)
        if wrote_n:
            driver.pulse_written()
    accepted = wrote_n > 0 and check.read(driver.tx, wrote_n)
    for i in range(wrote_n):
        wrote[i] = driver.tx[i]

driver.start()
for heard, (channel, gap_us, shape) in cycles:
    heap_lock()
    try:
        cycle(heard, channel, gap_us, shape)
    finally:
        heap_unlock()
    said = binascii.hexlify(wrote[:wrote_n]).decode()
    print(driver.state, driver.fault, driver.pulses_acked, accepted, check.current_ua, check.shape, said)
"""


@functools.cache
def conversation(name):
    """Return what the driver hears and should say: (bytes, (channel, gap, shape)) per cycle, and the lines."""
    n_cycles, every, n_open = PLANS[name]
    device = devices.choose(name)
    record = device.capability
    shapes = [
        n * sign
        for n in range(1, record.shape_max + 1)
        for sign in ((1, -1) if record.has_polarity else (1,))
    ]
    gaps = [0] * record.has_gap_none + ([100] if record.gap_max_us else [])
    heard, lines = [], []
    with Bench(emulated(device, seed=9), devices.make_driver(device), devices.make_check(device)) as bench:
        driver = bench.driver
        driver.start()
        for i in range(n_cycles):
            if i == n_cycles - n_open:
                bench.device.set_open_channels(0, 1)
            buf = bytearray(200)
            bench.now_us += CYCLE_US
            bench.link.pump(bench.now_us, bench.port.written_total)
            n = bench.port.readinto(buf)
            is_rest = 0.6 < i / n_cycles < 0.9 and name == devices.REHASTIM2
            channel = i // every % 2 if i % every == 0 and not is_rest else -1
            gap_us, shape = gaps[i // every % len(gaps)], shapes[i // every % len(shapes)]
            heard.append((buf[:n].hex(), (channel, gap_us, shape)))
            driver.receive(buf, n)
            n = driver.step(CYCLE_US)
            if channel >= 0 and driver.can_pulse():
                current_ua = driver.quantise_current_ua(CURRENT_UA, shape)
                n = driver.encode_pulse(channel, current_ua, WIDTH_US, gap_us, shape)
                if n:
                    driver.pulse_written()
            accepted = n > 0 and bench.check.read(driver.tx, n)
            said = bytes(driver.tx[:n])
            bench.port.write(bytearray(said), n)
            seen = (driver.state, driver.fault, driver.pulses_acked)
            lines.append(
                " ".join(map(str, (*seen, accepted, bench.check.current_ua, bench.check.shape, said.hex())))
            )
        assert driver.pulses_acked > 30
        assert driver.fault
    return heard, lines


@pytest.mark.parametrize("compiled", [False, True], ids=["source", "mpy"])
@pytest.mark.parametrize("name", devices.NAMES)
def test_driver_says_the_same_under_micropython_with_the_heap_locked(tmp_path, name, compiled):
    heard, lines = conversation(name)
    script = tmp_path / "talk.py"
    script.write_text(SCRIPT)
    files = {"talk.json": json.dumps(heard).encode()}
    printed = run_under_micropython(script, name, files=files, compiled=compiled)
    assert [line.rstrip() for line in printed.splitlines()] == [line.rstrip() for line in lines]
