"""The guardian, unchanged, but that it writes down when each pulse's last byte was handed to the kernel.

python -m benchmarks.stimulator_guardian ...   as firmware_py.pi.guardian; environment SWINGPHASE_TAP: the file
Under load a pty hands bytes on late (a kernel thread of ordinary priority does it), which no USB port does.
"""

import os
import sys

from benchmarks.guardian_emulator import ROW
from firmware_py.pi.guardian import process
from firmware_py.pi.guardian.ports import LastLookPort, monotonic_us


class TappedPort(LastLookPort):
    """A port that notes each pulse that was written."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._file = os.open(os.environ["SWINGPHASE_TAP"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, buf: bytearray, n: int) -> None:
        """As the guardian's own port."""
        super().write(buf, n)
        check = self._check
        if check.can_stimulate:
            now_us = monotonic_us()
            os.write(
                self._file, ROW.pack(now_us, check.channel, check.current_ua, check.width_us, check.gap_us)
            )


if __name__ == "__main__":
    process.LastLookPort = TappedPort
    sys.exit(process.main())
