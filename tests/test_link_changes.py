"""Changes of the prescription: what is sent in pieces is checked on the device, as a whole, or it is nothing."""

import hashlib

import pytest

from firmware_py.link import changes, gatt, history, ops, values
from firmware_py.link.kept import hash_of
from firmware_py.link.values import SETTLED, TRIAL
from firmware_py.link.wire import with_version
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import (
    canonical_bytes,
    default_prescription,
    problems,
)
from tests.link_rig import Rig, entry_of, in_use, kept, status_of, value_of
from tests.mpy.link_session import changed

OLD = default_prescription()
MORE = changed(OLD, 0, current_ua=28_000)
LESS = changed(OLD, 0, current_ua=20_000, width_us=250, rate_hz=35)
MIXED = changed(changed(OLD, 0, current_ua=28_000), 1, current_ua=15_000)
OTHER = changed(OLD, 0, rise_ms=300)


# Restated: (state, event) -> state; everything else is refused and stays.
MOVES = {
    **{(changes.BEGIN, s): changes.RECEIVING for s in range(3)},
    (changes.PIECE, changes.RECEIVING): changes.RECEIVING,
    (changes.VALID, changes.RECEIVING): changes.CHECKED,
    (changes.VALID, changes.CHECKED): changes.CHECKED,
    (changes.COMMIT, changes.CHECKED): changes.IDLE,
    **{(changes.DROP, s): changes.IDLE for s in range(3)},
}


@pytest.mark.parametrize("state", range(3))
@pytest.mark.parametrize("event", range(changes.UNKNOWN))
def test_the_table_of_staging_is_as_restated(state, event):
    assert changes.NEXT[event][state] == MOVES.get((event, state), -1)


# The whole way -----------------------------------------------------------------------------------


def test_a_change_is_staged_checked_tried_and_confirmed():
    rig = Rig()
    talk = rig.therapist()
    assert talk.stage(MORE, 1).values == (hash_of(MORE), 0)
    assert in_use(rig) == OLD
    tried = talk.ask(ops.COMMIT, 1, 1)
    assert tried.values == (hash_of(MORE), 2)
    assert in_use(rig) == MORE
    assert kept(rig.store).confirmed == OLD
    active = value_of(rig, gatt.ACTIVE, values.PRESCRIPTION)
    assert active == (2, TRIAL, hash_of(MORE), canonical_bytes(MORE))
    committed = value_of(rig, gatt.COMMITTED, values.PRESCRIPTION)
    assert committed == (2, TRIAL, hash_of(OLD), canonical_bytes(OLD))
    assert talk.ask(ops.CONFIRM, hash_of(MORE), 2).values == (3,)
    assert kept(rig.store).confirmed == MORE
    assert (rig.session.changes.phase, rig.session.changes.revision) == (SETTLED, 3)
    rig.pass_s(700)
    rig.session.disconnected()
    assert in_use(rig) == MORE


def test_what_waits_for_the_end_of_the_step_cannot_be_confirmed_yet():
    rig = Rig()
    rig.therapist()
    rig.device.is_walking = True
    rig.commit(MORE)
    assert in_use(rig) == OLD
    assert status_of(rig).is_taken_over == 0
    assert rig.talk.ask(ops.CONFIRM, hash_of(MORE), 2).result == ops.NOT_TAKEN_OVER
    rig.device.ends_step()
    assert status_of(rig).is_taken_over == 1
    assert rig.talk.ask(ops.CONFIRM, hash_of(MORE), 2).result == ops.OK


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ((hash_of(OLD), 2), ops.WRONG_HASH),
        ((hash_of(MORE), 1), ops.WRONG_REVISION),
        ((hash_of(MORE), 3), ops.WRONG_REVISION),
    ],
)
def test_whoever_confirms_says_what_and_of_which_revision(asked, result):
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    assert rig.talk.ask(ops.CONFIRM, *asked).result == result
    assert kept(rig.store).confirmed == OLD


