"""The link on boards: what NimBLE and MicroPython leave open is closed, and it is the same in both dialects.

Nothing here was ever on a board. The stand-in does what the documentation says; see `tests/mpy/board_link.py`.
"""

from pathlib import Path

import pytest

from firmware_py.boards.ble_table import advertisement, definition
from firmware_py.boards.esp32_link import EVENTS_MAX, Esp32Link
from firmware_py.link import gatt, ops, values
from firmware_py.link.access import ALONE, STRANGER, WEARER
from firmware_py.link.wire import without_version
from tests.house import REPO
from tests.link_rig import Rig, status_of, there
from tests.mpy import board_link
from tests.mpy.board_link import ADDRESS, REFUSED, AirTalk, StandIn
from tests.mpy.host import run_under_micropython
from tests.radio_rig import ALL_KEYS, SECURE_KEYS

TRACE = Path(REPO, "tests/golden/walk_trace.bin")
STOP = bytes.fromhex("01003f00")
OTHER = b"\xc6\x66\x66\x66\x66\x66"


class Board:
    """A session behind NimBLE's stand-in."""

    def __init__(self, store=None):
        self.rig = Rig(store)
        self.session, self.device, self.store = self.rig.session, self.rig.device, self.rig.store
        self.ble = StandIn()
        self.link = Esp32Link(
            self.ble, lambda uuid: uuid, self.session, self.store, name="SWP-1122", is_sc_only=True
        )
        self.link.start()
        self.talk = AirTalk(self.ble, self.link, self.work)

    def work(self):
        self.link.work(self.rig.t_us)

    def pass_s(self, s):
        self.rig.pass_s(s)
        self.work()

    def connects(self):
        self.ble.air_connect()
        self.work()

    def pairs(self):
        self.connects()
        self.session.pairing.button()
        assert self.talk.pair()
        assert self.session.access.state == WEARER
        return self.talk


@pytest.fixture
def board():
    return Board()


def test_a_session_over_nimble_is_the_same_on_cpython_and_micropython():
    here = board_link.run(TRACE.read_bytes())
    files = {"trace.bin": TRACE}
    files |= {f"{n}.py": REPO / f"tests/mpy/{n}.py" for n in ("whole_loop", "link_session")}
    for path in sorted((REPO / "firmware_py/boards").glob("*.py")):
        files[f"firmware_py/boards/{path.name}"] = path
    board = run_under_micropython(REPO / "tests/mpy/board_link.py", "/app/trace.bin", files=files)
    assert board.strip().splitlines() == here
    assert int(here[-1].split()[1]) > 100, "it did stimulate"
    assert int(here[-2].split()[-1]) > 60, "and telemetry and log were sent"


def test_the_flags_demand_a_proof_for_everything_that_is_secure_and_allow_nothing_else():
    registered = definition(gatt.table(), lambda uuid: uuid)
    for service, (_, characteristics) in zip(gatt.table(), registered, strict=True):
        for c, (_, flags) in zip(service.characteristics, characteristics, strict=True):
            assert flags & 0x3F == c.properties
            assert (flags & 0x0600 == 0x0600) == (c.is_secure and bool(c.properties & gatt.READ))
            assert (flags & 0x3000 == 0x3000) == (c.is_secure and bool(c.properties & gatt.WRITE))
            assert not flags & 0x04, "no write without an answer"
            assert not flags & gatt.WRITE or c.is_secure


def test_uuids_of_the_bluetooth_sig_are_given_in_their_short_form():
    uuids = [uuid for uuid, _ in definition(gatt.table(), lambda uuid: uuid)]
    assert uuids == [gatt.SERVICE_UUID, 0x180A, 0x180F]


def test_the_advertisement_fits_and_names_the_service():
    data = advertisement(gatt.SERVICE_UUID, "SWP-1122-and-more")
    assert len(data) <= 31
    assert bytes.fromhex(gatt.SERVICE_UUID.replace("-", ""))[::-1] in data
    assert data.endswith(b"\x09\x09SWP-1122")


def test_firmware_that_may_do_legacy_pairing_is_refused():
    rig = Rig()
    with pytest.raises(ValueError, match="CONFIG_BT_NIMBLE_SM_LEGACY=n"):
        Esp32Link(StandIn(), str, rig.session, rig.store, name="SWP", is_sc_only=False)


def test_pairing_asks_for_a_bond_a_passkey_and_secure_connections(board):
    wanted = {"bond": True, "mitm": True, "le_secure": True, "io": 0}
    assert {k: board.ble.settings[k] for k in wanted} == wanted


@pytest.mark.parametrize("key", SECURE_KEYS)
def test_a_stranger_reads_and_writes_nothing_secure(board, key):
    board.connects()
    assert board.session.access.state == STRANGER
    handle = board.link._handles[key]
    assert board.ble.air_read(handle) in (REFUSED, 3)
    assert board.ble.air_write(handle, STOP) in (REFUSED, 3)
    board.work()
    assert board.device.told == []


