"""The HAL's `Sensors` on a Pi: readings of the IMU and edges of the heel switch, in the order of their time.

An edge is a sample of its own (no IMU values), dated by the kernel, so that the detector debounces with true
times. It waits for the IMU reading after it, since the detector starts over at a sample that comes before its
predecessor; if the IMU is silent, the switch speaks alone.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from firmware_py.hal import Sensors
from firmware_py.pi.gpio_port import Contact
from firmware_py.pi.sensors.axes import Reading
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP

HOLD_US = 20_000  # so long an edge waits for its IMU reading: four samples at 208 Hz
EDGES_MAX = 4  # of one cycle: with the IMU's two they fit into a cycle's eight samples
LOOK_EVERY = 20  # cycles between two looks at the line itself: 0.1 s, in case an edge was lost
POLL_US = 2_500  # half a cycle: the parts are asked once in each
WAITING_MAX = 64  # 0.3 s: a controller that was away for longer needs the newest only

NO_IMU = (0, 0, 0, 0, 0, 0)


class Imu(Protocol):
    """`IioImu` or `I2cImu`."""

    is_gone: bool

    def read(self) -> list[Reading]: ...
    def mend(self) -> None: ...
    def close(self) -> None: ...


class LegSensors(Sensors):
    """One leg.

    imu, switch   None if not fitted
    clock_us      CLOCK_MONOTONIC, us, does not wrap
    thinned       int, edges left out because more than EDGES_MAX came in one cycle; the last level is kept
    late          int, IMU readings older than what was told already
    """

    def __init__(self, imu: Imu | None, switch: Contact | None, clock_us: Callable[[], int]) -> None:
        self._imu, self._switch, self._clock_us = imu, switch, clock_us
        self._edges: list[tuple[int, bool]] = []
        self._waiting: deque[tuple[int, int, int, tuple[int, ...]]] = deque(maxlen=WAITING_MAX)
        self._heel = HEEL_NONE if switch is None else HEEL_DOWN if switch.is_closed else HEEL_UP
        self._told_us = -1  # time of the newest sample in the queue
        self._imu_us = clock_us()  # when the IMU last spoke
        self._until_look = LOOK_EVERY
        self._polled_us = -POLL_US
        self.thinned = 0
        self.late = 0

    def read(self, sample) -> bool:
        """Fill `sample` with the oldest unread one; False if there is none."""
        if not self._waiting:
            now_us = self._clock_us()
            if now_us - self._polled_us < POLL_US:
                return False  # this cycle has asked the parts already
            self._polled_us = now_us
            self._poll(now_us)
            if not self._waiting:
                return False
        t_us, heel, has_imu, values = self._waiting.popleft()
        sample.t_us = t_us & WRAP_MASK_US
        sample.heel = heel
        sample.has_imu = has_imu
        (
            sample.gyro_x_cdps,
            sample.gyro_y_cdps,
            sample.gyro_z_cdps,
            sample.acc_x_mg,
            sample.acc_y_mg,
            sample.acc_z_mg,
        ) = values
        return True

    def mend(self) -> None:
        """Set up again what has lost its settings. Once a cycle, only while nobody is armed."""
        if self._imu is not None:
            self._imu.mend()

    def close(self) -> None:
        """Let go of the parts. Safe to call twice."""
        for one in (self._imu, self._switch):
            if one is not None:
                one.close()

    def _poll(self, now_us: int) -> None:
        readings = self._imu.read() if self._imu is not None else []
        self._hear_switch(now_us)
        for reading in readings:
            self._imu_us = now_us
            if reading[0] <= self._told_us:
                self.late += 1
                continue
            self._tell_edges(reading[0])
            self._tell(reading[0], 1, reading[1:])
        if self._imu is None or now_us - self._imu_us > HOLD_US:
            self._tell_edges(now_us)
            if self._switch is not None and now_us > self._told_us:
                self._tell(now_us, 0, NO_IMU)

    def _hear_switch(self, now_us: int) -> None:
        switch = self._switch
        if switch is None:
            return
        edges = switch.read()
        self._until_look -= 1
        if self._until_look <= 0 and not edges and not switch.is_gone:
            self._until_look = LOOK_EVERY
            try:
                is_closed = switch.level()
            except OSError:
                switch.is_gone = True
            else:
                if is_closed != switch.is_closed and not switch.read():
                    switch.is_closed = is_closed
                    edges = [(now_us, is_closed)]
        self._edges += edges
        if len(self._edges) > EDGES_MAX:
            self.thinned += len(self._edges) - EDGES_MAX
            self._edges = [*self._edges[: EDGES_MAX - 1], self._edges[-1]]

    def _tell_edges(self, until_us: int) -> None:
        """Tell the edges until then. One that comes too late for its own time is told right after the newest."""
        while self._edges and self._edges[0][0] <= until_us:
            t_us, is_closed = self._edges.pop(0)
            self._heel = HEEL_DOWN if is_closed else HEEL_UP
            t_us = max(t_us, self._told_us + 1)
            if t_us < until_us or self._imu is None:
                self._tell(t_us, 0, NO_IMU)

    def _tell(self, t_us: int, has_imu: int, values: tuple[int, ...]) -> None:
        gone = self._switch is not None and self._switch.is_gone
        self._told_us = t_us
        self._waiting.append((t_us, HEEL_NONE if gone else self._heel, has_imu, values))
