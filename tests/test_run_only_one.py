"""Beside a device that runs, `run --check` and a second `run` touch nothing and say why."""

import errno
import os
import subprocess
import sys

import pytest

import swingphase
from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.run import job
from firmware_py.pi.run.only_one import only_one
from firmware_py.pi.sensors import iio_tree
from firmware_py.pi.sensors.axes import IDENTITY, axes_of
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.sensors.iio_imu import IioImu
from firmware_py.pi.sensors.parts import LSM6DSOX, MPU6050
from hw_sim.fake_iio import FakeIio

HOLDER = """
import sys
from pathlib import Path
from firmware_py.pi.run.only_one import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "swingphase.toml"
    path.write_text("", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("more", [["--check"], []])
def test_beside_a_device_that_runs_nothing_is_looked_at_and_one_sentence_says_so(
    tmp_path, config, more, monkeypatch, capsys
):
    monkeypatch.setattr(job, "look", lambda *_, **__: pytest.fail("a part was touched"))
    with only_one(tmp_path / "settings"):
        assert swingphase.main(["run", "--config", config, *more]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "The device runs already" in said.err
    assert "nothing was touched" in said.err


def test_the_parts_are_looked_at_under_the_lock_and_it_is_given_back(tmp_path, config, monkeypatch):
    refused = []

    def look(*_, **__):
        with pytest.raises(UserError, match="runs already"), only_one(tmp_path / "settings"):
            pass
        refused.append(True)
        return []

    monkeypatch.setattr(job, "look", look)
    assert swingphase.main(["run", "--config", config, "--check"]) == 0
    assert refused
    with only_one(tmp_path / "settings"):
        pass


def test_a_simulation_beside_the_device_is_nobodys_trouble(tmp_path, config):
    with only_one(tmp_path / "settings"):
        assert swingphase.main(["run", "--config", config, "--check", "--sim"]) == 0


def test_the_lock_of_a_device_that_was_killed_is_gone(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="runs already"), only_one(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with only_one(tmp_path):
        pass


def test_settings_of_another_user_are_said_to_be_that(tmp_path, monkeypatch):
    def closed(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", closed)
    with pytest.raises(UserError, match=r"another user's.*sudo -u swingphase"), only_one(tmp_path):
        pass


def test_a_pin_that_cannot_be_kept_in_another_users_settings_is_one_sentence(
    tmp_path, config, monkeypatch, capsys
):
    def closed(*_):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "settings" / "link"))

    (tmp_path / "pin").write_text("481516")
    monkeypatch.setattr(job, "add_user", closed)
    more = ["--add-user", "ada:therapist", "--pin-file", str(tmp_path / "pin")]
    assert swingphase.main(["run", "--config", config, *more]) == 2
    assert "link is another user's. Do it as that user: `sudo -u swingphase`" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_left_to_the_check(tmp_path):
    (tmp_path / "settings").touch()
    with only_one(tmp_path / "settings"):
        pass


@pytest.mark.parametrize("part", [LSM6DSOX, MPU6050], ids=lambda part: part.name)
def test_an_imu_that_another_program_has_open_goes_on_measuring(tmp_path, part, monkeypatch):
    fake = FakeIio(tmp_path, part)
    rates, forces = fake.file("buffer/enable"), fake.file("buffer/enable", int(part is LSM6DSOX))
    first = IioImu(part, axes_of(IDENTITY), 200, root=fake.root, dev=fake.dev)

    def busy(*_):
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as kernel:
        kernel.setattr(iio_tree.os, "open", busy)
        with pytest.raises(SensorError, match="Close the program that uses it"):
            IioImu(part, axes_of(IDENTITY), 200, root=fake.root, dev=fake.dev)
    assert [rates.read_text(), forces.read_text()] == ["1", "1"]
    first.close()
    fake.close()
