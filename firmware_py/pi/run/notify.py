"""Tell systemd that the device runs: `READY=1`, and `WATCHDOG=1` only for cycles that went all the way.

The controller feeds it, and only when the guardian has said that it accepted a newer cycle: then sensors, detection,
schedule, both sockets and the guard have run. A timer that feeds a watchdog shows only that a timer runs.
"""

import os
import socket

FEED_EVERY_US = 200_000  # WatchdogSec is 1 s: four may be lost


class Notify:
    """One datagram per word to the socket that systemd names; nothing if there is none."""

    def __init__(self, address: str | None = None) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._sock: socket.socket | None = None
        if address:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._address = "\0" + address[1:] if address.startswith("@") else address
        self._fed_us = -FEED_EVERY_US
        self._sequence = -1
        self._is_ready = False

    def accepted(self, now_us: int, sequence: int) -> None:
        """The guardian says that `sequence` is the last cycle that it accepted."""
        if sequence == self._sequence:
            return
        self._sequence = sequence
        if now_us - self._fed_us >= FEED_EVERY_US:
            self._fed_us = now_us
            self.say("WATCHDOG=1" if self._is_ready else "READY=1\nWATCHDOG=1")
            self._is_ready = True

    def say(self, text: str) -> None:
        """Send one message; a systemd that is gone or busy misses it."""
        if self._sock is not None:
            try:
                self._sock.sendto(text.encode(), self._address)
            except OSError:
                return

    def close(self) -> None:
        """Let go of the socket. Safe to call twice."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
