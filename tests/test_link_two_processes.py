"""A therapist's whole session with two programs: the simulated device in one, the client in the other."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware_py import blackbox
from firmware_py.link import ops
from firmware_py.pi.console import sentence_of
from firmware_py.pi.log_file import read_log
from hw_sim.demo import demo_prescription
from hw_sim.radio import link_sim
from tests.house import REPO
from therapist import connection, link_job
from therapist.client import LinkClient
from therapist.link_errors import LinkError, Refused
from therapist.log_download import download_log
from therapist.press import press

PIN = "481516"
WAIT_S = 60


class Device:
    """`./swingphase link serve-sim` in a folder of its own."""

    def __init__(self, folder: Path, pace: str) -> None:
        self.folder, self.pace = folder, pace
        self.display, self.pin_file = folder / "display", folder / "pin"
        self.pin_file.write_text(PIN)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "swingphase.py", "link", "serve-sim", "--air", str(self.folder / "air")]
        command += ["--pin-file", str(self.pin_file), "--display", str(self.display), "--pace", self.pace]
        self.process = subprocess.Popen(
            command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert "is in the air of" in self.process.stdout.readline()

    def button(self) -> None:
        """Press the pairing button."""
        self.process.send_signal(signal.SIGUSR1)

    async def types_what_it_shows(self) -> int:
        """What a person does who looks at the display."""
        while True:
            text = self.display.read_text() if self.display.exists() else ""
            if text:
                return int(text)
            await asyncio.sleep(0.02)

    def laptop(self):
        """A laptop with its bonds in the same folder."""
        air = self.folder / "air"
        return link_sim.laptop(air, self.folder / "laptop.json", self.types_what_it_shows)

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(WAIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def a_device(pace):
    with tempfile.TemporaryDirectory() as name:  # a short path: it holds a socket
        made = Device(Path(name), pace)
        try:
            yield made
        finally:
            if made.process.poll() is None:
                made.end()


@pytest.fixture(scope="module")
def paired_device():
    """A device that knows this laptop, whichever test comes first; without connection intervals, to save time."""
    with a_device("none") as made:
        run(pairs(made))
        bonds = made.folder / "air/laptop-bonds.json"  # the command line looks for its own here
        bonds.write_bytes((made.folder / "laptop.json").read_bytes())
        yield made


@pytest.fixture
def device(paired_device):
    """It, and it runs, also after a test that ended it."""
    if paired_device.process.poll() is not None:
        paired_device.start()
    return paired_device


async def pairs(device):
    async with device.laptop(), LinkClient(link_sim.ADDRESS, says_hello=False, scan_s=20) as link:
        device.button()
        await link.pair()


def run(deed):
    return asyncio.run(asyncio.wait_for(deed, WAIT_S))


async def log_holds_what_was(link):
    """Wait until the black box, which is drained once a second of the device's time, holds all rows up to now."""
    end = (await link.ask(ops.LOG_INFO)).end
    while (await link.ask(ops.LOG_INFO)).end == end:
        await asyncio.sleep(0.1)


async def bursts_until_right(link, channel):
    """Hold the button; on a machine so busy that beats come late the device ends a burst, and it is held again."""
    for _ in range(5):
        await link.arm(ops.ARM_TEST)
        shown = await press(link, channel)
        await asyncio.sleep(1.5)  # the stimulator and the foot come to rest
        if shown.name == "right":
            break
    return shown


def test_pair_unlock_read_test_burst_change_walk_confirm_download_log_disconnect(tmp_path):
    with a_device("fast") as device:
        a_session(device, tmp_path)


