"""The cable: lock-step over a real pty, the same over memory, and the emulator served to anybody's client."""

import os
import threading
from pathlib import Path

import pytest
import serial

from firmware_py.pi.serial_port import PortError
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import PtyLink
from hw_sim.emulators.sciencemode_wire import FrameSplitter, encode_frame
from hw_sim.emulators.serve import serve
from stimulator.drivers import sciencemode4_states as states
from tests.sciencemode4_bench import Bench

KINDS = pytest.mark.parametrize("kind", [PtyLink, MemoryLink])
STATUS = encode_frame(1, 62, b"")


class Echo:
    """A device that says what it hears, at once, and notes its calls."""

    def __init__(self):
        self.heard = []
        self.to_say = b""
        self.power_cycles = []

    def feed(self, now_us, data):
        self.heard.append((now_us, data))
        self.to_say += data

    def step(self, now_us):
        said, self.to_say = self.to_say, b""
        return said

    def due_us(self, now_us):
        return now_us if self.to_say else None

    def power_cycle(self, now_us):
        self.power_cycles.append(now_us)


@pytest.fixture
def make_link():
    links = []

    def make(kind, device, **kwargs):
        links.append(kind(device, **kwargs))
        return links[-1]

    yield make
    for link in links:
        link.close()
        link.close()


def send(port, data):
    port.write(bytearray(data), len(data))


def read_all(port):
    buf = bytearray(64)
    found = b""
    while n := port.readinto(buf):
        found += buf[:n]
    return found


@KINDS
def test_every_byte_written_is_heard_when_pump_returns_and_every_answer_can_be_read(make_link, kind):
    device = Echo()
    link = make_link(kind, device)
    port = link.open_port()
    sent = b""
    for i in range(300):
        data = (
            bytes(range(i % 256)) + b"\x11\x13\x03\x04\x1a\n\r\x00\xff"
        )  # what a terminal might take as a sign
        send(port, data)
        sent += data
        link.pump(i * 1000, port.written_total)
        assert device.heard[-1] == (i * 1000, data)
        assert read_all(port) == data
    assert port.written_total == len(sent)
    port.close()


@KINDS
def test_answers_that_the_host_has_not_read_yet_stay_in_order(make_link, kind):
    link = make_link(kind, Echo())
    port = link.open_port()
    for i in range(50):
        send(port, bytes((i,)) * 10)
        link.pump(i, port.written_total)
    assert read_all(port) == b"".join(bytes((i,)) * 10 for i in range(50))
    port.close()


@KINDS
def test_host_that_never_reads_neither_blocks_the_link_nor_loses_a_byte(make_link, kind):
    link = make_link(kind, Echo())
    port = link.open_port()
    sent = bytearray()
    for i in range(30):
        data = bytes((i,)) * 300
        send(port, data)
        sent += data
        link.pump(i, port.written_total)
    found = b""
    while len(found) < len(sent):
        n = len(found)
        found += read_all(port)
        link.pump(100, port.written_total)
        assert len(found) > n
    assert found == sent
    port.close()


def test_bytes_that_never_come_are_said_to_be_the_ptys_fault_after_the_patience(make_link):
    link = make_link(PtyLink, Echo(), patience_s=0.05)
    port = link.open_port()
    send(port, b"abc")
    with pytest.raises(RuntimeError, match=r"is stuck: 3 of 4 bytes from the host"):
        link.pump(0, port.written_total + 1)
    port.close()


@KINDS
def test_count_that_is_not_the_ports_is_refused(make_link, kind):
    link = make_link(kind, Echo())
    port = link.open_port()
    send(port, b"abc")
    link.pump(0, 3)
    with pytest.raises(ValueError, match="written_total is 2"):
        link.pump(1, 2)
    port.close()


@KINDS
def test_unplugged_port_raises_on_read_and_write_and_the_device_loses_power_once(make_link, kind):
    device = Echo()
    link = make_link(kind, device)
    port = link.open_port()
    link.pump(7_000, 0)
    link.unplug()
    link.unplug()
    assert device.power_cycles == [7_000]
    with pytest.raises(OSError, match="gone"):
        read_all(port)
    with pytest.raises(OSError, match="gone"):
        send(port, b"abc")
    assert port.written_total == 0
    link.pump(8_000, port.written_total)
    assert device.heard == []
    port.close()
    port.close()
    with pytest.raises(OSError, match=r"unplugged|cannot be opened"):
        link.open_port()


