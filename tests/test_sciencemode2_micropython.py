"""ScienceMode 2 driver, codec and check under MicroPython: the same bytes as here, and not one allocation."""

import json

import pytest

from tests.mpy.host import run_under_micropython
from tests.sciencemode2_bench import Bench

SCRIPT = """
import binascii, json
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode2_check import FrameCheck
try:
    from micropython import heap_lock, heap_unlock
except ImportError:
    heap_lock = heap_unlock = lambda: None

with open("/app/talk.json") as f:
    cycles = [(bytearray(binascii.unhexlify(heard)), channel) for heard, channel in json.load(f)]
driver = ScienceMode2()
check = FrameCheck()
wrote = bytearray(64)
wrote_n = 0
accepted = False

def cycle(heard, channel):
    global wrote_n, accepted
    driver.receive(heard, len(heard))
    wrote_n = driver.step(5000)
    if channel >= 0 and driver.can_pulse():
        wrote_n = driver.encode_pulse(channel, driver.quantise_current_ua(21_499), 271, 0)
        if wrote_n:
            driver.pulse_written()
    accepted = wrote_n > 0 and check.read(driver.tx, wrote_n)
    for i in range(wrote_n):
        wrote[i] = driver.tx[i]

driver.start()
for heard, channel in cycles:
    heap_lock()
    try:
        cycle(heard, channel)
    finally:
        heap_unlock()
    said = binascii.hexlify(wrote[:wrote_n]).decode()
    print(driver.state, driver.fault, driver.pulses_acked, accepted, check.current_ua, said)
"""


def conversation():
    """Record what the driver hears here, cycle by cycle: Init, 40 pulses, a rest with watchdogs, an open electrode."""
    heard, rows = [], []
    with Bench(seed=9, ack_latency_us=(20_000, 60_000)) as bench:
        bench.driver.start()
        for i in range(1000):
            if i == 950:
                bench.device.set_open_channels(0, 1)
            buf = bytearray(64)
            bench.now_us += 5_000
            bench.link.pump(bench.now_us, bench.port.written_total)
            n = bench.port.readinto(buf)
            channel = i % 2 if i % 15 == 0 and not 600 < i < 900 else -1
            heard.append((buf[:n].hex(), channel))
            bench.driver.receive(buf, n)
            n = bench.driver.step(5_000)
            if channel >= 0 and bench.driver.can_pulse():
                n = bench.driver.encode_pulse(channel, bench.driver.quantise_current_ua(21_499), 271, 0)
                if n:
                    bench.driver.pulse_written()
            accepted = n > 0 and bench.check.read(bench.driver.tx, n)
            said = bytes(bench.driver.tx[:n])
            bench.port.write(bytearray(said), n)
            driver = bench.driver
            counts = (driver.state, driver.fault, driver.pulses_acked)
            rows.append(" ".join(map(str, (*counts, accepted, bench.check.current_ua, said.hex()))))
        assert bench.driver.pulses_acked > 40
        assert bench.driver.fault
    return heard, rows


@pytest.mark.parametrize("compiled", [False, True], ids=["source", "mpy"])
def test_driver_says_the_same_under_micropython_with_the_heap_locked(tmp_path, compiled):
    heard, rows = conversation()
    script = tmp_path / "talk.py"
    script.write_text(SCRIPT)
    files = {"talk.json": json.dumps(heard).encode()}
    printed = run_under_micropython(script, files=files, compiled=compiled)
    assert [line.rstrip() for line in printed.splitlines()] == [row.rstrip() for row in rows]
