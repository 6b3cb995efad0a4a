"""After a lost link: what a person decides holds for what was seen, and what the wearer may have changed stays."""

from types import SimpleNamespace

import pytest

from firmware_py.link import ops
from tests.client_rig import AT, MORE, OLD, PIN, bedside, beside, cuts_after, loses_the_link, unlocked
from tests.link_rig import in_use
from tests.mpy.link_session import changed
from tests.radio_rig import run, until
from therapist import client, link_job
from therapist.client import TrialEnded
from therapist.known import Known
from therapist.link_errors import LinkLost

SMALLER = changed(OLD, 1, current_ua=15_000)
MIXED = changed(SMALLER, 0, current_ua=28_000)  # more on one channel, less on the other


@pytest.mark.parametrize("decides", ["confirm", "revert"])
def test_nobody_decides_about_a_trial_that_ended_with_a_lost_link(tmp_path, decides):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            seen = await link.try_prescription(MIXED)
            await loses_the_link(ward, link)
            with pytest.raises(TrialEnded, match="smaller of what was tried") as caught:
                await getattr(link, decides)(seen)
            assert caught.value.runs.prescription == in_use(ward) == SMALLER
            assert (await link.confirmed()).prescription == OLD
            await getattr(link, decides)(caught.value.runs)
            assert in_use(ward) == (SMALLER if decides == "confirm" else OLD)

    run(deed())


def test_a_trial_that_ended_and_left_the_confirmed_prescription_is_said_so(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            seen = await link.try_prescription(MORE)
            await loses_the_link(ward, link)
            with pytest.raises(TrialEnded, match="The confirmed prescription runs now"):
                await link.confirm(seen)
            assert in_use(ward) == OLD

    run(deed())


@pytest.mark.parametrize("says", ["y", "n"])
def test_who_answers_after_the_trial_has_ended_is_told_what_runs_now(tmp_path, monkeypatch, capsys, says):
    async def deed():
        async with bedside(tmp_path) as ward:
            (tmp_path / "pin").write_text(PIN)

            async def answers(_):
                ward.air.cut()
                await until(lambda: ward.session.access.state == 0)
                ward.air.mend()
                return says == "y"

            monkeypatch.setattr(link_job, "_asked", answers)
            job = ["set", "--address", AT, "--user", "Ada", "--pin-file", str(tmp_path / "pin")]
            job += ["tibialis_anterior.current_ua=28000", "peroneal.current_ua=15000"]
            chosen = link_job._parser().parse_args(job)
            chosen.known = Known(tmp_path / "known.json")
            assert await chosen.do(chosen) == 1
            assert in_use(ward) == SMALLER

    run(deed())
    said = capsys.readouterr().out
    assert "The trial is over" in said
    assert "  tibialis_anterior.current_ua: was 25000, tried 28000, now 25000 uA" in said
    assert "  peroneal.current_ua: was 20000, tried 15000, now 15000 uA" in said


WEARERS = [(ops.LEVEL, 100), (ops.PAUSE,), (ops.RESUME,)]


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("asked", WEARERS, ids=lambda asked: ops.BY_CODE[asked[0]].name)
def test_what_the_wearer_may_have_set_by_key_meanwhile_is_not_sent_again(
    tmp_path, monkeypatch, asked, is_done
):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            cuts_after(ward, asked[0], monkeypatch, is_done=is_done)
            with pytest.raises(LinkLost, match="It was done" if is_done else "It was not done"):
                await link.ask(*asked)
            assert len(ward.device.told) == is_done

    run(deed())


def test_the_clock_that_is_set_after_a_lost_link_is_not_that_of_before(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            await loses_the_link(ward, link)
            now_s = client.EPOCH_2020_S + 300_000_000
            monkeypatch.setattr(client, "time", SimpleNamespace(time=lambda: now_s))
            await link.ask(ops.CLEAR)
            assert ward.session.wall_s == 300_000_000
        assert ops.TIME not in client.RESENT

    run(deed())
