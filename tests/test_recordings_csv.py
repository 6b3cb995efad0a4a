"""Own recordings as CSV: read without a loss, and refused with the line, the column and what to do."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.csv_cells import EVENTS, FIRST_LINE, HEADER_NAMES
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recording import Recording, RecordingError
from hw_sim.recordings import files_in, pick, recordings_in
from hw_sim.recordings_csv_writer import write_csv
from hw_sim.walker_settings import WalkerSettings
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from swingphase import main
from tests.house import REPO
from tests.test_evaluate_scores import made

HEAD = "# swingphase recording 1\n# place: foot\n"
NAMES = "t_s,gyro_x_dps,gyro_y_dps,gyro_z_dps,acc_x_g,acc_y_g,acc_z_g"
EVENT, HEEL = NAMES + ",event", NAMES + ",heel_down"


def values_of(sample: Sample) -> tuple[int, ...]:
    return tuple(getattr(sample, name) for name in Sample.__slots__)


SPARSE = {i: f"{i / 10},1,2,3,0,0,1" for i in range(8)}


def text_of(
    rows: int = 8, *, head: str = HEAD, names: str = NAMES, lines: Mapping[int, str] | None = None
) -> str:
    """A file of `rows` readings at 100 Hz; `lines` gives the text of some of them."""
    made = {i: f"{i / 100:.2f},1,2,3,0.1,0.2,0.9" for i in range(rows)} | dict(lines or {})
    return head + names + "\n" + "\n".join(made.values()) + "\n"


def write(folder: Path, text: str, name: str = "own.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refusal(file: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        recordings_in(file)
    return str(caught.value)


@pytest.fixture(scope="module")
def walk() -> Recording:
    return simulated_recording(WalkerSettings(severity="moderate", stop_s=9.0), seconds=12.0)


def test_what_was_written_is_read_as_the_same_samples_and_labels(walk: Recording, tmp_path: Path) -> None:
    walk = replace(walk, ignore=((0, 90), (1100, 1200)), is_slow=True)
    write_csv(walk, tmp_path / "walk.csv")
    (read,) = recordings_in(tmp_path)
    ours, theirs = map(values_of, walk.samples()), map(values_of, read.samples())
    assert list(ours) == list(theirs)
    assert (read.steps, read.ignore, read.fs) == (walk.steps, walk.ignore, walk.fs)
    assert len(read.steps) >= 5
    for name in ("dataset", "subject", "trial", "side", "place", "group", "is_slow", "is_weak_pushoff"):
        assert getattr(read, name) == getattr(walk, name)
    levels = {sample.heel for sample in read.samples()}
    assert levels == {HEEL_DOWN, HEEL_UP}


def test_lost_readings_and_unknown_labels_survive_the_round_trip(walk: Recording, tmp_path: Path) -> None:
    gyro = walk.gyro_counts.astype(np.float64)
    gyro[50:60] = np.nan
    levels = np.array(walk.heel_levels)
    levels[20:40] = HEEL_NONE
    steps = ((100, 180, -1, -1), (200, -1, 220, 260), (-1, 380, 320, 360))
    walk = replace(walk, gyro_counts=gyro, heel_levels=levels, steps=steps, fs=204.8)
    write_csv(walk, tmp_path / "walk.csv")
    read = pick(tmp_path / "walk.csv", 0)
    lost = [i for i, sample in enumerate(read.samples()) if not sample.has_imu]
    assert lost == list(range(50, 60))
    assert [s.heel for s in read.samples()] == [s.heel for s in walk.samples()]
    assert [s.t_us for s in read.samples()] == [s.t_us for s in walk.samples()]
    assert read.steps == steps


def test_a_recording_without_switch_and_marks_is_read_back_too(tmp_path: Path) -> None:
    write_csv(made(ignore=()), tmp_path / "made.csv")
    read = pick(tmp_path / "made.csv", 0)
    assert not read.has_switch
    assert {sample.heel for sample in read.samples()} == {HEEL_NONE}
    assert read.steps[1] == (320, 400, -1, -1)


def test_units_follow_from_the_names_of_the_columns(tmp_path: Path) -> None:
    si = "t_ms,gyro_z_rad_s,gyro_y_rad_s,gyro_x_rad_s,acc_x_mps2,acc_y_mps2,acc_z_mps2"
    text = HEAD + si + "\n100,0.3,0.2,0.1,0,0,9.80665\n110,0,-1,0,0,0,9.80665\n"
    (first, second) = (values_of(s) for s in pick(write(tmp_path, text), 0).samples())
    names = dict(zip(Sample.__slots__, first, strict=True))
    assert (names["gyro_x_cdps"], names["gyro_y_cdps"], names["gyro_z_cdps"]) == (573, 1146, 1719)
    assert (names["acc_z_mg"], names["t_us"], names["has_imu"]) == (1000, 0, 1)
    assert dict(zip(Sample.__slots__, second, strict=True))["t_us"] == 10_000


def test_rows_left_out_are_lost_readings_at_their_time(tmp_path: Path) -> None:
    text = text_of(lines={6: "0.06,,,,,,"})
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("0.03", "0.04")))
    recording = pick(write(tmp_path, text), 0)
    assert recording.fs == pytest.approx(100)
    assert [s.has_imu for s in recording.samples()] == [1, 1, 1, 0, 0, 1, 0, 1]
    assert [s.t_us for s in recording.samples()] == list(range(0, 80_000, 10_000))


def test_without_an_event_column_no_trigger_is_wrong_and_with_one_every_unmarked_trigger_is(
    tmp_path: Path,
) -> None:
    assert pick(write(tmp_path, text_of()), 0).ignore == ((0, 8),)
    names, row = EVENT, "0.03,1,2,3,0.1,0.2,0.9,"
    rows = {i: row.replace("0.03", f"0.0{i}") for i in range(8)}
    recording = pick(write(tmp_path, text_of(names=names, lines=rows)), 0)
    assert (recording.ignore, recording.steps) == ((), ())


def test_a_bom_blank_lines_and_trailing_commas_of_a_spreadsheet_are_read(tmp_path: Path) -> None:
    text = text_of().replace("recording 1\n", "recording 1,,,,,,\n\n").replace("foot\n", "foot,,,,,,\n")
    assert pick(write(tmp_path, "\ufeff" + text), 0).n_samples == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (text_of(lines={2: "0.02,1,2,3,0.1,0.2,fast"}), "column acc_z_g is 'fast'; it may be a number from -32"),
        (text_of(lines={2: "0.02,1,50000,3,0,0,1"}), "column gyro_y_dps is '50000'; it may be a number from -4000"),
        (text_of(lines={2: "0.02,1,,3,0,0,1"}), "column gyro_y_dps is ''; it may be"),
        (text_of(lines={2: "0.02,nan,1,3,0,0,1"}), "line 6, column gyro_x_dps is 'nan'"),
        (text_of(lines={2: "soon,1,2,3,0,0,1"}), "column t_s is 'soon'; it may be a number from -1e+13 to"),
        (text_of(lines={2: "0.02,1,2,3"}), "line 6 has 4 cells; it must have 7"),
        (text_of(lines={2: "0.00,1,2,3,0,0,1"}), "line 6: t_s is 0, -10 ms after the line before; readings"),
        (text_of(lines={7: "11.07,1,2,3,0,0,1"}), "or split the file at the pause"),
        (text_of(lines={7: "0.075,1,2,3,0,0,1"}), "line 11: t_s is 0.075, 15 ms after the line before"),
        (text_of(rows=1), "holds 1 readings; it must hold 2 or more"),
        (text_of(rows=0), "holds 0 readings"),
        (HEAD, "has no line with the names of the columns"),
        ("", "has no line with the names of the columns"),
        ("t_s,x\n1,2\n", "line 1 is 't_s,x'; a recording of ours begins with '# swingphase recording 1'"),
        (text_of(head="# swingphase recording 1\n"), "place is ''; it may be foot or shank"),
        (text_of(head=HEAD.replace("foot", "hand")), "place is 'hand'; it may be foot or shank"),
        (text_of(head=HEAD + "# side: left\n"), "side is 'left'; it may be L or R"),
        (text_of(head=HEAD + "# colour: red\n"), "line 3 is '# colour: red'; lines above the columns are"),
        (text_of(head=HEAD + "# rate_hz: 50\n"), "line 6: t_s is 0.01, 10 ms after the line before; readings come"),
        (text_of(rows=300, head=HEAD + "# rate_hz: 101\n"), "rate_hz is 101, and t_s gives 100 readings a second"),
        (text_of(head=HEAD + "# rate_hz: fast\n"), "rate_hz is 'fast'; 20 to 1000 readings a second"),
        (text_of(lines=SPARSE, head=HEAD + "# rate_hz: 500\n"), "holds 8 of 351 readings; at most 9 of 10 may be lost"),
        (text_of(lines={2: "1e300,1,2,3,0,0,1"}), "column t_s is '1e300'; it may be"),
        (text_of(names=NAMES.replace("t_s", "t_ms")), "0.01 ms a reading; 20 to 1000 readings a second"),
        (text_of(names=NAMES.replace("_dps", "")), "line 3 names the columns t_s, gyro_x, "),
        (text_of(names=NAMES.replace(",", ";")), "with commas between"),
        (text_of(names=NAMES + ",pulse"), "line 3: column 'pulse' is unknown; allowed are t_s, gyro_x_dps"),
        (text_of(names=NAMES + ",t_s"), "line 3: column 't_s' is there twice"),
        (text_of(names=EVENT, lines={0: "0,1,2,3,0,0,1,jump"}), "line 4, column event is 'jump'; it may be heel_off"),
        (text_of(names=HEEL, lines={0: "0,1,2,3,0,0,1,2"}), "column heel_down is '2'; it may be 1, 0 or empty"),
        (HEAD + "t" * 200_000, "line 3 cannot be read (field larger than field limit"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_line_column_range_and_next_step(
    tmp_path: Path, text: str, said: str
) -> None:
    file = write(tmp_path, text)
    sentence = refusal(file)
    assert sentence.startswith(str(file))
    assert said in sentence
    assert sentence.count(". ") + sentence.count("; ") >= 2  # fact; allowed. next step.


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            ["toe_off", "heel_off", "contact"],
            "line 5, column event: the step that ends here has only toe_off",
        ),
        (["heel_off", "contact"], "has only heel_off and contact"),
        (["foot_flat"], "Add the missing event"),
    ],
)
def test_a_step_without_what_scoring_needs_is_refused(tmp_path: Path, events: list[str], said: str) -> None:
    marks = dict(enumerate(events, 1))
    rows = {i: f"0.0{i},1,2,3,0,0,1,{marks.get(i, '')}" for i in range(8)}
    assert said in refusal(write(tmp_path, text_of(names=EVENT, lines=rows)))


def test_several_events_may_share_one_row(tmp_path: Path) -> None:
    marks = {1: "heel_off+toe_off", 4: "contact+foot_flat", 5: "toe_off", 7: "contact"}
    rows = {i: f"0.0{i},1,2,3,0,0,1,{marks.get(i, '')}" for i in range(8)}
    recording = pick(write(tmp_path, text_of(names=EVENT, lines=rows)), 0)
    assert recording.steps == ((1, 4, 1, 4), (-1, -1, 5, 7))


def test_a_foreign_csv_in_a_folder_is_left_out_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "phase,angle\n0,1\n", "curves.csv")
    with pytest.raises(RecordingError, match=r"holds no \*\.npz file and no \*\.csv of ours"):
        files_in(tmp_path)
    ours = write(tmp_path, text_of())
    assert files_in(tmp_path) == [ours]
    ours.write_bytes(HEAD.encode() + b"\xff\xfe\n")
    assert "it must be a text file in UTF-8" in refusal(ours)


def test_a_csv_that_cannot_be_written_is_a_sentence(walk: Recording, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be written"):
        write_csv(walk, tmp_path / "no" / "such.csv")


def test_a_switch_that_stays_closed_is_down_all_the_time(tmp_path: Path) -> None:
    rows = {i: f"0.0{i},1,2,3,0,0,1,1" for i in range(8)}
    recording = pick(write(tmp_path, text_of(names=HEEL, lines=rows)), 0)
    assert recording.has_switch
    assert recording.heel_readings == [True] * 8


def test_the_example_on_the_page_is_read_and_the_page_names_every_word_of_the_format(tmp_path: Path) -> None:
    page = (REPO / "docs" / "recordings.md").read_text(encoding="utf-8")
    example = next(block for block in page.split("```\n") if block.startswith(FIRST_LINE))
    recording = pick(write(tmp_path, example), 0)
    assert [s.has_imu for s in recording.samples()] == [1, 1, 0]
    assert recording.ignore == ((0, 1),)
    for word in (*HEADER_NAMES, *EVENTS, "heel_down", "unlabelled", "`_rad_s`", "`_mps2`", "`t_ms`"):
        assert word in page


WHOLE = text_of(
    head=HEAD + "# side: L\n# rate_hz: 100\n",
    names=HEEL + ",event,unlabelled",
    lines={i: f"0.0{i},1,2,3,0,0,1,1,{'toe_off+contact' if i == 3 else ''},{i % 2}" for i in range(8)},
)


@given(
    at=st.integers(0, len(WHOLE) - 1),
    put=st.sampled_from(["", "\n", ",", "#", "+", '"', "-", "9", "e9", "\x00", "é"]),
)
def test_whatever_one_character_becomes_the_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: str
) -> None:
    file = write(tmp_path_factory.getbasetemp(), WHOLE[:at] + put + WHOLE[at + 1 :], "changed.csv")
    refused = ""
    try:
        assert 2 <= recordings_in(file)[0].n_samples <= 80
    except RecordingError as e:
        refused = str(e)
    assert not refused or (str(file) in refused and refused.endswith("."))


def test_a_walk_that_nobody_labelled_has_no_rate_and_no_false_trigger(
    walk: Recording, tmp_path: Path, capsys
) -> None:
    write_csv(walk, tmp_path / "walk.csv")
    lines = (tmp_path / "walk.csv").read_text().splitlines()
    cut = [line if line.startswith("#") else ",".join(line.split(",")[:8]) for line in lines]
    (tmp_path / "walk.csv").write_text("\n".join(cut))
    assert main(["evaluate", "--data", str(tmp_path), "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "No recording has a missed, double or false step." in said
    assert re.search(r"simulated/foot/simulated +0 +0 \| +- ", said)
