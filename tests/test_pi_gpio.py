"""GPIO lines without a chip: edges, levels, the stop contact, and what is said when there is no line."""

import gpiod
import pytest
from gpiod.line import Value

from firmware_py.pi import gpio_port
from firmware_py.pi.gpio_port import GpioEdges, GpioError, GpioOutput, StopLine, open_contact, open_output

RISING, FALLING = 1, 2


class Request:
    """What gpiod hands out, with edges and a level that a test decides."""

    def __init__(self, value=Value.ACTIVE):
        self.value, self.events, self.set_to, self.fd = value, [], [], 99
        self.error: Exception | None = None
        self.sequence = 0

    def edge(self, t_ns, is_closed, skip=0):
        self.sequence += 1 + skip
        kind = RISING if is_closed else FALLING
        self.events.append(gpiod.EdgeEvent(kind, t_ns, 17, self.sequence, self.sequence))
        self.value = Value.ACTIVE if is_closed else Value.INACTIVE

    def wait_edge_events(self, timeout):
        assert timeout == 0, "nothing here may wait"
        if self.error:
            raise self.error
        return bool(self.events)

    def read_edge_events(self):
        found, self.events = self.events, []
        return found

    def get_value(self, line):
        if self.error:
            raise self.error
        return self.value

    def set_value(self, line, value):
        if self.error:
            raise self.error
        self.set_to.append((line, value))

    def release(self):
        self.set_to.append("released")


def test_edges_carry_the_kernels_time_and_the_closed_contact_is_active():
    request = Request()
    contact = GpioEdges(request, 17)
    assert contact.is_closed
    request.edge(1_000_999, False)
    request.edge(2_000_000, True)
    assert contact.read() == [(1_000, False), (2_000, True)]
    assert contact.read() == []
    assert contact.is_closed
    assert contact.fileno() == 99


def test_edges_that_the_kernel_dropped_are_counted():
    request = Request()
    contact = GpioEdges(request, 17)
    request.edge(1_000_000, False)
    request.edge(2_000_000, False, skip=3)
    contact.read()
    assert contact.lost == 3


def test_a_line_that_fails_is_gone_and_raises_nothing():
    request = Request()
    contact = GpioEdges(request, 17)
    request.error = OSError(19, "No such device")
    assert contact.read() == []
    assert contact.is_gone
    contact.close()


def test_a_stop_contact_counts_as_pressed_while_it_is_open_and_after_the_shortest_touch():
    request = Request()
    stop = StopLine(GpioEdges(request, 22))
    assert not stop.was_pressed()
    assert not stop.is_broken
    request.edge(1_000_000, False)
    request.edge(1_200_000, True)
    assert stop.was_pressed(), "0.2 ms open"
    assert not stop.was_pressed()
    request.edge(5_000_000, False)
    assert stop.was_pressed()
    assert stop.was_pressed(), "it stays open"
    assert stop.is_broken
    request.edge(6_000_000, True)
    assert not stop.was_pressed()
    assert stop.fileno() == 99


def test_a_stop_contact_that_is_not_wired_is_pressed_from_the_start():
    stop = StopLine(GpioEdges(Request(Value.INACTIVE), 22))
    assert stop.is_broken
    assert stop.was_pressed()


def test_a_stop_line_that_cannot_be_read_is_pressed():
    request = Request()
    stop = StopLine(GpioEdges(request, 22))
    request.error = OSError(19, "No such device")
    assert stop.was_pressed()
    assert stop.is_broken


def test_an_output_is_switched_and_left_off():
    request = Request()
    output = GpioOutput(request, 5)
    output.set(True)
    output.set(False)
    output.close()
    assert request.set_to == [(5, Value.ACTIVE), (5, Value.INACTIVE), (5, Value.INACTIVE), "released"]
    request.error = OSError(19, "No such device")
    output.set(True)
    output.close()


def test_lines_are_asked_for_with_pull_up_active_low_both_edges_and_the_monotonic_clock(
    monkeypatch, tmp_path
):
    asked = {}

    def request_lines(chip, **more):
        asked.update(more, chip=chip)
        return Request()

    monkeypatch.setattr(gpiod, "request_lines", request_lines)
    chip = tmp_path / "gpiochip0"
    chip.touch()
    open_contact(str(chip), 17, "heel switch")
    settings = asked["config"][17]
    line = gpiod.line
    assert (settings.direction, settings.edge_detection) == (line.Direction.INPUT, line.Edge.BOTH)
    assert (settings.bias, settings.active_low) == (line.Bias.PULL_UP, True)
    assert settings.event_clock == line.Clock.MONOTONIC
    assert settings.debounce_period.total_seconds() == 0, "the detector debounces"
    open_output(str(chip), 5, "beeper")
    assert asked["config"][5].direction == line.Direction.OUTPUT
    assert asked["config"][5].output_value == Value.INACTIVE


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (PermissionError(13, "Permission denied"), "group gpio"),
        (OSError(16, "Device or resource busy"), "gpioinfo"),
        (OSError(22, "Invalid argument"), "Choose a line"),
        (ValueError("no such line"), "Choose a line"),
    ],
)
def test_a_line_that_cannot_be_had_is_named_with_the_next_step(monkeypatch, tmp_path, error, step):
    def request_lines(chip, **more):
        raise error

    monkeypatch.setattr(gpiod, "request_lines", request_lines)
    chip = tmp_path / "gpiochip0"
    chip.touch()
    with pytest.raises(
        GpioError, match=rf"^Line 17 of .* cannot be used for the heel switch \([A-Zn].*{step}"
    ):
        open_contact(str(chip), 17, "heel switch")


def test_a_machine_without_gpio_is_told_so():
    with pytest.raises(GpioError, match="Run this on a Raspberry Pi"):
        open_output("/dev/no-such-gpiochip", 5, "beeper")
    assert gpio_port.CHIP == "/dev/gpiochip0"
