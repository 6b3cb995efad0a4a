"""The link on a board that cannot bond, such as a Pico W or Pico 2 W: telemetry for anybody, and no way to write.

Stock MicroPython on these boards has no pairing. Without it nobody can be told from anybody else, so nothing that
changes anything is offered: no control point, no prescription, no log, and no stop. Telemetry goes out unencrypted.
So it is for the bench and for demonstrations. It has never run on a board.
"""

from firmware_py.boards.ble_table import ADVERTISE_US, advertisement, definition, handles_in
from firmware_py.boards.esp32_link import (
    CENTRAL_CONNECT,
    CENTRAL_DISCONNECT,
    FRAMES_MAX,
    MTU,
    MTU_EXCHANGED,
    NOBODY,
)
from firmware_py.link import gatt, values
from firmware_py.link.session import ATT_HEAD_N, MTU_MIN
from firmware_py.link.wire import with_version


class OpenLink:
    """Send samples to the one central that is connected.

    ble, make_uuid   `bluetooth.BLE()` and `bluetooth.UUID`
    telemetry        firmware_py.link.telemetry.Telemetry, filled in the control cycle
    about            (serial hash of 4 bytes, maker, model, firmware)
    start(), work(t_us)   as of `firmware_py.boards.esp32_link.Esp32Link`
    """

    def __init__(self, ble, make_uuid, telemetry, *, name: str, about) -> None:
        self.telemetry = telemetry
        self._ble = ble
        self._make_uuid = make_uuid
        self._name = name
        self._about = about
        self._services = gatt.table(can_bond=False)
        self._handles = {}
        self._conn: int = NOBODY
        self._mtu: int = MTU_MIN
        self._is_due: bool = False  # to begin or end, outside of the control cycle
        self._held = None

    def start(self) -> None:
        """Switch on and advertise."""
        ble = self._ble
        ble.active(True)
        ble.irq(self._irq)
        ble.config(mtu=MTU, gap_name=self._name)
        registered = ble.gatts_register_services(definition(self._services, self._make_uuid))
        self._handles = handles_in(self._services, registered)
        serial, maker, model, firmware = self._about
        info = with_version(values.INFO, values.IS_READ_ONLY, 0, serial, 0)
        ble.gatts_write(self._handles[gatt.INFO], info)
        ble.gatts_write(self._handles[gatt.MAKER], maker.encode("utf-8"))
        ble.gatts_write(self._handles[gatt.MODEL], model.encode("utf-8"))
        ble.gatts_write(self._handles[gatt.FIRMWARE], firmware.encode("utf-8"))
        self._advertise()

    def work(self, t_us: int) -> None:
        """Send the samples that are due."""
        if self._is_due:
            self._is_due = False
            self._held = None
            if self._conn == NOBODY:
                self.telemetry.stop()
                self._advertise()
            else:
                self.telemetry.start()
        for _ in range(FRAMES_MAX):
            if self._conn == NOBODY or (self._held is None and not self.telemetry.is_due(t_us)):
                return
            value = self.telemetry.take(self._mtu - ATT_HEAD_N) if self._held is None else self._held
            self._held = None
            if value is None:
                return
            try:
                self._ble.gatts_notify(self._conn, self._handles[gatt.OPEN_TELEMETRY], value)
            except OSError:
                self._held = value  # no room now
                return

    def _irq(self, event: int, data) -> None:
        if event == CENTRAL_CONNECT and self._conn == NOBODY:
            self._conn = data[0]
            self._mtu = MTU_MIN
            self._is_due = True
        elif event == CENTRAL_DISCONNECT and data[0] == self._conn:
            self._conn = NOBODY
            self._is_due = True
        elif event == MTU_EXCHANGED and data[0] == self._conn:
            self._mtu = min(data[1], MTU)

    def _advertise(self) -> None:
        self._ble.gap_advertise(ADVERTISE_US, advertisement(gatt.READ_ONLY_UUID, self._name))
