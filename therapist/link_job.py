"""`./swingphase link`: a device over Bluetooth, for shell and scripts; `--sim` takes a simulated one.

Whoever changes something unlocks with a PIN. A change is on trial for as long as the command runs: when it ends
without a confirmation, or the link is lost, the device goes on with the smaller of trial and confirmed prescription.
"""

import argparse
import asyncio
import contextlib
import getpass
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from bleak.backends.device import BLEDevice

from firmware_py.link import ops
from firmware_py.link.history import read_entry
from firmware_py.pi.console import UserError, progress_bar
from firmware_py.pi.link_users import ROLES, checked_pin
from firmware_py.pi.prescription_file import load_prescription
from stimulator.parameters import CHANNEL_NAMES
from stimulator.prescription import warnings
from therapist import link_words as words
from therapist.channel import SCAN_S, find, label_of, scan
from therapist.choice import list_of, meant, stop_in_reach
from therapist.client import LinkClient, TrialEnded
from therapist.known import Known, default_path
from therapist.log_download import download_log
from therapist.press import press

HERE = "here"  # --sim without a folder
Job = Callable[[argparse.Namespace], Awaitable[int]]


def main(arguments: list[str], simulator: Callable[[], Any]) -> int:
    """Do one job over the link. `simulator` gives hw_sim.radio.link_sim, which this room may not import."""
    if arguments[:1] == ["serve-sim"]:
        return simulator().serve_sim(arguments[1:])
    chosen = _parser().parse_args(arguments)
    return asyncio.run(_run(chosen, simulator))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./swingphase link", description=__doc__)
    jobs = parser.add_subparsers(title="jobs", required=True, metavar="JOB")

    def job(name: str, do: Job, help_: str, *, unlocks: bool = False) -> argparse.ArgumentParser:
        made = jobs.add_parser(name, help=help_, description=help_)
        made.set_defaults(do=do)
        made.add_argument(
            "--address",
            help="of the device, or its name if this laptop knows it; without it the only one it knows",
        )
        made.add_argument(
            "--sim",
            nargs="?",
            const=HERE,
            metavar="FOLDER",
            help="a simulated device (./swingphase link serve-sim), in the air of FOLDER",
        )
        if unlocks:
            made.add_argument("--user", default="Therapist", help="who unlocks (default Therapist)")
            made.add_argument("--pin-file", type=Path, help="file that holds the PIN; else it is asked for")
            made.add_argument(
                "--pin-was-changed",
                action="store_true",
                help="the PIN was set on another laptop or at the device since this laptop used it last",
            )
        return made

    jobs.add_parser("serve-sim", help="run a simulated device for --sim", add_help=False)
    scan_ = job("scan", _scan, "which devices are nearby")
    scan_.add_argument("--seconds", type=float, default=SCAN_S)
    job("pair", _pair, "pair this laptop with a device, by the number that the device shows")
    job("forget", _forget, "let this laptop know a device no more, for one that was replaced")
    job("info", _info, "what the device is, and how it stands")
    get = job("get", _get, "the prescription that runs, with names, units and ranges")
    get.add_argument("names", nargs="*", help="only these settings")
    get.add_argument("--confirmed", action="store_true", help="the confirmed one, not the one that runs")
    get.add_argument("--json", action="store_true", help="for scripts")
    set_ = job("set", _set, "try a change, then confirm it or let it end", unlocks=True)
    set_.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="as `link get` names them")
    set_.add_argument("--file", type=Path, help="a whole prescription, see docs/prescription.md")
    set_.add_argument("--confirm", action="store_true", help="confirm as soon as it runs, without asking")
    confirm = job("confirm", _confirm, "confirm what runs after a trial that ended by itself", unlocks=True)
    confirm.add_argument("--revert", action="store_true", help="go back to the confirmed one instead")
    watch = job("watch", _watch, "the foot, ten times a second")
    watch.add_argument("--seconds", type=float, help="then end (default: until Ctrl-C)")
    watch.add_argument("--json", action="store_true", help="every sample, one JSON object a line")
    log = job(
        "log", _log, "download the black box; the same call again goes on where it stopped", unlocks=True
    )
    log.add_argument("file", type=Path)
    log.add_argument("--last", type=int, metavar="N", help="only the newest N records (about 450 a second)")
    job("history", _history, "who changed the prescription, when, from what to what", unlocks=True)
    unlock = job("unlock", _unlock, "try a PIN, or set a new one", unlocks=True)
    unlock.add_argument("--new-pin-for", metavar="USER:ROLE", help="set a PIN: your own, or as engineer any")
    unlock.add_argument("--new-pin-file", type=Path, help="file that holds the new PIN; else it is asked for")
    test = job("test", _test, "a test burst on one channel: arm, hold, say what the foot did", unlocks=True)
    test.add_argument("channel", choices=CHANNEL_NAMES)
    test.add_argument("--max-ma", type=float, default=100.0, help="less than prescribed")
    test.add_argument(
        "--acknowledged", action="store_true", help="the contraindications were read for this wearer"
    )
    level = job("level", _level, "set the wearer's level")
    level.add_argument("percent", type=int)
    job(
        "stop", _stop, "no pulse from now on, at each device in reach that this laptop knows, or at --address"
    )
    return parser


