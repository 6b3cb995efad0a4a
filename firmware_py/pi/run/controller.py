"""The controller's process: sensors, gait, schedule, 200 times a second; everything it asks for goes to the guardian.

python -m firmware_py.pi.run.controller SPEC   SPEC is a JSON file of `Spec`. Its sockets and its pipe to the log writer
are inherited. It ends when its orders' socket ends or the guardian is gone; then the guardian disarms.
"""

import dataclasses
import gc
import json
import select
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from firmware_py.compose_controller import Controller, compose_controller, worn_of
from firmware_py.cycle import CYCLE_US
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.guardian_link import GuardianLink
from firmware_py.pi.keys import Keys
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.lateness import Beat
from firmware_py.pi.run.link_end import LinkEnd
from firmware_py.pi.run.notify import Notify
from firmware_py.pi.run.orders import do, obey
from firmware_py.pi.run.standing import NO_MODE, Standing
from firmware_py.pi.run.wiring import Places, open_keys, open_sensors, open_signals
from firmware_py.pi.sensors.leg_sensors import LegSensors
from firmware_py.pi.signals import PiSignals
from gait_detect import mounting_problems
from safety.clock import WRAP_MASK_US
from stimulator.prescription import from_bytes

PRIORITY = 45  # below the guardian's: a controller that spins must not hold it up
REPORT_BEATS = 200  # a second
ORDERS_MAX = 8  # between two cycles
PACKET_N = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """config, places   as JSON;  prescription   canonical bytes in hex
    plan   of the exercise as in the head of the log, None for none
    guardian_fd, orders_fd, log_fd, link_fd   inherited descriptors; link_fd -1 without a link
    """

    config: dict
    places: dict
    prescription: str
    guardian_fd: int
    orders_fd: int
    log_fd: int
    plan: list | None = None
    link_fd: int = -1


@dataclass(slots=True, kw_only=True)
class Report:
    """What the controller tells the parent when it begins, once a second and at its end.

    cycles, lost   cycles that ran, and that were left out because one took until after the next was due
    late_us        within which 99 % of them began;  late_max_us   the latest
    granted, refused   pulses, as the guardian told;  steps   found
    samples_late, edges_thinned, frames_lost   see LegSensors and GuardianLink
    in_charge      who asks for pulses, as ACT_USE puts them in charge; told as soon as it changes
    level, is_paused, is_muted, is_locked   of the wearer's keys; told as soon as they change
    exercise, exercise_ended_by   phase and end of `stimulator.exercise`; told as soon as it changes
    mounting       what cannot be right about the IMU, of gait_detect.mounting_problems
    histogram      lines for a person, at the end
    """

    cycles: int = 0
    lost: int = 0
    late_us: int = 0
    late_max_us: int = 0
    granted: int = 0
    refused: int = 0
    steps: int = 0
    samples_late: int = 0
    edges_thinned: int = 0
    frames_lost: int = 0
    in_charge: int = 0
    level: int = 100
    is_paused: bool = False
    is_muted: bool = False
    is_locked: bool = True
    exercise: int = 0
    exercise_ended_by: int = 0
    mounting: int = mounting_problems.OK
    histogram: list[str] = dataclasses.field(default_factory=list)


