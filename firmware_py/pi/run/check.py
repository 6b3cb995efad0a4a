"""`./swingphase run --check`: what is wired and what is missing, a sentence each. Nothing is stimulated.

It opens each part as the run does, and lets go of it again. Something that is needed and missing keeps `run` from
starting; a note does not.
"""

import contextlib
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.modes import start_problems
from firmware_py.pi.about import is_clock_synchronised
from firmware_py.pi.battery import Battery
from firmware_py.pi.bluez_config import MAIN_CONF, main_conf_problems
from firmware_py.pi.console import sentence_of
from firmware_py.pi.exercise_file import load_plan
from firmware_py.pi.gpio_port import open_contact, open_output
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian.real_time import PRIORITY
from firmware_py.pi.link_display import has_terminal
from firmware_py.pi.link_store import FileStore
from firmware_py.pi.prescription_file import load_prescription
from firmware_py.pi.run.config import RunConfig, line_of
from firmware_py.pi.run.link_launch import begun_with, not_the_file, started_with, started_without
from firmware_py.pi.run.wiring import Places, open_imu, open_switch
from firmware_py.pi.serial_port import SerialPort
from stimulator import exercise_plan
from stimulator.exercise_plan import ExercisePlan
from stimulator.prescription import Prescription, PrescriptionError, checked, default_prescription, warnings

