"""Therapist by PIN: the proof, the waiting, and what a power cut does not undo."""

import hashlib
import hmac as library

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.link import ops, unlock
from firmware_py.link.access import WEARER
from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.unlock import Lockout, Users
from tests.link_rig import Rig, there
from tests.mpy.link_session import KEY, MemoryStore, new_store

WRONG = bytes(32)
# Restated: seconds to wait after so many wrong tries.
WAITS_S = {
    0: 0,
    1: 0,
    2: 0,
    3: 30,
    4: 60,
    5: 120,
    6: 240,
    7: 480,
    8: 960,
    9: 1920,
    10: 3600,
    11: 3600,
    255: 3600,
}


def right_proof(nonce, client_nonce=bytes(8), user="Ada"):
    return hmac_sha256(KEY, unlock.proof_message(b"unlock", nonce, client_nonce, user))[:16]


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_our_hmac_is_everybodys_hmac(key, message):
    assert hmac_sha256(key, message) == library.new(key, message, hashlib.sha256).digest()


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_the_comparison_knows_the_same_from_the_different(a, b):
    assert is_same(a, b) == (a == b)
    assert is_same(a, bytes(a))


@pytest.mark.parametrize("failures", sorted(WAITS_S))
def test_the_waiting_doubles_and_begins_anew_after_power_off(failures):
    store = MemoryStore()
    store.save("failures", bytes([failures]))
    assert Lockout(store).wait_s == WAITS_S[failures]


def test_three_wrong_pins_lock_for_30_s_and_the_right_one_too():
    rig = Rig()
    talk = rig.wearer()
    for _ in range(3):
        assert talk.unlock(key=WRONG).result == ops.WRONG_PIN
    reply = talk.unlock()
    assert reply.result == ops.LOCKED_OUT
    assert reply.sentence == "Wait 30 s before the next try."
    rig.pass_s(29.9)
    assert talk.unlock().result == ops.LOCKED_OUT
    rig.pass_s(0.2)
    assert talk.unlock().result == ops.OK
    for _ in range(2):
        assert talk.unlock(key=WRONG).result == ops.WRONG_PIN
    assert talk.unlock().result == ops.OK, "the right one has set the count back"


def test_switching_off_and_on_does_not_shorten_the_waiting():
    store = new_store()
    rig = Rig(store)
    talk = rig.wearer()
    for _ in range(3):
        talk.unlock(key=WRONG)
    rig.pass_s(29)
    again = Rig(store)
    again.wearer()
    assert again.talk.unlock().result == ops.LOCKED_OUT
    assert again.session.unlock.lockout.wait_s == 30


def test_a_new_connection_does_not_shorten_the_waiting():
    rig = Rig()
    for _ in range(3):
        rig.wearer()
        rig.talk.unlock(key=WRONG)
        rig.session.disconnected()
    rig.wearer()
    assert rig.talk.unlock().result == ops.LOCKED_OUT


def test_a_try_is_written_down_before_its_proof_is_looked_at(monkeypatch):
    store = new_store()
    seen = []
    keep = store.save
    monkeypatch.setattr(store, "save", lambda name, data: (seen.append((name, data)), keep(name, data)))
    rig = Rig(store)
    rig.wearer()
    seen.clear()
    rig.talk.unlock()
    assert seen == [("failures", b"\x01\x01\x01\x03Ada"), ("failures", b"\x00\x00")]


def test_without_room_to_write_a_try_down_there_is_no_try():
    rig = Rig()
    rig.wearer()
    rig.store.is_full = True
    assert rig.talk.unlock().result == ops.STORE_FAILED
    assert rig.talk.ask(ops.ACKNOWLEDGE).result == ops.NOT_ALLOWED


BEA = bytes(range(1, 33))  # her key


def with_bea(role=4):
    """A store with Ada, therapist, and Bea."""
    store = new_store()
    Users(store).put(unlock.USER.record("Bea", role, b"saltsalt", 100_000, BEA))
    return store


def test_whoever_has_a_pin_gets_no_free_tries_at_the_pin_of_another_user():
    rig = Rig(with_bea())
    talk = rig.wearer()
    waited_s = 0
    for _ in range(12):  # two guesses at Bea's, then the own, which was enough to begin anew
        for _ in range(2):
            while talk.unlock("Bea", WRONG).result == ops.LOCKED_OUT:
                rig.pass_s(30)
                waited_s += 30
        while talk.unlock("Ada").result == ops.LOCKED_OUT:
            rig.pass_s(30)
            waited_s += 30
    assert waited_s >= 14 * 3600, "24 guesses; 22 in a row take 15 hours"
    while talk.unlock("Bea", BEA).result == ops.LOCKED_OUT:
        rig.pass_s(30)
    assert talk.unlock("Bea", WRONG).result == ops.WRONG_PIN
    assert talk.unlock("Bea", BEA).result == ops.OK, "the own right one has set the own count back"


