"""Recordings: read once, converted in one way, refused with a sentence."""

import contextlib
import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest

from gait_detect.detector import GaitDetector
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recordings import (
    Recording,
    RecordingError,
    fill_sample,
    load_recordings,
    make_detector,
    pick,
    recordings_in,
)
from hw_sim.walker import WalkerSettings
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

WORDS = (
    "t_us",
    "gyro_x_cdps",
    "gyro_y_cdps",
    "gyro_z_cdps",
    "acc_x_mg",
    "acc_y_mg",
    "acc_z_mg",
    "heel",
    "has_imu",
)
ENTRY = {
    "dataset": "made",
    "subject": 7,
    "trial": "a",
    "side": "L",
    "place": "foot",
    "group": "healthy",
    "fs": 204.8,
    "start": 10,
    "len": 500,
    "has_heel": True,
    "steps": [[1, 40, 10, 30], [60, -1, -1, -1]],
    "ignore": [[0, 5]],
    "slow": True,
}


def write(folder: Path, *, name: str = "made.npz", drop: str | None = None, index=None, **entry) -> Path:
    """Write a file with one made recording; fields of its entry can be changed, arrays dropped."""
    rng = np.random.default_rng(3)
    entries = [ENTRY | entry]
    arrays = {
        "gyro": rng.integers(-20_000, 20_000, (600, 3)).astype(np.int16),
        "acc": rng.integers(-3_000, 3_000, (600, 3)).astype(np.int16),
        "gyro_scale": np.float64(0.001),
        "acc_scale": np.float64(0.01),
        "heel": np.abs(rng.normal(0, 200, 600).cumsum()).astype(np.int16),
        "index": np.frombuffer(json.dumps(entries).encode() if index is None else index, np.uint8),
    }
    file = folder / name
    np.savez(file, **{k: v for k, v in arrays.items() if k != drop})  # type: ignore[arg-type]
    return file


def words(sample: Sample) -> tuple[int, ...]:
    return tuple(getattr(sample, word) for word in WORDS)


@pytest.fixture
def made(tmp_path: Path) -> Recording:
    (recording,) = recordings_in(write(tmp_path))
    return recording


def test_a_recording_says_what_it_is(made: Recording) -> None:
    assert (made.n_samples, made.fs, made.place, made.subject) == (500, 204.8, "foot", "7")
    assert made.steps == ((1, 40, 10, 30), (60, -1, -1, -1))
    assert made.ignore == ((0, 5),)
    assert (made.is_slow, made.is_weak_pushoff) == (True, False)
    assert made.describe() == (
        "made recording 0: healthy, subject 7, trial a, L foot, 2 s at 204.8 Hz, 2 steps labelled, slow"
    )


def test_a_benchmark_and_the_replay_give_the_detector_the_same_whole_numbers(made: Recording) -> None:
    gyro, acc, heel = made.gyro_rad_s.tolist(), made.acc_mps2.tolist(), made.heel_down
    assert heel is not None
    theirs = Sample()
    for i, ours in enumerate(made.samples()):
        fill_sample(theirs, i / made.fs, gyro[i], acc[i], bool(heel[i]))
        assert words(ours) == words(theirs), f"sample {i}"


def test_the_adapter_decides_as_the_detector_of_the_device() -> None:
    walk = simulated_recording(WalkerSettings(severity="moderate", seed=2), seconds=12.0)
    device, adapter = GaitDetector(place="foot"), make_detector(walk.fs, place="foot")
    gyro, acc, heel = walk.gyro_rad_s.tolist(), walk.acc_mps2.tolist(), walk.heel_readings
    assert set(heel) == {True, False}
    ons = 0
    for i, sample in enumerate(walk.samples()):
        on = adapter.update(i / walk.fs, gyro[i], acc[i], heel[i])
        assert on == bool(device.step(sample).swing), f"sample {i}"
        ons += on
    assert 0 < ons < walk.n_samples


def test_conversion_uses_the_units_of_a_sample() -> None:
    s = Sample()
    fill_sample(s, 2.5, (math.pi, -math.pi / 2, 0.0), (9.80665, -9.80665 / 2, 0.0), None)
    assert words(s) == (2_500_000, 18_000, -9_000, 0, 1000, -500, 0, HEEL_NONE, 1)
    fill_sample(s, 2**30 / 1e6, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), True)
    assert (s.t_us, s.heel) == (0, HEEL_DOWN)
    fill_sample(s, 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), False)
    assert s.heel == HEEL_UP


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_reading_that_is_no_number_counts_as_no_imu(value: float) -> None:
    s = Sample()
    fill_sample(s, 0.0, (0.0, value, 0.0), (0.0, 0.0, 9.8), None)
    assert s.has_imu == 0


def test_the_heel_sole_closes_above_25_percent_and_opens_at_15(tmp_path: Path) -> None:
    file = write(tmp_path, len=101, start=0)
    arrays = dict(np.load(file))
    ramp = np.r_[np.arange(0, 101, 2), np.arange(98, -2, -2)].astype(np.int16)  # 0 to 100 and back
    arrays["heel"][:101] = ramp
    np.savez(file, **arrays)
    down = recordings_in(file)[0].heel_down
    assert down is not None
    low, high = np.percentile(ramp, [5, 95])
    assert not down[ramp <= low].any()
    first, last = np.flatnonzero(down)[[0, -1]]
    assert ramp[first - 1] <= low + 0.25 * (high - low) < ramp[first]
    assert ramp[last] > low + 0.15 * (high - low) >= ramp[last + 1]