def a_session(device, tmp_path):
    async def session():
        async with device.laptop():
            async with LinkClient(link_sim.ADDRESS, says_hello=False, scan_s=20) as link:
                device.button()
                await link.pair()
                with pytest.raises(Refused):
                    await link.ask(ops.ARM_WALK)
                assert (await link.unlock("Therapist", PIN)).role == "therapist"
                before = await link.active()
                await link.ask(ops.ACKNOWLEDGE)
                for channel in (0, 1):
                    shown = await bursts_until_right(link, channel)
                    assert (shown.channel, shown.name) == (channel, "right"), shown
                    assert shown.granted > 50
                await link.ask(ops.CHECKED)
                await link.arm(ops.ARM_WALK)
                tibialis, peroneal = before.prescription.channels
                wanted = before.prescription._replace(
                    channels=(tibialis._replace(current_ua=tibialis.current_ua + 2_000), peroneal)
                )
                tried = await link.try_prescription(wanted)
                await link.wait_taken_over()
                strongest, swings = 0.0, 0
                async with link.watching() as following:
                    for _ in range(400):
                        _, samples = await following()
                        swings += sum(s.is_swing for s in samples)
                        strongest = max([strongest, *(s.currents_ma[0] for s in samples)])
                        if strongest >= tibialis.current_ua / 1000 + 2:
                            break
                assert strongest == tibialis.current_ua / 1000 + 2, "the walk uses the change"
                assert swings > 10
                assert (await link.status()).armed == 1
                revision = await link.confirm(tried)
                confirmed = await link.confirmed()
                assert (confirmed.prescription, confirmed.revision) == (wanted, revision)
                await link.ask(ops.DISARM)
                await log_holds_what_was(link)
                got = await download_log(link, tmp_path / "log.swp")
            return wanted, got

    wanted, got = run(session())
    recovered = read_log(got.path)
    assert (recovered.rows_lost, recovered.bytes_lost) == (0, 0)
    kinds = Counter(kind for kind, _, _ in blackbox.rows(recovered.rows))
    assert kinds[blackbox.RESULT] > 100
    assert sum(kinds.values()) == got.end - got.first
    granted = [v[3] for kind, _, v in blackbox.rows(recovered.rows) if kind == blackbox.RESULT and v[0] == 0]
    assert max(granted) == wanted.channels[0].current_ua


def test_a_client_that_is_killed_in_a_burst_and_one_that_is_stopped_end_it(device):
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from hw_sim.radio import link_sim\n"
        "from firmware_py.link import ops\n"
        "from therapist.client import LinkClient\n"
        "from therapist.press import press\n"
        "async def main(air, keys):\n"
        "    async with link_sim.laptop(air, keys, None), LinkClient(link_sim.ADDRESS, scan_s=20) as link:\n"
        f"        await link.unlock('Therapist', '{PIN}')\n"
        "        await link.ask(ops.ACKNOWLEDGE)\n"
        "        await link.arm(ops.ARM_TEST)\n"
        "        asyncio.get_running_loop().call_later(0.7, lambda: print('held', flush=True))\n"
        "        await press(link, 0)\n"
        "asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))\n"
    )
    arguments = [str(device.folder / "air"), str(device.folder / "laptop.json")]
    for number in (signal.SIGKILL, signal.SIGSTOP):
        child = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], cwd=REPO, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        child.send_signal(number)
        time.sleep(1.0)  # the burst of 2 s would go on for longer
        if number == signal.SIGSTOP:
            child.kill()
        child.wait()
        child.stdout.close()

        path = device.folder / f"{number}.swp"
        run(downloads(device, path))
        rows = list(blackbox.rows(read_log(path).rows))
        pulses = [t for kind, t, v in rows if kind == blackbox.RESULT and v[3] > 0]
        lasted_s = ((pulses[-1] - pulses[-pulses_of_last_burst(pulses)]) & 0x3FFFFFFF) / 1e6
        assert 0.1 < lasted_s < 1.6, "a press of 0.7 s, and 0.6 s at most until it is noticed"


async def downloads(device, path):
    async with device.laptop(), LinkClient(link_sim.ADDRESS, scan_s=20) as link:
        await link.unlock("Therapist", PIN)
        await log_holds_what_was(link)
        await download_log(link, path, last=4_000)
        status = await link.status()
        assert (status.press, status.armed) == (0, 0)


def pulses_of_last_burst(times):
    count = 1
    while count < len(times) and ((times[-count] - times[-count - 1]) & 0x3FFFFFFF) < 500_000:
        count += 1
    return count


# The command line ----------------------------------------------------------------------------------


def link(device, *arguments):
    there = ["--address", link_sim.ADDRESS, "--sim", str(device.folder / "air")]
    return link_job.main([*arguments, *there], lambda: link_sim)


def test_the_command_line_scans_informs_and_gets(device, capsys):
    assert link(device, "scan", "--seconds", "2") == 0
    assert link(device, "info") == 0
    assert link(device, "get", "rise_ms", "tibialis_anterior.current_ua") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("F0:5A:C0:00:00:01  SWP-")
    assert "Swingphase P24, simulated" in said[1]
    wanted = demo_prescription()
    assert said[-2:] == [str(wanted.rise_ms), str(wanted.channels[0].current_ua)]
    assert link(device, "get", "--json", "--confirmed", "fall_ms") == 0
    assert '"phase": "confirmed", "fall_ms": 150}' in capsys.readouterr().out


