"""An ATT server that checks every access before it happens, answers whatever arrives, and never raises.

bumble's own server looks at encryption where an attribute asks for it, but not at whether the attribute may be read
or written at all: a stranger can overwrite declarations and read-only values. And bytes that are no PDU raise in
the host and get no answer. Here each opcode says which attributes it touches, and all of them are asked first.
"""

import logging
import struct
from collections.abc import Callable, Iterable

from bumble import att, gatt_server
from bumble.device import Connection, Device

ANSWERS_TO_COMMAND = 0x40  # bit of opcodes that get no answer
PARTS_MAX = 32  # prepared writes that may wait: 512 bytes in pieces of 18, the smallest there are
INVALID_PDU = att.ATT_INVALID_PDU_ERROR
NOT_SUPPORTED = att.ATT_REQUEST_NOT_SUPPORTED_ERROR

READS_HANDLE = (att.Opcode.ATT_READ_REQUEST, att.Opcode.ATT_READ_BLOB_REQUEST)
READS_HANDLES = (att.Opcode.ATT_READ_MULTIPLE_REQUEST, att.Opcode.ATT_READ_MULTIPLE_VARIABLE_REQUEST)
WRITES_HANDLE = (att.Opcode.ATT_WRITE_REQUEST, att.Opcode.ATT_PREPARE_WRITE_REQUEST)
FREE = (  # of discovery: they show declarations, which everybody may see
    att.Opcode.ATT_EXCHANGE_MTU_REQUEST,
    att.Opcode.ATT_FIND_INFORMATION_REQUEST,
    att.Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST,
    att.Opcode.ATT_EXECUTE_WRITE_REQUEST,
    att.Opcode.ATT_HANDLE_VALUE_CONFIRMATION,
)

log = logging.getLogger("swingphase.radio")


class StrictServer(gatt_server.Server):
    """Put in the place of a device's own: `harden(device, is_secured)`."""

    is_secured: Callable[[Connection], bool]

    def on_gatt_pdu(self, bearer: att.Bearer, att_pdu: att.ATT_PDU) -> None:
        """Ask every attribute that this request touches, then let bumble answer."""
        if not isinstance(bearer, Connection):
            return  # enhanced bearers are off
        opcode = att_pdu.op_code
        why_not, handle = self._why_not(bearer, att_pdu)
        if why_not == 0:
            super().on_gatt_pdu(bearer, att_pdu)
        elif not opcode & ANSWERS_TO_COMMAND:
            refuse(self, bearer, opcode, handle, why_not)

    def _why_not(self, connection: Connection, pdu: att.ATT_PDU) -> tuple[int, int]:
        """Return (ATT error, handle), (0, 0) if the request may go on."""
        code = pdu.op_code
        if code in FREE:
            return 0, 0
        if code in READS_HANDLE or code in WRITES_HANDLE:
            handle = pdu.attribute_handle  # type: ignore[attr-defined]
            is_full = len(self.prepared_writes.get(connection, [])) >= PARTS_MAX
            if is_full and code == att.Opcode.ATT_PREPARE_WRITE_REQUEST:
                return att.ATT_PREPARE_QUEUE_FULL_ERROR, handle
            return self._ask(connection, [handle], code in WRITES_HANDLE)
        if code in READS_HANDLES:
            return self._ask(connection, pdu.set_of_handles, False)  # type: ignore[attr-defined]
        if code == att.Opcode.ATT_READ_BY_TYPE_REQUEST:
            found = self._of_type(pdu.attribute_type, pdu)  # type: ignore[attr-defined]
            return self._ask(connection, found[:1], False) if found else (0, 0)
        if code == att.Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST:
            found = self._of_type(pdu.attribute_type, pdu)  # type: ignore[attr-defined]
            return self._ask(connection, found, False)
        return NOT_SUPPORTED, 0  # commands without an answer are not part of our table either

    def _of_type(self, attribute_type, pdu) -> list[int]:
        first, last = pdu.starting_handle, pdu.ending_handle
        return [a.handle for a in self.attributes if first <= a.handle <= last and a.type == attribute_type]

    def _ask(self, connection: Connection, handles: Iterable[int], writes: bool) -> tuple[int, int]:
        for handle in handles:
            attribute = self.get_attribute(handle)
            if attribute is None:
                return att.ATT_INVALID_HANDLE_ERROR, handle
            why_not = self._may(connection, attribute, writes)
            if why_not:
                return why_not, handle
        return 0, 0

    def _may(self, connection: Connection, attribute: att.Attribute, writes: bool) -> int:
        may = attribute.permissions
        if writes and not may & attribute.WRITEABLE:
            return att.ATT_WRITE_NOT_PERMITTED_ERROR
        if not writes and not may & attribute.READABLE:
            return att.ATT_READ_NOT_PERMITTED_ERROR
        needs = attribute.WRITE_REQUIRES_AUTHENTICATION if writes else attribute.READ_REQUIRES_AUTHENTICATION
        if may & needs and not self.is_secured(connection):
            return att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        return 0 if writes else _unreadable_now(connection, attribute)


def _unreadable_now(connection: Connection, attribute: att.Attribute) -> int:
    """Return why a value has none just now, such as an unknown charge: not all of bumble's answers look for that."""
    if isinstance(attribute.value, att.AttributeValue):
        try:
            attribute.value.read(connection)
        except att.ATT_Error as e:
            return int(e.error_code)
    return 0


def harden(device: Device, is_secured: Callable[[Connection], bool]) -> None:
    """Let `device` serve strictly; `is_secured` says whether a connection has proved who it is."""
    server = device.gatt_server
    server.__class__ = StrictServer
    assert isinstance(server, StrictServer)
    server.is_secured = is_secured

    def guarded(handle: int, pdu: bytes) -> None:
        try:
            device.on_gatt_pdu(handle, pdu)  # type: ignore[arg-type]  # a decorator looks the connection up
        except Exception as e:  # noqa: BLE001 whatever a stranger sends must not leave the host without an answer
            log.debug("no ATT PDU: %s (%r)", pdu.hex(), e)
            connection = device.lookup_connection(handle)
            opcode = pdu[0] if pdu else 1
            if connection is not None and opcode % 2 == 0 and not opcode & ANSWERS_TO_COMMAND:
                refuse(server, connection, opcode, 0, INVALID_PDU)

    channels = device.l2cap_channel_manager
    channels.register_fixed_channel(att.ATT_CID, guarded)
    take = channels.on_pdu

    def take_anything(connection: Connection, cid: int, pdu: bytes) -> None:
        try:
            take(connection, cid, pdu)
        except Exception as e:  # noqa: BLE001 pairing and signalling messages that are none
            log.debug("no PDU of channel %d: %s (%r)", cid, pdu.hex(), e)

    channels.on_pdu = take_anything  # type: ignore[method-assign]


def refuse(server: gatt_server.Server, bearer: att.Bearer, opcode: int, handle: int, error: int) -> None:
    """Answer with an error; built by hand, because a wrong opcode has no name."""
    server.send_gatt_pdu(bearer, struct.pack("<BBHB", att.Opcode.ATT_ERROR_RESPONSE, opcode, handle, error))
