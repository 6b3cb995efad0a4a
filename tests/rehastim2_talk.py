"""A client by hand for the emulated RehaStim2, which shares no code with the driver."""

from typing import Any

from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import FrameSplitter, encode_frame

OK, TRANSFER, PARAMETER, WRONG_MODE, BUSY = (bytes((n & 255,)) for n in (0, -1, -2, -3, -8))
INIT, INIT_ACK, MODE, LIST_INIT, LIST_START, LIST_STOP, PULSE, ERROR = 1, 2, 10, 30, 32, 34, 36, 38
LIST = bytes((0, 0b11, 0, 13, 0, 48, 0))  # channels 1 and 2, every 25 ms


class Talk:
    """A client by hand: says frames, keeps what came back with its time, and a watchdog every second if asked."""

    def __init__(self, *, connect=True, **device):
        options: dict[str, Any] = {"ack_latency_us": (0, 0), "command_delay_us": (0, 0)}
        self.device = RehaStim2(**(options | device))
        self.now_us = 0
        self.heard = []
        self._splitter = FrameSplitter()
        if connect:
            self.wait(0)
            self.say(self.heard[0][1], INIT_ACK, b"\x00")

    def say(self, packet_number, command, data=b""):
        self.device.feed(self.now_us, encode_frame(packet_number, command, data))

    def wait(self, dt_us):
        """Go from event to event, as a world does."""
        end_us = self.now_us + dt_us
        while True:
            due_us = self.device.due_us(self.now_us)
            self.now_us = end_us if due_us is None else min(end_us, due_us)
            for frame in self._splitter.feed(self.device.step(self.now_us)):
                assert frame.is_sound
                self.heard.append((self.now_us, frame.packet_number, frame.command, frame.data))
            if self.now_us == end_us and (due_us is None or due_us >= end_us):
                return self

    def ask(self, command, data=b"", packet_number=7, wait_us=30_000):
        """Say one command; return the data of the only answer."""
        n = len(self.heard)
        self.say(packet_number, command, data)
        self.wait(wait_us)
        ((_, said_number, said_command, said_data),) = self.heard[n:]
        assert (said_number, said_command) == (packet_number, command + 1)
        return said_data

    def alive(self, ms):
        """Let time pass with a watchdog every 500 ms."""
        for _ in range(ms // 500):
            self.say(0, 4)
            self.wait(500_000)
        return self

    def said(self, command):
        return [data for _, _, c, data in self.heard if c == command]


def pulse(channel=0, width_us=250, current_ma=20):
    return bytes((channel, width_us >> 8, width_us & 255, current_ma))


def listed(*channels):
    return b"".join(bytes((group, width_us >> 8, width_us & 255, ma)) for group, width_us, ma in channels)
