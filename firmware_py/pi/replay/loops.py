"""Play a log of the loop in line (a board, the simulator), of the controller's process, or of the guardian's."""

import contextlib
from collections.abc import Callable

from firmware_py import acts, blackbox
from firmware_py.compose import compose_walk
from firmware_py.compose_controller import compose_controller, worn_of
from firmware_py.loop import Loop
from firmware_py.pi.console import UserError
from firmware_py.pi.guardian.build import make_guard
from firmware_py.pi.guardian.core import NOTHING, GuardianCore, Incoming
from firmware_py.pi.guardian.record import Recorder
from firmware_py.pi.guardian.settings import SettingsError, settings_from
from firmware_py.pi.log_rows import Row
from firmware_py.pi.replay.tape import Tape, TapePort, TapeSensors
from firmware_py.pi.run import orders
from firmware_py.pi.run.standing import Standing
from firmware_py.recorded_port import RecordedPort
from safety.supervisor import WALK
from stimulator.drivers import devices
from stimulator.drivers.devices import DeviceError
from stimulator.prescription import PrescriptionError, from_bytes

CYCLE_KINDS = (blackbox.SAMPLE, blackbox.STATE, blackbox.REQUEST, blackbox.CYCLE)
PORT_KINDS = (blackbox.RECEIVED, blackbox.SENT, blackbox.PORT)
INPUT_KINDS = (
    *CYCLE_KINDS,
    *(blackbox.STEPS, blackbox.ACT, blackbox.CONTROLLER, blackbox.OPERATOR, blackbox.INPUTS, blackbox.HEARD),
)


def cycle_end(rows, i: int) -> int:
    """Return where the control cycle that begins at record `i` has its row CYCLE; -1 if it was cut off."""
    for j in range(i, len(rows)):
        if rows[j].kind == blackbox.CYCLE:
            return j
    return -1


def port_rows(rows, i: int) -> list[Row]:
    """Return what happened at the port after record `i`, until the next input."""
    found: list[Row] = []
    for j in range(i + 1, len(rows)):
        if rows[j].kind in INPUT_KINDS:
            break
        if rows[j].kind in PORT_KINDS:
            found.append(rows[j])
    return found


def play_in_line(about: dict, tape: Tape) -> None:
    """Play a log of the loop in line; Difference at the first row that differs."""
    sensors, port = TapeSensors(), TapePort()
    loop = loop_of(about, sensors, port, tape.ring)
    rows, i = tape.rows, 0
    while i < len(rows):
        row = rows[i]
        if row.kind in CYCLE_KINDS:
            end = cycle_end(rows, i)
            if end < 0:
                break
            sensors.expect([r for r in rows[i:end] if r.kind == blackbox.SAMPLE])
            loop.cycle.step(rows[end].t_us)
            i = end
        elif row.kind == blackbox.STEPS:
            *before, last_us = row.steps_us()
            port.expect([])
            for t_us in before:
                loop.guard.step(t_us)
            port.expect(port_rows(rows, i))
            loop.guard.step(last_us)
        elif row.kind == blackbox.ACT:
            act_in_line(loop, row, rows[i + 1] if i + 1 < len(rows) else None)
        tape.check()
        i += 1
    loop.log.flush()
    tape.check()


def loop_of(about: dict, sensors, port, log) -> Loop:
    """Build the loop that a log tells of; UserError if this checkout cannot."""
    with _needs_its_head():
        return compose_walk(
            sensors=sensors, port=port, log=log, was_checked=about["was_checked"], **_known(about)
        )


def play_controller(about: dict, tape: Tape) -> None:
    """Play a log of the controller's process; Difference at the first row that differs."""
    sensors, standing = TapeSensors(), Standing(tape.ring)
    with _needs_its_head():
        controller = compose_controller(
            sensors=sensors,
            guard=DeafGuard(),
            armed=standing,
            log=tape.ring,
            **_known(about),
            **worn_of(about),
        )
    rows, i = tape.rows, 0
    while i < len(rows):
        row = rows[i]
        if row.kind in CYCLE_KINDS:
            end = cycle_end(rows, i)
            if end < 0:
                break
            sensors.expect([r for r in rows[i:end] if r.kind == blackbox.SAMPLE])
            controller.cycle.step(rows[end].t_us)
            i = end
        elif row.kind == blackbox.HEARD:
            if standing.hear(row.t_us, *row.values[:5]):
                controller.walk.restart()
        elif row.kind == blackbox.ACT and row.values[0] == acts.ACT_COMMIT:
            with contextlib.suppress(ValueError):  # as in line
                controller.commit(prescription_of(rows[i + 1] if i + 1 < len(rows) else None))
        elif row.kind == blackbox.ACT:
            orders.do(controller, *row.values[:3])
        tape.check()
        i += 1


