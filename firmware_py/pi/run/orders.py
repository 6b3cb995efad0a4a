"""What a person, or a tool for a person, tells the controller: who comes into charge, buttons, keys, exercises.

One packet an order on an AF_UNIX SOCK_SEQPACKET socket: act (u8, ACT_* of `firmware_py.acts`), first (u8), second
(i32). The console gives them, and the link on a socket of its own (`link_end.py`). Arming and stopping go to the
guardian's own socket (`firmware_py.pi.guardian_launch.OperatorLink`), never through the controller; a pause ordered
here is the wearer's own.
"""

import contextlib
import struct

from firmware_py import acts
from firmware_py.compose_controller import Controller
from safety.limits import CURRENT_ABS_UA

ORDER = struct.Struct("<BBi")
NOTED = (acts.ACT_USE, acts.ACT_HOLD, acts.ACT_RELEASE, acts.ACT_BEAT, acts.ACT_MOUNTING, acts.ACT_DOUBTED)
KEYS = (acts.ACT_KEY_DOWN, acts.ACT_KEY_UP, acts.ACT_LEVEL, acts.ACT_PAUSE, acts.ACT_RESUME)
EXERCISES = (acts.ACT_START, acts.ACT_END, acts.ACT_BUTTON)
KINDS = (*NOTED, *KEYS, *EXERCISES)
WALK, TEST, EXERCISE = range(3)  # whom ACT_USE puts in charge


def order(act: int, first: int = 0, second: int = CURRENT_ABS_UA) -> bytes:
    """Return the packet of an order."""
    return ORDER.pack(act, first, second)


def obey(controller: Controller, packet: bytes) -> bool:
    """Do what a packet says; False if it is none."""
    if len(packet) != ORDER.size:
        return False
    act, first, second = ORDER.unpack(packet)
    return do(controller, act, first, second)


def do(controller: Controller, act: int, first: int, second: int) -> bool:
    """Do one order; False if it is none. What must not be now (a channel that does not exist) does nothing."""
    if act not in KINDS:
        return False
    with contextlib.suppress(ValueError):
        if act in NOTED:
            _do_noted(controller, act, first, second)
        else:
            controller.note(act, first, second)
            if act in KEYS and controller.wearing is not None:
                _press(controller.wearing.wearer, act, first)
            elif act in EXERCISES and controller.exercise is not None:
                _train(controller.exercise, act)
    return True


def _do_noted(controller: Controller, act: int, first: int, second: int) -> None:
    """What the one that is told notes itself."""
    burst = controller.burst
    if act == acts.ACT_USE:
        exercising = controller.exercising if first == EXERCISE else None
        controller.cycle.use(exercising or (burst if first == TEST else controller.walk))
    elif act == acts.ACT_HOLD:
        if (
            controller.in_charge == TEST
        ):  # else nothing would let it grow old, and it would hold every change back
            burst.hold(first, second)
    elif act == acts.ACT_RELEASE:
        burst.release()
    elif act == acts.ACT_MOUNTING:
        controller.cycle.restart_mounting()
    elif act == acts.ACT_DOUBTED:
        controller.cycle.doubted(first)
    else:
        burst.beat()


def _press(wearer, act: int, first: int) -> None:
    if act == acts.ACT_KEY_DOWN:
        wearer.key_down(first)
    elif act == acts.ACT_KEY_UP:
        wearer.key_up(first)
    elif act == acts.ACT_LEVEL:
        wearer.choose(first)
    else:
        wearer.pause(act == acts.ACT_PAUSE)


def _train(exercise, act: int) -> None:
    if act == acts.ACT_START:
        exercise.start()
    elif act == acts.ACT_END:
        exercise.stop()
    else:
        exercise.button()