def test_tries_at_the_pin_of_another_user_are_remembered_over_power_off_and_cost_the_others_nothing():
    store = with_bea()
    rig = Rig(store)
    talk = rig.wearer()
    for _ in range(3):
        talk.unlock("Bea", WRONG)
    rig.pass_s(30.1)
    assert talk.unlock("Ada").result == ops.OK
    again = Rig(store)
    talk = again.wearer()
    assert again.session.unlock.lockout.wait_s == 0, "it was waited for"
    assert talk.unlock("Ada", WRONG).result == ops.WRONG_PIN
    assert talk.unlock("Ada").result == ops.OK
    assert talk.unlock("Bea", WRONG).result == ops.WRONG_PIN
    assert again.session.unlock.lockout.wait_s == 60, "the fourth"
    assert Rig(store).session.unlock.lockout.wait_s == 60


@pytest.mark.parametrize("role", [3, 0], ids=["another PIN", "removed"])
def test_a_user_with_another_pin_begins_without_wrong_tries(role):
    store = new_store(4)
    Users(store).put(unlock.USER.record("Bea", 3, b"saltsalt", 100_000, BEA))
    rig = Rig(store)
    talk = rig.wearer()
    for _ in range(5):
        talk.unlock("Bea", WRONG)
        rig.pass_s(300)
    assert talk.unlock("Ada").result == ops.OK
    assert store.load("failures") == b"\x00\x00\x05\x03Bea"
    assert talk.ask(ops.USER, *user("Bea", role=role)).result == ops.OK
    assert store.load("failures") == b"\x00\x00"


@pytest.mark.parametrize("record", [b"\x00\x00\x01", b"\x00\x00\x01\x04Ada", b"\x00\x00\x01\xffAda"])
def test_a_record_of_wrong_pins_that_is_none_waits_for_an_hour(record):
    store = MemoryStore()
    store.save("failures", record)
    assert Lockout(store).wait_s == 3600


def test_a_damaged_count_of_wrong_pins_waits_for_an_hour():
    class Broken(MemoryStore):
        def load(self, name):
            raise ValueError("damaged")

    assert Lockout(Broken()).wait_s == 3600


def test_a_damaged_list_of_users_lets_nobody_in():
    store = new_store()
    store.save("users", there(store.load("users"))[:-1])
    rig = Rig(store)
    rig.wearer()
    assert rig.talk.unlock().result == ops.WRONG_PIN


def test_a_list_that_is_damaged_at_its_second_user_lets_nobody_in():
    store = new_store()
    Users(store).put(unlock.USER.record("Bea", 3, bytes(8), 100_000, bytes(32)))
    store.save("users", there(store.load("users"))[:-1])
    rig = Rig(store)
    rig.wearer()
    assert rig.talk.unlock().result == ops.WRONG_PIN


def test_while_waiting_there_is_no_challenge_and_an_open_one_is_no_use():
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    for _ in range(3):
        rig.session.unlock.lockout.count("Ada", True)
    locked = talk.ask(ops.CHALLENGE, "Ada")
    assert (locked.result, locked.sentence) == (ops.LOCKED_OUT, "Wait 30 s before the next try.")
    assert talk.ask(ops.UNLOCK, bytes(8), right_proof(nonce)).result == ops.LOCKED_OUT
    assert rig.session.access.state == WEARER


def test_a_name_that_does_not_exist_unlocks_nothing_even_with_the_key_it_is_compared_with():
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Eve").values.nonce
    key = hmac_sha256(rig.session.unlock._device_key, nonce)
    proof = hmac_sha256(key, unlock.proof_message(b"unlock", nonce, bytes(8), "Eve"))[:16]
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.WRONG_PIN


def test_nothing_of_an_unlock_is_left_after_the_link():
    rig = Rig()
    talk = rig.therapist()
    talk.ask(ops.CHALLENGE, "Ada")
    kept = rig.session.unlock
    assert len(kept.key) == 32
    assert kept._nonce
    rig.session.disconnected()
    assert (kept.key, kept.user, kept._nonce) == (b"", "", b"")


def test_a_challenge_serves_once_and_for_30_s():
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    proof = hmac_sha256(KEY, unlock.proof_message(b"unlock", nonce, bytes(8), "Ada"))[:16]
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.OK
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.WRONG_STATE, "the same proof again"
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    proof = hmac_sha256(KEY, unlock.proof_message(b"unlock", nonce, bytes(8), "Ada"))[:16]
    rig.pass_s(30.1)
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.WRONG_STATE


def test_a_challenge_does_not_outlive_its_session():
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    proof = hmac_sha256(KEY, unlock.proof_message(b"unlock", nonce, bytes(8), "Ada"))[:16]
    talk.hello()
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.WRONG_STATE


def test_two_challenges_are_never_the_same():
    rig = Rig()
    talk = rig.wearer()
    nonces = {talk.ask(ops.CHALLENGE, "Ada").values.nonce for _ in range(20)}
    assert len(nonces) == 20


