"""Who may do what over the radio: every state, every event, every operation."""

import pytest

from firmware_py.link import access, gatt, ops
from firmware_py.link.access import ALONE, ENGINEER, LEAVING, STRANGER, THERAPIST, WEARER, Access
from tests.link_rig import Rig
from tests.mpy.link_session import PEER

# Restated: (event, state) -> state. Whatever is not here leads to LEAVING.
MOVES = {
    (access.CONNECTED, ALONE): STRANGER,
    (access.SECURED, STRANGER): WEARER,
    **{(access.SECURED, s): s for s in (WEARER, THERAPIST, ENGINEER)},
    **{(access.UNLOCKED, s): THERAPIST for s in (WEARER, THERAPIST, ENGINEER)},
    **{(access.UNLOCKED_ENGINEER, s): ENGINEER for s in (WEARER, THERAPIST, ENGINEER)},
    **{(access.LOCKED, s): WEARER for s in (WEARER, THERAPIST, ENGINEER)},
    **{(access.TIME_UP, s): s for s in (WEARER, THERAPIST, ENGINEER)},
    **{(access.DISCONNECTED, s): ALONE for s in range(6)},
}


@pytest.mark.parametrize("state", range(6))
@pytest.mark.parametrize("event", [*range(access.UNKNOWN + 1), -1, 99])
def test_a_pair_that_is_not_in_the_table_leads_to_leaving(state, event):
    a = Access()
    a.state = state
    a.event(event)
    assert a.state == MOVES.get((event, state), LEAVING)


@pytest.mark.parametrize("state", range(6))
@pytest.mark.parametrize("op", ops.OPS, ids=lambda op: op.name)
def test_an_operation_needs_its_role(state, op):
    a = Access()
    a.state = state
    assert a.may(op) == (state in (WEARER, THERAPIST, ENGINEER) and state >= op.role)


@pytest.mark.parametrize("state", range(6))
def test_what_is_secure_is_closed_to_strangers_and_everything_to_who_is_leaving(state):
    a = Access()
    a.state = state
    assert a.may_read(True) == (state in (WEARER, THERAPIST, ENGINEER))
    assert a.may_read(False) == (state in (STRANGER, WEARER, THERAPIST, ENGINEER))


def test_who_does_not_pair_is_dropped_after_20_s():
    rig = Rig()
    rig.session.connected(PEER)
    rig.pass_s(19.9)
    assert not rig.session.must_drop
    rig.pass_s(0.2)
    assert rig.session.must_drop
    rig.session.secured()
    assert rig.session.must_drop, "too late is too late"
    assert rig.session.read(gatt.INFO) is None


def test_whoever_types_a_passkey_has_a_minute_but_only_if_the_window_is_open():
    rig = Rig()
    rig.session.connected(PEER)
    assert not rig.session.begin_pairing()
    rig.pass_s(10)
    rig.session.pairing.button()
    assert rig.session.begin_pairing()
    rig.pass_s(59)
    assert not rig.session.must_drop
    rig.pass_s(1.1)
    assert rig.session.must_drop
    assert not rig.session.begin_pairing()


def test_beginning_to_pair_again_and_again_does_not_hold_the_connection():
    rig = Rig()
    rig.session.pairing.button()
    rig.session.connected(PEER)
    assert rig.session.begin_pairing()
    for _ in range(2):
        rig.pass_s(29)
        assert rig.session.begin_pairing()
    rig.pass_s(2.1)
    assert rig.session.must_drop
    rig.session.disconnected()
    rig.session.connected(PEER)
    rig.session.pairing.button()
    assert rig.session.begin_pairing()
    rig.pass_s(59)
    assert not rig.session.must_drop, "another connection has its own minute"


def test_who_paired_in_time_stays():
    rig = Rig()
    rig.session.connected(PEER)
    rig.pass_s(19.9)
    rig.session.secured()
    rig.pass_s(100)
    assert not rig.session.must_drop
    assert rig.session.access.state == WEARER


