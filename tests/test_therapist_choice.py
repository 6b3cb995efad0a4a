"""A laptop in a ward with several devices takes the one that is meant, or none; a stop is not kept waiting for that."""

import argparse
import contextlib
import stat
from types import SimpleNamespace

import pytest

from firmware_py.pi.console import UserError
from hw_sim.radio.air import Air
from tests.client_rig import new_store
from tests.radio_rig import ADDRESS, Ward, run, until
from therapist import link_job
from therapist.channel import find
from therapist.choice import meant, stop_in_reach
from therapist.client import LinkClient
from therapist.known import Known, default_path
from therapist.link_errors import Doubt, NotFound, Refused

A, B = ADDRESS, "F0:5A:C0:00:00:0B"
LISTENS_S = 0.6
FOR_EVER_S = 600  # a test that listens so long fails


class Two:
    """Two devices in one ward, and what the laptop knows of them."""

    def __init__(self, a: Ward, b: Ward, known: Known) -> None:
        self.a, self.b, self.known = a, b, known
        self.said: list[str] = []

    def knows(self, *names: str) -> None:
        """Let the laptop know these."""
        for name in names:
            self.known.meet({"SWP-A": A, "SWP-B": B}[name], name)

    async def stop(self, wanted=None, seconds=LISTENS_S) -> int:
        """What `link stop` does."""
        return await stop_in_reach(self.known, wanted, self.said.append, seconds)

    @property
    def stopped(self) -> list[str]:
        """Who was stopped."""
        return [name for name, ward in (("A", self.a), ("B", self.b)) if "stop" in ward.device.told]


async def silent(ward: Ward) -> None:
    """As a device is that somebody else is connected to."""
    await ward.peripheral.device.stop_advertising()


@contextlib.asynccontextmanager
async def two(folder, *, pairs=True, name_of_b="SWP-B"):
    """A ward with two devices, whose laptop is paired with both."""
    air = Air(supervision_s=0.05)
    async with (
        Ward(folder, store=new_store(), air=air, name="SWP-A") as a,
        Ward(folder, store=new_store(), air=air, name=name_of_b, address=B) as b,
        a.laptop() as laptop,
    ):
        with laptop.installed():
            for ward, address in ((a, A), (b, B)) if pairs else ():
                laptop.passkey = ward.reads_display
                ward.session.pairing.button()
                async with LinkClient(address, says_hello=False) as link:
                    await link.pair()
                await until(lambda ward=ward: ward.session.access.state == 0)
            yield Two(a, b, Known(folder / "devices.json"))


def test_of_two_devices_nearby_none_is_taken_and_both_are_named(tmp_path):
    async def deed():
        async with two(tmp_path, pairs=False) as ward:
            both = rf"SWP-A \({A}\) and SWP-B \({B}\).*--address"
            with pytest.raises(Doubt, match=both):
                await find(None, LISTENS_S)
            ward.knows("SWP-A")
            with pytest.raises(Doubt, match=both):
                await meant(ward.known, None, LISTENS_S)

    run(deed())


def test_the_only_device_that_is_heard_is_taken_if_it_is_the_only_one_that_is_known(tmp_path):
    async def deed():
        async with two(tmp_path, pairs=False) as ward:
            await silent(ward.b)
            with pytest.raises(Doubt, match=r"does not know SWP-A .*link pair"):
                await meant(ward.known, None, LISTENS_S)
            ward.knows("SWP-A")
            assert (await meant(ward.known, None, LISTENS_S)).address == A

    run(deed())


def test_the_only_device_that_is_heard_is_not_taken_while_the_own_one_is_connected_elsewhere(tmp_path):
    async def deed():
        async with two(tmp_path, pairs=False) as ward:
            await silent(ward.a)
            ward.knows("SWP-A")
            with pytest.raises(Doubt, match=r"knows SWP-A .* and hears SWP-B"):
                await meant(ward.known, None, LISTENS_S)
            ward.knows("SWP-B")
            with pytest.raises(Doubt, match=r"knows SWP-A .*, SWP-B"):
                await meant(ward.known, None, FOR_EVER_S)

    run(deed())


def test_a_name_stands_for_the_address_that_it_was_known_with_whoever_else_uses_it(tmp_path):
    async def deed():
        async with two(tmp_path, pairs=False, name_of_b="SWP-A") as ward:
            ward.knows("SWP-A")
            assert (await meant(ward.known, "swp-a", FOR_EVER_S)).address == A
            assert (await meant(ward.known, B.lower(), FOR_EVER_S)).address == B
            await silent(ward.a)
            with pytest.raises(NotFound, match=f"{A} was asked for"):
                await meant(ward.known, "SWP-A", LISTENS_S)
            ward.known.meet(B, "SWP-A")
            with pytest.raises(Doubt, match=r"knows SWP-A .*, SWP-A"):
                await meant(ward.known, "SWP-A", FOR_EVER_S)

    run(deed())


# Stop ---------------------------------------------------------------------------------------------


def test_a_stop_goes_at_once_to_the_only_device_that_is_known_whoever_else_is_heard(tmp_path):
    async def deed():
        async with two(tmp_path) as ward:
            ward.knows("SWP-B")
            assert await ward.stop(seconds=FOR_EVER_S) == 1
            assert ward.stopped == ["B"]
            assert ward.said[0] == f"Stopped: SWP-B ({B})."
            assert ward.said[1].startswith("not armed.")

    run(deed())


