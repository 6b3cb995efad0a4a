"""Controller and link as two ends of one socket, without processes, on a leg that walks."""

import socket

from firmware_py import blackbox
from firmware_py.frames import FrameReader, FrameWriter
from firmware_py.link.session import Session
from firmware_py.messages import CommandFrame, StatusFrame
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.log_rows import records
from firmware_py.pi.run.link_device import ProcessDevice
from firmware_py.pi.run.link_end import LinkEnd
from stimulator.prescription import channel_limits
from tests.mpy.link_session import ABOUT, FEATURES, Dice, Eyes, RingLog
from tests.run_rig import Rig


class Ends:
    """A controller on a leg that walks, its end of the link, and the device that the link's session drives."""

    def __init__(self):
        self.rig = Rig()
        self.walk, self.controller = self.rig.walk, self.rig.controller
        far, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.far = far
        self.stops = 0
        self.end = LinkEnd(near, self.controller, self.stop)
        self.rig.process._link_end = self.end
        self.guardian, own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.guardian.setblocking(False)
        self.own = own
        self.news = []
        self.is_deaf = False  # the controller does not answer
        self.before = self.controller.walk.prescription
        capability = self.controller.capability
        self.device = ProcessDevice(
            far,
            OperatorLink(own, self.walk.clock),
            self.walk.clock,
            capability=capability,
            limits=channel_limits(self.before, capability),
            hears_other=False,
            on_news=self.news.append,
            wait=self.wait,
        )
        self.run(50)

    def stop(self):
        self.stops += 1

    def wait(self, sock, s):
        self.walk.us += 200_000 if self.is_deaf else 1_000
        if not self.is_deaf:
            self.end.hear(self.walk.us)

    def run(self, ms, status=None, *, hears=True):
        """Let the controller cycle; the link's process runs beside it, or is silent."""
        for _ in range(ms // 5):
            self.rig.run(5, status)
            self.end.hear(self.walk.us)
            self.end.step(self.walk.us)
            if hears:
                self.device.hear()

    def commands(self):
        return [kind for kind, _ in self.wishes()]

    def wishes(self):
        """Return (kind, since when it is wanted) of each command."""
        reader, command, found = FrameReader(), CommandFrame(), []
        while True:
            try:
                packet = self.guardian.recv(200)
            except BlockingIOError:
                return found
            reader.reset()
            reader.feed(packet, 0, len(packet))
            while reader.next():
                assert command.decode(reader)
                found.append((command.kind, command.asked_us))

    def says(self, **values_):
        """The guardian tells the link."""
        status, writer = StatusFrame(), FrameWriter()
        for name, value in values_.items():
            setattr(status, name, value)
        self.guardian.send(bytes(writer.buf[: status.encode(writer)]))
        self.device.hear()

    def session(self, store, *, is_again=False):
        return Session(
            self.device, store, Dice(), Eyes(), RingLog(), about=ABOUT, features=FEATURES, is_again=is_again
        )

    def acts(self):
        return [row.values[0] for row in records(self.rig.rows) if row.kind == blackbox.ACT]

    def close(self):
        for one in (self.far, self.end.sock, self.guardian, self.own):
            one.close()
        self.rig.close()
