"""Trials that nobody confirms end in the smaller of both; after power-off too. The history says who and when."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.link import gatt, history, ops
from firmware_py.link.changes import Changes
from firmware_py.link.kept import Damaged, confirmed_in, hash_of
from firmware_py.link.smaller import smaller
from firmware_py.link.values import SETTLED, UNCONFIRMED
from safety.changes import is_gentle
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import (
    ChannelSetting,
    Prescription,
    canonical_bytes,
    default_prescription,
    problems,
)
from tests.link_rig import NotedDevice, Rig, entry_of, in_use, kept
from tests.mpy.link_session import changed, new_store

OLD = default_prescription()
MORE = changed(OLD, 0, current_ua=28_000)
LESS = changed(OLD, 0, current_ua=20_000, width_us=250, rate_hz=35)
MIXED = changed(changed(OLD, 0, current_ua=28_000), 1, current_ua=15_000)
OTHER = OLD._replace(rise_ms=300)
SOONER = OLD._replace(rise_ms=100, fall_ms=300, soft_start_steps=0)


# Trials that end ---------------------------------------------------------------------------------


def settings():
    """Draw valid prescriptions: currents from what width and maxima leave, the rest from the table."""

    def one(p, most=None):
        high = p.max if most is None else min(p.max, most)
        return st.integers(-(-p.min // p.step), high // p.step).map(lambda n: n * p.step)

    @st.composite
    def channel(draw):
        found = {p.name: draw(one(p)) for p in CHANNEL_PARAMETERS if p.name not in ("current_ua", "rate_hz")}
        found |= {"start_percent": 0, "end_percent": 100}  # taking turns: see below
        found["doublet_ms"] = draw(st.sampled_from((0, 10)))
        step_ua = 2_000 if found["waveform"] == 1 else 500
        most = min(40_000, found["current_max_ua"], found["charge_max_nc"] * 1000 // found["width_us"])
        for p in CHANNEL_PARAMETERS:
            if p.name not in found:
                found[p.name] = draw(one(p, most if p.name == "current_ua" else 50))
        found["current_ua"] -= found["current_ua"] % step_ua
        return ChannelSetting(*[found[p.name] for p in CHANNEL_PARAMETERS])

    return st.builds(
        Prescription, *[one(p) for p in WALK_PARAMETERS], st.tuples(channel(), channel())
    ).filter(lambda p: not problems(p, P24))


@given(settings(), settings())
def test_the_smaller_of_two_valid_prescriptions_is_valid_and_gentler_than_both(one, confirmed):
    least = smaller(one, confirmed, P24)
    assert problems(least, P24) == []
    for a, b, c in zip(one.channels, confirmed.channels, least.channels, strict=True):
        for name in ("width_us", "rate_hz", "gap_us", "current_max_ua", "charge_max_nc", "end_percent"):
            assert getattr(c, name) == min(getattr(a, name), getattr(b, name))
        assert c.start_percent == max(a.start_percent, b.start_percent)
        least_ua = min(a.current_ua, b.current_ua)
        assert c.current_ua == least_ua - least_ua % (2_000 if a.waveform == 1 else 500)
        assert c.doublet_ms == (max(a.doublet_ms, b.doublet_ms) if a.doublet_ms and b.doublet_ms else 0)
        assert (c.waveform, c.controls) == (a.waveform, a.controls)
        assert is_gentle(a, c)
        assert is_gentle(b, c)
    for name in ("extension_ms", "extension_percent", "fall_ms", "timeout_ms"):
        assert getattr(least, name) == min(getattr(one, name), getattr(confirmed, name))
    for name in ("delay_ms", "rise_ms", "start_at", "soft_start_steps"):
        assert getattr(least, name) == max(getattr(one, name), getattr(confirmed, name))
    assert least.extension_by == one.extension_by


@pytest.mark.parametrize(("tried", "confirmed", "stays"), [(0, 6, 0), (6, 0, 0), (6, 8, 8), (0, 0, 0)])
def test_a_second_pulse_stays_only_if_both_have_one(tried, confirmed, stays):
    one, other = changed(OLD, 0, doublet_ms=tried), changed(OLD, 0, doublet_ms=confirmed)
    assert smaller(one, other, P24).channels[0].doublet_ms == stays


def test_where_the_confirmed_turns_of_channels_would_leave_a_pause_the_timing_that_runs_stays():
    turns = changed(changed(OLD, 0, end_percent=30), 1, start_percent=20)
    rig = Rig(device=NotedDevice(turns))
    rig.therapist()
    tried = changed(changed(turns, 0, end_percent=100, current_ua=26_000), 1, current_ua=0)
    assert rig.commit(tried).result == ops.OK
    assert problems(smaller(tried, turns, P24), P24) != [], "channel 1 is off and channel 0 ends in mid-swing"
    rig.session.disconnected()
    assert in_use(rig) == changed(tried, 0, current_ua=25_000)
    assert rig.device.stops == 0


@pytest.mark.parametrize(
    ("tried", "ends_as", "phase"),
    [
        (MORE, OLD, SETTLED),
        (SOONER, OLD, SETTLED),
        (OTHER, OTHER, UNCONFIRMED),
        (LESS, LESS, UNCONFIRMED),
        (MIXED, changed(OLD, 1, current_ua=15_000), UNCONFIRMED),
    ],
)
@pytest.mark.parametrize("by", ["lost link", "ten minutes", "power off"])
def test_a_trial_that_nobody_confirms_ends_in_the_smaller_of_both(tried, ends_as, phase, by):
    rig = Rig()
    rig.therapist()
    rig.commit(tried)
    if by == "lost link":
        rig.session.disconnected()
    elif by == "ten minutes":
        rig.pass_s(599)
        rig.talk.take()
        assert in_use(rig) == tried
        rig.pass_s(1.1)
        rig.talk.take()
        events = [v[7:] for k, v in rig.talk.heard if k == gatt.CONTROL and v[2:4] == b"\x6b\x3d"]
        assert events[-1][0] == ops.TRIAL_ENDED
    else:
        rig = Rig(rig.store, NotedDevice(confirmed_in(rig.store, None)))
    assert in_use(rig) == ends_as
    assert rig.session.changes.phase == phase
    assert kept(rig.store).confirmed == OLD
    entry = entry_of(rig)
    assert (entry.action, entry.role, entry.to_hash) == (
        history.ENDED,
        3 if by == "ten minutes" else 0,
        hash_of(ends_as),
    )


def test_what_was_not_confirmed_stays_so_until_a_person_decides():
    rig = Rig()
    rig.therapist()
    rig.commit(LESS)
    rig.session.disconnected()
    for _ in range(3):
        rig = Rig(rig.store, NotedDevice(OLD))
        assert in_use(rig) == LESS
        assert rig.session.changes.phase == UNCONFIRMED
    rig.therapist()
    assert rig.talk.ask(ops.CONFIRM, hash_of(LESS), rig.session.changes.revision).result == ops.OK
    rig = Rig(rig.store, NotedDevice(LESS))
    assert in_use(rig) == LESS
    assert rig.session.changes.phase == SETTLED


def test_a_step_under_way_that_still_uses_less_is_not_raised_by_the_end_of_a_trial():
    rig = Rig()
    rig.therapist()
    rig.commit(LESS)
    rig.device.is_walking = True
    rig.commit(changed(LESS, 0, current_ua=24_000), txn=2)
    assert in_use(rig) == LESS
    rig.session.disconnected()
    rig.device.ends_step()
    assert in_use(rig) == LESS


def test_a_trial_that_cannot_be_ended_stops_and_is_ended_as_soon_as_it_can():
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    rig.device.refuses = OSError("the controller is gone")
    rig.session.disconnected()
    assert rig.device.told[-1] == "stop"
    assert rig.session.changes.is_ending_due
    rig.device.refuses = None
    rig.session.work()
    assert in_use(rig) == OLD
    assert not rig.session.changes.is_ending_due


def test_what_a_person_takes_back_before_it_could_be_ended_is_not_ended_once_more():
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    changes = rig.session.changes
    rig.device.refuses = OSError("the controller is gone")
    changes.end_trial()
    assert changes.is_ending_due
    rig.device.refuses = None
    assert changes.revert(changes.revision)[0] == ops.OK
    assert not changes.is_ending_due
    revision = changes.revision
    rig.session.work()
    assert (changes.revision, in_use(rig)) == (revision, OLD)


def test_a_trial_is_ended_even_if_that_cannot_be_written_down():
    rig = Rig()
    rig.therapist()
    rig.commit(LESS)
    rig.store.is_full = True
    rig.session.disconnected()
    assert rig.session.changes.phase == UNCONFIRMED
    rig.store.is_full = False
    again = Rig(rig.store, NotedDevice(OLD))
    assert in_use(again) == LESS


def test_a_lost_link_drops_what_was_staged():
    rig = Rig()
    talk = rig.therapist()
    talk.stage(MORE, 1)
    rig.session.disconnected()
    rig.therapist()
    assert rig.talk.ask(ops.COMMIT, 1, 1).result == ops.WRONG_TXN
    assert in_use(rig) == OLD


# Power-on ----------------------------------------------------------------------------------------


def test_a_device_starts_with_what_was_confirmed_last():
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    rig.talk.ask(ops.CONFIRM, hash_of(MORE), 2)
    assert confirmed_in(rig.store, OLD) == MORE
    assert confirmed_in(new_store(), OTHER) == OTHER


def test_another_profile_at_power_on_is_a_new_revision_in_the_history():
    rig = Rig()
    rig.therapist()
    rig.commit(LESS)
    again = Rig(rig.store, NotedDevice(OTHER))
    assert (again.session.changes.phase, again.session.changes.revision) == (SETTLED, 3)
    entry = entry_of(again)
    assert (entry.action, entry.from_hash, entry.to_hash) == (history.LOADED, hash_of(LESS), hash_of(OTHER))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d[:-1],
        lambda d: b"\x02" + d[1:],
        lambda d: d[:2] + b"\x03" + d[3:],
        lambda d: b"",
        lambda d: d + d,
        lambda d: d[:20] + b"\xff" + d[21:],
    ],
)
def test_a_damaged_record_is_said_and_nothing_runs_on_a_guess(spoil):
    store = new_store()
    Rig(store)
    store.save("prescription", spoil(store.load("prescription")))
    with pytest.raises(Damaged, match="cannot be read"):
        Rig(store)
    with pytest.raises(Damaged, match="cannot be read"):
        confirmed_in(store, OLD)


def test_a_restart_after_a_trial_ends_it_before_anything_else():
    store = new_store()
    rig = Rig(store)
    rig.therapist()
    rig.commit(MORE)
    device = NotedDevice(OLD)
    Changes(device, store, rig.session.history, rig.session._author)
    assert device.in_use == OLD
    assert device.told == ["commit"]
    assert kept(store).phase == SETTLED


# History -----------------------------------------------------------------------------------------


def test_the_history_says_who_when_from_what_to_what():
    rig = Rig()
    talk = rig.therapist()
    talk.ask(ops.TIME, 200_000_000)
    rig.pass_s(7)
    rig.commit(MORE)
    talk.ask(ops.CONFIRM, hash_of(MORE), 2)
    assert rig.session.history.count == 3
    tried = entry_of(rig, 1)
    assert tried == (
        *(history.TRIED, "Ada", 3, b"\x01\x02\x03\x04\x05\xc6", 200_000_007, 1, 7, 2),
        *(hash_of(OLD), hash_of(MORE), canonical_bytes(MORE)),
    )
    assert entry_of(rig, 2).action == history.CONFIRMED
    assert rig.session.history.is_genuine()


def test_the_history_is_read_over_the_air_in_pieces():
    rig = Rig()
    talk = rig.therapist()
    rig.session.mtu = 64
    entry, at = b"", 0
    while True:
        reply = talk.ask(ops.HISTORY, 0, at)
        entry += reply.values.part
        at = len(entry)
        if at == reply.values.length:
            break
        assert reply.values.part
    assert entry == rig.session.history.entry(0)
    assert talk.ask(ops.HISTORY, 1, 0).result == ops.NO_RECORD


@pytest.mark.parametrize("spoil", ["a bit", "an entry left out", "two swapped", "its own tag"])
def test_a_history_that_was_changed_is_noticed(spoil):
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    rig.talk.ask(ops.CONFIRM, hash_of(MORE), 2)
    lines = rig.store.lists["history"]
    if spoil == "a bit":
        lines[1] = lines[1][:9] + bytes([lines[1][9] ^ 1]) + lines[1][10:]
    elif spoil == "an entry left out":
        del lines[1]
    elif spoil == "two swapped":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines[1] = lines[1][:-16] + hashlib.sha256(lines[0][-16:] + lines[1][:-16]).digest()[:16]
    assert not rig.session.history.is_genuine()


def test_the_history_goes_on_from_its_last_entry_after_power_off():
    store = new_store()
    Rig(store)
    rig = Rig(store)
    rig.therapist()
    rig.commit(MORE)
    assert rig.session.history.is_genuine()
    assert rig.session.boot == 2


def test_a_clock_that_was_set_to_the_end_of_time_does_not_break_the_history():
    rig = Rig()
    talk = rig.therapist()
    talk.ask(ops.TIME, 2**30 - 1)
    rig.pass_s(5)
    assert rig.commit(MORE).result == ops.OK
    assert entry_of(rig, 1).wall_s == 2**30 - 1
