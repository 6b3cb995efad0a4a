"""Attacks on pairing by a central that does not keep to the rules; each also runs against a stack where it works.

Were one of them to fail there one day, the stock stack was mended, and the test no longer shows anything.
"""

import asyncio
from typing import ClassVar

import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import crypto, hci, smp
from bumble.core import BaseBumbleError
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.smp import CommandCode, ErrorCode, OobSharedData, PairingMethod, Session

from firmware_py.link.access import WEARER
from hw_sim.radio.strict_pairing import StrictSession
from tests.radio_rig import ADDRESS, Ward, run, until


class HalfStrict(Session):
    """What is often advised: refuse Just Works and legacy pairing in the answer to the request, and no more."""

    def send_pairing_response_command(self):
        if not self.sc or self.pairing_method == PairingMethod.JUST_WORKS:
            self.send_pairing_failed(ErrorCode.AUTHENTICATION_REQUIREMENTS)
            return
        super().send_pairing_response_command()


class Rogue(Session):
    """A central that goes on whatever it is told. `start_encryption` with the key is its aim."""

    failures: ClassVar[list[int]] = []

    def on_smp_command(self, command):
        if isinstance(command, smp.SMP_Pairing_Failed_Command):
            self.failures.append(command.reason)
            self.refused()
        else:
            super().on_smp_command(command)

    def refused(self):
        """What it does about a refusal."""


class BitByBit(Rogue):
    """Tries each bit of the passkey until it is right, in one pairing."""

    def display_or_input_passkey(self, next_steps=None):
        self.passkey = 1 << 20  # beyond the 20 bits that are looked at: the first guess is all zeros
        self.passkey_ready.set()

    def refused(self):
        if self.passkey_step < 20 and len(self.failures) < 60:
            self.passkey = (self.passkey or 0) ^ (1 << self.passkey_step)
            self.send_pairing_confirm_command()

    def on_smp_pairing_random_command(self, command):
        if self.passkey_step == 19:
            self.passkey = (self.passkey or 0) & 0xFFFFF
        super().on_smp_pairing_random_command(command)


class FinishesAnyway(Rogue):
    """Just Works, refused; it sends its key nevertheless and encrypts with what both sides then know."""

    def refused(self):
        if len(self.failures) == 1:
            self.pairing_method = PairingMethod.JUST_WORKS
            self.pres = bytes(7)
            self.sc = True
            self.send_public_key_command()

    def send_pairing_dhkey_check_command(self):
        self.start_encryption(self.ltk)

    def prompt_user_for_confirmation(self, next_steps):
        next_steps()


