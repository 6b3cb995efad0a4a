"""The first thing that runs on a board: outputs off, before anything that can fail. Then the loop.

The pins stand here as numbers, because a file that has to be imported first could be missing. A test compares them
with `pins_rp2.py` and `pins_esp32.py`; what another number needs is a new build.
"""

import sys

from machine import PWM, Pin

IS_RP2 = sys.platform == "rp2"
OUTPUTS = (6, 2, 3, 4, 5) if IS_RP2 else (13,)  # the enable line first
BUZZER = 9 if IS_RP2 else 27
for number in OUTPUTS:
    Pin(number, Pin.OUT, value=0)  # takes it from a pulse program that a soft reset has left running

ALARM_S = 10


def outputs_off() -> None:
    """Every output low; a state machine that still runs can move no pin any more."""
    for number in OUTPUTS:
        Pin(number, Pin.OUT, value=0)
    if IS_RP2:
        import rp2

        for machine in (0, 1):
            rp2.StateMachine(machine).active(0)
        rp2.PIO(0).remove_program()  # not block 1: the radio's


def main() -> None:
    """Run the loop; if it fails, say why, and be heard."""
    outputs_off()
    try:
        from firmware_py.boards import start

        start.main()
        outputs_off()
    except BaseException as e:  # noqa: BLE001 - whatever it is, the outputs go first
        outputs_off()
        sys.print_exception(e)  # pyright: ignore[reportAttributeAccessIssue]
        _alarm()


def _alarm() -> None:
    from time import sleep

    buzzer = PWM(Pin(BUZZER), freq=2400, duty_u16=32768)
    try:
        sleep(ALARM_S)
    finally:
        buzzer.deinit()


if __name__ == "__main__":
    main()
