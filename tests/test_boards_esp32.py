"""An ESP32 whose output stage is a Pico on its UART, and that Pico by itself."""

import types
from pathlib import Path
from typing import Any

import pytest

from hw_sim.emulators.output_stage import OutputStage as Emulated
from hw_sim.emulators.output_stage_wire import encode_command
from safety import supervisor
from stimulator.drivers import output_stage_codec as codec
from tests.fake_board import fake_board

TRACE = (Path(__file__).resolve().parent / "golden" / "walk_trace.bin").read_bytes()
PERMIT, SUPPLY_PIN, ENABLE_PIN = 13, 8, 6
HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16
WORD = codec.word_of(1, 250, 100)


class Cable:
    """The emulated stage at the other end of the UART."""

    def __init__(self, chip):
        self.chip, self.stage, self.now_us, self.last_us = chip, Emulated(seed=2), 0, chip.now_us

    def move(self):
        chip = self.chip
        self.now_us += (chip.now_us - self.last_us) & 0x3FFFFFFF
        self.last_us = chip.now_us
        if chip.uart_out_n:
            self.stage.feed(self.now_us, bytes(chip.uart_out[: chip.uart_out_n]))
            chip.uart_out_n = 0
        answer = self.stage.step(self.now_us)
        chip.uart_in[chip.uart_in_n : chip.uart_in_n + len(answer)] = answer
        chip.uart_in_n += len(answer)


@pytest.fixture
def walk(tmp_path):
    with fake_board(tmp_path, platform="esp32") as rig:
        walk: Any = rig.walk(TRACE, board="esp32")
        walk.cable = Cable(rig.chip)
        real = walk.superloop.turn
        walk.superloop.turn = lambda: (real(), walk.cable.move())
        yield walk


def test_an_esp32_walks_with_a_stage_at_its_uart(walk):
    walk.arm()
    walk.cycles(3_000)
    assert walk.guard.gate.armed
    assert len(walk.cable.stage.pulses) > 500
    assert walk.guard.driver.pulses_failed == 0
    assert walk.chip.watchdog_ms == 1_000


def test_the_permit_line_is_on_while_armed_and_at_no_other_time(walk):
    levels = set()
    walk.until(lambda: walk.sup.state == supervisor.READY and not levels.add(walk.chip.levels[PERMIT]))
    assert levels <= {0}
    walk.arm()
    walk.cycles(2)
    assert walk.chip.levels[PERMIT] == 1
    walk.chip.set_input(walk.pins.STOP, 1)
    walk.cycles(1)
    assert walk.chip.levels[PERMIT] == 0


def test_a_cycle_that_fails_takes_the_permit_away(walk):
    walk.arm()
    walk.cycles(2)
    walk.loop.cycle.detector.step = lambda sample: [][1]
    with pytest.raises(IndexError):
        walk.cycles(3)
    assert walk.chip.levels[PERMIT] == 0


def test_a_cable_that_is_pulled_ends_help_and_is_heard(walk):
    walk.arm()
    walk.until(lambda: walk.sup.state == supervisor.STIMULATING, 8_000)
    walk.cable.stage.faults.silent = True
    walk.cycles(200)
    assert not walk.guard.gate.armed
    assert walk.guard.sound() == supervisor.SOUND_LOST


def test_a_session_that_was_cut_is_remembered_in_the_clock_s_memory(walk):
    walk.arm()
    walk.cycles(2)
    assert walk.superloop.board.was_in_session()
    walk.guard.disarm()
    walk.cycles(2)
    assert not walk.superloop.board.was_in_session()


def test_a_uart_that_takes_less_than_a_frame_is_a_port_that_is_gone(walk):
    walk.arm()
    walk.chip.uart_out_n = len(walk.chip.uart_out)
    walk.cable.move = lambda: None
    walk.until(lambda: not walk.guard.gate.armed, 3_000)
    assert walk.guard.driver.fault == 1, "the port is gone"


def test_a_port_writes_only_what_it_was_told_and_no_more_than_fits(tmp_path):
    with fake_board(tmp_path, platform="esp32") as rig:
        import machine

        port = rig.board("uart_port").UartPort(machine.UART(2))
        port.write(bytearray(b"abcdef"), 3)
        assert bytes(rig.chip.uart_out[: rig.chip.uart_out_n]) == b"abc"
        assert port.written_total == 3
        with pytest.raises(OSError, match="5"):
            port.write(bytearray(100), 65)
        assert port.readinto(bytearray(8)) == 0


# The stage alone ------------------------------------------------------------------------------------------


