"""What streams to a client arrives whole: samples, and the log over lost links and other calls."""

import asyncio
import contextlib

import pytest

from tests.client_rig import UNDER_WAY_MAX, bedside, beside, unlocked
from tests.radio_rig import run, until
from therapist.link_errors import LinkError
from therapist.log_download import download_log


def test_samples_arrive_in_the_units_of_a_pc(tmp_path):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link, link.watching() as following:
            ward.session.telemetry.current_ua[0] = 21_500
            ward.session.telemetry.add(ward.t_us, 3, 1, 2, 7_500, -1234, 56_780)
            number, (sample,) = await asyncio.wait_for(following(), 3)
            assert (number, sample.phase, sample.is_swing, sample.output) == (0, "swing", True, "on")
            assert (sample.level, sample.pitch_deg, sample.rate_dps) == (0.75, -12.34, 567.8)
            assert sample.currents_ma == (21.5, 0.0)
            assert ward.session.telemetry.is_on
        await until(lambda: not ward.session.telemetry.is_on)

    run(deed())


def test_watching_goes_on_after_a_lost_link(tmp_path):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link, link.watching() as following:
            ward.air.cut()
            await until(lambda: not link.is_connected)
            ward.air.mend()
            await link.reconnect()
            ward.session.telemetry.add(ward.t_us, 1, 0, 0, 0, 0, 0)
            assert len((await asyncio.wait_for(following(), 3))[1]) == 1

    run(deed())


def rows_of(count):
    return [bytes([1, n & 255]) + n.to_bytes(4, "little") + bytes(30) for n in range(count)]


def rows_in(path):
    from firmware_py.pi.log_file import read_log

    got = read_log(path)
    assert (got.rows_lost, got.bytes_lost) == (0, 0)
    return [got.rows[at : at + 36] for at in range(0, len(got.rows), 36)]


def test_a_log_is_downloaded_whole_with_progress(tmp_path):
    async def deed():
        shares = []
        async with unlocked(tmp_path) as (ward, link):
            ward.log.rows = rows_of(2_000)
            got = await download_log(link, tmp_path / "log.swp", progress=shares.append)
            assert (got.first, got.end, got.resumed) == (0, 2_000, 0)
            assert rows_in(got.path) == ward.log.rows
            assert shares == sorted(shares)
            assert not (tmp_path / "log.swp.part").exists()
            with pytest.raises(LinkError, match="is there already"):
                await download_log(link, tmp_path / "log.swp")

    run(deed())


def test_a_log_whose_download_was_cut_goes_on_from_the_first_missing_record(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ward.log.rows = rows_of(3_000)
            sent = []
            read = ward.log.read

            def reads(number):
                sent.append(number)
                if len(sent) in (700, 1_900):
                    ward.air.cut()
                    asyncio.get_running_loop().call_later(0.2, ward.air.mend)
                return read(number)

            ward.log.__dict__["read"] = reads
            got = await download_log(link, tmp_path / "log.swp")
            assert rows_in(got.path) == ward.log.rows
            assert len(sent) < 3_000 + UNDER_WAY_MAX, "only what was under way is sent again"

    run(deed())


def test_a_log_is_resumed_by_another_call_and_never_mixed_with_another_log(tmp_path, monkeypatch):
    async def deed():
        path = tmp_path / "log.swp"
        async with unlocked(tmp_path) as (ward, link):
            ward.log.rows = rows_of(1_000)
            end = ward.log.end
            monkeypatch.setattr(ward.log, "end", lambda: 400)

            def ends() -> None:
                first.cancel()

            first = asyncio.ensure_future(download_log(link, path, progress=lambda _: ends()))
            with contextlib.suppress(asyncio.CancelledError):
                await first
            assert path.with_name("log.swp.part").exists()
            monkeypatch.setattr(ward.log, "end", end)
            got = await download_log(link, path)
            assert 0 < got.resumed <= 400
            assert rows_in(path) == ward.log.rows
            path.rename(tmp_path / "one.swp")
            path.with_name("log.swp.part").write_bytes(b"SWPPART1" + b"\x99" * 4 + bytes(4) + bytes(360))
            got = await download_log(link, path)
            assert got.resumed == 0, "of another epoch"
            assert rows_in(path) == ward.log.rows

    run(deed())


def test_an_empty_log_is_said_so(tmp_path):
    async def deed():
        async with unlocked(tmp_path) as (_, link):
            with pytest.raises(LinkError, match="empty"):
                await download_log(link, tmp_path / "log.swp")

    run(deed())


def test_a_record_that_was_damaged_on_its_way_is_asked_for_again(tmp_path, monkeypatch):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            ward.log.rows = rows_of(300)
            take = ward.session.logs.take
            spoilt = []

            def takes(n_max):
                data = take(n_max)
                if data is not None and len(spoilt) == 0 and data[3] == 60:
                    spoilt.append(data)
                    return data[:20] + bytes([data[20] ^ 1]) + data[21:]
                return data

            monkeypatch.setattr(ward.session.logs, "take", takes)
            got = await download_log(link, tmp_path / "log.swp")
            assert spoilt
            assert rows_in(got.path) == ward.log.rows

    run(deed())