class DeafGuard:
    """Stands where the guardian's socket was: what went there is in the guardian's log."""

    def take_sample(self, sample) -> None:
        """Nothing."""

    def take_swing(self, swing: int) -> None:
        """Nothing."""

    def take_mode(self, mode: int) -> None:
        """Nothing."""

    def take(self, request) -> None:
        """Nothing."""

    def cycle_finished(self, sequence: int) -> None:
        """Nothing."""


@contextlib.contextmanager
def _needs_its_head():
    try:
        yield
    except (KeyError, ValueError) as e:
        raise UserError(
            f"The head of the log does not say what it was built from ({e}). Use the commit that it names."
        ) from e


def _known(about: dict) -> dict:
    """Return what both compositions are built from, as the head of a log says it."""
    return {
        "device": devices.choose(  # nothing is stimulated here: any tail will do
            about["device"],
            answer_max_ms=about["answer_max_ms"],
            allow_host_death_tail_ms=devices.TAIL_ABS_MS,
        ),
        "prescription": from_bytes(bytes.fromhex(about["prescription_bytes"])),
        **{name: about[name] for name in ("place", "side", "has_switch", "switch_foot")},
    }


def act_in_line(loop: Loop, row: Row, following: Row | None) -> None:
    """Do what a person did."""
    guard, burst = loop.guard, loop.burst
    _, first, second = row.values[:3]
    deeds: dict[int, Callable[[], object]] = {
        acts.ACT_OPEN: guard.open,
        acts.ACT_ACKNOWLEDGE: guard.acknowledge,
        acts.ACT_CHANNELS_CHECKED: guard.channels_checked,
        acts.ACT_PROFILE_CHANGED: guard.profile_changed,
        acts.ACT_ARM: lambda: _arm(loop, first),
        acts.ACT_DISARM: guard.disarm,
        acts.ACT_PAUSE: guard.pause,
        acts.ACT_RESUME: guard.resume,
        acts.ACT_STOP: guard.stop,
        acts.ACT_CLEAR: guard.clear,
        acts.ACT_BATTERY: lambda: guard.take_battery(first),
        acts.ACT_USE: lambda: loop.cycle.use(burst if first else loop.walk),
        acts.ACT_MOUNTING: loop.cycle.restart_mounting,
        acts.ACT_DOUBTED: lambda: loop.cycle.doubted(first),
        acts.ACT_HOLD: lambda: burst.hold(first, second),
        acts.ACT_RELEASE: burst.release,
        acts.ACT_BEAT: burst.beat,
        acts.ACT_COMMIT: lambda: loop.commit(prescription_of(following)),
    }
    with contextlib.suppress(ValueError):  # what was refused then is refused now; the rows tell if not
        deeds[row.values[0]]()


def _arm(loop: Loop, mode: int) -> None:
    """As `Loop.arm_walk`, whose change of scheduler is an act of its own."""
    was_armed = loop.guard.gate.armed
    if loop.guard.arm(mode) and mode == WALK and not was_armed:
        loop.walk.restart()


def prescription_of(row: Row | None):
    """Return the prescription that an act commits."""
    if row is None or row.kind != blackbox.PRESCRIPTION:
        raise PrescriptionError(["The log is cut off inside a commit."])
    return from_bytes(row.data)


def play_guardian(about: dict, tape: Tape) -> None:
    """Play a log of the guardian's process; Difference at the first row that differs."""
    try:
        settings = settings_from(about["settings_json"].encode())
        check = devices.make_check(settings.chosen())
    except (KeyError, SettingsError, DeviceError) as e:
        raise UserError(
            f"The head of the log does not hold the guardian's settings ({e}). Use the commit that it names."
        ) from e
    port, record = TapePort(), Recorder(tape.ring)
    guard = make_guard(settings, check, RecordedPort(port, record.steps), record.steps)
    core = GuardianCore(guard)
    core.open()
    incoming = Incoming()
    rows = tape.rows
    for i, row in enumerate(rows):
        if row.kind == blackbox.CONTROLLER:
            incoming.controller += (row.data,)
        elif row.kind == blackbox.OPERATOR:
            incoming.operator += (row.data,)
        elif row.kind == blackbox.INPUTS:
            stop, gone, slept, incoming.battery = row.values[:4]
            incoming.stop, incoming.controller_gone, incoming.slept = bool(stop), bool(gone), bool(slept)
        elif row.kind == blackbox.STEPS:
            for n, now_us in enumerate(row.whole_steps_us()):
                is_last = n == len(row.steps_us()) - 1
                port.expect(port_rows(rows, i) if is_last else [])
                record.note(now_us, incoming if n == 0 else NOTHING)
                core.step(now_us, incoming if n == 0 else NOTHING)
            incoming = Incoming()
            tape.check()
    record.steps.flush()
    tape.check()