class Usb:
    """Bytes that arrive, and what is written back."""

    def __init__(self):
        self.waiting, self.said, self.left = bytearray(), bytearray(), False

    def take(self):
        return self.waiting.pop(0) if self.waiting else -1

    def write(self, data):
        self.said += data

    def leave(self):
        self.left = True


@pytest.fixture
def alone(tmp_path):
    with fake_board(tmp_path) as rig:
        import machine

        rig.chip.levels[SUPPLY_PIN] = 1
        usb = Usb()
        uart = rig.board("uart_port").UartPort(machine.UART(0))
        stage = rig.board("stage").Stage(rig.board("bridge").Bridge())
        one = rig.board("stage_alone").Alone(stage, usb, uart, usb)
        yield types.SimpleNamespace(rig=rig, usb=usb, one=one, stage=stage, chip=rig.chip)


def turns(alone, n=10, us=1_000):
    for _ in range(n):
        alone.one.turn()
        alone.chip.pass_us(us)


def test_the_stage_alone_answers_over_usb_what_came_over_usb(alone):
    alone.usb.waiting += encode_command(HELLO, 3, 0, 0)
    turns(alone)
    assert alone.usb.said[:4] == bytes((0xA5, HELLO + 1, 3, 0))
    assert alone.chip.uart_out_n == 0


def test_the_stage_alone_answers_over_the_uart_what_came_over_the_uart(alone):
    frame = encode_command(ENABLE, 1, 0, 0)
    alone.chip.uart_in[: len(frame)] = frame
    alone.chip.uart_in_n = len(frame)
    turns(alone)
    assert alone.usb.said == b""
    assert bytes(alone.chip.uart_out[:4]) == bytes((0xA5, ENABLE + 1, 1, 0))
    assert alone.chip.levels[ENABLE_PIN] == 1


def test_its_watchdog_starts_with_the_first_enable_and_is_fed_by_finished_turns(alone):
    turns(alone)
    assert alone.chip.watchdogs == 0
    alone.usb.waiting += encode_command(ENABLE, 1, 0, 0)
    turns(alone, 2)
    assert alone.chip.watchdog_ms == 250
    fed = alone.chip.feeds
    turns(alone, 7)
    assert alone.chip.feeds - fed == 7
    alone.stage.step = lambda t_us: [][1]
    fed = alone.chip.feeds
    with pytest.raises(IndexError):
        alone.one.turn()
    assert alone.chip.feeds == fed
    assert alone.rig.heap.depth == 0


def test_state_and_leave_are_heard_between_frames_and_leave_is_refused_while_enabled(alone):
    alone.usb.waiting += b"state\n"
    turns(alone)
    assert alone.usb.said == b"swingphase armed=0\n"
    alone.usb.waiting += encode_command(ENABLE, 1, 0, 0)
    turns(alone)
    alone.usb.said = bytearray()
    alone.usb.waiting += b"leave\nstate\n"
    turns(alone)
    assert alone.usb.said == b"swingphase armed=1\n"
    assert not alone.one.is_left
    assert alone.chip.watchdog_ms == 250
    alone.usb.waiting += encode_command(DISABLE, 2, 0, 0) + b"leave\n"
    turns(alone, 1)
    assert alone.one.is_left
    assert alone.chip.watchdog_ms == 8_000, "nobody feeds it while a new build is copied"


def test_it_runs_until_leave_and_everything_is_off_then(alone, monkeypatch):
    module = alone.rig.board("stage_alone")
    monkeypatch.setattr(module, "UsbBytes", lambda: alone.usb)
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(stdout=types.SimpleNamespace(buffer=alone.usb)))
    alone.usb.waiting += b"\x00\x01leave\n"
    module.run()
    assert alone.usb.left
    assert alone.chip.levels[ENABLE_PIN] == 0
    assert alone.rig.rp2.ACTIVE[0] == 0


def test_start_runs_the_stage_alone_if_the_setup_says_so(alone, monkeypatch):
    start = alone.rig.board("start")
    (alone.rig.root / "setup.json").write_text('{"board": "stage"}')
    start.SETUP = str(alone.rig.root / "setup.json")
    ran = []
    monkeypatch.setattr(alone.rig.board("stage_alone"), "run", lambda: ran.append(1))
    start.main()
    assert ran == [1]


def test_start_runs_the_whole_otherwise(alone, monkeypatch):
    start = alone.rig.board("start")
    (alone.rig.root / "setup.json").write_text('{"board": "esp32"}')
    start.SETUP = str(alone.rig.root / "setup.json")
    ran = []
    monkeypatch.setattr(alone.rig.board("whole"), "main", lambda: ran.append(1))
    start.main()
    assert ran == [1]