class ControllerProcess:
    """Everything between the operating system and the control cycle."""

    def __init__(
        self,
        controller: Controller,
        *,
        sensors: LegSensors,
        link: GuardianLink,
        standing: Standing,
        orders: socket.socket,
        log: LogPort,
        notify: Notify,
        link_end: LinkEnd | None = None,
        keys: Keys | None = None,
        signals: PiSignals | None = None,
    ) -> None:
        orders.setblocking(False)
        self._controller, self._sensors, self._link, self._standing = controller, sensors, link, standing
        self._orders, self._log, self._notify = orders, log, notify
        self._link_end = link_end
        self._keys, self._signals = keys, signals
        self._heard_by = [orders] if link_end is None else [orders, link_end.sock]
        self._is_over = False
        self.report = Report()

    def run(self) -> None:
        """Cycle until the parent or the guardian is gone."""
        beat = Beat(CYCLE_US, monotonic_us, self._wait)
        self._tell(beat)  # that it has begun: before, nobody can be helped
        while not self._is_over and not self._link.is_gone:
            now_us = beat.next()
            if self._is_over:
                break
            self._hear(now_us)
            if self._keys is not None:
                self._keys.step(now_us)
            if self._signals is not None:
                self._signals.step(now_us)
            self._controller.cycle.step(now_us & WRAP_MASK_US)
            if self._link_end is not None:
                self._link_end.step(now_us)
            self._log.flush()
            if self._standing.mode == NO_MODE:
                self._sensors.mend()
            if self._is_news():
                self._tell(beat)
            if beat.beats % REPORT_BEATS == 0:
                gc.collect(0)  # young objects only: a few microseconds, in the slack
                self._tell(beat)
        self._log.flush()
        self.report.histogram = beat.lateness.lines()
        self._tell(beat)

    def _is_news(self) -> bool:
        """Whether something is to be told at once."""
        report, wearer = self.report, self._controller.wearer
        is_known = wearer is None or (
            (wearer.level, wearer.is_paused, wearer.is_muted, wearer.is_locked)
            == (report.level, report.is_paused, report.is_muted, report.is_locked)
        )
        exercise = self._controller.exercise
        is_known &= exercise is None or exercise.phase == report.exercise
        return not is_known or self._controller.in_charge != report.in_charge

    def _wait(self, wait_us: int) -> None:
        """Let time pass until the next beat; orders are taken as they come."""
        ready = select.select(self._heard_by, (), (), wait_us / 1e6)[0]
        if self._link_end is not None and self._link_end.sock in ready:
            self._link_end.hear(monotonic_us())
            if self._link_end.is_gone:
                self._heard_by = [self._orders]
        if self._orders not in ready:
            return
        try:
            for _ in range(ORDERS_MAX):
                packet = self._orders.recv(PACKET_N)
                if not packet:
                    self._is_over = True
                    return
                obey(self._controller, packet)
        except BlockingIOError:
            return
        except OSError:
            self._is_over = True

    def _hear(self, now_us: int) -> None:
        link, report = self._link, self.report
        while link.hear():
            s = link.status
            if self._standing.hear(now_us & WRAP_MASK_US, s.armed, s.is_ready, s.state, s.fault, s.sound):
                self._controller.walk.restart()
            for result in s.results[: s.results_n]:
                if self._link_end is not None:
                    self._link_end.granted(result.channel, result.granted_ua)
                if result.granted_ua > 0:
                    report.granted += 1
                else:
                    report.refused += 1
            self._notify.accepted(now_us, s.sequence)

    def _tell(self, beat: Beat) -> None:
        report = self.report
        report.cycles, report.lost = beat.beats, beat.lost
        report.late_us, report.late_max_us = beat.lateness.at_most_us(0.99), beat.lateness.max_us
        report.steps = self._controller.cycle.detector.state.steps
        report.samples_late, report.edges_thinned = self._sensors.late, self._sensors.thinned
        report.frames_lost = self._link.lost
        report.in_charge = self._controller.in_charge
        wearer = self._controller.wearer
        if wearer is not None:
            report.level, report.is_paused = wearer.level, wearer.is_paused
            report.is_muted, report.is_locked = wearer.is_muted, wearer.is_locked
        exercise = self._controller.exercise
        if exercise is not None:
            report.exercise, report.exercise_ended_by = exercise.phase, exercise.ended_by
        report.mounting = self._controller.cycle.detector.mounting.problem
        try:
            self._orders.send(json.dumps(dataclasses.asdict(report)).encode())
        except OSError:
            return  # the parent does not read, or is gone; the next wait finds out


def main(arguments: list[str]) -> int:
    """Run the controller; 0 after an ordered end, 2 if it cannot begin."""
    for number in (
        signal.SIGINT,
        signal.SIGHUP,
    ):  # they reach all processes; the parent ends this one in order
        signal.signal(number, signal.SIG_IGN)
    spec = Spec(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    config, places = RunConfig.model_validate(spec.config), Places(**spec.places)
    try:
        sensors = open_sensors(config, places, monotonic_us)
        signals = open_signals(config, places)
    except OSError as e:
        print(f"controller: {e}", file=sys.stderr, flush=True)
        return 2
    log = LogPort(spec.log_fd)
    link = GuardianLink(socket.socket(fileno=spec.guardian_fd), monotonic_us)
    standing = Standing(log)
    controller = compose_controller(
        sensors=sensors,
        guard=link,
        armed=standing,
        log=log,
        prescription=from_bytes(bytes.fromhex(spec.prescription)),
        place=config.imu.place,
        has_switch=bool(config.lines.heel_switch),
        side=config.wearer.side,
        switch_foot=config.lines.heel_switch_foot,
        device=config.device(),
        **worn_of({"corridor": config.corridor(), "plan": spec.plan}),
        signals=signals,
    )
    try:
        keys = open_keys(config, places, lambda act, key: do(controller, act, key, 0))
    except OSError as e:
        print(f"controller: {e}", file=sys.stderr, flush=True)
        return 2
    notify = Notify()
    link_end = None
    if spec.link_fd >= 0:
        link_end = LinkEnd(socket.socket(fileno=spec.link_fd), controller, link.stop)
    process = ControllerProcess(
        controller,
        sensors=sensors,
        link=link,
        standing=standing,
        orders=socket.socket(fileno=spec.orders_fd),
        log=log,
        notify=notify,
        link_end=link_end,
        keys=keys,
        signals=signals,
    )
    for sentence in ask_for_real_time(PRIORITY):
        print(f"controller: {sentence}", flush=True)
    gc.disable()
    process.run()
    notify.close()
    sensors.close()
    keys.close()
    if signals is not None:
        signals.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
