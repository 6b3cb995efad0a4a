"""What the guardian is told at its start: the limits of a prescription, never looser than the absolute ones."""

import contextlib
import json
import socket

import pytest

from firmware_py.frames import FrameReader
from firmware_py.messages import StatusFrame
from firmware_py.pi.guardian import process
from firmware_py.pi.guardian.process import main
from firmware_py.pi.guardian.settings import SettingsError, load_settings, settings_from
from firmware_py.pi.guardian_launch import settings_for
from stimulator.drivers import devices
from stimulator.drivers.capability import P24
from stimulator.drivers.devices import tail_sentence
from stimulator.prescription import channel_limits, default_prescription

GOOD = settings_for(default_prescription(), devices.choose(devices.P24), has_imu=True, has_switch=False)


def changed(**values) -> bytes:
    """The good settings with some values changed; `channel_` ones in the first channel; None removes."""
    told = json.loads(GOOD.to_bytes())
    for name, value in values.items():
        owner = told["channels"][0] if name.startswith("channel_") else told
        name = name.removeprefix("channel_")
        if value is None:
            del owner[name]
        else:
            owner[name] = value
    return json.dumps(told).encode()


def test_the_limits_of_a_prescription_arrive_as_they_left(tmp_path):
    path = tmp_path / "guardian.json"
    path.write_bytes(GOOD.to_bytes())
    assert load_settings(path) == GOOD
    assert GOOD.channels == channel_limits(default_prescription(), P24)
    assert (GOOD.has_imu, GOOD.has_switch) == (True, False)
    assert load_settings(path).digest() == GOOD.digest()


@pytest.mark.parametrize(
    "values",
    [
        {"channel_current_max_ua": 100_001},
        {"channel_current_max_ua": -1},
        {"channel_current_max_ua": 2**30},
        {"channel_current_max_ua": 60_000.0},
        {"channel_current_max_ua": True},
        {"channel_width_max_us": 451},
        {"channel_charge_max_nc": 30_001},
        {"channel_interval_min_us": 16_599},
        {"channel_rms_sq_max_ma2": 401},
        {"channel_plateau_nc": 0},
        {"channel_current_step_ua": 0},
        {"channel_return_group": 4},
        {"channel_doublet": 1},
        {"channel_width_max_us": None},
        {"channel_colour": 1},
        {"channels": []},
        {"channels": [1]},
        {"channels": json.loads(GOOD.to_bytes())["channels"] * 3},
        {"device": "unknown"},
        {"device": "P24"},
        {"device": "rehastim2"},
        {"answer_max_ms": 20},
        {"answer_max_ms": True},
        {"allow_host_death_tail_ms": 99},
        {"allow_host_death_tail_ms": 2_001},
        {"channel_current_step_ua": 1_000},
        {"version": 2},
        {"has_imu": 1},
        {"prescription": 7},
        {"has_switch": None},
        {"has_imu": False},  # nor a switch: no sensor at all
        {"more": 1},
    ],
    ids=lambda values: str(values)[:60],
)
def test_looser_or_strange_settings_are_refused_with_a_next_step(values):
    with pytest.raises(SettingsError, match=r"\. (Write|Derive|Start|Choose|Name|Remove)"):
        settings_from(changed(**values))


def test_tighter_settings_are_taken():
    assert settings_from(changed(channel_current_max_ua=0)).channels[0].current_max_ua == 0


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_settings_file_is_refused(data):
    with pytest.raises(SettingsError):
        settings_from(data)


def test_a_guardian_that_cannot_begin_says_why_in_one_sentence(tmp_path, capfd):
    path = tmp_path / "guardian.json"
    arguments = ["--port", str(tmp_path / "none"), "--settings", str(path), "--controller-fd", "99"]
    assert main(arguments) == 2
    assert "cannot be read" in capfd.readouterr().err
    path.write_bytes(GOOD.to_bytes())
    assert main(arguments) == 2
    assert "cannot be opened as a serial port" in capfd.readouterr().err


class Armed:
    """Stands in for the core: says that the guardian is armed, or not."""

    def __init__(self):
        self.armed = 0

    def fill_status(self, status):
        status.armed = self.armed

    def fill_results(self, status):
        pass


def test_a_long_tail_is_told_at_each_arming(monkeypatch, capfd):
    monkeypatch.setattr(process, "Signals", lambda: None)
    core = Armed()
    sentence = tail_sentence(P24._replace(host_death_tail_ms=1_200))
    guardian = process.GuardianProcess(core, None, None, None, None, at_arming=sentence)  # pyright: ignore[reportArgumentType]
    for armed in (0, 1, 1, 0, 2):
        core.armed = armed
        guardian._tell(0, False, False)
    assert capfd.readouterr().out == f"guardian: {sentence}\n" * 2
    core.armed = 0
    quiet = process.GuardianProcess(core, None, None, None, None)  # pyright: ignore[reportArgumentType]
    core.armed = 1
    quiet._tell(0, False, False)
    assert capfd.readouterr().out == ""


def test_an_operator_that_was_too_busy_to_hear_is_told_again_and_the_others_are_not_kept_from_it(monkeypatch):
    monkeypatch.setattr(process, "Signals", lambda: None)
    core, ends = Armed(), [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
    guardian = process.GuardianProcess(core, None, None, None, None)  # pyright: ignore[reportArgumentType]
    guardian._operators = [own for own, _ in ends]
    (busy, sleeper), (_, listener) = ends
    for one in (busy, sleeper, ends[1][0], listener):
        one.setblocking(False)
    with contextlib.suppress(BlockingIOError):  # full
        while True:
            busy.send(b"old")
    core.armed = 1
    guardian._tell(0, False, False)
    assert statuses(listener) == [1]
    guardian._tell(0, False, False)
    assert statuses(sleeper) == []
    guardian._tell(0, False, False)
    assert statuses(sleeper) == [1], "what it missed"
    statuses(listener)
    guardian._tell(0, False, False)
    assert statuses(sleeper) == statuses(listener) == [], "once heard, only what is new"
    for pair in ends:
        for one in pair:
            one.close()


def statuses(sock):
    """Return what each status that waits says of being armed."""
    reader, status, found = FrameReader(), StatusFrame(), []
    while True:
        try:
            packet = sock.recv(2048)
        except BlockingIOError:
            return found
        reader.reset()
        reader.feed(packet, 0, len(packet))
        while reader.next():
            assert status.decode(reader)
            found.append(status.armed)