def test_values_of_a_secure_characteristic_are_stored_only_while_a_proven_central_is_there(board):
    def stored():
        return [
            board.ble.gatts_read(board.link._handles[k]) for k in (gatt.ACTIVE, gatt.COMMITTED, gatt.STATUS)
        ]

    board.connects()
    board.pass_s(1)
    assert stored() == [b"", b"", b""]
    board.ble.air_disconnect()
    board.work()
    board.pairs()
    assert all(stored())
    board.ble.air_disconnect()
    board.work()
    assert stored() == [b"", b"", b""]


def test_what_is_read_is_what_the_session_says_now(board):
    talk = board.pairs()
    talk.hello()
    for key in ALL_KEYS:
        value = board.session.read(key)
        if value is not None:
            assert talk.read(key) == value
    talk.ask(ops.LEVEL, 40)
    assert talk.read(gatt.STATUS) == board.session.read(gatt.STATUS)
    assert there(without_version(values.STATUS, talk.read(gatt.STATUS))).done_op == ops.LEVEL


def test_a_passkey_pairs_and_a_wrong_one_does_not(board):
    board.connects()
    board.session.pairing.button()
    assert not board.talk.pair(typed=0)
    assert board.session.access.state == ALONE
    board.connects()
    assert board.talk.pair()
    assert board.session.access.state == WEARER
    assert not board.session.pairing.is_open
    assert board.rig.eyes.is_dark
    assert len(set(board.rig.eyes.seen)) == 2, "each attempt has its own"


def test_nobody_pairs_while_the_window_is_closed(board):
    board.connects()
    assert not board.talk.pair()
    assert board.ble.passkey is None
    assert board.rig.eyes.seen == []


def test_three_attempts_close_the_window(board):
    board.session.pairing.button()
    for _ in range(3):
        board.connects()
        assert not board.talk.pair(typed=0)
    board.connects()
    assert not board.talk.pair()


@pytest.mark.parametrize(
    ("encrypted", "authenticated", "bonded", "key_n"),
    [(1, 0, 1, 16), (1, 1, 0, 16), (1, 1, 1, 7), (0, 0, 0, 0)],
    ids=["Just Works", "no bond", "short key", "failed"],
)
@pytest.mark.parametrize("is_open", [False, True])
def test_a_link_that_proves_too_little_is_dropped_and_leaves_no_keys(
    board, encrypted, authenticated, bonded, key_n, is_open
):
    board.connects()
    if is_open:
        board.session.pairing.button()
    assert board.ble.air_keeps_keys() == [False, False]
    board.ble.air_encrypted(1, encrypted, authenticated, bonded, key_n)
    board.work()
    assert board.session.access.state == ALONE
    assert board.ble.connected == {}
    assert not board.ble.air_finds_keys()


def begins_to_pair(board):
    """The button was pressed, the passkey is shown, and NimBLE has handed its keys over."""
    board.connects()
    board.session.pairing.button()
    board.ble.event(31, 1, 3, 0)
    board.work()
    assert board.ble.air_keeps_keys() == [True, True]


def test_keys_that_come_in_the_middle_of_a_control_cycle_are_only_noted(board, monkeypatch):
    written = []
    keep = board.store.save
    monkeypatch.setattr(board.store, "save", lambda name, data: (written.append(name), keep(name, data)))
    begins_to_pair(board)
    board.ble.air_encrypted(1, 1, 1)
    assert written == []
    board.work()
    assert written == ["bonds"]
    assert board.session.access.state == WEARER
    assert Board(board.store).ble.air_finds_keys()


def test_a_pairing_whose_keys_cannot_be_written_has_failed(board):
    board.store.is_full = True
    begins_to_pair(board)
    board.ble.air_encrypted(1, 1, 1)
    board.work()
    assert (board.session.access.state, board.ble.connected) == (ALONE, {})
    assert board.session.pairing.is_open, "it may be tried again"
    assert board.rig.eyes.is_dark
    assert not board.ble.air_finds_keys()


@pytest.mark.parametrize("ends", ["Just Works", "with the link"])
def test_a_pairing_that_does_not_come_to_its_end_leaves_the_keys_of_before(board, ends):
    board.pairs()
    board.ble.air_disconnect()
    board.work()
    kept = board.store.load("bonds")
    begins_to_pair(board)
    board.ble.event(30, 1, ADDRESS, b"another")
    if ends == "Just Works":
        board.ble.air_encrypted(1, 1, 0)
    else:
        board.ble.air_disconnect()
    board.work()
    assert board.session.access.state == ALONE
    assert board.link.bonds.get(1, 0, ADDRESS) == b"key" * 20
    assert board.store.load("bonds") == kept


