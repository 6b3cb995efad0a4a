"""A laptop gives a proof of a PIN only to a device that asks for it as it did before."""

import pytest

from firmware_py.link import ops
from firmware_py.pi.link_users import ROUNDS, add_user
from tests.client_rig import AT, PIN, bedside, beside, hears, unlocked
from tests.radio_rig import run
from therapist import link_job
from therapist.known import Known
from therapist.link_errors import LinkError, Refused

SALT = bytes(range(8))
NEW_PIN = "271828"


class Jobs:
    """Jobs of a laptop with a memory, at one device."""

    def __init__(self, folder):
        self.folder, self.known = folder, Known(folder / "devices.json")

    async def unlock(self, *more, pin=PIN):
        """./swingphase link unlock"""
        (self.folder / "pin").write_text(pin)
        (self.folder / "new-pin").write_text(NEW_PIN)
        job = ["unlock", "--address", AT, "--user", "Ada", "--pin-file", str(self.folder / "pin"), *more]
        chosen = link_job._parser().parse_args(job)
        chosen.known = self.known
        return await chosen.do(chosen)

    @property
    def made_with(self):
        """What it remembers of Ada's PIN."""
        met = self.known.at(AT)
        return met and met.pins.get("Ada")


def asks_for(ward, monkeypatch, salt, rounds):
    """Let the device, or a false one at its address, ask for this."""
    challenge = ward.session.unlock.challenge
    monkeypatch.setattr(
        ward.session.unlock,
        "challenge",
        lambda user: (challenge(user)[0], (challenge(user)[1][0], salt, rounds)),
    )


@pytest.mark.parametrize("what", ["salt", "rounds"])
def test_a_device_that_asks_for_a_known_pin_in_another_way_gets_no_proof(tmp_path, monkeypatch, what):
    async def deed():
        async with unlocked(tmp_path) as (ward, link):
            made_with = (await link.unlock("Ada", PIN)).made_with
            assert made_with == tuple(ward.session.unlock.challenge("Ada")[1][1:])
            assert (await link.unlock("Ada", PIN, made_with)).role == "therapist"
            other = (SALT, ROUNDS) if what == "salt" else (made_with[0], ROUNDS + 1)
            asks_for(ward, monkeypatch, *other)
            heard = hears(ward, monkeypatch)
            with pytest.raises(LinkError, match=r"not asked for as before.*leave it"):
                await link.unlock("Ada", PIN, made_with)
            assert heard == [ops.CHALLENGE]

    run(deed())


def test_a_laptop_remembers_how_a_pin_was_asked_for_once_the_device_has_proved_that_it_knows_it(tmp_path):
    async def deed():
        jobs = Jobs(tmp_path)
        async with bedside(tmp_path) as ward:
            with pytest.raises(Refused, match="Wrong user or PIN"):
                await jobs.unlock(pin=NEW_PIN)
            assert jobs.made_with is None
            assert await jobs.unlock() == 0
            assert jobs.made_with == tuple(ward.session.unlock.challenge("Ada")[1][1:])
            assert await jobs.unlock() == 0

    run(deed())


def test_a_pin_that_was_set_on_this_laptop_is_known_to_it(tmp_path):
    async def deed():
        jobs = Jobs(tmp_path)
        async with bedside(tmp_path):
            assert await jobs.unlock() == 0
            before = jobs.made_with
            new = ("--new-pin-for", "Ada:therapist", "--new-pin-file", str(tmp_path / "new-pin"))
            assert await jobs.unlock(*new) == 0
            assert jobs.made_with != before
            assert await jobs.unlock(pin=NEW_PIN) == 0

    run(deed())


def test_a_pin_that_was_set_elsewhere_is_taken_once_a_person_says_so(tmp_path):
    async def deed():
        jobs = Jobs(tmp_path)
        async with bedside(tmp_path) as ward:
            assert await jobs.unlock() == 0
            add_user(ward.store, "Ada", "therapist", NEW_PIN)
            ward.session.unlock.users.reload()
            with pytest.raises(LinkError, match="--pin-was-changed once"):
                await jobs.unlock(pin=NEW_PIN)
            assert await jobs.unlock("--pin-was-changed", pin=NEW_PIN) == 0
            assert await jobs.unlock(pin=NEW_PIN) == 0

    run(deed())


def test_a_device_on_which_nobody_has_a_pin_is_said_so(tmp_path):
    async def deed():
        async with bedside(tmp_path) as ward, beside() as link:
            ward.session.unlock.users._users = []
            with pytest.raises(LinkError, match="Nobody has a PIN on it yet"):
                await link.unlock("Ada", PIN)

    run(deed())
