"""The front door: bad input gets a sentence and exit code 2, never a traceback."""

import json
import os
import signal
import subprocess
import sys

import pytest

from benchmarks.bench_job import BENCHES
from swingphase import JOBS
from tests.house import REPO

BENCH_FILES = {"tradeoffs": "gait_tradeoffs", "leg": "leg_cost"}  # the others are called as their bench


def door(*args, cwd=REPO, **env):
    return subprocess.run(
        [sys.executable, str(REPO / "swingphase.py"), *args],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["replay", "none.npz"], "none.npz"),
        (["replay", "none.npz", "--recording", "1"], "none.npz"),
        (["replay", "README.md"], "README.md"),
        (["replay", "docs"], "docs"),
        (["demo", "--prescription", "none.toml"], "cannot be read"),
        (["demo", "--severity", "terrible"], "severe"),
        (["dance"], "dance"),
        ([], "JOB"),
        (["emulate", "toaster"], "p24"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2(args, words):
    done = door(*args)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_prescription_out_of_range_names_field_range_and_next_step(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text("[tibialis_anterior]\ncurrent_ua = 250000\n")
    done = door("demo", "--prescription", str(path), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert (
        "current_ua in [tibialis_anterior] is 250000; allowed is a whole number from 0 to 100000"
        in done.stderr
    )
    assert "Choose a value inside." in done.stderr


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    done = door("demo", "--out", str(tmp_path / "file" / "out"))
    assert done.returncode == 2
    assert "--out" in done.stderr


def test_the_demo_writes_its_report_and_black_box(tmp_path):
    done = door("demo", "--seed", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "dropped foot" in page
    assert (tmp_path / "demo" / "blackbox.swp").stat().st_size > 100_000
    assert "toe drags" in done.stdout
    assert "walking 100%" in done.stderr


def test_the_emulator_says_where_it_is_and_ends_on_ctrl_c():
    with subprocess.Popen(
        [sys.executable, str(REPO / "swingphase.py"), "emulate", "p24"],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=20) == 0
    assert "/dev/" in first
    assert "0 pulses were delivered" in rest


# Whoever only runs Swingphase has the packages of requirements/run.txt and no others.
BARE = """
import importlib, importlib.metadata, json, re, sys
from pathlib import Path

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

wanted = {plain(n) for n in re.findall(r"^([\\w.-]+)==", Path(sys.argv[1]).read_text(), re.M)}
for module, owners in importlib.metadata.packages_distributions().items():
    if "." not in module and not any(plain(o) in wanted or plain(o) == "swingphase" for o in owners):
        sys.modules[module] = None  # an import of it fails
failed = {}
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except ImportError as e:
        failed[name] = str(e)
print(json.dumps(failed))
"""


def test_every_sub_command_but_test_and_campaign_starts_with_the_packages_of_a_plain_run():
    modules = [job.module for job in JOBS if job.name not in ("test", "campaign")]
    modules += [job.simulator for job in JOBS if job.simulator]
    modules += [f"benchmarks.{BENCH_FILES.get(name, name)}" for name in BENCHES]
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(REPO / "requirements/run.txt"), *modules, "pytest"],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    failed = json.loads(done.stdout)
    assert failed.pop("pytest"), "what a plain run does not have is really missing here"
    assert failed == {}
