"""`./swingphase emulate`: what a person may tell the emulated devices, and the log of their pulses."""

import csv
import subprocess
import sys

import pytest

from firmware_py.pi.console import UserError
from hw_sim.emulators.catalogue import KINDS, emulated
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.serve import main
from hw_sim.emulators.wishes import obey
from stimulator.drivers import devices
from tests.house import REPO


def made(name=devices.P24, **more):
    return emulated(devices.choose(name, **more))


def test_every_device_of_the_list_has_an_emulator():
    assert tuple(KINDS) == devices.NAMES


@pytest.mark.parametrize("name", devices.NAMES)
@pytest.mark.parametrize(
    ("wish", "field", "value"),
    [
        ("drop_answers", "drop_answers", True),
        ("drop_answers=0", "drop_answers", False),
        ("late_us=150000", "late_us", 150_000),
        ("late_us", "late_us", 0),
        ("noise = 00ff", "noise", b"\x00\xff"),
        ("only_command=2", "only_command", 2),
        ("pulse_result", "pulse_result", None),
        ("split_us=3000", "split_us", 3_000),
        ("silent=off", "silent", False),
    ],
)
def test_a_typed_fault_is_set(name, wish, field, value):
    device = made(name)
    assert field in obey(device, 0, wish.replace(" ", ""))
    assert getattr(device.faults, field) == value


def test_leads_power_and_the_red_button_are_obeyed():
    device = made()
    assert isinstance(device, P24)
    assert "0, 3" in obey(device, 0, "open 0 3")
    assert device._stage.open_channels == {0, 3}
    assert "none" in obey(device, 0, "open")
    assert device._stage.open_channels == set()
    assert "starts again" in obey(device, 0, "power")
    stimulator = made(devices.REHASTIM2)
    assert isinstance(stimulator, RehaStim2)
    assert "pressed" in obey(stimulator, 0, "stop")
    assert stimulator._is_stop_pressed
    assert "released" in obey(stimulator, 0, "release")
    assert "drop_answers=False" in obey(stimulator, 0, "faults")


@pytest.mark.parametrize(
    "wish",
    ["", "nonsense", "stop", "open 8", "open x", "late_us=x", "noise=0", "busy 1", "power now", "opcodes=1"],
)
def test_a_wish_that_is_none_is_answered_with_a_sentence(wish):
    for name in (devices.P24, devices.OUTPUT_STAGE):
        with pytest.raises(UserError, match=r"\. (Type|Give)"):
            obey(made(name), 0, wish)


def test_a_measured_rehastim2_answers_within_its_time():
    device = made(devices.REHASTIM2, answer_max_ms=20)
    assert isinstance(device, RehaStim2)
    assert device._ack_latency_us == (10_000, 20_000)


@pytest.mark.parametrize(
    "arguments", [["p24", "--ohm", "0"], ["p24", "--ohm", "nan"], ["p24", "--log", "/no/where"]]
)
def test_bad_options_get_a_sentence(arguments):
    with pytest.raises(UserError, match=r"--ohm|--log"):
        main(arguments)


CLIENT = """
import select, sys
from firmware_py.pi.serial_port import SerialPort
from stimulator.drivers import devices
driver = devices.make_driver(devices.choose("rehamove3"))
port, buf = SerialPort(sys.argv[1]), bytearray(64)
driver.start()
sent = 0
for _ in range(400):
    n = port.readinto(buf)
    driver.receive(buf, n)
    n = driver.step(5_000)
    if not n and sent < 3 and driver.can_pulse():
        n = driver.encode_pulse(0, 20_000, 250, 100)
        driver.pulse_written()
        sent += 1
    port.write(driver.tx, n)
    if driver.pulses_acked == 3:
        break
    select.select((port._serial.fileno(),), (), (), 0.005)
print(driver.pulses_acked, driver.fault)
"""


def test_the_log_holds_each_pulse_with_its_time(tmp_path):
    log = tmp_path / "pulses.csv"
    emulate = [
        sys.executable,
        str(REPO / "swingphase.py"),
        "emulate",
        "rehamove3",
        "--log",
        str(log),
        "--ohm",
        "5000",
    ]
    with subprocess.Popen(
        emulate, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        path = process.stdout.readline().split(" at ")[1].split(" ")[0]
        process.stdin.write("open 1\n")
        process.stdin.flush()
        assert "Leads off: 1." in process.stdout.readline()
        client = subprocess.run(
            [sys.executable, "-c", CLIENT, path],
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        process.terminate()
        assert "3 pulses were delivered" in process.stdout.read()
    assert client.stdout.split() == ["3", "0"], client.stderr
    rows = list(csv.DictReader(log.read_text().splitlines()))
    assert [(r["channel"], r["current_ma"], r["width_us"]) for r in rows] == [("0", "20.0", "250")] * 3
    times = [int(r["start_us"]) for r in rows]
    assert times == sorted(times)
