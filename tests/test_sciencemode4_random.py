"""20 000 random pulses of every shape: what the encoder says, the check and the emulated device's own code read."""

import random

from hw_sim.emulators.p24_output import read_points
from hw_sim.emulators.sciencemode_wire import FrameSplitter
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_check import FrameCheck
from stimulator.drivers.sciencemode4_frame import FrameWriter


def test_20000_random_pulses_come_back_as_they_went():
    rng = random.Random(21)
    writer, check, splitter = FrameWriter(64), FrameCheck(), FrameSplitter()
    for i in range(20_000):
        shape = rng.choice((1, 1, -1, rng.choice((2, 3, 4, -2, -3, -4))))
        times = abs(shape)
        current_ua = 500 * times * rng.randint(0, 260 // times)
        width_us = rng.choice((rng.randint(10, 4095 // times), rng.randint(240, 255)))
        asked = (rng.randrange(8), current_ua, width_us, rng.choice((0, rng.randint(10, 4095))), shape)
        n = codec.encode_pulse(writer, i & 63, *asked)
        assert check.read(writer.buf, n), asked
        read = (check.channel, check.current_ua, check.width_us, check.gap_us)
        assert read == asked[:4]
        assert check.shape == (shape if current_ua else times)
        (frame,) = splitter.feed(bytes(writer.buf[:n]))
        assert (frame.is_sound, frame.packet_number, frame.command) == (True, i & 63, 2)
        points = read_points(frame.data[1:])
        assert points is not None
        assert (points[0][0], points[-1][0]) == (width_us, times * width_us)
        assert sum(us * ma for us, ma in points) == 0
        assert abs(points[0][1]) * 1000 == current_ua