def test_a_stop_goes_to_every_known_device_in_reach_and_says_which_it_did_not_reach(tmp_path):
    async def deed():
        async with two(tmp_path) as ward:
            ward.knows("SWP-A", "SWP-B")
            assert await ward.stop(seconds=FOR_EVER_S) == 2
            assert ward.stopped == ["A", "B"]
            ward.said.clear()
            await silent(ward.a)
            assert await ward.stop() == 1
            assert ward.said == [f"Stopped: SWP-B ({B}).", f"Not stopped: SWP-A ({A})."]

    run(deed())


def test_a_stop_with_an_address_or_a_name_goes_to_no_other(tmp_path):
    async def deed():
        async with two(tmp_path) as ward:
            assert await ward.stop(B, FOR_EVER_S) == 1
            ward.knows("SWP-A", "SWP-B")
            assert await ward.stop("SWP-B", FOR_EVER_S) == 1
            assert ward.stopped == ["B"]

    run(deed())


@pytest.mark.parametrize("file", [None, "no JSON"])
def test_a_laptop_that_remembers_nobody_stops_whoever_it_hears(tmp_path, file):
    async def deed():
        async with two(tmp_path) as ward:
            if file:
                (tmp_path / "devices.json").write_text(file)
            assert await ward.stop() == 2
            assert ward.stopped == ["A", "B"]

    run(deed())


def test_a_stop_that_reached_nobody_says_so(tmp_path):
    async def deed():
        async with two(tmp_path, pairs=False) as ward:
            with pytest.raises(NotFound, match=r"Nothing was stopped.*switch in the wearer's hand"):
                await ward.stop()
            assert all("not paired" in said for said in ward.said), "strangers refuse"
            await silent(ward.a)
            ward.knows("SWP-A")
            with pytest.raises(NotFound, match=f"Nothing was stopped: SWP-A .{A}."):
                await ward.stop()
            assert ward.stopped == []

    run(deed())


# Jobs ---------------------------------------------------------------------------------------------

JOBS = [
    ["set", "rise_ms=200"],
    ["confirm"],
    ["test", "peroneal"],
    ["level", "50"],
    ["unlock"],
    ["history"],
    ["log", "walk.swp"],
    ["get"],
    ["info"],
    ["watch"],
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job[0])
def test_a_laptop_that_knows_two_devices_is_told_which_one_before_it_does_anything(tmp_path, job):
    known = Known(tmp_path / "laptop-devices.json")
    known.meet(A, "SWP-A")
    known.meet(B, "SWP-B")
    without_a_radio = SimpleNamespace(laptop=lambda *_: contextlib.nullcontext())
    with pytest.raises(Doubt, match=r"knows SWP-A .*, SWP-B .*--address"):
        link_job.main([*job, "--sim", str(tmp_path)], lambda: without_a_radio)


def test_the_device_is_named_before_the_pin_is_asked_for(tmp_path, monkeypatch, capsys):
    def asks(_):
        assert capsys.readouterr().err == f"Device: SWP-B ({B}).\n"
        return "999999"

    async def deed():
        async with two(tmp_path) as ward:
            monkeypatch.setattr(link_job.getpass, "getpass", asks)
            chosen = link_job._parser().parse_args(["unlock", "--user", "Ada", "--address", B])
            chosen.known = ward.known
            with pytest.raises(Refused, match="Wrong user or PIN"):
                await chosen.do(chosen)

    run(deed())


def test_a_device_is_known_once_it_has_answered_and_can_be_forgotten(tmp_path, capsys):
    async def deed():
        async with two(tmp_path) as ward:
            chosen = argparse.Namespace(known=ward.known, address=A, percent=50)
            assert await link_job._level(chosen) == 0
            assert [(met.address, met.name) for met in ward.known.all()] == [(A, "SWP-A")]
            assert capsys.readouterr().err == f"Device: SWP-A ({A}).\n"
            assert await link_job._forget(argparse.Namespace(known=ward.known, address="SWP-A")) == 0
            assert ward.known.all() == []
            with pytest.raises(UserError, match="knows no device"):
                await link_job._forget(argparse.Namespace(known=ward.known, address=None))

    run(deed())


def test_what_a_laptop_remembers_is_for_its_owner_alone(tmp_path):
    known = Known(tmp_path / "new" / "devices.json")
    known.meet(A.lower(), "SWP-A")
    assert stat.S_IMODE((tmp_path / "new" / "devices.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert [met.address for met in known.all()] == [A]
    known.meet(A, "")
    assert [met.name for met in known.all()] == ["SWP-A"], "a name is not lost because it was not heard"


@pytest.mark.parametrize(
    "text", ["", "[", "{}x", '[{"address": 1}]', '[{"address": "a", "name": "b", "pins": {"c": 1}}]']
)
def test_a_damaged_memory_of_a_laptop_is_said_so(tmp_path, text):
    (tmp_path / "devices.json").write_text(text)
    with pytest.raises(UserError, match=r"is damaged.*delete the file"):
        Known(tmp_path / "devices.json").all()


def test_a_memory_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Known(tmp_path / "missing" / ".." / "folder" / "devices.json").meet(A, "SWP-A")


def test_a_real_laptop_remembers_in_the_folder_of_its_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "swingphase/devices.json"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local/share/swingphase/devices.json"
