"""The therapist's client, ordinary bleak, over the software radio, when all is well and when it is not."""

import asyncio

import pytest
from bleak.exc import BleakGATTProtocolError, BleakGATTProtocolErrorCode

from firmware_py.link import ops
from firmware_py.link.kept import hash_of
from tests.client_rig import (
    AT,
    LESS,
    MORE,
    OLD,
    PIN,
    SCAN_S,
    bedside,
    beside,
    cuts_after,
    loses_the_link,
    unlocked,
)
from tests.link_rig import in_use
from tests.mpy.link_session import changed
from tests.radio_rig import run, until
from therapist import channel
from therapist.channel import scan
from therapist.client import LinkClient, TrialEnded
from therapist.link_errors import LinkError, LinkLost, NeedsPairing, NotFound, Refused

# Finding and pairing ------------------------------------------------------------------------------


def test_a_scan_names_what_is_nearby(tmp_path):
    async def deed():
        async with bedside(tmp_path, pairs=False):
            (found,) = await scan(SCAN_S)
            assert (found.address, found.name, found.rssi_dbm < 0) == (AT, "SWP-TEST", True)

    run(deed())


@pytest.mark.parametrize("address", [None, "F0:00:00:00:00:99"])
def test_a_device_that_is_not_there_is_said_so(tmp_path, address):
    async def deed():
        async with bedside(tmp_path, pairs=False) as ward:
            if address is None:
                await ward.peripheral.device.stop_advertising()
            with pytest.raises(NotFound, match="Heard"):
                async with LinkClient(address, scan_s=SCAN_S):
                    pass

    run(deed())


def test_a_laptop_that_is_not_paired_is_told_how(tmp_path):
    async def deed():
        async with bedside(tmp_path, pairs=False):
            with pytest.raises(NeedsPairing, match="link pair"):
                async with beside():
                    pass

    run(deed())


def test_before_pairing_only_what_is_open_can_be_read(tmp_path):
    async def deed():
        async with bedside(tmp_path, pairs=False), beside(says_hello=False) as link:
            assert (await link.about())["model"] == "P24"
            info = await link.info()
            assert (info.is_pairable, info.piece_max) == (0, 247 - 3 - 6)
            with pytest.raises(NeedsPairing):
                await link.status()

    run(deed())


def test_a_closed_window_is_said_so(tmp_path):
    async def deed():
        async with bedside(tmp_path, pairs=False), beside(says_hello=False) as link:
            with pytest.raises(LinkError, match="pairing button"):
                await link.pair()

    run(deed())


def test_after_unpairing_it_is_a_stranger(tmp_path):
    async def deed():
        async with bedside(tmp_path) as ward:
            async with beside() as link:
                await link.unpair()
            await until(lambda: ward.session.access.state == 0)
            with pytest.raises(NeedsPairing):
                async with beside():
                    pass

    run(deed())


# Roles -------------------------------------------------------------------------------------------


def test_a_pin_unlocks_and_sets_the_clock_and_lock_locks(tmp_path):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            with pytest.raises(Refused) as caught:
                await link.ask(ops.ACKNOWLEDGE)
            assert caught.value.result == ops.NOT_ALLOWED
            got = await link.unlock("Ada", PIN)
            assert (got.role, got.minutes) == ("therapist", 15)
            assert ward.session.wall_s > 150_000_000
            await link.ask(ops.ACKNOWLEDGE)
            await link.lock()
            with pytest.raises(Refused):
                await link.ask(ops.ACKNOWLEDGE)

    run(deed())


def test_a_wrong_pin_is_refused_and_the_wait_is_named(tmp_path):
    async def deed():
        async with bedside(tmp_path), beside() as link:
            for _ in range(2):
                with pytest.raises(Refused, match="Wrong user or PIN"):
                    await link.unlock("Ada", "999999")
            with pytest.raises(Refused, match="Wait 30 s"):
                await link.unlock("Ada", "999999")
            with pytest.raises(Refused, match="Too many wrong PINs"):
                await link.unlock("Ada", PIN)

    run(deed())


def test_a_device_that_does_not_know_the_pin_is_found_out(tmp_path, monkeypatch):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            real = ward.session.unlock.unlock
            monkeypatch.setattr(ward.session.unlock, "unlock", lambda *a: (*real(*a)[:2], bytes(8)))
            with pytest.raises(LinkError, match="does not know the PIN"):
                await link.unlock("Ada", PIN)

    run(deed())


@pytest.mark.parametrize("rounds", [0, 1, 199_999, 5_000_001])
def test_a_device_that_would_learn_the_pin_from_a_cheap_proof_gets_none(tmp_path, monkeypatch, rounds):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            challenge = ward.session.unlock.challenge
            monkeypatch.setattr(
                ward.session.unlock,
                "challenge",
                lambda user: (challenge(user)[0], (*challenge(user)[1][:2], rounds)),
            )
            with pytest.raises(LinkError, match="Leave it"):
                await link.unlock("Ada", PIN)
            assert ward.session.unlock.lockout.wait_s == 0, "nothing was sent"

    run(deed())