async def _run(chosen: argparse.Namespace, simulator: Callable[[], Any]) -> int:
    chosen.known = Known(
        _air(chosen.sim, simulator) / "laptop-devices.json" if chosen.sim else default_path()
    )
    async with _radio(chosen, simulator):
        return await chosen.do(chosen)


def _air(sim: str, simulator: Callable[[], Any]) -> Path:
    return simulator().default_folder() if sim == HERE else Path(sim)


@contextlib.asynccontextmanager
async def _radio(chosen: argparse.Namespace, simulator: Callable[[], Any]) -> AsyncIterator[None]:
    """Take this computer's Bluetooth with an agent that asks for passkeys, or the simulated air."""
    if chosen.sim is not None:
        folder = _air(chosen.sim, simulator)
        async with simulator().laptop(folder, folder / "laptop-bonds.json", _passkey):
            yield
    elif sys.platform == "linux":
        from firmware_py.pi.bluez_agent import passkey_agent

        async with passkey_agent(_passkey):
            yield
    else:
        yield  # the operating system asks by itself


async def _passkey() -> int | None:
    try:
        text = await asyncio.to_thread(input, "Six digits on the device's display: ")
    except EOFError:
        return None
    return int(text) if text.strip().isdigit() else None


@contextlib.asynccontextmanager
async def _connected(
    chosen: argparse.Namespace, device: BLEDevice | None = None
) -> AsyncIterator[LinkClient]:
    device = device or await meant(chosen.known, chosen.address)
    async with LinkClient(device) as link:
        chosen.known.meet(device.address, device.name or "")
        yield link


@contextlib.asynccontextmanager
async def _unlocked(chosen: argparse.Namespace) -> AsyncIterator[LinkClient]:
    question = f"PIN of {chosen.user}: "
    pin = chosen.pin_file and _pin(chosen.pin_file, question)
    device = await _named(chosen)
    pin = pin or await asyncio.to_thread(_pin, None, question)
    async with _connected(chosen, device) as link:
        met = None if chosen.pin_was_changed else chosen.known.at(device.address)
        got = await link.unlock(chosen.user, pin, met and met.pins.get(chosen.user))
        chosen.known.keep_pin(device.address, chosen.user, got.made_with)
        yield link


async def _named(chosen: argparse.Namespace) -> BLEDevice:
    """Return the device that is meant, and say which one it is before anything is done to it."""
    device = await meant(chosen.known, chosen.address)
    print(f"Device: {label_of(device)}.", file=sys.stderr, flush=True)  # stdout is for what was asked for
    return device


def _pin(path: Path | None, question: str) -> str:
    if path is None:
        return getpass.getpass(question)
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as e:
        raise UserError(f"{path} cannot be read ({e.strerror}). Name the file that holds the PIN.") from e


