"""A cut at every message and a power cut at every write: old or new, never a mixture, never more than before."""

import hashlib

import pytest

from firmware_py.link import gatt, ops, values
from firmware_py.link.kept import confirmed_in, hash_of
from firmware_py.link.smaller import smaller
from firmware_py.link.wire import with_version
from stimulator.drivers.capability import P24
from stimulator.prescription import (
    canonical_bytes,
    default_prescription,
)
from tests.link_rig import NotedDevice, Rig, in_use, kept
from tests.mpy.link_session import changed, new_store

OLD = default_prescription()
MORE = changed(OLD, 0, current_ua=28_000)
LESS = changed(OLD, 0, current_ua=20_000, width_us=250, rate_hz=35)
MIXED = changed(changed(OLD, 0, current_ua=28_000), 1, current_ua=15_000)
SOFTER = OLD._replace(soft_start_steps=5, rise_ms=500, delay_ms=100, extension_ms=0)
QUICKER = OLD._replace(rise_ms=50, extension_ms=300, fall_ms=500, extension_by=1)
TRIED = {"more": MORE, "less": LESS, "mixed": MIXED, "softer": SOFTER, "quicker": QUICKER}


def piece(rig, at, data, txn=1):
    return rig.session.write(gatt.STAGE, with_version(values.PIECE, txn, at, data))


# A cut at every message, a power cut at every write --------------------------------------------------


def messages(rig, wanted, txn=1):
    """Yield the writes of one change from unlock to confirm as functions, one after the other."""
    talk = rig.talk
    data = canonical_bytes(wanted)
    digest = hashlib.sha256(data).digest()[:8]
    yield lambda: rig.session.write(gatt.CONTROL, talk.bytes_of(ops.BEGIN, txn, len(data), digest, 1))
    for at in range(0, len(data), 20):
        yield lambda at=at: piece(rig, at, data[at : at + 20], txn)
    yield lambda: rig.session.write(gatt.CONTROL, talk.bytes_of(ops.VALIDATE, txn))
    yield lambda: rig.session.write(gatt.CONTROL, talk.bytes_of(ops.COMMIT, txn, 1))
    yield lambda: rig.session.write(gatt.CONTROL, talk.bytes_of(ops.CONFIRM, digest, 2))


COUNT = 4 + -(-len(canonical_bytes(OLD)) // 20)


@pytest.mark.parametrize("tried", TRIED.values(), ids=TRIED)
@pytest.mark.parametrize("is_read", [False, True], ids=["answer lost", "answer read"])
@pytest.mark.parametrize("cut_after", range(COUNT + 1))
def test_a_cut_at_every_message_leaves_old_or_new_and_never_more_than_before(tried, is_read, cut_after):
    rig = Rig()
    rig.therapist()
    least = smaller(tried, OLD, P24)
    for n, write in enumerate(messages(rig, tried), 1):
        if n > cut_after:
            break
        assert write() == 0
        if is_read:
            rig.talk.take()
        else:
            rig.session._is_waiting = False
            rig.session._answers.clear()
    rig.session.disconnected()
    confirmed, running = kept(rig.store).confirmed, in_use(rig)
    assert confirmed == (tried if cut_after == COUNT else OLD)
    if cut_after < COUNT - 1:
        assert running == OLD
    elif cut_after == COUNT - 1:
        assert running == least
        for a, b in zip(running.channels, OLD.channels, strict=True):
            assert (a.current_ua <= b.current_ua, a.width_us <= b.width_us, a.rate_hz <= b.rate_hz) == (
                True,
            ) * 3
        for p in (tried, OLD):
            assert (running.rise_ms >= p.rise_ms, running.soft_start_steps >= p.soft_start_steps) == (
                True,
                True,
            )
            assert (running.delay_ms >= p.delay_ms, running.extension_ms <= p.extension_ms) == (True, True)
    else:
        assert running == tried


class CutStore:
    """A store whose power is cut at its `n`-th write: before it, or just after it."""

    def __init__(self, store, n, after):
        self._store, self._n, self._after = store, n, after

    def __getattr__(self, name):
        def call(*args):
            if name in ("save", "append"):
                self._n -= 1
                if self._n == 0 and not self._after:
                    raise KeyboardInterrupt
                result = getattr(self._store, name)(*args)
                if self._n == 0:
                    raise KeyboardInterrupt
                return result
            return getattr(self._store, name)(*args)

        return call


@pytest.mark.parametrize("tried", TRIED.values(), ids=TRIED)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("n", range(1, 9))
def test_a_power_cut_at_every_write_of_the_store_leaves_old_new_or_the_smaller(tried, after, n):
    store = new_store()
    rig = Rig(store)
    rig.therapist()
    cut = CutStore(store, n, after)
    for part in (rig.session.changes, rig.session.history):
        part._store = cut
    try:
        rig.commit(tried)
        rig.talk.ask(ops.CONFIRM, hash_of(tried), 2)
        was_cut = False
    except KeyboardInterrupt:
        was_cut = True
    assert was_cut == (n <= 4), "two writes each for commit and confirm"
    again = Rig(store, NotedDevice(confirmed_in(store, None)))
    confirmed = kept(store).confirmed
    assert confirmed in (OLD, tried)
    assert in_use(again) in (OLD, tried, smaller(tried, OLD, P24))
    if confirmed == OLD:
        assert in_use(again).channels[0].current_ua <= OLD.channels[0].current_ua
        assert in_use(again).channels[1].current_ua <= OLD.channels[1].current_ua
