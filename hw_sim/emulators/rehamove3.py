"""An emulated RehaMove3: a P24 with four channels that speaks ScienceMode 3.

Where it differs stands here. Tested against frames of the maker's library for it (`tests/golden`), never
against a device. Source: that library's headers and manual; tags "assumed" where they say nothing.
"""

from hw_sim.emulators.p24 import P24

BATTERY = bytes((87,)) + (7_400).to_bytes(2, "big")  # percent, mV (assumed)


class RehaMove3(P24):
    """The device. Used as `P24` is."""

    CHANNELS = 4
    LL_INIT_MORE = bytes(50)  # the name of a part that was never sold
    PROTOCOL = bytes((3, 2, 4))
    BOOT_US = 10_000_000  # third parties measured 10 to 15 s for a reset

    def _pulse_answer(self, result: int, head: int) -> bytes:
        """Result and channel; the channel means something only in an electrode error, else it is 0 (assumed)."""
        return bytes((result, head >> 5 & 3 if result == 10 else 0))

    def _current_data(self, now_us: int, data: bytes) -> bytes:
        """The question is a set of bits, of which only "stimulation" is emulated; one byte answers it."""
        return super()._current_data(now_us, data if data == b"\x02" else b"")

    def _answers_of(self, version: bytes, status: bytes) -> dict[int, bytes]:
        """Has a battery, and no get_extended_version."""
        known = super()._answers_of(version, status) | {52: b"EMULATEDR3", 54: BATTERY}
        del known[68]
        return known