def _print(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)


async def _scan(chosen: argparse.Namespace) -> int:
    found = await scan(chosen.seconds)
    _print(
        [f"{f.address}  {f.name:8}  {f.rssi_dbm} dBm" for f in found] or ["No device heard. Switch it on."]
    )
    return 0 if found else 1


async def _pair(chosen: argparse.Namespace) -> int:
    device = await (meant(chosen.known, chosen.address) if chosen.address else find(None))
    async with LinkClient(device, says_hello=False) as link:
        if not (await link.info()).is_pairable:
            print("Press the pairing button of the device first; its window is open for a minute.")
            return 1
        await link.pair()
        chosen.known.meet(device.address, device.name or "")
        _print([f"Paired with {label_of(device)}.", *words.status_lines(await link.status())])
    return 0


async def _forget(chosen: argparse.Namespace) -> int:
    met = chosen.known.all()
    wanted = (chosen.address or "").upper()
    forgotten = [m for m in met if wanted in (m.name.upper(), m.address)]
    if len(forgotten) != 1:
        raise UserError(f"This laptop knows {list_of(met) or 'no device'}. Name one address with --address.")
    chosen.known.forget(forgotten[0].address)
    print(f"Forgotten: {list_of(forgotten)}. Remove it in this computer's Bluetooth settings, too.")
    return 0


async def _info(chosen: argparse.Namespace) -> int:
    async with _connected(chosen) as link:
        about = await link.about()
        _print([f"{link.address}: {about['maker']} {about['model']}, firmware {about['firmware']}"])
        _print(words.status_lines(await link.status()))
    return 0


async def _get(chosen: argparse.Namespace) -> int:
    for name in chosen.names:
        words.parameter_of(name)
    async with _connected(chosen) as link:
        kept = await (link.confirmed() if chosen.confirmed else link.active())
    found = words.settings_of(kept.prescription)
    for name in chosen.names:
        if name not in found:
            raise UserError(f"There is no channel of {name} on this device. `link get` shows all settings.")
    if chosen.json:
        wanted = {n: found[n] for n in chosen.names} if chosen.names else found
        print(json.dumps({"hash": kept.hash.hex(), "revision": kept.revision, "phase": kept.phase, **wanted}))
    elif chosen.names:
        _print([str(found[name]) for name in chosen.names])
    else:
        _print(words.prescription_lines(kept))
    return 0


async def _set(chosen: argparse.Namespace) -> int:
    if not chosen.settings and not chosen.file:
        raise UserError("Nothing to set. Write NAME=VALUE, or give --file.")
    for text in chosen.settings:
        words.setting_of(text)  # said before anybody types a PIN
    async with _unlocked(chosen) as link:
        before = await link.active()
        wanted = load_prescription(chosen.file) if chosen.file else before.prescription
        wanted = words.with_settings(wanted, chosen.settings)
        changes = words.change_lines(before.prescription, wanted)
        if not changes:
            print("Nothing would change.")
            return 0
        _print(["Change:", *changes, *[f"Note: {w}" for w in warnings(wanted)]])
        tried = await link.try_prescription(wanted)
        await link.wait_taken_over()
        print(
            "On trial. It ends by itself after 10 minutes, with the connection, or if you say no.", flush=True
        )
        is_right = chosen.confirm or await _asked("Watch the wearer walk. Confirm? [y/N] ")
        try:
            if is_right:
                print(f"Confirmed as revision {await link.confirm(tried)}.")
                return 0
            await link.revert(tried)
            print("Not confirmed: the prescription is as it was.")
        except TrialEnded as ended:
            _print([str(ended), *words.outcome_lines(before.prescription, wanted, ended.runs.prescription)])
        return 1


async def _asked(question: str) -> bool:
    return (await asyncio.to_thread(input, question)).strip().lower() in ("y", "yes")


