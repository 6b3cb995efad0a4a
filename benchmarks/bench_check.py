"""`./swingphase bench-check`: a guided check of a stimulator on a resistor, with a sheet to sign.

Before any person: which current and charge really come out, whether an open lead is noticed, whether everything
that must end it ends it, and how long the answers take.
"""

import argparse
import datetime
import sys

from benchmarks.bench_check_line import EmulatedCable, Line, RealCable
from benchmarks.bench_check_person import CONFIRMATION, AtTheEmulator, Keyboard, Person
from benchmarks.bench_check_sheet import write_sheet
from benchmarks.bench_check_steps import FAILED, OPEN_MA, Answers, Bench, Step, StepFailed, run
from firmware_py.pi.console import UserError, made_folder, version
from stimulator.drivers import devices

OHM = 1000.0
MAX_MA = 40.0
MAX_MA_LIMIT = 100.0
SUPPLY_V = 150.0

BEFORE = """\
You need: a resistor of {ohm:g} ohm within {percent:g} %, 0.5 W or more, for channel {channels} in turn; a scope.
The scope must not connect the stimulator to earth: battery scope or differential probe, never the clip of a mains
scope. Measure across the resistor; read the height of each phase in its middle, and the width of the first.
At {max_ma:g} mA there will be {volts:.0f} V. NOBODY may be connected to any output, on any channel."""


def main(arguments: list[str]) -> int:
    """Check, write the sheet; 1 if a step failed, 2 if it was not begun."""
    chosen = _parser().parse_args(arguments)
    bench = _bench(chosen)
    device = devices.choose(chosen.emulator or chosen.device)
    if max(bench.channels) >= device.capability.channels:
        raise UserError(
            f"--channels names {max(bench.channels)}; a {device.capability.name} has 0 to "
            f"{device.capability.channels - 1}. Choose among these."
        )
    print(
        BEFORE.format(
            ohm=bench.ohm,
            percent=bench.ohm_percent,
            channels=" and ".join(map(str, bench.channels)),
            max_ma=bench.max_ma,
            volts=bench.max_ma * bench.ohm / 1000,
        )
    )
    cable = EmulatedCable(device, chosen.emulator_ohm or bench.ohm) if chosen.emulator else None
    person: Person = AtTheEmulator(cable) if cable else Keyboard()
    try:
        typed = person.confirm()
    except EOFError:
        typed = ""
    if typed.strip() != CONFIRMATION:
        raise UserError(
            f"Not begun: {CONFIRMATION} was not typed. Connect the resistor, then type these words."
        )
    line = Line(device, cable or RealCable(chosen.port, device))
    line.open()
    answers, steps = Answers(), []
    try:
        for step in run(line, person, bench, answers):
            print(f"{step.verdict:8} {step.name}: {step.found}", flush=True)
            steps.append(step)
    except (
        StepFailed,
        UserError,
        OSError,
        KeyboardInterrupt,
    ) as e:  # what was measured so far is worth its sheet
        why = str(e) or "stopped at the keyboard"
        steps.append(Step("not completed", "every step", why, FAILED))
        print(f"\n{why}")
    finally:
        line.close()
    about = {
        "device": device.capability.name,
        "device_id": bytes(getattr(line.driver, "device_id", b"")).decode("ascii", "replace").strip("\0"),
        "emulated": bool(chosen.emulator),
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "version": version(),
        "resistor_ohm": bench.ohm,
        "resistor_tolerance_percent": bench.ohm_percent,
        "channels": ", ".join(map(str, bench.channels)),
        "largest_current_ma": bench.max_ma,
    }
    page, data = write_sheet(made_folder(chosen.out), about, steps, answers.told())
    print(_advice(device, answers.told()))
    print(f"Sheet: {page}   Data: {data}")
    return 1 if any(step.verdict == FAILED for step in steps) else 0


def _advice(device: devices.Device, told: dict) -> str:
    """Return what the answer times mean for this stimulator."""
    if told["answer_max_ms"] is None:
        return "Answer times: no setting can be recommended; this device, port or computer is too slow."
    recommended = told["answer_max_ms"]
    if device.name == devices.REHASTIM2:
        rate = devices.choose(device.name, answer_max_ms=recommended).capability.commands_per_s_max
        return f"Set answer_max_ms = {recommended}: {rate} pulses a second over all channels."
    rate = 1000 // recommended
    need = device.capability.commands_per_s_max
    if rate >= need:
        return f"Slowest answer with a margin: {recommended} ms. {need} pulses a second are possible."
    return (
        f"Slowest answer with a margin: {recommended} ms. Above {rate} pulses a second over all channels, pulses wait "
        "for answers; those that would wait more than 10 ms are left out."
    )


def _bench(chosen: argparse.Namespace) -> Bench:
    try:
        channels = tuple(sorted({int(word) for word in chosen.channels.split(",")}))
    except ValueError as e:
        raise UserError(
            f"--channels is {chosen.channels!r}; it must be numbers. Give for instance 0,1."
        ) from e
    if min(channels) < 0:
        raise UserError(f"--channels is {chosen.channels!r}; the first channel is 0. Give numbers from 0 on.")
    if not 100 <= chosen.ohm <= 10_000 or not 0 <= chosen.ohm_percent <= 20:
        raise UserError(
            f"--ohm is {chosen.ohm:g} and --ohm-percent {chosen.ohm_percent:g}; allowed are 100 to 10000 and 0 to 20. "
            "Take 1000 ohm within 1 %."
        )
    if not OPEN_MA <= chosen.max_ma <= MAX_MA_LIMIT or chosen.max_ma * chosen.ohm / 1000 > 0.9 * SUPPLY_V:
        raise UserError(
            f"--max-ma is {chosen.max_ma:g}; allowed is {OPEN_MA:g} to {MAX_MA_LIMIT:g}, and with {chosen.ohm:g} ohm "
            f"at most {900 * SUPPLY_V / chosen.ohm:g}, so that {SUPPLY_V:g} V suffice. Lower it, or the resistor."
        )
    return Bench(ohm=chosen.ohm, ohm_percent=chosen.ohm_percent, channels=channels, max_ma=chosen.max_ma)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./swingphase bench-check", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--port", help="serial port of the stimulator, for instance /dev/ttyACM0")
    which.add_argument("--emulator", choices=devices.NAMES, help="rehearse with an emulated stimulator")
    parser.add_argument(
        "--device", choices=devices.NAMES, default=devices.P24, help="at --port (default p24)"
    )
    parser.add_argument("--ohm", type=float, default=OHM, help=f"the resistor (default {OHM:g})")
    parser.add_argument("--ohm-percent", type=float, default=1.0, help="its tolerance (default 1)")
    parser.add_argument("--channels", default="0,1", help="which to check (default 0,1)")
    parser.add_argument("--max-ma", type=float, default=MAX_MA, help=f"largest current (default {MAX_MA:g})")
    parser.add_argument(
        "--emulator-ohm", type=float, help="what really hangs on the emulated one (rehearse a failure)"
    )
    parser.add_argument("--out", default="bench-check", help="folder for the sheet (default bench-check)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