def test_nothing_can_be_confirmed_or_reverted_that_is_confirmed():
    rig = Rig()
    rig.therapist()
    assert rig.talk.ask(ops.CONFIRM, hash_of(OLD), 1).result == ops.WRONG_STATE
    assert rig.talk.ask(ops.REVERT, 1).result == ops.WRONG_STATE


def test_a_person_may_go_back_also_if_that_is_more():
    rig = Rig()
    rig.therapist()
    rig.commit(LESS)
    assert rig.talk.ask(ops.REVERT, 1).result == ops.WRONG_REVISION
    assert rig.talk.ask(ops.REVERT, 2).values == (hash_of(OLD), 3)
    assert in_use(rig) == OLD
    assert rig.session.changes.phase == SETTLED


def test_going_back_by_more_than_one_change_may_rise_is_refused():
    rig = Rig()
    rig.therapist()
    rig.device.in_use = OLD
    rig.commit(changed(OLD, 0, current_ua=15_000))
    rig.device.refuses = ValueError("rises by more than one commit may")
    reply = rig.talk.ask(ops.REVERT, 2)
    assert (reply.result, reply.sentence) == (ops.REFUSED, "rises by more than one commit may")
    assert rig.session.changes.phase == TRIAL
    assert kept(rig.store).phase == TRIAL


# What is refused ---------------------------------------------------------------------------------


def test_a_change_on_an_old_revision_is_refused_at_both_ends():
    rig = Rig()
    talk = rig.therapist()
    assert talk.stage(MORE, 7).result == ops.WRONG_REVISION
    talk.stage(MORE, 1)
    assert talk.ask(ops.COMMIT, 1, 2).result == ops.WRONG_REVISION
    assert talk.ask(ops.COMMIT, 1, 1).result == ops.WRONG_TXN, "and it is dropped"
    assert in_use(rig) == OLD


@pytest.mark.parametrize(
    "bad",
    [
        changed(OLD, 0, current_ua=101_000),
        changed(OLD, 0, current_ua=-1),
        changed(OLD, 0, width_us=451),
        changed(OLD, 0, rate_hz=61),
        changed(OLD, 0, charge_max_nc=1_000),
        changed(OLD, 0, current_ua=25_250),
        changed(OLD, 0, current_ua=31_000),  # a rise of 6 mA
        changed(OLD, 0, timeout_ms=4_100),
    ],
)
def test_what_is_out_of_range_too_much_together_or_too_steep_is_refused_with_its_sentence(bad):
    rig = Rig()
    talk = rig.therapist()
    reply = talk.stage(bad, 1)
    assert reply.result == ops.REFUSED
    assert reply.sentence == (problems(bad, P24) or rig.device.problems(bad))[0]
    assert talk.ask(ops.COMMIT, 1, 1).result == ops.WRONG_TXN
    assert in_use(rig) == OLD
    assert "commit" not in rig.device.told


def begin(talk, data, txn=1, revision=1):
    return talk.ask(ops.BEGIN, txn, len(data), hashlib.sha256(data).digest()[:8], revision)


def piece(rig, at, data, txn=1):
    return rig.session.write(gatt.STAGE, with_version(values.PIECE, txn, at, data))


def test_pieces_must_come_in_order_and_a_repeated_one_changes_nothing():
    rig = Rig()
    talk = rig.therapist()
    data = canonical_bytes(MORE)
    begin(talk, data)
    assert piece(rig, 0, data[:20]) == 0
    assert piece(rig, 0, data[:20]) == 0
    assert piece(rig, 10, data[10:20]) == 0
    assert talk.ask(ops.VALIDATE, 1).result == ops.INCOMPLETE
    assert piece(rig, 20, data[20:]) == 0
    assert talk.ask(ops.VALIDATE, 1).result == ops.OK