def test_a_bond_lasts_over_a_restart_and_needs_no_window(board):
    board.pairs()
    after = Board(board.store)
    after.connects()
    assert after.ble.air_finds_keys()
    after.ble.air_encrypted(1, 1, 1)
    after.work()
    assert after.session.access.state == WEARER


def test_somebody_with_the_address_of_a_paired_laptop_cannot_make_the_board_forget_it(board):
    board.pairs()
    board.ble.air_disconnect()
    board.work()
    board.connects()
    assert board.ble.event(30, 1, ADDRESS, None) is False
    assert board.ble.event(30, 1, ADDRESS, b"a key of mine") is False
    assert board.ble.air_finds_keys()


def test_forgotten_bonds_are_gone_for_good(board):
    board.rig = rig = Rig(role=4)
    board.session, board.store, board.device = rig.session, rig.store, rig.device
    board.ble = StandIn()
    board.link = Esp32Link(board.ble, lambda u: u, rig.session, rig.store, name="SWP", is_sc_only=True)
    board.link.start()
    board.talk = AirTalk(board.ble, board.link, board.work)
    talk = board.pairs()
    talk.hello()
    talk.unlock()
    board.talk.ble.air_write(board.link._handles[gatt.CONTROL], talk.bytes_of(ops.FORGET_BONDS))
    board.work()
    assert board.ble.connected == {}
    assert not board.ble.air_finds_keys()
    assert not Board(board.store).ble.air_finds_keys()


def test_a_second_central_is_dropped_and_changes_nothing_for_the_first(board):
    board.pairs()
    board.ble.air_connect(2, OTHER)
    board.work()
    assert set(board.ble.connected) == {1}
    board.ble.event(28, 2, 1, 1, 1, 16)
    board.ble.event(2, 2, 0, OTHER)
    board.work()
    assert board.session.access.state == WEARER


def test_after_a_lost_link_it_advertises_again(board):
    board.pairs()
    assert board.ble.advertised is None
    board.ble.air_disconnect()
    board.work()
    assert board.ble.advertised is not None
    assert board.session.access.state == ALONE


def test_events_in_the_middle_of_a_control_cycle_are_only_noted(board):
    board.pairs()
    board.ble.air_write(board.link._handles[gatt.CONTROL], STOP)
    assert board.device.told == []
    board.work()
    assert board.device.told == ["stop"]


def test_a_central_that_is_too_quick_is_dropped_but_its_stop_is_not(board):
    board.pairs()
    handle = board.link._handles[gatt.CONTROL]
    for _ in range(EVENTS_MAX + 5):
        board.ble.air_write(handle, b"\x01\x00\x00\x00")
    board.ble.air_write(handle, STOP)
    board.work()
    assert board.device.told == ["stop"]
    assert board.ble.connected == {}
    board.work()
    board.connects()
    assert 1 in board.ble.connected, "and then it may come back"


def test_a_stranger_who_is_too_quick_stops_nothing(board):
    board.connects()
    for _ in range(EVENTS_MAX + 5):
        board.ble.event(21, 1, 100)
    board.ble._values[board.link._handles[gatt.CONTROL]] = STOP
    board.ble.event(3, 1, board.link._handles[gatt.CONTROL])
    board.work()
    assert board.device.told == []


def test_what_nimble_has_no_room_for_is_sent_later_and_in_order(board):
    talk = board.pairs()
    talk.hello()
    board.ble.is_full = True
    board.ble.air_write(board.link._handles[gatt.CONTROL], talk.bytes_of(ops.LEVEL, 40))
    board.work()
    board.work()
    assert board.ble.sent == []
    board.ble.is_full = False
    board.work()
    assert [s[3] for s in board.ble.sent][:1] == [True]


def test_an_indication_that_nobody_confirms_ends_the_link(board):
    talk = board.pairs()
    board.ble.air_write(board.link._handles[gatt.CONTROL], talk.bytes_of(ops.HELLO))
    board.work()
    board.ble.event(20, 1, board.ble.sent[0][1], 13)
    board.work()
    assert board.ble.connected == {}


def test_who_does_not_pair_is_dropped_after_20_s(board):
    board.connects()
    board.pass_s(19)
    assert board.ble.connected
    board.pass_s(2)
    assert board.ble.connected == {}


def test_the_longest_request_is_not_cut_by_the_buffer_of_the_stack(board):
    talk = board.pairs()
    talk.hello()
    assert talk.write(gatt.STAGE, bytes(500)) == 0
    assert len(board.ble.gatts_read(board.link._handles[gatt.STAGE])) == 500


def test_status_says_how_the_board_stands(board):
    talk = board.pairs()
    talk.hello()
    assert status_of(board).session == talk.id
