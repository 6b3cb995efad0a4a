"""`./swingphase log`: what it says of a whole log, of a damaged one and of none at all."""

import csv
import json

import pytest

import swingphase
from firmware_py import acts, blackbox
from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.about import about_log, is_clock_synchronised, requirements_hash
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_folder import Room, SegmentedLog, new_session
from firmware_py.pi.log_rows import RowGap, records
from hw_sim.demo import demo_prescription, run_demo
from stimulator.prescription import canonical_bytes, prescription_hash
from tests.log_files import cut_out


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A black box of 12 s of walking, armed from 4 s on."""
    path = tmp_path_factory.mktemp("walk") / "blackbox.swp"
    run_demo(demo_prescription(), walk_s=12, off_s=4, log_path=path)
    return path


def run(capsys, *words):
    code = swingphase.main(["log", *map(str, words)])
    return code, capsys.readouterr()


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_info_names_everything_that_a_log_must_name(walk, capsys):
    code, said = run(capsys, "info", walk)
    assert code == 0
    prescription = demo_prescription()
    for text in (
        "commit: ",
        f"requirements: {requirements_hash()}",
        f"prescription: {prescription_hash(prescription)}",
        "device: p24",
        "stimulator: EMULATED24",
        "firmware: 1.2.3, ScienceMode 4.0.0",
        "begun: ",
        "clock: ",
        "time: 12.0 s",
        "armed 1 times",
        "Refused: not armed",
        "Whole.",
    ):
        assert text in said.out, text
    about = read_log(walk).about
    assert about["prescription_bytes"] == canonical_bytes(prescription).hex()
    assert about["wall_time"].endswith("+00:00")


def test_a_damaged_log_says_what_is_missing_and_is_recovered(walk, tmp_path, capsys):
    data = bytearray(walk.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    hurt = tmp_path / "hurt.swp"
    hurt.write_bytes(bytes(data))
    code, said = run(capsys, "info", hurt)
    assert code == 1
    assert "rows are missing" in said.out
    code, said = run(capsys, "recover", hurt, "--out", tmp_path / "clean")
    assert code == 1
    target = tmp_path / "clean" / "hurt-recovered.swp"
    assert str(target) in said.out
    got, before = read_log(target), read_log(hurt)
    assert got.rows == before.rows
    assert (got.rows_lost, got.bytes_lost, got.is_ended) == (before.rows_lost, 0, True)
    assert got.about["recovered_from"] == ["hurt.swp"]
    code, said = run(capsys, "recover", hurt, "--out", tmp_path / "clean")
    assert code == 2
    assert "exists already" in said.err


def test_export_makes_a_table_of_each_kind_with_its_own_columns(walk, tmp_path, capsys):
    code, said = run(capsys, "export", walk, "--out", tmp_path)
    assert code == 0
    assert "in 12 tables" in said.out
    samples = table(tmp_path / "blackbox-sample.csv")
    assert len(samples) == 1200
    assert set(samples[0]) >= {"t_us", "gyro_y_cdps", "acc_z_mg", "heel_and_imu"}
    found = table(tmp_path / "blackbox-act.csv")
    assert [int(a["act"]) for a in found] == [
        acts.ACT_OPEN,
        acts.ACT_ACKNOWLEDGE,
        acts.ACT_USE,
        acts.ACT_ARM,
    ]
    assert 3_900_000 < int(found[1]["t_us"]) <= 4_000_000
    assert max(int(s["t_us"]) for s in samples) < 12_100_000, "the clock has wrapped on the way"
    assert table(tmp_path / "blackbox-sent.csv")[0]["bytes_hex"].startswith("f0")


def test_a_folder_is_a_log_per_process(tmp_path, walk, capsys):
    session = new_session(tmp_path)
    rows = read_log(walk).rows
    for name in ("guardian", "controller"):
        log = SegmentedLog(session, name, about_log({"process": name}), Room(tmp_path), 50_000)
        for at in range(0, len(rows), 500 * ROW_BYTES):
            log.append(rows[at : at + 500 * ROW_BYTES])
        log.close()
    code, said = run(capsys, "info", session)
    assert code == 0
    assert said.out.count("Whole.") == 2
    assert said.out.index("controller:") < said.out.index("guardian:")


def session_of(folder, parts, name="guardian", *, is_closed=True, is_killed=False):
    """Write the parts as a log; is_killed: the writer is killed between them."""
    session = new_session(folder)
    log = SegmentedLog(session, name, about_log({"process": name}), Room(folder))
    for part in parts:
        if is_killed and part is not parts[0]:
            log = SegmentedLog(session, name, about_log({"process": name}), Room(folder))
        log.append(part)
    if is_closed:
        log.close()
    return session


def cycles(n):
    ring = blackbox.RowRing(n)
    for i in range(n):
        ring.note(blackbox.CYCLE, i, i)
    return ring.drain()


@pytest.mark.parametrize("job", ["info", "export", "recover"])
def test_a_log_that_was_not_closed_is_not_called_whole(tmp_path, capsys, job):
    session = session_of(tmp_path, [cycles(700)], is_closed=False)
    more = () if job == "info" else ("--out", tmp_path / "out")
    code, said = run(capsys, job, session, *more)
    assert code == 1
    assert "rows may be missing at its end" in said.out
    assert "Whole" not in said.out


@pytest.mark.parametrize("n", [50, 256, 512])
def test_rows_that_a_killed_writer_took_along_are_said_however_many_they_are(tmp_path, capsys, n):
    """256 of them do not show in the sequence of the rows, which is one byte."""
    rows = cycles(2_000)
    at, after = 700 * ROW_BYTES, (700 + n) * ROW_BYTES
    session = session_of(tmp_path, [rows[:at], rows[after:]], is_killed=True)
    code, said = run(capsys, "info", session)
    assert code == 1
    assert "A log writer ended by itself before row 700" in said.out
    assert "Whole" not in said.out
    assert f"{2_000 - n:,} cycle".replace(",", "") in said.out, "what comes after it is read all the same"
    code, said = run(capsys, "recover", session, "--out", tmp_path / "out")
    code, said = run(capsys, "info", tmp_path / "out" / "guardian-recovered.swp")
    assert (code, "before row 700" in said.out) == (1, True), "a recovered log still says so"


def test_a_row_that_is_missing_inside_a_log_is_no_whole_log(tmp_path, capsys):
    rows = cycles(500)
    session = session_of(tmp_path, [rows[: 100 * ROW_BYTES] + rows[101 * ROW_BYTES :]])
    code, said = run(capsys, "info", session)
    assert (code, "a row is missing" in said.out, "Whole" in said.out) == (1, True, False)


def test_a_tail_that_is_missing_before_the_word_at_the_end_is_counted_and_stays_so_when_recovered(
    tmp_path, capsys
):
    session = session_of(tmp_path, [cycles(500)], is_closed=False)
    rows = cycles(500)
    log = SegmentedLog(session, "controller", {"process": "controller"}, Room(tmp_path))
    for at in range(0, 500, 100):
        log.append(rows[at * ROW_BYTES : (at + 100) * ROW_BYTES])
    log.close()
    path = session / "controller-0001.swp"
    cut_out(path, 2)
    assert read_log(path).rows_lost == 200
    code, said = run(capsys, "info", path)
    assert (code, "200 rows are missing" in said.out) == (1, True)
    run(capsys, "recover", path, "--out", tmp_path / "out")
    assert read_log(tmp_path / "out" / "controller-0001-recovered.swp").rows_lost == 200


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "holds no log"),
        (lambda p: p.write_text("hello"), "holds nothing that is a log"),
    ],
)
def test_what_is_no_log_is_refused_with_a_sentence(tmp_path, capsys, make, sentence):
    path = tmp_path / "x.swp"
    make(path)
    code, said = run(capsys, "info", path)
    assert code == 2
    assert sentence in said.err


def some(n=300):
    ring = blackbox.RowRing(n)
    for i in range(n):
        if i % 50 == 7:
            ring.note_bytes(blackbox.SENT, i, bytes(60), 60)
        ring.note(blackbox.CYCLE, i, i)
    return bytearray(ring.drain()[-n * ROW_BYTES :])


def test_whole_rows_have_no_gap():
    assert sum(row.rows for row in records(bytes(some()[ROW_BYTES:]))) == 299


@pytest.mark.parametrize("seed", range(30))
def test_a_dropped_row_or_a_swapped_pair_is_found_out_at_its_place(seed):
    data = some()[3 * ROW_BYTES :]
    rows = [bytes(data[at : at + ROW_BYTES]) for at in range(0, len(data), ROW_BYTES)]
    at = 5 + seed * 8
    for broken in (rows[:at] + rows[at + 1 :], [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]):
        with pytest.raises(RowGap) as found:
            list(records(b"".join(broken)))
        assert at <= found.value.number <= at + 1


def test_rows_that_the_ring_lost_are_a_gap_and_say_so():
    ring = blackbox.RowRing(10)
    for i in range(25):
        ring.note(blackbox.CYCLE, i, i)
    with pytest.raises(RowGap, match="lost 15 rows"):
        list(records(ring.drain()))


def test_a_kind_that_does_not_exist_is_a_gap():
    data = some()[3 * ROW_BYTES :]
    data[4 * ROW_BYTES] = 99
    with pytest.raises(RowGap, match="kind 99"):
        list(records(bytes(data)))


def test_the_head_is_ready_for_json_and_says_where_the_time_comes_from():
    told = about_log({"x": b"\x01\xff", "process": "guardian"})
    assert json.loads(json.dumps(told))["x"] == "01ff"
    assert told["wall_time_source"] == (
        "synchronised" if is_clock_synchronised() else "system clock, not synchronised"
    )
