"""Pairing as a hospital would allow it: LE Secure Connections, by passkey or comparison, each message in its turn.

bumble 0.0.236 as a responder, seen in its source and shown by tests/test_radio_pairing.py:
- a session that failed goes on listening, so that each bit of a passkey can be tried until it is right, and Just
  Works can be finished although it was refused;
- "out of band" claimed by the peer alone is a pairing without any proof that counts as authenticated;
- the long-term key is handed to the controller before a comparison was confirmed;
- a peer that reflects our own public key is not noticed (CVE-2020-26558), and one ECDH key serves for ever;
- Just Works counts as authenticated, legacy pairing is accepted, passkey 0 hangs, the passkey is logged at debug.
So here a session takes each message only in its turn, dies with its first failure, and gives no key before it is done.
"""

import logging
from collections.abc import Awaitable, Callable

from bumble import smp
from bumble.device import Connection
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.smp import CommandCode, ErrorCode, PairingMethod, Session

from firmware_py.link.pairing import Pairing

# It logs keys and passkeys at debug; nobody who switches debug on for everything may get them into a log.
logging.getLogger("bumble").setLevel(logging.ERROR)

KEY_N = 16
STEPS = 20  # of a passkey, one for each bit
Compare = Callable[[int], Awaitable[bool]]


class LinkDelegate(PairingDelegate):
    """Pairing within the window of `firmware_py.link.pairing`.

    begin     whether an attempt may begin now (`Session.begin_pairing`)
    compare   asks a person at the device whether two numbers are the same; None: the device has no such button
    """

    def __init__(self, begin: Callable[[], bool], pairing: Pairing, compare: Compare | None) -> None:
        can_compare = compare is not None
        io = self.DISPLAY_OUTPUT_AND_YES_NO_INPUT if can_compare else self.DISPLAY_OUTPUT_ONLY
        super().__init__(io_capability=io)
        self._begin, self._pairing, self._compare = begin, pairing, compare

    async def accept(self) -> bool:
        """Whether this attempt may begin."""
        return self._begin()

    async def generate_passkey(self) -> int:
        """Return a fresh one, which is shown."""
        return self._pairing.fresh()

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Ask a person at the device."""
        self._pairing.show(number)
        return self._compare is not None and await self._compare(number)

    async def confirm(self, auto: bool = False) -> bool:
        """Just Works: never."""
        return False


def config_for(
    begin: Callable[[], bool], pairing: Pairing, compare: Compare | None
) -> Callable[[Connection], PairingConfig]:
    """Return the factory of pairing settings."""
    return lambda _: PairingConfig(
        sc=True, mitm=True, bonding=True, delegate=LinkDelegate(begin, pairing, compare)
    )


class StrictSession(Session):
    """One pairing as responder. See the head of this file for what it adds."""

    def __init__(
        self, manager: smp.Manager, connection: Connection, config: PairingConfig, is_initiator: bool
    ):
        manager._ecc_key = None  # a fresh key for each pairing
        super().__init__(manager, connection, config, is_initiator)
        self.ecc_key = manager.ecc_key
        self._awaited: tuple[CommandCode, ...] = (CommandCode.PAIRING_REQUEST,)
        self._is_proven = False
        self._is_dead = is_initiator  # this device never begins a pairing

    def on_smp_command(self, command: smp.SMP_Command) -> None:
        """Take a message in its turn; anything else ends the pairing."""
        if self._is_dead:
            return
        if command.code == CommandCode.PAIRING_FAILED:
            self.on_pairing_failure(ErrorCode.UNSPECIFIED_REASON)
        elif command.code not in self._awaited:
            self.send_pairing_failed(ErrorCode.UNSPECIFIED_REASON)
        else:
            self._awaited = ()
            why_not = self._why_not(command)
            if why_not is not None:
                self.send_pairing_failed(why_not)
                return
            super().on_smp_command(command)
            self._await_next(command)

    def _why_not(self, command: smp.SMP_Command) -> ErrorCode | None:
        if isinstance(command, smp.SMP_Pairing_Request_Command):
            if command.maximum_encryption_key_size < KEY_N:
                return ErrorCode.ENCRYPTION_KEY_SIZE
            if command.oob_data_flag != 0:
                return ErrorCode.OOB_NOT_AVAILABLE
        elif isinstance(command, smp.SMP_Pairing_Public_Key_Command):
            own_x = self.ecc_key.x[::-1]
            if command.public_key_x == own_x:
                return ErrorCode.INVALID_PARAMETERS
        return None

    def _await_next(self, command: smp.SMP_Command) -> None:
        is_passkey = self.pairing_method == PairingMethod.PASSKEY
        if self._is_dead or command.code == CommandCode.PAIRING_REQUEST:
            return  # what follows a request is awaited once it is answered
        if command.code == CommandCode.PAIRING_PUBLIC_KEY:
            self._await(CommandCode.PAIRING_CONFIRM if is_passkey else CommandCode.PAIRING_RANDOM)
        elif command.code == CommandCode.PAIRING_CONFIRM:
            self._await(CommandCode.PAIRING_RANDOM)
        elif command.code == CommandCode.PAIRING_RANDOM:
            is_last = not is_passkey or self.passkey_step >= STEPS
            self._await(CommandCode.PAIRING_DHKEY_CHECK if is_last else CommandCode.PAIRING_CONFIRM)
        else:  # keys, in whatever order the peer sends them; bumble checks that the link is encrypted
            self._await(CommandCode.IDENTITY_INFORMATION, CommandCode.IDENTITY_ADDRESS_INFORMATION)

    def _await(self, *codes: CommandCode) -> None:
        self._awaited = codes

    def send_pairing_response_command(self) -> None:
        """Go on only with a method that proves something."""
        proves = self.pairing_method in (PairingMethod.PASSKEY, PairingMethod.NUMERIC_COMPARISON)
        if not self.sc or not proves or not self.bonding:
            self.send_pairing_failed(ErrorCode.AUTHENTICATION_REQUIREMENTS)
            return
        super().send_pairing_response_command()
        self._await(CommandCode.PAIRING_PUBLIC_KEY)

    async def display_passkey(self) -> None:
        """Show a fresh passkey; the original writes it into the log."""
        self.passkey = await self.pairing_config.delegate.generate_passkey()
        self.passkey_ready.set()

    def send_pairing_dhkey_check_command(self) -> None:
        """Both sides have proved what they know, and a person has confirmed if that was asked."""
        self._is_proven = True
        super().send_pairing_dhkey_check_command()

    @property
    def is_proven(self) -> bool:
        """Whether both sides have proved what they know."""
        return self._is_proven

    def get_long_term_key(self, rand: bytes, ediv: int) -> bytes | None:
        """No key before the proof."""
        return self.ltk if self._is_proven and not self._is_dead else None

    async def on_pairing(self) -> None:
        """Keep the keys, then leave: another pairing on this connection begins anew."""
        await super().on_pairing()
        self._die()

    def on_pairing_failure(self, reason: ErrorCode) -> None:
        """The first failure is the end of this session; the next request makes a new one, and counts as such."""
        super().on_pairing_failure(reason)
        self._die()

    def _die(self) -> None:
        if not self._is_dead:
            self._is_dead = True
            self._is_proven = False
            self.on_disconnection(0)  # takes it out of the manager and off the connection's events
