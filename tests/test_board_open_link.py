"""A board that cannot bond shows samples to anybody and takes nothing from anybody."""

from firmware_py.boards.ble_table import flags_of
from firmware_py.boards.open_link import OpenLink
from firmware_py.link import gatt, values
from firmware_py.link.telemetry import Telemetry
from firmware_py.link.wire import without_version
from tests.link_rig import there
from tests.mpy.board_link import StandIn
from tests.mpy.link_session import ABOUT

STOP = bytes.fromhex("01003f00")


def open_board():
    telemetry = Telemetry(2)
    ble = StandIn()
    link = OpenLink(ble, lambda uuid: uuid, telemetry, name="SWP-1122", about=ABOUT)
    link.start()
    return ble, link, telemetry


def test_a_board_that_cannot_bond_has_nothing_to_write_and_says_that_it_is_read_only():
    ble, link, _ = open_board()
    ble.air_connect()
    for handle in link._handles.values():
        assert ble.air_write(handle, STOP) == 3
    info = there(without_version(values.INFO, ble.gatts_read(link._handles[gatt.INFO])))
    assert info.features == values.IS_READ_ONLY
    assert all(not flags_of(c) & gatt.WRITE for s in gatt.table(can_bond=False) for c in s.characteristics)
    assert gatt.CONTROL not in link._handles


def test_it_sends_samples_while_somebody_is_there():
    ble, link, telemetry = open_board()

    def walk(begin, end):
        for n in range(begin, end):
            telemetry.add(n * 10_000, 1, 0, 0, 0, n, n)
            link.work(n * 10_000)

    walk(0, 20)
    assert ble.sent == []
    ble.air_connect()
    walk(20, 40)
    assert len(ble.sent) > 3
    ble.is_full = True
    before = len(ble.sent)
    walk(40, 60)
    ble.is_full = False
    walk(60, 80)
    assert len(ble.sent) > before
    counts = [v[2] for _, _, v, _ in ble.sent]
    seqs = [v[4] | v[5] << 8 for _, _, v, _ in ble.sent]
    assert seqs == [sum(counts[:n]) for n in range(len(counts))], "none is missing, none twice"
    ble.air_disconnect()
    link.work(0)
    assert ble.advertised is not None
    assert not telemetry.is_on
