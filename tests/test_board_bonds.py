"""The keys of paired centrals on a board: found, kept, and never changed but while somebody pairs."""

import pytest

from firmware_py.boards.bonds import ENTRIES_MAX, Bonds
from tests.mpy.link_session import MemoryStore


def test_bonds_are_found_by_kind_and_key_or_by_number():
    bonds = Bonds(MemoryStore())
    bonds.may_change = True
    for kind, key in ((1, b"a"), (2, b"a"), (1, b"b")):
        assert bonds.put(kind, key, key * 3)
    assert bonds.get(1, 0, b"b") == b"bbb"
    assert bonds.get(2, 0, b"b") is None
    assert [bonds.get(1, n, None) for n in range(3)] == [b"aaa", b"bbb", None]
    assert bonds.put(1, b"a", None)
    assert bonds.get(1, 0, b"a") is None


def test_a_ninth_central_has_no_place_and_displaces_nobody():
    bonds = Bonds(MemoryStore())
    bonds.may_change = True
    for n in range(ENTRIES_MAX):
        assert bonds.put(n % 2, bytes([n]), b"key")
    assert not bonds.put(0, b"one more", b"key")
    assert bonds.put(0, bytes([0]), b"another"), "who is there may get another key"
    assert not bonds.put(0, bytes([1]), bytes(256))


def test_bonds_are_written_only_when_they_are_kept():
    store = MemoryStore()
    bonds = Bonds(store)
    bonds.may_change = True
    assert bonds.put(1, b"a", b"key")
    assert bonds.get(1, 0, b"a") == b"key", "NimBLE finds it at once"
    assert store.load("bonds") is None
    assert bonds.keep()
    assert Bonds(store).get(1, 0, b"a") == b"key"
    store.is_full = True
    assert bonds.keep(), "there is nothing to write"


def test_bonds_that_cannot_be_kept_are_none_and_those_before_stay():
    store = MemoryStore()
    bonds = Bonds(store)
    bonds.may_change = True
    bonds.put(1, b"a", b"key")
    bonds.keep()
    store.is_full = True
    bonds.put(1, b"a", b"another")
    assert not bonds.keep()
    assert bonds.get(1, 0, b"a") == b"key"
    bonds.put(1, b"b", b"key")
    bonds.drop()
    assert bonds.get(1, 0, b"b") is None
    with pytest.raises(OSError, match="28"):
        bonds.clear()
    assert bonds.get(1, 0, b"a") == b"key"
    store.is_full = False
    bonds.clear()
    assert bonds.get(1, 0, b"a") is None


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x01\x05ab", b"\x01\xff\xff"])
def test_damaged_bonds_let_nobody_in(data):
    store = MemoryStore()
    store.things["bonds"] = data
    assert Bonds(store).get(1, 0, None) is None
