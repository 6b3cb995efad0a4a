"""What the BlueZ server shows on the bus: services, characteristics with BlueZ's flags, the advertisement."""

from typing import Annotated

from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.annotations import DBusBool, DBusBytes, DBusDict, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from firmware_py.link import gatt

FAILED = "org.bluez.Error.Failed"
ATT_MIN, ATT_MAX = 0x80, 0x9F  # what BlueZ lets through
Strings = Annotated[list[str], DBusSignature("as")]
Options = dict[str, Variant]


def flags_of(c: gatt.Characteristic) -> list[str]:
    """Return BlueZ's flags of a characteristic."""
    secure = "secure-" if c.is_secure else ""
    found = []
    if c.properties & gatt.READ:
        found.append(f"{secure}read")
    if c.properties & gatt.WRITE:
        found.append(f"{secure}write")
    for bit, name in ((gatt.NOTIFY, "notify"), (gatt.INDICATE, "indicate")):
        if c.properties & bit:
            found += [name, f"secure-{name}"] if c.is_secure else [name]
    return found


def att_error(code: int) -> DBusError:
    """Return a refusal with an ATT error of the application."""
    if not ATT_MIN <= code <= ATT_MAX:
        raise ValueError(f"{code:#x} does not pass BlueZ; {ATT_MIN:#x} to {ATT_MAX:#x} do.")
    return DBusError(FAILED, f"{code:#04x}")


class Server:
    """Who answers for the characteristics."""

    def read(self, c: gatt.Characteristic, options: Options) -> bytes:
        """Return a value."""
        raise NotImplementedError

    def write(self, c: gatt.Characteristic, value: bytes, options: Options) -> None:
        """Take a write."""
        raise NotImplementedError

    def confirmed(self) -> None:
        """The central has confirmed the indication."""
        raise NotImplementedError


class GattService(ServiceInterface):
    """org.bluez.GattService1."""

    def __init__(self, path: str, uuid: str) -> None:
        super().__init__("org.bluez.GattService1")
        self.path, self._uuid = path, uuid

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return self._uuid

    @dbus_property(access=PropertyAccess.READ)
    def Primary(self) -> DBusBool:
        return True


class GattCharacteristic(ServiceInterface):
    """org.bluez.GattCharacteristic1: hands every access to the server."""

    def __init__(self, server: Server, path: str, service: str, c: gatt.Characteristic) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self.path, self.characteristic, self.is_notifying = path, c, False
        self._server, self._service, self._value = server, service, b""

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return self.characteristic.uuid

    @dbus_property(access=PropertyAccess.READ)
    def Service(self) -> DBusObjectPath:
        return self._service

    @dbus_property(access=PropertyAccess.READ)
    def Flags(self) -> Strings:
        return flags_of(self.characteristic)

    @dbus_property(access=PropertyAccess.READ)
    def Notifying(self) -> DBusBool:
        return self.is_notifying

    @dbus_property(access=PropertyAccess.READ)
    def Value(self) -> DBusBytes:
        return self._value

    @dbus_method()
    def ReadValue(self, options: DBusDict) -> DBusBytes:
        return self._server.read(self.characteristic, options)

    @dbus_method()
    def WriteValue(self, value: DBusBytes, options: DBusDict) -> None:
        self._server.write(self.characteristic, bytes(value), options)

    @dbus_method()
    def StartNotify(self) -> None:
        self.is_notifying = True

    @dbus_method()
    def StopNotify(self) -> None:
        self.is_notifying = False

    @dbus_method()
    def Confirm(self) -> None:
        self._server.confirmed()

    def send(self, value: bytes) -> None:
        """Notify or indicate; the value is not kept, so that nobody reads it from the bus afterwards."""
        self._value = value
        self.emit_properties_changed({"Value": value})
        self._value = b""


class Advertisement(ServiceInterface):
    """org.bluez.LEAdvertisement1: the service and a short name, no data of therapy."""

    def __init__(self, name: str) -> None:
        super().__init__("org.bluez.LEAdvertisement1")
        self._name = name

    @dbus_property(access=PropertyAccess.READ)
    def Type(self) -> DBusStr:
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ)
    def ServiceUUIDs(self) -> Strings:
        return [gatt.SERVICE_UUID]

    @dbus_property(access=PropertyAccess.READ)
    def LocalName(self) -> DBusStr:
        return self._name

    @dbus_method()
    def Release(self) -> None:
        """BlueZ advertises no longer."""