async def _confirm(chosen: argparse.Namespace) -> int:
    async with _unlocked(chosen) as link:
        runs = await link.active()
        if runs.phase == "confirmed":
            print("What runs is confirmed.")
            return 0
        confirmed = await link.confirmed()
        _print(["Not confirmed:", *words.change_lines(confirmed.prescription, runs.prescription)])
        if chosen.revert:
            await link.revert(runs)
        else:
            await link.confirm(runs)
        _print(words.status_lines(await link.status()))
    return 0


async def _watch(chosen: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    async with _connected(chosen) as link, link.watching() as following:
        end_s = loop.time() + chosen.seconds if chosen.seconds else None
        number = 0
        while end_s is None or loop.time() < end_s:
            try:
                _, samples = await asyncio.wait_for(following(), 5)
            except TimeoutError:
                await link.reconnect()
                continue
            for sample in samples:
                number += 1
                if chosen.json:
                    row = {f: getattr(sample, f) for f in sample.__dataclass_fields__}
                    print(json.dumps(row), flush=True)
                elif number % 10 == 1:
                    print(words.sample_line(sample), flush=True)
    return 0


async def _log(chosen: argparse.Namespace) -> int:
    async with _unlocked(chosen) as link:
        got = await download_log(link, chosen.file, last=chosen.last, progress=progress_bar("log"))
        again = f", {got.resumed} of them from before" if got.resumed else ""
        print(f"{got.path}: records {got.first} to {got.end - 1}{again}.")
    return 0


async def _history(chosen: argparse.Namespace) -> int:
    async with _unlocked(chosen) as link:
        index, count = 0, 1
        while index < count:
            data, length = b"", 1
            while len(data) < length:
                got = await link.ask(ops.HISTORY, index, len(data))
                data, length, count = data + got.part, got.length, got.count
            entry = read_entry(data)
            _print([words.entry_line(entry) if entry else "An entry that this client cannot read."])
            index += 1
    return 0


async def _unlock(chosen: argparse.Namespace) -> int:
    user, _, role = (chosen.new_pin_for or "").partition(":")
    if chosen.new_pin_for and role not in ROLES:
        raise UserError(f"{chosen.new_pin_for} names no role. Write USER:therapist or USER:engineer.")
    async with _unlocked(chosen) as link:
        if chosen.new_pin_for:
            pin = await asyncio.to_thread(_pin, chosen.new_pin_file, f"New PIN of {user}: ")
            made_with = await link.set_pin(user, role, checked_pin(pin))
            chosen.known.keep_pin(link.address, user, made_with)
            print(f"The PIN of {user} is set.")
        else:
            print(f"The PIN of {chosen.user} is right.")
    return 0


async def _test(chosen: argparse.Namespace) -> int:
    async with _unlocked(chosen) as link:
        if chosen.acknowledged:
            await link.ask(ops.ACKNOWLEDGE)
        await link.arm(ops.ARM_TEST)
        print("Holding for 2 s. Ctrl-C lets go.", flush=True)
        shown = await press(link, CHANNEL_NAMES.index(chosen.channel), current_max_ma=chosen.max_ma)
        _print(
            [
                f"{chosen.channel}: {shown.name} ({shown.granted} pulses, toe up {shown.lift_deg:.0f} deg, "
                f"eversion as read {shown.evert_deg:.0f} deg)",
                f"  {shown.said}",
                f"  {shown.ended}",
            ]
        )
        return 0 if shown.name in ("right", "not visible") else 1


async def _level(chosen: argparse.Namespace) -> int:
    if not 0 <= chosen.percent <= 100 or chosen.percent % 5:
        raise UserError(
            f"The level is {chosen.percent}; allowed is 0 to 100 % in steps of 5. Choose one of these."
        )
    async with _connected(chosen, await _named(chosen)) as link:
        await link.ask(ops.LEVEL, chosen.percent)
    return 0


async def _stop(chosen: argparse.Namespace) -> int:
    await stop_in_reach(chosen.known, chosen.address, lambda said: print(said, flush=True))
    return 0
