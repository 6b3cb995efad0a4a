"""A controller's process without its process, on a leg that walks."""

import os
import socket

from firmware_py import messages
from firmware_py.compose_controller import compose_controller
from firmware_py.frames import FrameReader, FrameWriter
from firmware_py.messages import CycleFrame, StatusFrame
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.guardian_link import GuardianLink
from firmware_py.pi.run.controller import ControllerProcess
from firmware_py.pi.run.notify import Notify
from firmware_py.pi.run.standing import Standing
from firmware_py.pi.sensors.contacts import EdgeList
from firmware_py.pi.sensors.leg_sensors import LegSensors
from hw_sim.demo import demo_prescription
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from safety import supervisor
from safety.sample import Sample
from stimulator.drivers import devices
from stimulator.wearer import DEFAULT_CORRIDOR

START_US = 7 * 2**30 - 3_000_000  # the wrapping clock wraps after 3 s


class Walk:
    """An IMU on a walking leg, or on `leg`, by a clock that the test moves."""

    def __init__(self, leg: Leg | None = None):
        self.us = START_US
        self.leg = leg or Leg(WalkerSettings(severity="severe", seed=2))
        self.sensors = SimSensors(self.leg, rate_hz=208.0, t_us_start=0)
        self.is_gone = False

    def clock(self):
        return self.us

    def move(self, us):
        self.leg.advance(us)
        self.us += us

    def read(self):
        sample, found = Sample(), []
        while self.sensors.read(sample):
            t_us = START_US + sample.t_us
            rates = (sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps)
            found.append((t_us, *rates, sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg))
        return found

    def mend(self):
        pass

    def close(self):
        pass


class Rig:
    """A controller's process on a leg that walks; the test holds the other ends."""

    def __init__(self, plan=None, leg=None):
        self.walk = Walk(leg)
        self.guardian, own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.person, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.guardian.setblocking(False)
        self.log_end, log_fd = os.pipe()
        os.set_blocking(self.log_end, False)
        self.log = LogPort(log_fd)
        self.log_fd = log_fd
        self.link = GuardianLink(own, self.walk.clock)
        self.standing = Standing(self.log)
        sensors = LegSensors(self.walk, EdgeList([], self.walk.clock), self.walk.clock)
        self.controller = compose_controller(
            sensors=sensors,
            guard=self.link,
            armed=self.standing,
            log=self.log,
            prescription=demo_prescription(),
            place="foot",
            has_switch=True,
            side="right",
            device=devices.choose(devices.P24),
            corridor=DEFAULT_CORRIDOR,
            plan=plan,
        )
        self.fed = []
        notify = Notify("")
        notify.accepted = lambda now_us, sequence: self.fed.append(sequence)
        self.process = ControllerProcess(
            self.controller,
            sensors=sensors,
            link=self.link,
            standing=self.standing,
            orders=orders,
            log=self.log,
            notify=notify,
        )
        self.own, self.orders = own, orders
        self.rows = b""
        self.frames = []

    def run(self, ms, status=None):
        for _ in range(ms // 5):
            self.walk.move(5_000)
            if status is not None:
                self.tell(**status)
            self.process._hear(self.walk.us)
            self.controller.cycle.step(self.walk.us % 2**30)
            self.log.flush()
            self.rows += os.read(self.log_end, 1 << 16)
            self.frames += self.heard()

    def tell(self, **values):
        status, writer = StatusFrame(), FrameWriter()
        for name, value in values.items():
            setattr(status, name, value)
        self.guardian.send(bytes(writer.buf[: status.encode(writer)]))

    def heard(self):
        reader, found = FrameReader(), []
        while True:
            try:
                packet = self.guardian.recv(4096)
            except BlockingIOError:
                return found
            reader.reset()
            reader.feed(packet, 0, len(packet))
            while reader.next():
                frame = CycleFrame()
                assert reader.kind == messages.CYCLE
                assert frame.decode(reader)
                found.append((frame.sequence, frame.swing, frame.samples_n, frame.requests_n))

    def close(self):
        for one in (self.guardian, self.own, self.person, self.orders):
            one.close()
        os.close(self.log_end)
        os.close(self.log_fd)


ARMED = {"armed": 1, "is_ready": 1, "state": supervisor.ARMED}
FOR_EXERCISE = {"armed": 3, "is_ready": 1, "state": supervisor.ARMED}
FOR_TEST = {"armed": 2, "is_ready": 1, "state": supervisor.ARMED}
