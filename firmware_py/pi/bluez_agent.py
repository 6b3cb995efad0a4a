"""BlueZ asks an agent whenever a pairing needs a person: the device shows a number, the laptop asks for it.

Whatever proves nothing is rejected: `RequestAuthorization` is what a Just Works attempt looks like.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from dbus_fast import BusType, DBusError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from firmware_py.link.session import Session

AGENT = "org.bluez.Agent1"
MANAGER = "org.bluez.AgentManager1"
REJECTED = "org.bluez.Error.Rejected"
DEVICE_PATH = "/org/swingphase/agent"
LAPTOP_PATH = "/org/swingphase/laptop_agent"

Compare = Callable[[int], Awaitable[bool]]
Ask = Callable[[], Awaitable[int | None]]


def rejected(why: str) -> DBusError:
    """Return what BlueZ takes for a no."""
    return DBusError(REJECTED, why)


class _Agent(ServiceInterface):
    """Rejects everything; the two kinds below answer what they can."""

    def __init__(self) -> None:
        super().__init__(AGENT)
        self.asking = ""  # path of the device that the question is about

    async def passkey(self) -> int:
        """Return the number that the other side shows."""
        raise rejected("this side shows numbers and takes none")

    def show(self, passkey: int) -> None:
        """Show a number."""
        raise rejected("this side has no display")

    async def compare(self, passkey: int) -> None:
        """Ask a person whether both sides show `passkey`."""
        raise rejected("nobody can compare numbers here")

    def cancelled(self) -> None:
        """The pairing is over without success."""

    def drop(self, device: str) -> None:
        """End the connection of a device that must not go on pairing."""

    @dbus_method()
    def Release(self) -> None:
        self.cancelled()

    @dbus_method()
    def RequestPinCode(self, device: DBusObjectPath) -> DBusStr:
        raise rejected("PIN codes belong to classic Bluetooth")

    @dbus_method()
    def DisplayPinCode(self, device: DBusObjectPath, pincode: DBusStr) -> None:
        raise rejected("PIN codes belong to classic Bluetooth")

    @dbus_method()
    async def RequestPasskey(self, device: DBusObjectPath) -> DBusUInt32:
        return await self.passkey()

    @dbus_method()
    def DisplayPasskey(self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16) -> None:
        self.asking = device
        if entered == 0:  # called again for each digit that is typed
            try:
                self.show(passkey)
            except DBusError:
                self.drop(device)  # BlueZ does not wait for this answer: a no alone is not heard
                raise

    @dbus_method()
    async def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        self.asking = device
        await self.compare(passkey)

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        raise rejected("Just Works proves nothing")

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:
        raise rejected("no classic service is offered")

    @dbus_method()
    def Cancel(self) -> None:
        self.cancelled()


class DeviceAgent(_Agent):
    """The device's: it shows the passkey that BlueZ has made, while the pairing window is open.

    compare      asks a person at the device whether two numbers are the same; None: it has no such button
    is_admitted  says whether the device at this path is the one central
    drop         ends the connection of the device at this path
    allowed      path of the device that was allowed to pair last, "" if none was; BlueZ may tell of its success late
    """

    def __init__(
        self,
        session: Session,
        compare: Compare | None,
        is_admitted: Callable[[str], bool],
        drop: Callable[[str], None] = lambda device: None,
    ) -> None:
        super().__init__()
        self._session, self._ask, self._is_admitted, self._drop = session, compare, is_admitted, drop
        self.allowed = ""

    @property
    def capability(self) -> str:
        """What it tells BlueZ that it can do."""
        return "DisplayOnly" if self._ask is None else "DisplayYesNo"

    def show(self, passkey: int) -> None:
        """Show it if somebody has opened the window, and if it is for the one central."""
        if not self._is_admitted(self.asking):
            raise rejected("one central at a time")
        self.allowed = ""
        if not self._session.begin_pairing():
            raise rejected("the pairing window is closed")
        self.allowed = self.asking
        self._session.pairing.show(passkey)

    async def compare(self, passkey: int) -> None:
        """Show it, and ask."""
        if self._ask is None:
            raise rejected("nobody can compare numbers here")
        self.show(passkey)
        is_same = await self._ask(passkey)
        if not is_same:
            self._session.pairing.end(False)
            raise rejected("the numbers differ")

    def cancelled(self) -> None:
        """Show nothing any longer."""
        self._session.pairing.end(False)

    def drop(self, device: str) -> None:
        """As above."""
        self._drop(device)


class LaptopAgent(_Agent):
    """The laptop's: it asks its person for the number that the device shows."""

    capability = "KeyboardOnly"

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    async def passkey(self) -> int:
        """Ask."""
        answer = await self._ask()
        if answer is None or not 0 <= answer <= 999_999:
            raise rejected("no number was typed")
        return answer


async def register(bus: MessageBus, path: str, agent: DeviceAgent | LaptopAgent) -> None:
    """Let BlueZ ask `agent` for everything."""
    bus.export(path, agent)
    introspection = await bus.introspect("org.bluez", "/org/bluez")
    manager = bus.get_proxy_object("org.bluez", "/org/bluez", introspection).get_interface(MANAGER)
    await manager.call_register_agent(path, agent.capability)  # type: ignore[attr-defined]
    await manager.call_request_default_agent(path)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def passkey_agent(ask: Ask) -> AsyncIterator[None]:
    """Let this computer ask for passkeys with `ask` while the block runs; without BlueZ it does nothing."""
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (TimeoutError, OSError, DBusError):
        yield  # no system bus: whatever is done inside says so itself
        return
    try:
        with contextlib.suppress(DBusError):
            await register(bus, LAPTOP_PATH, LaptopAgent(ask))
        yield
    finally:
        bus.disconnect()