def test_the_command_line_tries_confirms_lists_who_did_it_and_downloads(
    device, capsys, monkeypatch, tmp_path
):
    pin = ["--pin-file", str(device.pin_file)]
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert link(device, "set", *pin, "fall_ms=200") == 1
    assert link(device, "set", *pin, "fall_ms=200", "--confirm") == 0
    assert link(device, "set", *pin, "fall_ms=200") == 0
    assert link(device, "confirm", *pin) == 0
    assert link(device, "history", *pin) == 0
    assert link(device, "log", *pin, "--last", "1000", str(tmp_path / "log.swp")) == 0
    assert read_log(tmp_path / "log.swp").about["from"] == "link"
    said = capsys.readouterr().out
    assert "fall_ms: 150 -> 200 ms" in said
    assert "Nothing would change." in said
    assert "reverted  by Therapist (therapist)" in said
    assert said.strip().splitlines()[-2].split(" by ")[0].endswith("confirmed")
    assert "log.swp: records " in said.strip().splitlines()[-1]


def test_the_command_line_watches_levels_stops_and_tries_a_pin(device, capsys):
    pin = ["--pin-file", str(device.pin_file)]
    assert link(device, "watch", "--seconds", "0.5", "--json") == 0
    assert '"phase": "not walking"' in capsys.readouterr().out
    assert link(device, "level", "80") == 0
    assert link(device, "stop") == 0
    assert "Wearer's level 80 %" in capsys.readouterr().out
    assert link(device, "unlock", *pin) == 0
    assert link(device, "unlock", *pin, "--new-pin-for", "Therapist:therapist", "--new-pin-file", pin[1]) == 0
    with pytest.raises(Refused, match="own PIN only"):
        link(device, "unlock", *pin, "--new-pin-for", "Bea:engineer", "--new-pin-file", pin[1])


@pytest.mark.slow
def test_the_command_line_runs_a_test_burst(device, capsys):
    pin = ["--pin-file", str(device.pin_file)]
    assert 0 in [link(device, "test", *pin, "--acknowledged", "peroneal") for _ in range(2)]
    assert "peroneal: right" in capsys.readouterr().out


@pytest.mark.slow
def test_the_device_starts_again_with_what_was_confirmed_and_knows_the_laptop(device, capsys):
    pin = ["--pin-file", str(device.pin_file)]
    assert link(device, "set", *pin, "tibialis_anterior.current_ua=24000", "--confirm") == 0
    device.end()
    device.start()
    capsys.readouterr()
    assert link(device, "get", "--confirmed", "tibialis_anterior.current_ua") == 0
    assert capsys.readouterr().out == "24000\n"
    assert link(device, "set", *pin, "tibialis_anterior.current_ua=25000", "--confirm") == 0


BAD = [
    (["set", "rise_ms=20"], "rise_ms is 20; allowed is a whole number from 50 to 1000 ms"),
    (["set", "rise_ms=x"], "rise_ms is x; allowed"),
    (["set", "nonsense=1"], "There is no setting nonsense"),
    (["set", "peroneal.nonsense=1"], "There is no setting peroneal.nonsense"),
    (["set"], "Nothing to set"),
    (["level", "73"], "allowed is 0 to 100 % in steps of 5"),
    (["get", "nonsense"], "There is no setting nonsense"),
    (["unlock", "--pin-file", "/nowhere/pin"], "cannot be read"),
    (["unlock", "--new-pin-for", "Ada"], "names no role"),
]


@pytest.mark.parametrize(("arguments", "sentence"), BAD)
def test_bad_input_on_the_command_line_gets_a_sentence_before_anything_is_asked(arguments, sentence):
    nowhere = SimpleNamespace(laptop=lambda *_: contextlib.nullcontext())
    with pytest.raises((ValueError, RuntimeError), match=re.escape(sentence)) as caught:
        link_job.main([*arguments, "--sim", "nowhere"], lambda: nowhere)
    assert sentence_of(caught.value)


def test_a_device_that_ends_during_a_session_is_said_so(device, monkeypatch):
    monkeypatch.setattr(connection, "RECONNECT_S", 0.3)

    async def session():
        async with device.laptop(), LinkClient(link_sim.ADDRESS, scan_s=20) as link:
            device.end()
            await asyncio.wait_for(link.lost.wait(), 10)
            with pytest.raises(LinkError):
                await link.status()

    run(session())
    assert os.listdir(device.folder / "air") != [], "bonds and prescription are kept"
