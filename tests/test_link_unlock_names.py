"""What wrong PINs tell of names: a name that does not exist waits as one that does, and asks for no more room."""

import pytest

from firmware_py.link import ops, unlock
from firmware_py.link.unlock import Lockout, Users
from tests.link_rig import Rig, there
from tests.mpy.link_session import MemoryStore, new_store
from tests.test_link_unlock import BEA, WRONG, with_bea


def test_how_long_one_waits_does_not_tell_which_names_exist():
    waits = []
    for name in ("Bea", "nobody"):
        rig = Rig(with_bea())
        talk = rig.wearer()
        for guessed in (name, name, "Ada", "somebody", name):
            talk.unlock(guessed, WRONG)
            waits.append((name, rig.session.unlock.lockout.wait_s))
            rig.pass_s(300)
    assert (
        [w for n, w in waits if n == "Bea"] == [w for n, w in waits if n == "nobody"] == [0, 0, 30, 60, 120]
    )


def waits_of(names, role=3):
    """Return how long one waits after each wrong try at `names`, with the own PIN (Ada's) after every second one."""
    store = new_store(role)
    Users(store).put(unlock.USER.record("Bea", 3, b"saltsalt", 100_000, BEA))
    talk = (rig := Rig(store)).wearer()
    waits = []
    for n, name in enumerate(names):
        assert talk.unlock(name, WRONG).result == ops.WRONG_PIN
        waits.append(rig.session.unlock.lockout.wait_s)
        rig.pass_s(waits[-1] + 1, 1_000_000)
        if n % 2:
            assert talk.unlock("Ada").result == ops.OK
    return waits


def test_nor_does_it_with_the_own_pin_in_between():
    assert waits_of(["Bea"] * 6) == waits_of(["nobody"] * 6) == [0, 0, 30, 60, 120, 240]


def test_names_that_are_counted_together_wait_together_whether_they_exist_or_not():
    # Restated: names whose bytes have the same sum mod 16 are counted together.
    assert (
        sum(b"Bea") % 16 == sum(b"aeB") % 16 == sum(b"Bua") % 16 != sum(b"nobody") % 16 == sum(b"ydobon") % 16
    )
    waits = [0, 0, 30, 60, 120, 240]
    for names in (("Bea", "aeB"), ("aeB", "Bea"), ("nobody", "ydobon"), ("Bua", "aeB")):
        assert waits_of(names * 3) == waits
    assert waits_of(("Bea", "nobody", "somebody") * 2) == [0] * 6, "others wait alone"


def test_names_that_do_not_exist_fill_16_counts_at_most_and_are_remembered_over_power_off():
    rig = Rig()
    lockout = rig.session.unlock.lockout
    for n in range(200):
        lockout.count(f"nobody {n}", False)
    lockout.count("Ada", True)
    data = there(rig.store.load("failures"))
    assert len(data) <= 2 + 16 * 4 + 5
    assert Lockout(rig.store)._of_names == lockout._of_names
    assert len(lockout._of_names) == 16 + 1


@pytest.mark.parametrize(("role", "kept"), [(3, b"\x00\x00\x02\x02\x00k"), (4, b"\x00\x00")])
def test_only_an_engineer_who_may_know_all_names_ends_the_counts_of_those_that_do_not_exist(role, kept):
    rig = Rig(new_store(role))
    talk = rig.wearer()
    for _ in range(2):
        talk.unlock("nobody", WRONG)
    assert talk.unlock("Ada").result == ops.OK
    assert rig.store.load("failures") == kept


def test_a_count_of_many_is_as_much_as_a_record_holds():
    lockout = Lockout(MemoryStore())
    for _ in range(200):
        lockout.count("Bea", True)
        lockout.count("aeB", False)
    assert lockout.wait_s == 3600