def test_a_second_central_is_not_admitted_and_the_first_one_keeps_its_session():
    rig = Rig()
    talk = rig.wearer()
    assert not rig.session.connected(b"\x09" * 6)
    assert rig.session.peer == PEER
    assert talk.ask(ops.PAUSE).result == ops.OK


def test_the_role_ends_15_minutes_after_the_last_operation_of_the_therapist():
    rig = Rig()
    talk = rig.therapist()
    rig.pass_s(14 * 60)
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.OK
    rig.pass_s(14 * 60 + 59)
    assert rig.session.access.state == THERAPIST
    talk.ask(ops.PAUSE)  # what a wearer may do does not keep the role
    rig.pass_s(1.1)
    talk.take()
    assert rig.session.access.state == WEARER
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.NOT_ALLOWED
    events = [v for k, v in talk.heard if k == gatt.CONTROL and v[2:4] == b"\x6b\x3d"]
    assert events[-1][7] == ops.ROLE_LOCKED


def test_lock_and_a_new_hello_end_the_role():
    rig = Rig()
    talk = rig.therapist()
    assert talk.ask(ops.LOCK).result == ops.OK
    assert (rig.session.unlock.key, rig.session.unlock.user) == (b"", ""), "nothing more in that name"
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.NOT_ALLOWED
    assert talk.unlock().result == ops.OK
    talk.hello()
    assert rig.session.access.state == WEARER


def test_an_engineer_may_do_what_a_therapist_may():
    rig = Rig(role=4)
    talk = rig.therapist()
    assert rig.session.access.state == ENGINEER
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.OK
    assert talk.ask(ops.FORGET_BONDS).result == ops.OK
    assert rig.session.must_forget


def test_a_therapist_may_not_forget_the_bonds():
    rig = Rig()
    talk = rig.therapist()
    assert talk.ask(ops.FORGET_BONDS).result == ops.NOT_ALLOWED
    assert not rig.session.must_forget


@pytest.mark.parametrize("key", range(16))
def test_a_stranger_reads_only_what_is_open_and_writes_nothing(key):
    rig = Rig()
    rig.device.battery = 71
    rig.session.connected(PEER)
    is_open = key in (gatt.INFO, gatt.MAKER, gatt.MODEL, gatt.FIRMWARE, gatt.BATTERY)
    assert (rig.session.read(key) is not None) == is_open
    stop = b"\x01\x00\x3f\x00"
    assert rig.session.write(key, stop) == 0x80
    assert rig.device.told == []


@pytest.mark.parametrize("key", range(16))
def test_nobody_reads_or_writes_without_a_connection(key):
    rig = Rig()
    assert rig.session.read(key) is None
    assert rig.session.write(key, b"\x01\x00\x3f\x00") == 0x80


@pytest.mark.parametrize(
    ("battery", "value"), [(0, b"\0"), (71, b"\x47"), (100, b"\x64"), (101, None), (255, None)]
)
def test_a_charge_that_nobody_knows_is_not_told_as_a_full_battery(battery, value):
    rig = Rig()
    rig.session.connected(PEER)
    rig.device.battery = battery
    assert rig.session.read(gatt.BATTERY) == value


def test_everything_but_what_is_listed_here_is_secure():
    found = {c.key for s in gatt.table(True) for c in s.characteristics if not c.is_secure}
    assert found == {gatt.INFO, gatt.MAKER, gatt.MODEL, gatt.FIRMWARE, gatt.BATTERY}
    for service in gatt.table(True):
        for c in service.characteristics:
            assert c.is_secure or c.properties == gatt.READ, f"{c.help} is open and more than readable"


def test_a_board_that_cannot_bond_offers_nothing_to_write():
    services = gatt.table(can_bond=False)
    assert gatt.SERVICE_UUID not in [s.uuid for s in services], "a client must not take it for the whole"
    assert all(c.properties in (gatt.READ, gatt.NOTIFY) for s in services for c in s.characteristics)


def test_keys_and_uuids_are_never_used_twice():
    found = [(c.key, c.uuid) for s in gatt.table(True) for c in s.characteristics]
    assert len({k for k, _ in found}) == len(found) == len({u for _, u in found})