@pytest.mark.parametrize(
    ("at", "bad", "txn"),
    [
        (30, b"x", 1),  # a gap
        (0, b"other bytes", 1),  # a repeated one that differs
        (20, bytes(200), 1),  # beyond the end
        (20, b"", 1),
        (20, b"x", 2),
    ],
)
def test_a_piece_that_does_not_fit_drops_the_whole_change(at, bad, txn):
    rig = Rig()
    talk = rig.therapist()
    data = canonical_bytes(MORE)
    begin(talk, data)
    piece(rig, 0, data[:20])
    assert piece(rig, at, bad, txn) == 0x80
    assert piece(rig, 20, data[20:]) == 0x80
    assert talk.ask(ops.VALIDATE, 1).result == ops.WRONG_TXN


def test_a_mixture_of_two_prescriptions_is_noticed_by_its_hash():
    rig = Rig()
    talk = rig.therapist()
    one, other = canonical_bytes(MORE), canonical_bytes(OTHER)
    begin(talk, one)
    piece(rig, 0, one[:60])
    piece(rig, 60, other[60:])
    begin(talk, other)
    piece(rig, 0, one[:60])
    piece(rig, 60, other[60:])
    assert talk.ask(ops.VALIDATE, 1).result == ops.WRONG_HASH
    assert in_use(rig) == OLD


def test_pieces_need_somebody_who_unlocked_and_a_change_that_was_begun():
    rig = Rig()
    rig.wearer()
    assert piece(rig, 0, b"x") == 0x80
    rig.session.disconnected()
    rig.therapist()
    assert piece(rig, 0, b"x") == 0x80
    rig.session.changes.begin(1, 10, bytes(8), 1)
    rig.session.unlock.end()  # a wearer, and a change that somebody has begun
    assert piece(rig, 0, b"x") == 0x80
    assert rig.session.write(gatt.STAGE, b"\x02\x00" + bytes(10)) == 0x80
    assert rig.session.write(gatt.STAGE, b"\x01") == 0x80


@pytest.mark.parametrize("length", [0, 481, 65535])
def test_a_change_of_impossible_length_is_refused(length):
    rig = Rig()
    talk = rig.therapist()
    assert talk.ask(ops.BEGIN, 1, length, bytes(8), 1).result == ops.BAD_VALUE


def test_the_longest_prescription_fits_into_a_change_and_into_one_characteristic():
    longest = 5 + 6 * (len(WALK_PARAMETERS) + 4 * len(CHANNEL_PARAMETERS))
    assert longest <= changes.LENGTH_MAX
    assert changes.LENGTH_MAX + 2 + 13 <= gatt.VALUE_MAX_N


def test_a_second_commit_of_the_same_change_is_refused():
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    assert rig.talk.ask(ops.COMMIT, 1, 2).result == ops.WRONG_TXN


def test_what_the_device_refuses_at_the_last_moment_leaves_everything_as_it_was():
    rig = Rig()
    talk = rig.therapist()
    talk.stage(MORE, 1)
    rig.device.refuses = ValueError("A test burst runs.")
    reply = talk.ask(ops.COMMIT, 1, 1)
    assert (reply.result, reply.sentence) == (ops.REFUSED, "A test burst runs.")
    assert (rig.session.changes.phase, rig.session.changes.revision) == (SETTLED, 1)
    assert kept(rig.store).running == OLD
    last = entry_of(rig)
    assert last.action == history.REFUSED


def test_without_room_on_the_disk_nothing_runs():
    rig = Rig()
    talk = rig.therapist()
    talk.stage(MORE, 1)
    rig.store.is_full = True
    assert talk.ask(ops.COMMIT, 1, 1).result == ops.STORE_FAILED
    assert in_use(rig) == OLD
    rig.store.is_full = False
    rig.commit(MORE)
    rig.store.is_full = True
    assert talk.ask(ops.CONFIRM, hash_of(MORE), 2).result == ops.STORE_FAILED
    assert talk.ask(ops.REVERT, 2).result == ops.STORE_FAILED
    assert rig.session.changes.phase == TRIAL