@KINDS
def test_reopened_port_counts_from_zero_and_hears_nothing_old(make_link, kind):
    device = Echo()
    link = make_link(kind, device)
    port = link.open_port()
    send(port, b"old")
    link.pump(0, port.written_total)
    send(port, b"lost")
    port.close()
    port = link.open_port()
    assert read_all(port) == b""
    send(port, b"new")
    link.pump(1, port.written_total)
    assert device.heard[-1] == (1, b"new")
    assert read_all(port) == b"new"
    port.close()


def test_memory_port_refuses_more_bytes_than_its_buffer_holds(make_link):
    port = make_link(MemoryLink, Echo()).open_port()
    with pytest.raises(ValueError, match="n is 4"):
        port.write(bytearray(3), 4)


@KINDS
def test_due_time_is_the_devices(make_link, kind):
    device = P24()
    link = make_link(kind, device)
    assert link.due_us(0) is None
    device.feed(0, STATUS)
    assert link.due_us(3) == 3


def run(kind, n_pulses):
    bench = Bench(kind, seed=5)
    try:
        bench.connect()
        bench.pulses(n_pulses)
        bench.device.set_open_channels(1)
        bench.pulse(1)
        bench.cycle(10)
        bench.driver.clear_fault()
        bench.device.set_open_channels()
        bench.connect()
        bench.pulses(n_pulses, every_cycles=3)
        bench.driver.stop()
        bench.cycle_until(states.OFF)
        driver = bench.driver
        return bench.device.pulses, bench.frames, bench.states, driver.pulses_acked, driver.pulses_failed
    finally:
        bench.close()


def test_pty_and_memory_deliver_the_same_pulses_bytes_and_states():
    over_pty = run(PtyLink, 100)
    assert over_pty == run(MemoryLink, 100)
    assert over_pty == run(PtyLink, 100)
    assert (len(over_pty[0]), over_pty[3], over_pty[4]) == (201, 200, 1)


# Served in real time ---------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    """A P24 on a pty for any client, with a name of its own; ends with the test."""
    stop = threading.Event()
    ready = threading.Event()
    paths = []
    device = P24()

    def on_ready(path):
        paths.append(path)
        ready.set()

    arguments = {"on_ready": on_ready, "link_path": tmp_path / "p24"}
    thread = threading.Thread(target=serve, args=(device, stop.is_set), kwargs=arguments)
    thread.start()
    assert ready.wait(10)
    yield paths[0], device
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not Path(paths[0]).is_symlink()


def ask(client, data):
    """Write one frame; read until a whole frame has come back."""
    client.write(data)
    splitter = FrameSplitter()
    for _ in range(200):
        frames = splitter.feed(client.read(1))
        if frames:
            return frames[0]
    raise AssertionError("no answer")


def test_served_emulator_answers_one_client_after_the_other(served):
    path, device = served
    for number in (1, 2):
        with serial.Serial(path, 3_000_000, timeout=5) as client:
            frame = ask(client, encode_frame(number, 62, b""))
            assert (frame.packet_number, frame.command, frame.data) == (number, 63, bytes((0, 0, 1)))
    with serial.Serial(path, 9600, timeout=5) as client:
        assert ask(client, encode_frame(3, 0, b"\x00")).data == b"\x00"
        pulse = bytes.fromhex("8212c500000644b00012c46000")
        assert ask(client, encode_frame(4, 2, pulse)).data == bytes(3)
    assert [(p.channel, p.current_ma) for p in device.pulses] == [(0, 10.0)]


def test_served_emulator_survives_a_client_that_never_reads(served):
    path, _ = served
    with serial.Serial(path, 3_000_000, timeout=5) as client:
        for _ in range(500):
            client.write(STATUS)
    with serial.Serial(path, 3_000_000, timeout=5) as client:
        frame = None
        for _ in range(600):  # answers to the one before may still be on their way
            frame = ask(client, encode_frame(9, 52, b""))
            if frame.command == 53:
                break
        assert frame is not None
        assert frame.command == 53


def test_name_that_is_taken_by_a_file_is_refused_and_an_old_link_is_replaced(tmp_path):
    taken = tmp_path / "p24"
    taken.write_text("mine")
    with pytest.raises(FileExistsError, match="Choose another name"):
        serve(P24(), lambda: True, link_path=taken)
    assert taken.read_text() == "mine"
    old = tmp_path / "old"
    old.symlink_to("/dev/pts/none")
    heard = []
    serve(P24(), lambda: True, link_path=old, on_ready=lambda path: heard.append(os.readlink(path)))
    assert len(heard) == 1
    assert heard[0] != "/dev/pts/none"
    assert not old.is_symlink()


def test_second_program_cannot_open_the_port(make_link):
    link = make_link(PtyLink, Echo())
    port = link.open_port()
    with pytest.raises(PortError, match="Close the other program"):
        link.open_port()
    port.close()
    link.open_port().close()
