"""What is heard when the device ends and nobody at its keyboard wanted that: the loss of help, until it is noticed."""

from collections.abc import Callable

from firmware_py.pi.gpio_port import GpioError, Output, open_output
from firmware_py.pi.guardian.sign import GpioSign
from firmware_py.pi.run.config import RunConfig, line_of
from safety.supervisor import SOUND_LOST

ALARM_US = 8_000_000  # the guardian sounds a loss for 10 s; a service has to begin again some time
STEP_S = 0.05  # one beep is 250 ms


def sound_loss(
    is_guarded: Callable[[], bool],
    wait: Callable[[float], bool],
    own_sign: Callable[[], GpioSign | None],
    clock_us: Callable[[], int],
) -> bool:
    """Let the loss of help be heard for ALARM_US; True as soon as somebody at the keyboard has noticed it.

    is_guarded   whether the guardian lives: then it sounds by itself, and must not be ended yet
    wait         waits so many seconds at most; returns whether somebody has touched a key
    own_sign     beeper and lamp for this process, once the guardian is dead and has let go of them; None if there are
                 none: then nothing can be heard, and nothing is waited for
    """
    until_us = clock_us() + ALARM_US
    sign: GpioSign | None = None
    try:
        while clock_us() < until_us:
            if sign is None and not is_guarded():
                sign = own_sign()
                if sign is None:
                    return False
                sign.show(clock_us(), False, SOUND_LOST)
            if wait(STEP_S):
                return True
            if sign is not None:
                sign.step(clock_us())
        return False
    finally:
        if sign is not None:
            sign.close()


def open_sign(config: RunConfig, say: Callable[[str], None]) -> GpioSign | None:
    """Return the guardian's beeper and lamp, which is dead; None, and a sentence, if there are none to be had."""
    parts: list[Output | None] = []
    for line, what in ((config.lines.beeper, "beeper"), (config.lines.lamp, "lamp")):
        try:
            parts.append(open_output(*line_of(line), what) if line else None)
        except GpioError as e:
            parts.append(None)
            say(e.strerror or str(e))
    return GpioSign(*parts) if any(parts) else None
