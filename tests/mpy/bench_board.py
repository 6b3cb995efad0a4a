"""Run the bench that `./swingphase board bench` sends, under MicroPython on the stand-in chip. Prints its JSON."""

import sys
import time

time.READ_COSTS_US = 60  # fewer turns for each cycle  # pyright: ignore[reportAttributeAccessIssue]

from firmware_py.boards import bench  # noqa: E402 - after the clock was set

feeds = [0]


def feed():
    feeds[0] += 1


bench.run(int(sys.argv[1]), False, feed)
print(feeds[0])