def test_a_recording_without_a_sole_has_no_heel(tmp_path: Path) -> None:
    (recording,) = recordings_in(write(tmp_path, has_heel=False))
    assert recording.heel_down is None
    assert {s.heel for s in recording.samples()} == {HEEL_NONE}


def test_a_folder_gives_all_its_files_in_order_of_name(tmp_path: Path, monkeypatch) -> None:
    write(tmp_path, name="b.npz", subject="second")
    write(tmp_path, name="a.npz", subject="first")
    assert [r.subject for r in recordings_in(tmp_path)] == ["first", "second"]
    monkeypatch.setenv("SWINGPHASE_GAIT_DIR", str(tmp_path))
    assert [r.subject for r in load_recordings()] == ["first", "second"]
    assert pick(tmp_path, 1).subject == "second"


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        recordings_in(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_what_is_missing_or_broken_is_refused_with_a_sentence(tmp_path: Path) -> None:
    assert "does not exist; recordings are a *.npz file" in refusal(tmp_path / "none.npz")
    (tmp_path / "empty").mkdir()
    assert "holds no *.npz file" in refusal(tmp_path / "empty")
    text = tmp_path / "text.npz"
    text.write_text("not a zip")
    assert "must be a whole *.npz file" in refusal(text)
    whole = write(tmp_path).read_bytes()
    for cut in (0, 30, len(whole) // 2, len(whole) - 30):
        (tmp_path / "cut.npz").write_bytes(whole[:cut])
        assert "must be a whole *.npz file" in refusal(tmp_path / "cut.npz")
    single = tmp_path / "single.npz"
    with single.open("wb") as f:
        np.save(f, np.zeros(3))
    assert "must be a whole *.npz file" in refusal(single)


def test_every_flipped_byte_is_read_or_refused_never_a_traceback(tmp_path: Path) -> None:
    whole = bytearray(write(tmp_path).read_bytes())
    broken = tmp_path / "broken.npz"
    for at in range(0, len(whole), 97):
        whole[at] ^= 0xFF
        broken.write_bytes(whole)
        whole[at] ^= 0xFF
        with contextlib.suppress(RecordingError):
            recordings_in(broken)


@pytest.mark.parametrize("name", ["gyro", "acc", "gyro_scale", "acc_scale", "index"])
def test_a_missing_array_is_named(tmp_path: Path, name: str) -> None:
    assert f"has no {name};" in refusal(write(tmp_path, drop=name))


@pytest.mark.parametrize("name", ["dataset", "place", "fs", "start", "len", "steps", "has_heel"])
def test_a_missing_field_is_named(tmp_path: Path, name: str) -> None:
    without = {k: v for k, v in ENTRY.items() if k != name}
    assert f"has no {name};" in refusal(write(tmp_path, index=json.dumps([without]).encode()))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("place", "hand", "place is 'hand'; it may be 'foot' or 'shank'"),
        ("fs", "fast", "is not a number"),
        ("fs", 0, "fs is 0"),
        ("fs", math.nan, "fs is nan"),
        ("len", 591, "len 591"),
        ("len", 0, "len 0"),
        ("start", -1, "start -1"),
        ("steps", [[1, 2]], "four a row"),
        ("ignore", [1], "ignore two"),
    ],
)
def test_a_wrong_field_is_refused_with_its_range(tmp_path: Path, field: str, value, said: str) -> None:
    assert said in refusal(write(tmp_path, **{field: value}))


@pytest.mark.parametrize(
    ("index", "said"),
    [(b"{", "index is not JSON"), (b"[]", "lists no"), (b"{}", "lists no"), (b"\xff", "not JSON")],
)
def test_a_broken_index_is_refused(tmp_path: Path, index: bytes, said: str) -> None:
    assert said in refusal(write(tmp_path, index=index))


@pytest.mark.parametrize("number", [-1, 1, 10**9])
def test_a_number_out_of_range_is_refused_with_the_range(tmp_path: Path, number: int) -> None:
    with pytest.raises(RecordingError, match=r"recording is .* holds 0 to 0\. Choose one"):
        pick(write(tmp_path), number)


def test_the_published_benchmark_sees_the_same_heel_and_the_same_decisions(
    gait_dir: Path, made: Recording
) -> None:
    script = gait_dir / "evaluate.py"
    if not script.exists():
        pytest.skip(f"no evaluate.py in {gait_dir}")
    spec = importlib.util.spec_from_file_location("evaluate", script)
    assert spec is not None
    assert spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    assert made.heel_down is not None
    assert made.heel_down.tolist() == evaluate.heel_comparator(made.heel_counts).tolist()

    ours = [r for r in load_recordings(gait_dir) if r.dataset == "stanford_fog"]
    theirs = list(evaluate.load(str(gait_dir), ["stanford_fog"]))
    for r, (meta, gyro, acc, heel) in zip(ours, theirs, strict=True):
        detector = GaitDetector(place=r.place)
        on = [bool(detector.step(s).swing) for s in r.samples()]
        assert on == evaluate.run(make_detector, meta, gyro, acc, heel).tolist(), r.describe()
