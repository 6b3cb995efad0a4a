"""What a person tells an emulated stimulator at the keyboard: faults, leads, power, the red button."""

from dataclasses import fields

from firmware_py.pi.console import UserError
from hw_sim.emulators.catalogue import Emulator
from hw_sim.emulators.rehastim2 import RehaStim2

HELP = """\
  FAULT             a fault on, for instance: drop_answers
  FAULT=VALUE       late_us=150000, noise=00ff (hex), only_command=2, busy=0 (off)
  open 0 1          the leads of these channels are off; open alone puts all on again
  power             the device loses its power and comes back
  stop, release     the red button (RehaStim2)
  faults            which faults there are, and which are on"""


def obey(device: Emulator, now_us: int, line: str) -> str:
    """Do what `line` says at `now_us`; return a sentence for the person. UserError if it is no wish."""
    word, *rest = line.split() or [""]
    if word == "faults":
        return ", ".join(f"{f.name}={getattr(device.faults, f.name)!r}" for f in fields(device.faults))
    if word == "power" and not rest:
        device.power_cycle(now_us)
        return "It lost its power and starts again."
    if word == "open":
        channels = _channels(rest)
        device.set_open_channels(*channels)
        return f"Leads off: {', '.join(map(str, channels)) or 'none'}."
    if word in ("stop", "release") and isinstance(device, RehaStim2):
        device.set_quick_stop(now_us, pressed=word == "stop")
        return "The red button is pressed." if word == "stop" else "The red button is released."
    if rest:
        raise _unknown(device, line)
    return _set_fault(device, *(part.strip() for part in word.partition("=")[::2]))


def _set_fault(device: Emulator, name: str, text: str) -> str:
    faults = device.faults
    if name not in {f.name for f in fields(faults)} or isinstance(getattr(faults, name), tuple):
        raise _unknown(device, name)
    old = getattr(faults, name)
    try:
        if isinstance(old, bool):
            value: object = text not in ("0", "no", "off")
        elif isinstance(old, bytes):
            value = bytes.fromhex(text)
        else:
            value = int(text) if text else None if name in ("only_command", "pulse_result") else 0
    except ValueError as e:
        raise UserError(f"{name}={text} is not understood. Give a number, or hex digits for bytes.") from e
    setattr(faults, name, value)
    return f"{name} is {value!r} now."


def _channels(words: list[str]) -> list[int]:
    channels = [int(w) for w in words if w.isdigit()]
    if len(channels) != len(words) or any(c > 7 for c in channels):
        raise UserError(f"open {' '.join(words)}: channels are 0 to 7. Give numbers, or none for all on.")
    return channels


def _unknown(device: Emulator, line: str) -> UserError:
    names = ", ".join(f.name for f in fields(device.faults))
    return UserError(
        f"{line!r} is not known. Known are open, power, stop, release, faults, and the faults {names}. Type one."
    )