def test_a_therapist_sets_the_own_pin(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (_, link):
            await link.set_pin("Ada", "therapist", "271828")
            await link.lock()
            with pytest.raises(Refused):
                await link.unlock("Ada", PIN)
            await link.unlock("Ada", "271828")

    run(deed())


# Prescription ------------------------------------------------------------------------------------


def test_a_change_is_tried_read_back_and_confirmed(tmp_path):
    async def deed():
        shares = []
        async with unlocked(tmp_path) as (ward, link):
            assert (await link.active()).prescription == OLD
            runs = await link.try_prescription(MORE, shares.append)
            assert (runs.prescription, runs.phase) == (MORE, "on trial")
            assert (await link.confirmed()).prescription == OLD
            await link.wait_taken_over()
            assert await link.confirm(runs) == 3
            assert (await link.confirmed()).prescription == MORE
            assert in_use(ward) == MORE
        assert shares[-1] == 1.0

    run(deed())


def test_a_change_that_is_not_confirmed_goes_back(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            runs = await link.try_prescription(MORE)
            assert (await link.revert(runs)).prescription == OLD
            assert in_use(ward) == OLD

    run(deed())


def test_what_the_device_refuses_comes_with_its_sentence(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            with pytest.raises(Refused, match="more than one commit may") as caught:
                await link.try_prescription(changed(OLD, 0, current_ua=40_000))
            assert caught.value.result == ops.REFUSED
            assert in_use(ward) == OLD

    run(deed())


def test_a_change_waits_for_the_end_of_the_step(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ward.device.is_walking = True
            await link.try_prescription(MORE)
            with pytest.raises(LinkError, match="waits for the end"):
                await link.wait_taken_over(0.2)
            ward.device.ends_step()
            await link.wait_taken_over()

    run(deed())


@pytest.mark.parametrize("is_done", [True, False])
def test_a_link_lost_while_confirming_is_looked_into_before_anything_is_said(tmp_path, monkeypatch, is_done):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            runs = await link.try_prescription(MORE)
            cuts_after(ward, ops.CONFIRM, monkeypatch, is_done=is_done)
            if is_done:
                assert await link.confirm(runs) == 3
                assert in_use(ward) == MORE
            else:
                with pytest.raises(TrialEnded, match="confirmed prescription runs now") as caught:
                    await link.confirm(runs)
                assert caught.value.runs.prescription == in_use(ward) == OLD

    run(deed())


def test_a_link_lost_while_going_on_with_the_smaller_is_decided_again(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            await link.try_prescription(LESS)
            await loses_the_link(ward, link)
            await link.reconnect()
            runs = await link.active()
            assert runs.phase == "not confirmed"
            cuts_after(ward, ops.CONFIRM, monkeypatch, is_done=False)
            with pytest.raises(LinkLost, match="It was not done"):
                await link.confirm(runs)
            assert (await link.active()).revision == runs.revision, (
                "no trial, so none that ended with the link"
            )
            await link.confirm(runs)
            assert (await link.confirmed()).prescription == LESS

    run(deed())


@pytest.mark.parametrize("is_done", [True, False])
def test_a_link_lost_while_committing_leaves_the_smaller_and_is_said(tmp_path, monkeypatch, is_done):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            cuts_after(ward, ops.COMMIT, monkeypatch, is_done=is_done)
            with pytest.raises(LinkLost) as caught:
                await link.try_prescription(LESS)
            assert caught.value.is_done == is_done
            assert in_use(ward) == (LESS if is_done else OLD)
            assert (await link.active()).phase == ("not confirmed" if is_done else "confirmed")
            if is_done:
                await link.confirm(await link.active())
                assert (await link.confirmed()).hash == hash_of(LESS)

    run(deed())


@pytest.mark.parametrize("is_done", [True, False])
def test_what_may_be_done_twice_is_done_after_a_lost_link_without_asking(tmp_path, monkeypatch, is_done):
    async def deed():
        links = []
        async with bedside(tmp_path) as ward, beside(on_link=links.append) as link:
            await link.unlock("Ada", PIN)
            cuts_after(ward, ops.DISARM, monkeypatch, is_done=is_done)
            await link.ask(ops.DISARM)
            assert ward.device.told.count("disarm") == 1
            assert links == [True, False, True]

    run(deed())


def test_after_a_lost_link_the_same_user_is_unlocked_again(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ward.air.cut()
            await until(lambda: not link.is_connected)
            ward.air.mend()
            await link.ask(ops.CLEAR)
            assert "clear" in ward.device.told

    run(deed())


@pytest.mark.parametrize("is_gone", [True, False])
def test_an_error_that_bluez_gives_for_a_lost_link_is_not_taken_for_a_missing_pairing(
    tmp_path, monkeypatch, is_gone
):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            write = link._there._client.write_gatt_char
            told = []

            async def fails(*args, **how):
                if told:
                    return await write(*args, **how)
                told.append(args)
                if is_gone:
                    ward.air.cut()
                    asyncio.get_running_loop().call_later(0.3, ward.air.mend)
                raise BleakGATTProtocolError(BleakGATTProtocolErrorCode.UNLIKELY_ERROR)

            monkeypatch.setattr(channel, "GONE_S", 0.5)
            monkeypatch.setattr(link._there._client, "write_gatt_char", fails)
            if is_gone:
                await link.ask(ops.DISARM)
                assert ward.device.told.count("disarm") == 1
            else:
                with pytest.raises(LinkError, match="failed"):
                    await link.ask(ops.DISARM)

    run(deed())


def test_a_device_that_stays_away_is_said_so(tmp_path, monkeypatch):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            monkeypatch.setattr(channel.BleakClient, "connect", _never)
            ward.air.cut()
            await until(lambda: not link.is_connected)
            with pytest.raises(NotFound, match="does not answer"):
                await link.ask(ops.PAUSE)

    async def _never(*_):
        raise TimeoutError

    run(deed())


def test_a_device_that_does_not_answer_leaves_it_open_whether_it_was_done(tmp_path, monkeypatch):
    async def deed():
        monkeypatch.setattr(channel, "ANSWER_S", 0.1)
        async with bedside(tmp_path) as ward, beside() as link:
            monkeypatch.setattr(ward.session, "next_out", lambda queued=0: None)
            with pytest.raises(LinkLost, match="Nobody knows"):
                await link._there.ask(ops.PAUSE, timeout_s=0.1)

    run(deed())
