"""The link's process: Bluetooth beside the device. Killed, stopped or busy, it keeps nobody from walking.

python -m firmware_py.pi.run.link SPEC   SPEC is a JSON file of `LinkSpec`; its sockets are inherited. BlueZ has the
radio; a simulation starts `hw_sim.radio.live_link` in its place. It ends when the parent's socket ends; with AGAIN if
the controller or the radio is lost, so that the parent starts another one.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from firmware_py import messages
from firmware_py.link import values
from firmware_py.link.contracts import Display
from firmware_py.link.session import Session
from firmware_py.pi.bluez_config import MAIN_CONF, main_conf_problems
from firmware_py.pi.console import UserError, sentence_of, version
from firmware_py.pi.gpio_port import Contact, open_contact
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.link_display import TerminalDisplay
from firmware_py.pi.link_log import SessionLog
from firmware_py.pi.link_store import SystemChance
from firmware_py.pi.log_ahead import AheadLog
from firmware_py.pi.run.config import RunConfig, line_of
from firmware_py.pi.run.link_device import ProcessDevice
from firmware_py.pi.run.link_packets import News
from firmware_py.pi.timed_store import WAIT_MAX_S, TimedStore
from safety.clock import WRAP_MASK_US
from stimulator.prescription import channel_limits, from_bytes

TICK_S = 0.005  # as often as the control cycle
BEGIN_S = 10.0  # for the controller to say something
MAKER = "Swingphase"
FEATURES = values.HAS_LOG | values.HAS_TEST | values.HAS_LEVEL
PAIR, BATTERY = b"p", b"b"  # what the parent says; after BATTERY a byte with the charge in percent
FILE = "file"  # name in the store: hash of the prescription file that the device was last started with
AGAIN = 3  # exit code: what the controller has done is not known, or the radio is lost; start anew
START_S = 60.0  # for BlueZ to switch the adapter on and take everything
Lost = Callable[[], str]  # says why the radio is lost, "" while it is not
Serve = Callable[[Session, str], AbstractAsyncContextManager[Lost | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """config    as JSON;  prescription   canonical bytes in hex, that the device was started with
    controller_fd, guardian_fd, parent_fd   inherited sockets
    store     folder of what the link keeps;  session   folder of the logs
    is_again  the device has run since before this process
    is_sim    a simulation;  air   folder of its virtual radio, "" without
    """

    config: dict
    prescription: str
    file: str
    controller_fd: int
    guardian_fd: int
    parent_fd: int
    store: str
    session: str
    is_again: bool
    is_sim: bool
    air: str


class LinkProcess:
    """Everything between the operating system and `firmware_py.link.session.Session`."""

    def __init__(self, spec: LinkSpec, display: Display) -> None:
        config = RunConfig.model_validate(spec.config)
        prescription, device = from_bytes(bytes.fromhex(spec.prescription)), config.device()
        self._parent = socket.socket(fileno=spec.parent_fd)
        self._parent.setblocking(False)
        guardian = OperatorLink(socket.socket(fileno=spec.guardian_fd), monotonic_us)
        self._device = ProcessDevice(
            socket.socket(fileno=spec.controller_fd),
            guardian,
            monotonic_us,
            capability=device.capability,
            limits=channel_limits(prescription, device.capability),
            hears_other=config.hears_other,
            on_news=self._take_news,
        )
        self._button = _button(config)
        self._is_over = False
        self._session: Session | None = None
        self._wait_for_news(guardian)
        store = TimedStore(Path(spec.store))
        serial = _serial(store)
        self.name = config.link.name or "SWP-" + serial.hex()[:4].upper()
        model = device.capability.name + (", simulated" if spec.is_sim else "")
        self.session = self._session = Session(
            self._device,
            store,
            SystemChance(),
            display,
            AheadLog(lambda: SessionLog(Path(spec.session), "controller")),
            about=(serial, MAKER, model, version()[:32]),
            features=FEATURES,
            is_again=spec.is_again,
        )
        store.save(FILE, bytes.fromhex(spec.file))  # once its prescription has become a revision of its own
        store.wait_max_s = WAIT_MAX_S  # from now on a stop may come

    async def run(self, radio_lost: Lost) -> int:
        """Go on until the parent ends it; AGAIN if it has to be started anew."""
        t_us = monotonic_us()
        while not self._is_over and not self._device.is_lost and not radio_lost():
            await asyncio.sleep(TICK_S)
            before_us, t_us = t_us, monotonic_us()
            self._device.hear()
            self._hear_parent()
            if self._button is not None and any(is_closed for _, is_closed in self._button.read()):
                self.session.pairing.button()
            self.session.step(t_us & WRAP_MASK_US, t_us - before_us)
            if self._device.take_ended():
                self.session.trial_lost()
            self.session.work()
        if why := radio_lost():
            print(f"link: Bluetooth is lost: {why}.", file=sys.stderr, flush=True)
        return AGAIN if why or self._device.is_lost else 0

    def _wait_for_news(self, guardian: OperatorLink) -> None:
        """Until controller and guardian have spoken there is nothing to serve."""
        until_us = monotonic_us() + round(BEGIN_S * 1e6)
        with contextlib.suppress(OSError):
            guardian.send(messages.TELL)
        while not self._device.has_news:
            if monotonic_us() > until_us:
                raise UserError(
                    f"The controller has said nothing for {BEGIN_S:.0f} s. Start the device again."
                )
            self._device.hear()
            time.sleep(TICK_S)

    def _hear_parent(self) -> None:
        try:
            while said := self._parent.recv(16):
                if said == PAIR:
                    self.session.pairing.button()
                elif said[:1] == BATTERY:
                    self._device.battery = said[1]
            self._is_over = True
        except BlockingIOError:
            return
        except OSError:
            self._is_over = True

    def _take_news(self, news: News) -> None:
        """Hand a sample to whoever watches."""
        session = self._session
        if session is None:
            return
        telemetry = session.telemetry
        for channel in range(telemetry.channels):
            telemetry.current_ua[channel] = news.currents_ua[channel]
        telemetry.add(
            news.t_us,
            news.phase,
            news.swing,
            news.envelope_state,
            news.level_of_step,
            news.pitch_cdeg,
            news.rate_cdps,
        )


def _button(config: RunConfig) -> Contact | None:
    line = config.link.pairing_button
    return open_contact(*line_of(line), "pairing button") if line else None


def _serial(store: TimedStore) -> bytes:
    """Return this device's own four bytes, made once."""
    serial = store.load("serial")
    if serial is None:
        serial = SystemChance().fill(4)
        store.save("serial", serial)
    return serial