class ClaimsOutOfBand(Rogue):
    """Says that it has the device's out-of-band data, which the device never gave to anybody."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.oob_data_flag = 1
        self.peer_oob_data = OobSharedData(c=bytes(16), r=bytes(16))

    def check_expected_value(self, expected, received, error):
        return True


class EncryptsUnconfirmed(Rogue):
    """A comparison that nobody at the device has confirmed: it encrypts as soon as it can compute the key."""

    def prompt_user_for_numeric_comparison(self, code, next_steps):
        self.start_encryption(self.ltk)


class Guesser(PairingDelegate):
    def __init__(self, io):
        super().__init__(io_capability=io)


KEYBOARD = PairingDelegate.KEYBOARD_INPUT_ONLY
NOTHING = PairingDelegate.NO_OUTPUT_NO_INPUT
YES_NO = PairingDelegate.DISPLAY_OUTPUT_AND_YES_NO_INPUT


async def nobody_answers(_number):
    await asyncio.sleep(60)
    return True


ATTACKS = [
    pytest.param(BitByBit, KEYBOARD, Session, id="each bit of the passkey in one pairing"),
    pytest.param(FinishesAnyway, NOTHING, HalfStrict, id="just works, finished although refused"),
    pytest.param(ClaimsOutOfBand, KEYBOARD, HalfStrict, id="out of band, claimed"),
    pytest.param(EncryptsUnconfirmed, YES_NO, HalfStrict, id="comparison, not confirmed"),
]


async def attacked(folder, rogue, io, victim, monkeypatch) -> tuple[bool, int]:
    """Return whether the rogue became a wearer, and how many passkeys were shown meanwhile."""
    rogue.failures = []
    compare = nobody_answers if io == YES_NO else None
    async with Ward(folder, compare=compare) as ward, ward.laptop("rogue") as laptop:
        ward.peripheral.device.smp_manager.session_proxy = victim
        if victim is not StrictSession:  # what the hardened server looks at is not there: believe the stack
            monkeypatch.setattr(ward.peripheral, "_encrypted", lambda _: ward.session.secured())
        laptop.device.smp_manager.session_proxy = rogue
        laptop.device.pairing_config_factory = lambda _: PairingConfig(delegate=Guesser(io))
        ward.session.pairing.button()
        connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=3)
        tries = asyncio.ensure_future(laptop.device.smp_manager.pair(connection))
        quiet = 0
        while ward.session.access.state != WEARER and laptop.device.connections and quiet < 40:
            before = ward.air.packets
            await asyncio.sleep(0.005)
            quiet = quiet + 1 if ward.air.packets == before else 0
        tries.cancel()
        return ward.session.access.state == WEARER, len(set(ward.eyes.seen))


@pytest.mark.parametrize(("rogue", "io", "weak"), ATTACKS)
def test_the_attack_gets_nowhere(tmp_path, rogue, io, weak, monkeypatch):
    is_in, shown = run(attacked(tmp_path, rogue, io, StrictSession, monkeypatch))
    assert not is_in
    assert shown <= 1


@pytest.mark.parametrize(("rogue", "io", "weak"), ATTACKS)
def test_the_attack_works_without_the_hardening(tmp_path, rogue, io, weak, monkeypatch):
    is_in, _ = run(attacked(tmp_path, rogue, io, weak, monkeypatch))
    assert is_in


def test_every_pairing_has_its_own_key_pair_so_that_none_can_be_reflected(tmp_path):
    async def deed():
        seen = []
        original = Session.on_smp_pairing_public_key_command

        class Notes(Session):
            def on_smp_pairing_public_key_command(self, command):
                seen.append(command.public_key_x)
                original(self, command)

        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.smp_manager.session_proxy = Notes
            ward.session.pairing.button()
            for _ in range(2):
                async with BleakClient(ADDRESS, backend=laptop.client) as client:
                    await client.pair()
                    await client.unpair()
                await until(lambda: ward.session.access.state == 0)
                ward.session.pairing.button()
        assert len(seen) == len(set(seen)) == 2

    run(deed())


def test_a_peer_that_sends_our_own_public_key_is_refused(tmp_path):
    class Mirror(Rogue):
        ward: ClassVar[Ward]

        def send_public_key_command(self):
            (own,) = self.ward.peripheral.device.smp_manager.sessions.values()
            x, y = own.ecc_key.x[::-1], own.ecc_key.y[::-1]
            self.send_command(smp.SMP_Pairing_Public_Key_Command(public_key_x=x, public_key_y=y))

    async def deed():
        Mirror.failures = []
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            Mirror.ward = ward
            laptop.device.smp_manager.session_proxy = Mirror
            ward.session.pairing.button()
            connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=3)
            tries = asyncio.ensure_future(laptop.device.smp_manager.pair(connection))
            await until(lambda: Mirror.failures)
            tries.cancel()
        assert Mirror.failures == [ErrorCode.INVALID_PARAMETERS]

    run(deed())


def test_a_short_key_is_refused(tmp_path):
    class Short(Session):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.maximum_encryption_key_size = 7

    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.smp_manager.session_proxy = Short
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                with pytest.raises(BleakError, match="ENCRYPTION_KEY_SIZE"):
                    await client.pair()

    run(deed())


def test_a_pairing_without_a_bond_is_refused(tmp_path):
    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.pairing_config_factory = lambda _: PairingConfig(
                bonding=False, delegate=Guesser(KEYBOARD)
            )
            ward.session.pairing.button()
            async with BleakClient(ADDRESS, backend=laptop.client) as client:
                with pytest.raises(BleakError, match="AUTHENTICATION_REQUIREMENTS"):
                    await client.pair()

    run(deed())


MESSAGES = {
    CommandCode.PAIRING_REQUEST: bytes([4, 0, 0x2D, 16, 3, 3]),
    CommandCode.PAIRING_RESPONSE: bytes([4, 0, 0x2D, 16, 3, 3]),
    CommandCode.PAIRING_CONFIRM: bytes(16),
    CommandCode.PAIRING_RANDOM: bytes(16),
    CommandCode.PAIRING_FAILED: b"\x08",
    CommandCode.ENCRYPTION_INFORMATION: bytes(16),
    CommandCode.MASTER_IDENTIFICATION: bytes(10),
    CommandCode.IDENTITY_INFORMATION: bytes(16),
    CommandCode.IDENTITY_ADDRESS_INFORMATION: bytes(7),
    CommandCode.SIGNING_INFORMATION: bytes(16),
    CommandCode.PAIRING_DHKEY_CHECK: bytes(16),
    CommandCode.PAIRING_KEYPRESS_NOTIFICATION: b"\x00",
}


@pytest.mark.parametrize("first", sorted(MESSAGES))
def test_any_message_out_of_its_turn_ends_the_pairing(tmp_path, first):
    async def deed():
        answers = []
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            ward.session.pairing.button()
            connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=3)
            laptop.device.l2cap_channel_manager.register_fixed_channel(
                smp.SMP_CID, lambda _, pdu: answers.append(pdu)
            )

            def send(code):
                connection.send_l2cap_pdu(smp.SMP_CID, bytes([code]) + MESSAGES[code])

            if first == CommandCode.PAIRING_REQUEST:
                send(first)
                await until(lambda: answers)
                assert answers.pop()[0] == CommandCode.PAIRING_RESPONSE
            send(first)
            if first != CommandCode.PAIRING_FAILED:
                await until(lambda: answers)
                assert answers[0][0] == CommandCode.PAIRING_FAILED
            sessions = ward.peripheral.device.smp_manager.sessions
            await until(lambda: not sessions)
            # Somebody honest can pair right after it.
            laptop.device.l2cap_channel_manager.register_fixed_channel(
                smp.SMP_CID,
                laptop.device.on_smp_pdu,  # type: ignore[arg-type]
            )
            await connection.pair()
            assert ward.session.access.state == WEARER

    run(deed())


def test_encryption_asked_for_in_the_middle_of_a_pairing_gets_no_key(tmp_path):
    class Hasty(Rogue):
        def on_smp_pairing_response_command(self, command):
            self.start_encryption(crypto.r())

    async def deed():
        async with Ward(tmp_path) as ward, ward.laptop() as laptop:
            laptop.device.smp_manager.session_proxy = Hasty
            ward.session.pairing.button()
            connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=3)
            tries = asyncio.ensure_future(laptop.device.smp_manager.pair(connection))
            await asyncio.sleep(0.2)
            tries.cancel()
            assert ward.session.access.state != WEARER
            with pytest.raises(BaseBumbleError):
                await connection.encrypt()

    run(deed())