OK, NOTE, MISSING = "ok", "note", "MISSING"
LISTEN_S = 0.5  # to the IMU
NAP_S = 0.02
GRAVITY_MG, SLANT_MG = 1_000, 300
FREE_MIN_N = 100 << 20
NO_ATTEMPT = "trigger is 2 (own attempt); a sensor on the shank cannot see the foot lift. Choose 0 or 1."
NO_ADAPTER = "There is no Bluetooth adapter {}: look at `bluetoothctl list`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """state is OK, NOTE or MISSING."""

    what: str
    state: str
    text: str

    def line(self) -> str:
        """Return it for a person."""
        return f"{self.state:<8}{self.what}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Openers:
    """How parts are reached; tests have their own."""

    port: Callable[[str, Any], Any] = SerialPort
    contact: Callable[[str, int, str], Any] = open_contact
    output: Callable[[str, int, str], Any] = open_output
    battery: Callable[[str], Any] = Battery
    imu: Callable[[RunConfig, Places, Any], Any] = open_imu
    switch: Callable[[RunConfig, Places], Any] = open_switch
    nap: Callable[[float], None] = time.sleep
    adapters: Path = Path("/sys/class/bluetooth")
    main_conf: Path = MAIN_CONF
    has_terminal: Callable[[], bool] = has_terminal


def prescription_of(config: RunConfig) -> Prescription:
    """Return the prescription that the configuration names, checked for its stimulator."""
    named = config.files.prescription
    return may_start(load_prescription(Path(named)) if named else default_prescription(), config)


def may_start(prescription: Prescription, config: RunConfig) -> Prescription:
    """Return it if the device may start with it; PrescriptionError if not."""
    found = start_problems(prescription, hears_other=config.hears_other)
    if found:
        raise PrescriptionError(found)
    return checked(prescription, config.device().capability)


def look(config: RunConfig, *, is_sim: bool, openers: Openers | None = None) -> Iterator[Finding]:
    """Yield what there is to say, part by part. A simulation brings its own parts; the rest is needed there too."""
    how = openers or Openers()
    yield _found("prescription", lambda: _prescription(config, is_sim))
    yield _found("exercise", lambda: _exercise(config))
    if not is_sim:
        yield _found("stimulator", lambda: _stimulator(config, how))
        yield _found("imu", lambda: _imu(config, how))
        yield _found("heel switch", lambda: _heel(config, how))
        yield _found("stop contact", lambda: _stop(config, how))
        for what, line in (("beeper", config.lines.beeper), ("lamp", config.lines.lamp)):
            yield _found(what, lambda what=what, line=line: _output(what, line, how))
        yield _found("keys", lambda: _keys(config, how))
        yield _found("battery", lambda: _battery(config, how))
    yield _found("link", lambda: _link(config, how, is_sim), NOTE)
    yield _found("logs", lambda: _folder("logs", Path(config.files.logs)))
    yield _found("settings", lambda: _folder("settings", Path(config.files.settings)))
    yield _real_time()
    yield _wall_clock()
    yield Finding(
        what="hand switch",
        state=NOTE,
        text="nobody can see from here whether the wearer holds the stop that needs no Python: a switch in the "
        "electrode lead or the stimulator's supply. Try it before every session.",
    )


def _found(what: str, look_at: Callable[[], Finding], worst: str = MISSING) -> Finding:
    try:
        return look_at()
    except (OSError, ValueError) as e:
        text = sentence_of(e)
        if text is None and isinstance(e, OSError) and e.strerror:
            text = (
                f"{e.filename or 'the system'} says: {e.strerror}. Look whether it is there and may be used."
            )
        if text is None:
            raise
        return Finding(what=what, state=worst, text=text)


def _prescription(config: RunConfig, is_sim: bool) -> Finding:
    prescription = named = prescription_of(config)
    doubt = ""
    folder = Path(config.files.settings) / "link"
    if not is_sim and folder.exists():

        def begin() -> Prescription:
            store = FileStore(folder)
            if config.link.enabled:
                return started_with(store, named)
            return started_without(store, named, config.device().capability)

        prescription, doubt = begun_with(begin, named)
        may_start(prescription, config)
    said = warnings(prescription)
    if doubt:
        said.insert(0, doubt)
    if instead := not_the_file(prescription, named):
        said.insert(0, instead)
    name = config.files.prescription or "the defaults, as no file is named"
    return Finding(what="prescription", state=NOTE if said else OK, text=" ".join([f"{name}.", *said]))


def plan_of(config: RunConfig, prescription: Prescription) -> ExercisePlan | None:
    """Return the plan that the configuration names; PrescriptionError if it must not run with `prescription`."""
    named = config.files.exercise
    if not named:
        return None
    plan = exercise_plan.checked(
        load_plan(Path(named), prescription), prescription, config.device().capability.current_step_ua
    )
    if plan.trigger == exercise_plan.BY_ATTEMPT and config.imu.place != "foot":
        raise PrescriptionError([NO_ATTEMPT])
    return plan


def _exercise(config: RunConfig) -> Finding:
    plan = plan_of(config, prescription_of(config))
    if plan is None:
        return Finding(what="exercise", state=NOTE, text="none: no plan is named by exercise in [files].")
    if plan.trigger == exercise_plan.BY_BUTTON and not config.keys.hand:
        text = f"{config.files.exercise} waits for a hand button: wire hand in [keys], or type button."
        return Finding(what="exercise", state=NOTE, text=text)
    return Finding(what="exercise", state=OK, text=f"{config.files.exercise}; type exercise to begin it.")


def _stimulator(config: RunConfig, how: Openers) -> Finding:
    own, device = config.stimulator, config.device()
    if not own.port:
        text = "port in [stimulator] is empty. Plug it in and write what `ls /dev/serial/by-id/*` shows."
        return Finding(what="stimulator", state=MISSING, text=text)
    how.port(own.port, device.port).close()
    return Finding(what="stimulator", state=OK, text=f"{device.capability.name}; {own.port} can be opened.")


def _imu(config: RunConfig, how: Openers) -> Finding:
    imu = how.imu(config, Places(), monotonic_us)
    try:
        readings = []
        for _ in range(round(LISTEN_S / NAP_S)):
            how.nap(NAP_S)
            readings += imu.read()
    finally:
        imu.close()
    own = config.imu
    if not readings:
        text = f"{own.part} is there and says nothing. Check its interrupt wire, or set kind to i2c."
        return Finding(what="imu", state=MISSING, text=text)
    force = [round(sum(r[i] for r in readings) / len(readings)) for i in (4, 5, 6)]
    text = (
        f"{own.part} on the {own.place}, {len(readings)} readings in {LISTEN_S} s; it feels {force[0]}, {force[1]}, "
        f"{force[2]} mg backward, right, up."
    )
    if abs(force[2] - GRAVITY_MG) > SLANT_MG:
        text += " Standing still, up must be near 1000: mend axes in [imu], or fasten it straight."
        return Finding(what="imu", state=NOTE, text=text)
    return Finding(what="imu", state=OK, text=text)


def _heel(config: RunConfig, how: Openers) -> Finding:
    switch = how.switch(config, Places())
    if switch is None:
        return Finding(what="heel switch", state=NOTE, text="none; steps are found by the IMU alone.")
    is_closed = switch.is_closed
    switch.close()
    state = "closed (heel loaded)" if is_closed else "open (heel lifted)"
    text = f"line {config.lines.heel_switch}, {state} now."
    if config.hears_other:
        text += " Under the other foot: a switch that is stuck or torn is not noticed by the guardian."
    return Finding(what="heel switch", state=NOTE if config.hears_other else OK, text=text)


def _stop(config: RunConfig, how: Openers) -> Finding:
    if not config.lines.stop:
        text = "stop in [lines] is empty. Wire a contact that is closed at rest; docs/boards.md shows how."
        return Finding(what="stop contact", state=MISSING, text=text)
    contact = how.contact(*line_of(config.lines.stop), "stop contact")
    is_closed = contact.is_closed
    contact.close()
    if not is_closed:
        text = (
            f"line {config.lines.stop} is open: pressed, unplugged or broken. Release it, or mend the wire."
        )
        return Finding(what="stop contact", state=MISSING, text=text)
    return Finding(what="stop contact", state=OK, text=f"line {config.lines.stop}, closed: at rest.")


def _output(what: str, line: str, how: Openers) -> Finding:
    if not line:
        state = MISSING if what == "beeper" else NOTE
        text = "none; a loss of help must be heard: wire one." if what == "beeper" else "none."
        return Finding(what=what, state=state, text=text)
    how.output(*line_of(line), what).close()
    return Finding(what=what, state=OK, text=f"line {line}.")


def _keys(config: RunConfig, how: Openers) -> Finding:
    own = config.keys
    keys = {name: getattr(own, name) for name in ("up", "down", "pause", "mute", "hand")}
    outputs = {name: getattr(own, name) for name in ("beeper", "motor")}
    for name, line in keys.items():
        if line:
            how.contact(*line_of(line), f"key {name}").close()
    for name, line in outputs.items():
        if line:
            how.output(*line_of(line), f"{name} of the keys").close()
    wired = [f"{name} on line {line}" for name, line in (keys | outputs).items() if line]
    missing = [name for name, line in (keys | outputs).items() if not line]
    said = ", ".join(wired) or "none"
    said += f"; not fitted: {', '.join(missing)}." if wired and missing else "."
    return Finding(what="keys", state=OK if wired else NOTE, text=said)


def _battery(config: RunConfig, how: Openers) -> Finding:
    if not config.supply.battery:
        text = "unknown: battery in [supply] is empty, so a low one is not announced."
        return Finding(what="battery", state=NOTE, text=text)
    return Finding(what="battery", state=OK, text=f"{how.battery(config.supply.battery).percent()} %.")


def _link(config: RunConfig, how: Openers, is_sim: bool) -> Finding:
    """Whatever is wrong here keeps nobody from walking, so it is a note."""
    own = config.link
    if not own.enabled:
        return Finding(
            what="link", state=NOTE, text="off: enabled in [link] is false, so no laptop can connect."
        )
    if is_sim:
        return Finding(what="link", state=OK, text="on a virtual radio.")
    if own.pairing_button:
        how.contact(*line_of(own.pairing_button), "pairing button").close()
    found = [] if (how.adapters / own.adapter).exists() else [NO_ADAPTER.format(own.adapter)]
    found += main_conf_problems(how.main_conf.read_text("utf-8", "replace") if how.main_conf.exists() else "")
    folder = Path(config.files.settings) / "link"
    named = default_prescription()  # any will do: whether it can be read is the question
    said = begun_with(lambda: started_with(FileStore(folder), named), named)[1]
    if said:
        found.append(said)
    elif FileStore(folder).load("users") is None:
        found.append("Nobody may unlock it: `./swingphase run --add-user NAME:therapist`.")
    if not how.has_terminal():
        found.append("There is no terminal here to show a passkey on, so no laptop can pair.")
    if found:
        return Finding(what="link", state=NOTE, text=" ".join(found))
    by = f"the button on line {own.pairing_button}" if own.pairing_button else "typing pair"
    return Finding(what="link", state=OK, text=f"{own.adapter}; pairing is opened by {by}.")


def _folder(what: str, folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(folder, os.W_OK)
        free_n = shutil.disk_usage(folder).free
    except OSError as e:
        text = f"{folder} cannot be made ({e.strerror}). Name another folder in [files]."
        return Finding(what=what, state=MISSING, text=text)
    if not is_writable:
        text = f"{folder} cannot be written. Change its owner, or name another one in [files]."
        return Finding(what=what, state=MISSING, text=text)
    for one in folder.glob("*.[01]" if what == "settings" else "session-*"):
        if not os.access(one, os.R_OK | os.W_OK):
            text = (
                f"{one} is another user's and cannot be used. Give all in {folder} to who runs the device: "
            )
            text += "install-service does, and so does `sudo chown -RP USER FOLDER`."
            return Finding(what=what, state=MISSING if what == "settings" else NOTE, text=text)
    text = f"{folder}, {free_n >> 20} MiB free."
    if free_n < FREE_MIN_N:
        return Finding(what=what, state=NOTE, text=text + " The oldest logs will go soon: copy them away.")
    return Finding(what=what, state=OK, text=text)


def _real_time() -> Finding:
    """Try whether SCHED_FIFO is granted, and give it back."""
    before, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as e:
        text = f"SCHED_FIFO is refused ({e.strerror}): expect missed cycles. `install-service` grants it."
        return Finding(what="real time", state=NOTE, text=text)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, before, parameter)
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        text = f"priority is granted; only {limit >> 10} KiB may be locked. `install-service` grants all."
        return Finding(what="real time", state=NOTE, text=text)
    text = (
        "priority and locked memory are granted; `./swingphase bench jitter` shows what they are worth here."
    )
    return Finding(what="real time", state=OK, text=text)


def _wall_clock() -> Finding:
    if is_clock_synchronised():
        return Finding(what="wall clock", state=OK, text="set by a time service.")
    return Finding(what="wall clock", state=NOTE, text="nobody sets it; logs will say so.")