def test_a_name_that_does_not_exist_looks_like_one_that_does():
    rig = Rig()
    talk = rig.wearer()
    one, again = talk.ask(ops.CHALLENGE, "Eve"), talk.ask(ops.CHALLENGE, "Eve")
    real = talk.ask(ops.CHALLENGE, "Ada")
    assert one.result == real.result == ops.OK
    assert one.values.salt == again.values.salt != real.values.salt
    assert one.values.rounds == real.values.rounds
    assert talk.unlock(user="Eve").result == ops.WRONG_PIN


def test_the_device_proves_that_it_knows_the_pin_too():
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    message = unlock.proof_message(b"unlock", nonce, bytes(8), "Ada")
    reply = talk.ask(ops.UNLOCK, bytes(8), hmac_sha256(KEY, message)[:16])
    assert reply.values.proof == hmac_sha256(KEY, b"device" + nonce + bytes(8) + b"Ada")[:8]
    assert (reply.values.role, reply.values.minutes) == (3, 15)


@pytest.mark.parametrize("spoil", [b"unlocK", b"session", b"device"])
def test_a_proof_made_for_something_else_does_not_unlock(spoil):
    rig = Rig()
    talk = rig.wearer()
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    proof = hmac_sha256(KEY, unlock.proof_message(spoil, nonce, bytes(8), "Ada"))[:16]
    assert talk.ask(ops.UNLOCK, bytes(8), proof).result == ops.WRONG_PIN


@pytest.mark.parametrize(
    "proof",
    [
        lambda nonce, _: right_proof(bytes(16)),
        lambda nonce, older: right_proof(older),
        lambda nonce, _: right_proof(nonce[::-1]),
        lambda nonce, _: right_proof(nonce, client_nonce=bytes(7) + b"\x01"),
        lambda nonce, _: right_proof(nonce, user="Bea"),
        lambda nonce, _: nonce,
        lambda nonce, _: bytes(16),
    ],
    ids=[
        "no nonce",
        "nonce before",
        "reversed",
        "other client nonce",
        "other user",
        "reflected nonce",
        "zeros",
    ],
)
def test_a_proof_over_another_nonce_or_name_does_not_unlock(proof):
    rig = Rig()
    talk = rig.wearer()
    older = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    nonce = talk.ask(ops.CHALLENGE, "Ada").values.nonce
    assert talk.ask(ops.UNLOCK, bytes(8), proof(nonce, older)).result == ops.WRONG_PIN
    assert rig.session.access.state == WEARER
    assert talk.ask(ops.UNLOCK, bytes(8), right_proof(nonce)).result == ops.WRONG_STATE, "it served once"


def test_a_wrong_pin_by_somebody_else_ends_the_role_that_was_there():
    rig = Rig()
    talk = rig.therapist()
    talk.unlock(key=WRONG)
    assert talk.ask(ops.ACKNOWLEDGE).result in (ops.NOT_ALLOWED, ops.BAD_PROOF)


def user(name="Bea", role=3, rounds=200_000):
    return name, role, b"saltsalt", rounds, bytes(range(1, 33))


def test_a_therapist_changes_the_own_pin_and_nobody_elses():
    rig = Rig()
    talk = rig.therapist()
    assert talk.ask(ops.USER, *user("Bea")).result == ops.NOT_ALLOWED
    assert talk.ask(ops.USER, *user("Ada", role=4)).result == ops.NOT_ALLOWED, "nor the own role"
    assert talk.ask(ops.USER, *user("Ada", role=0)).result == ops.NOT_ALLOWED
    assert talk.ask(ops.USER, *user("Ada")).result == ops.OK
    assert talk.unlock().result == ops.WRONG_PIN
    assert talk.unlock(key=bytes(range(1, 33))).result == ops.OK


def test_an_engineer_adds_and_removes_users():
    rig = Rig(role=4)
    talk = rig.therapist()
    for n in range(7):
        assert talk.ask(ops.USER, *user(f"Bea {n}")).result == ops.OK
    full = talk.ask(ops.USER, *user("one more"))
    assert full.result == ops.BAD_VALUE
    assert "8 users already" in full.sentence
    assert talk.ask(ops.USER, *user("Bea 3", role=0)).result == ops.OK
    assert talk.ask(ops.USER, *user("one more")).result == ops.OK
    assert Users(rig.store).find("Bea 3") is None
    assert there(Users(rig.store).find("one more")).role == 3


@pytest.mark.parametrize("bad", [user(""), user(role=2), user(role=5), user(rounds=199_999)])
def test_a_user_who_makes_no_sense_is_not_kept(bad):
    rig = Rig(role=4)
    talk = rig.therapist()
    before = rig.store.load("users")
    assert talk.ask(ops.USER, *bad).result == ops.BAD_VALUE
    assert rig.store.load("users") == before
