"""The therapist's client arms, holds a test button and stops, over the software radio."""

import argparse
import asyncio
import contextlib

import pytest

from firmware_py.link import ops
from tests.client_rig import (
    AT,
    bedside,
    beside,
    hears,
    loses_the_link,
    unlocked,
)
from tests.radio_rig import run, until
from therapist import connection, link_job
from therapist.client import NotArmed
from therapist.known import Known
from therapist.link_errors import LinkLost, Refused
from therapist.press import press


def test_arming_waits_until_it_is_done_or_says_how_the_device_stands(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ward.device.arms_after = 5
            await link.arm(ops.ARM_WALK)
            assert ward.device.armed == 1
            ward.device.armed, ward.device.arms_after, ward.speed = 0, 10**6, 20
            with pytest.raises(NotArmed, match="did not arm"):
                await link.arm(ops.ARM_TEST)

    run(deed())


def test_a_press_beats_while_the_button_is_held_and_then_lets_go(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            loop = asyncio.get_running_loop()
            end_s = loop.time() + 0.7
            shown = await press(link, 1, is_held=lambda: loop.time() < end_s, current_max_ma=12.5)
            assert "hold 1 12500" in ward.device.told
            assert ward.device.told.count("beat") >= 2
            assert ward.device.told[-1] == "release"
            assert (shown.channel, shown.name, shown.granted, shown.lift_deg) == (1, "swapped", 77, -12.34)

    run(deed())


def test_a_press_whose_program_is_told_to_end_lets_go(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            held = asyncio.ensure_future(press(link, 0))
            await until(lambda: ward.session.bursts.is_held)
            held.cancel()
            with pytest.raises(asyncio.CancelledError):
                await held
            assert not ward.session.bursts.is_held

    run(deed())


def test_a_press_whose_program_is_told_to_end_before_the_device_has_answered_lets_go(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            next_out = ward.session.next_out
            monkeypatch.setattr(ward.session, "next_out", lambda queued=0: None)  # the answer waits
            held = asyncio.ensure_future(press(link, 0))
            await until(lambda: ward.session.bursts.is_held)
            held.cancel()
            await asyncio.sleep(0)
            monkeypatch.setattr(ward.session, "next_out", next_out)
            with pytest.raises(asyncio.CancelledError):
                await held
            assert ward.device.told[-1] == "release"

    run(deed())


def test_a_press_lets_go_although_its_end_was_swallowed_below(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ask = link.ask_once

            async def swallows(code, *asked):
                got = await ask(code, *asked)
                if code == ops.HOLD:
                    held.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.sleep(0)  # as a stack may do that has its answer already
                return got

            monkeypatch.setattr(link, "ask_once", swallows)
            held = asyncio.ensure_future(press(link, 0))
            with pytest.raises(asyncio.CancelledError):
                await held
            assert not ward.session.bursts.is_held
            assert ward.device.told.count("beat") == 0

    run(deed())


@pytest.mark.parametrize("dead", ["cut", "stalled"])
def test_a_press_that_is_cut_off_or_stalls_is_ended_by_the_device(tmp_path, monkeypatch, dead):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            if dead == "stalled":
                ask = link.ask_once

                async def stalls(code, *asked):
                    if code == ops.BEAT:
                        await until(lambda: not ward.session.bursts.is_held)
                    return await ask(code, *asked)

                monkeypatch.setattr(link, "ask_once", stalls)
                shown = await press(link, 0)
                assert shown.granted == 77
            else:
                held = asyncio.ensure_future(press(link, 0))
                await until(lambda: ward.session.bursts.is_held)
                ward.air.cut()
                with pytest.raises(LinkLost):
                    await held
                await until(lambda: not ward.session.bursts.is_held)

    run(deed())


def test_stop_goes_past_a_request_that_waits(tmp_path, monkeypatch):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            monkeypatch.setattr(ward.session, "next_out", lambda queued=0: None)
            waits = asyncio.ensure_future(link.ask_once(ops.PAUSE))
            await until(lambda: "pause" in ward.device.told)
            await link.stop()
            assert ward.device.told[-1] == "stop"
            waits.cancel()

    run(deed())


def test_a_stop_after_a_lost_link_is_the_first_thing_that_the_device_hears(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            await loses_the_link(ward, link)
            heard = hears(ward, monkeypatch)
            await link.stop()
            assert heard == [ops.STOP]
            assert ward.device.told[-1] == "stop"
            await link.ask(ops.CLEAR)
            assert heard[1:] == [ops.HELLO, ops.CHALLENGE, ops.UNLOCK, ops.TIME, ops.CLEAR], (
                "and then who one was before"
            )

    run(deed())


def test_a_stop_after_a_lost_link_is_sent_although_the_pin_is_refused(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            await loses_the_link(ward, link)
            for _ in range(3):
                ward.session.unlock.lockout.count("Ada", True)
            await link.stop()
            assert ward.device.told[-1] == "stop"
            with pytest.raises(Refused, match="Too many wrong PINs"):
                await link.ask(ops.CLEAR)

    run(deed())


def test_a_stop_does_not_wait_until_somebody_else_has_come_back_after_a_lost_link(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            is_unlocking, goes_on, unlock = asyncio.Event(), asyncio.Event(), link._unlock

            async def slow(*user):
                is_unlocking.set()
                await goes_on.wait()
                return await unlock(*user)

            monkeypatch.setattr(link, "_unlock", slow)
            await loses_the_link(ward, link)
            clears = asyncio.ensure_future(link.ask(ops.CLEAR))
            await is_unlocking.wait()
            await link.stop()
            assert ward.device.told[-1] == "stop"
            goes_on.set()
            await clears
            assert ward.device.told[-1] == "clear"

    run(deed())


def test_a_stop_that_is_lost_on_its_way_is_sent_again(tmp_path, monkeypatch):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            monkeypatch.setattr(connection, "AGAIN_S", 0.01)
            write, lost = ward.session.write, []

            def drops(key, data):
                if lost:
                    return write(key, data)
                lost.append(data)
                ward.air.cut()
                asyncio.get_running_loop().call_later(0.3, ward.air.mend)
                return 0

            monkeypatch.setattr(ward.session, "write", drops)
            await link.stop()
            assert ward.device.told == ["stop"]

    run(deed())


def test_the_job_stop_needs_no_answer_to_hello(tmp_path, monkeypatch, capsys):
    async def deed():
        async with bedside(tmp_path) as ward:
            heard = hears(ward, monkeypatch)
            known = Known(tmp_path / "known.json")
            assert await link_job._stop(argparse.Namespace(address=AT, known=known)) == 0
            assert heard == [ops.STOP]
            assert ward.device.told[-1] == "stop"

    run(deed())
    assert capsys.readouterr().out.startswith(f"Stopped: SWP-TEST ({AT}).\nnot armed.")
