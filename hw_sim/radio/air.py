"""The air between controllers: connection events with room for some packets, losses, cuts and peers that die.

bumble's own `LocalLink` passes every packet at once and never notices that a peer is gone. Here a packet waits for
the next connection event, its HCI credit is returned when it has been sent (so hosts feel the pace), a lost packet
is sent again in the next event as a link layer does, and a link that carries nothing for the supervision time ends
on both sides with reason 0x08.
"""

import asyncio
import random
from collections import deque
from dataclasses import dataclass

from bumble import hci, link, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport

SUPERVISION_S = 0.5
EVENTS_TO_ESTABLISH = 6  # a link that carries nothing in these was never one; Core specification, Vol 6 B 4.5
ACL_N = 251  # with data length extension; without, 27 bytes a packet make a tenth of the speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A connection interval and how many packets each side may send in one event."""

    interval_s: float
    packets: int


FAST = Pace(interval_s=0.015, packets=6)
SLOW = Pace(interval_s=0.050, packets=2)


class Air(link.LocalLink):
    """The air that all controllers share.

    pace            Pace, or None: every packet passes at once
    loss            share of packets that must be sent again, 0 to 1; only with a pace
    supervision_s   how long a link may carry nothing
    seed            of the losses
    """

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        loss: float = 0.0,
        supervision_s: float = SUPERVISION_S,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.pace, self.loss, self.supervision_s = pace, loss, supervision_s
        self.is_cut = False
        self.packets = 0  # that passed
        self.anchor_s = (
            asyncio.get_running_loop().time()
        )  # events of both sides of a link are at the same moments
        self._draw = random.Random(seed)
        self._timer: asyncio.TimerHandle | None = None

    def is_lost(self) -> bool:
        """Draw whether the next packet is lost."""
        return self.is_cut or self._draw.random() < self.loss

    def cut(self) -> None:
        """Nothing passes from now on; after the supervision time every link ends on both sides."""
        self.is_cut = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.supervision_s, self._end_links)

    def mend(self) -> None:
        """Packets pass again; links that were not cut for too long go on."""
        self.is_cut = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leave(self, controller: Controller) -> None:
        """A controller is gone without a word: killed, out of battery. Its peers notice after the supervision time."""
        self.controllers.discard(controller)
        lost = [(c.peer_address, c.self_address) for c in controller.le_connections.values()]
        if lost:
            asyncio.get_running_loop().call_later(self.supervision_s, self._end_peers, lost)

    def _end_links(self) -> None:
        self._timer = None
        for controller in tuple(self.controllers):
            for connection in tuple(controller.le_connections.values()):
                controller.on_le_disconnected(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)

    def _end_peers(self, lost: list[tuple[hci.Address, hci.Address]]) -> None:
        for peer_address, own_address in lost:
            for controller in tuple(self.controllers):
                connection = controller.le_connections.get(own_address)
                if connection is not None and connection.self_address == peer_address:
                    controller.on_le_disconnected(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)

    # What LocalLink sends -------------------------------------------------------------------------

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Hand a packet to the peer. LocalLink takes the sender's random address, whatever the link was made from."""
        connection = sender_controller.le_connections.get(destination_address)
        target = self.find_le_controller(destination_address)
        if connection is None or target is None or self.is_cut:
            return
        self.packets += 1
        asyncio.get_running_loop().call_soon(
            target.on_link_acl_data, connection.self_address, transport, data
        )

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Let everybody hear it, unless nothing passes. Nobody may be there to take a connection: see that it ends."""
        if not self.is_cut:
            super().send_advertising_pdu(sender_controller, packet)
        if isinstance(packet, ll.ConnectInd):
            wait_s = EVENTS_TO_ESTABLISH * (self.pace.interval_s if self.pace else 0.0075)
            asyncio.get_running_loop().call_later(wait_s, self._see_established, sender_controller, packet)

    def _see_established(self, central: Controller, packet: ll.ConnectInd) -> None:
        """An advertiser that has just stopped hears no request. bumble's central believes itself connected for ever."""
        connection = central.le_connections.get(packet.advertiser_address)
        peers = (c.le_connections.get(packet.initiator_address) for c in self.controllers)
        is_there = any(p is not None and p.self_address == packet.advertiser_address for p in peers)
        if connection is not None and not is_there:
            central.on_le_disconnected(connection, hci.HCI_CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Hand it over, unless nothing passes or nobody is there."""
        if not self.is_cut and self.find_le_controller(receiver_address) is not None:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)


class _Way:
    """What one side of a connection has still to send."""

    def __init__(self) -> None:
        self.packets: deque[hci.HCI_AclDataPacket] = deque()
        self.timer: asyncio.TimerHandle | None = None


class RadioController(Controller):
    """A controller that sends at the pace of its air. Make a new one for each use: HCI reset forgets nothing."""

    le_acl_data_packet_length = ACL_N

    def __init__(self, name: str, air: Air, **more) -> None:
        super().__init__(name, link=air, **more)
        self.air = air
        self._ways: dict[int, _Way] = {}

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Send at the next connection event."""
        connection = self.find_connection_by_handle(packet.connection_handle)
        if connection is None:
            return
        way = self._ways.setdefault(connection.handle, _Way())
        if self.air.pace is None and not way.packets and not self.air.is_cut:
            connection.on_hci_acl_data_packet(packet)
            return
        way.packets.append(packet)
        self._wait(connection, way)

    def on_le_disconnected(self, connection: Connection, reason: int) -> None:
        """The link has ended: what was to be sent is lost."""
        way = self._ways.pop(connection.handle, None)
        if way is not None and way.timer is not None:
            way.timer.cancel()
        if connection.peer_address in self.le_connections:
            super().on_le_disconnected(connection, reason)

    def _wait(self, connection: Connection, way: _Way) -> None:
        if way.timer is None:
            loop = asyncio.get_running_loop()
            interval_s = self.air.pace.interval_s if self.air.pace else 0.005
            past_s = (loop.time() - self.air.anchor_s) % interval_s
            way.timer = loop.call_later(interval_s - past_s, self._event, connection, way)

    def _event(self, connection: Connection, way: _Way) -> None:
        """One connection event; what is handed over in it waits for the next one."""
        way.timer = None
        room = self.air.pace.packets if self.air.pace else len(way.packets)
        while way.packets and room > 0 and not self.air.is_lost():
            room -= 1
            connection.on_hci_acl_data_packet(way.packets.popleft())
        if way.packets:
            self._wait(connection, way)
