"""A client by hand for the emulated P24, which shares no code with the driver."""

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.sciencemode_wire import FrameSplitter, encode_frame


def point(duration_us, current_ma):
    return (duration_us << 20 | round(2 * current_ma + 300) << 10).to_bytes(4, "big")


def pulse_data(channel=0, current_ma=20.0, width_us=250, gap_us=100, head=0x80):
    points = [point(width_us, current_ma), point(gap_us, 0), point(width_us, -current_ma)]
    head |= channel % 4 << 5 | channel // 4 << 4 | 2
    return bytes((head,)) + b"".join(points)


class Talk:
    """A client by hand: says frames, collects answers with the time at which they came."""

    def __init__(self, kind=P24, **device):
        self.device = kind(**({"ack_latency_us": (0, 0), "command_delay_us": 0} | device))
        self.now_us = 0
        self.heard = []
        self._splitter = FrameSplitter()

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
                return

    def ask(self, command, data=b"", packet_number=1, wait_us=100_000):
        """Say one command; return the data of the only answer."""
        n = len(self.heard)
        self.say(packet_number, command, data)
        self.wait(wait_us)
        ((_, said_number, said_command, said_data),) = self.heard[n:]
        assert (said_number, said_command) == (packet_number, command + 1)
        return said_data