def live(arguments: list[str], serve: Callable[[LinkSpec], Serve]) -> int:
    """Run the process that `arguments` name; `serve` gives the radio."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes; the parent ends this one in order
    spec = LinkSpec(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    try:
        process = LinkProcess(spec, TerminalDisplay())
        return asyncio.run(_live(process, serve(spec)))
    except (OSError, ValueError) as e:
        said = sentence_of(e)
        if said is None:
            raise
        print(f"link: {said}", file=sys.stderr, flush=True)
        return 2


async def _live(process: LinkProcess, serve: Serve) -> int:
    async with serve(process.session, process.name) as radio_lost:
        print(f"link: {process.name} can be found.", flush=True)
        return await process.run(radio_lost or (lambda: ""))


def _bluez(spec: LinkSpec) -> Serve:
    """Return the radio of this computer."""
    adapter = f"/org/bluez/{RunConfig.model_validate(spec.config).link.adapter}"

    @contextlib.asynccontextmanager
    async def serve(session: Session, name: str) -> AsyncIterator[Lost]:
        from dbus_fast import BusType, DBusError, InterfaceNotFoundError
        from dbus_fast.aio import MessageBus

        from firmware_py.pi.bluez_server import BluezServer

        problems = main_conf_problems(MAIN_CONF.read_text("utf-8", "replace") if MAIN_CONF.exists() else "")
        if problems:
            raise UserError("The link does not start: " + " ".join(problems))
        try:
            bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
            store = TimedStore(Path(spec.store), WAIT_MAX_S)
            server = BluezServer(session, bus, name=name, adapter=adapter, store=store)
            await asyncio.wait_for(server.start(), START_S)
        except (OSError, DBusError, InterfaceNotFoundError, EOFError) as e:
            raise UserError(
                f"Bluetooth cannot be used ({e}). Look at `systemctl status bluetooth`, or set enabled in [link] "
                "to false."
            ) from e
        try:
            yield lambda: server.lost
        finally:
            server.stop()
            bus.disconnect()

    return serve


if __name__ == "__main__":
    sys.exit(live(sys.argv[1:], _bluez))
