"""`replay --verify`: today's code decides as the log says; every way in which a log or the code is wrong is named."""

import random
import struct

import pytest

import swingphase
from firmware_py import acts, blackbox
from firmware_py.blackbox import ROW_BYTES, ROW_FORMAT
from firmware_py.pi.log_file import LogFile, read_log
from firmware_py.pi.log_folder import Room, SegmentedLog
from firmware_py.pi.log_paths import logs_at
from firmware_py.pi.log_rows import records
from firmware_py.pi.replay.verify import verify
from hw_sim import check_flow
from hw_sim.demo import demo_prescription, run_demo
from hw_sim.seated import SeatedLeg
from safety import plausibility
from stimulator import envelope
from tests.log_files import cut_out


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A black box of 10 s of walking, armed from 3 s on."""
    path = tmp_path_factory.mktemp("walk") / "blackbox.swp"
    run_demo(demo_prescription(), walk_s=10, off_s=3, log_path=path)
    return path


def verdict(path):
    (log,) = logs_at(path)
    return verify(log)


def rewritten(path, rows, target, about=None):
    """Write `rows` as a log that is sound as a file."""
    log = LogFile(target, read_log(path).about if about is None else about)
    log.append(rows)
    log.close()
    return target


def row_list(path):
    data = read_log(path).rows
    return [data[at : at + ROW_BYTES] for at in range(0, len(data), ROW_BYTES)]


def test_a_walk_is_decided_again_as_it_was(walk, capsys):
    found = verdict(walk)
    assert found.problem == ""
    assert found.checked_n == found.rows_n > 5_000
    assert found.decisions_n > 1_000
    assert "closed" not in found.line()
    assert swingphase.main(["replay", "--verify", str(walk)]) == 0
    assert "Today's code decides as the log says." in capsys.readouterr().out


@pytest.mark.parametrize(("share", "n_cuts"), [(0.05, 20), (0.3, 12), (0.77, 3)])
def test_a_log_that_was_cut_off_is_the_same_as_far_as_it_goes(walk, tmp_path, share, n_cuts):
    rows = row_list(walk)
    for n in range(int(len(rows) * share), int(len(rows) * share) + n_cuts):
        path = tmp_path / f"{n}.swp"
        log = LogFile(path, read_log(walk).about)
        log.append(b"".join(rows[:n]))
        log.leave()
        found = verdict(path)
        assert found.problem == "", found.line()
        assert found.checked_n >= n - 12
        assert "not closed in order" in found.line(), "what came after is not known"


def test_each_flipped_bit_of_the_file_is_found_out(walk, tmp_path):
    data = walk.read_bytes()
    draw = random.Random(1)
    for i in range(40):
        hurt = bytearray(data)
        at = draw.randrange(len(data))
        hurt[at] ^= 1 << draw.randrange(8)
        path = tmp_path / "hurt.swp"
        path.write_bytes(bytes(hurt))
        try:
            logs = logs_at(path)
            problem = any(log.found.bytes_lost or log.found.rows_lost for log in logs)
        except ValueError:
            problem = True  # its head is unreadable, and that is said
        assert problem, f"bit flip {i} at byte {at}"


def test_a_flipped_bit_in_the_middle_fails_the_verification_and_says_so(walk, tmp_path, capsys):
    data = bytearray(walk.read_bytes())
    data[len(data) // 2] ^= 4
    path = tmp_path / "hurt.swp"
    path.write_bytes(bytes(data))
    assert swingphase.main(["replay", "--verify", str(path)]) == 1
    assert "Rows are missing after row" in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(4))
def test_a_dropped_record_and_a_swapped_pair_are_found_out_though_every_checksum_fits(walk, tmp_path, seed):
    rows = row_list(walk)
    at = random.Random(seed).randrange(100, len(rows) - 100)
    for n, broken in enumerate(
        (rows[:at] + rows[at + 1 :], [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]])
    ):
        found = verdict(rewritten(walk, b"".join(broken), tmp_path / f"{n}.swp"))
        assert "sequence" in found.problem
        assert at - 12 <= found.checked_n <= at + 1


@pytest.mark.parametrize("n_frames", [1, 3])
def test_a_missing_end_is_found_out_though_all_that_is_there_is_decided_the_same(
    walk, tmp_path, capsys, n_frames
):
    rows = row_list(walk)
    path = tmp_path / "a.swp"
    log = LogFile(path, read_log(walk).about)
    for at in range(0, len(rows), 500):
        log.append(b"".join(rows[at : at + 500]))
    log.close()
    assert verdict(path).problem == ""
    cut_out(path, n_frames)
    found = verdict(path)
    left_n = found.rows_n
    assert left_n < len(rows)
    assert found.problem == f"{len(rows) - left_n} rows are missing after row {left_n}, at its end."
    assert swingphase.main(["replay", "--verify", str(path)]) == 1
    assert "rows are missing" in capsys.readouterr().out


def test_what_follows_the_kill_of_a_log_writer_is_not_taken_for_checked(walk, tmp_path):
    """Exactly 256 rows are missing, which the sequence of the rows cannot show."""
    rows, about = row_list(walk), read_log(walk).about
    for first, last in ((0, 2_000), (2_256, 3_000)):
        log = SegmentedLog(tmp_path, "loop", about, Room(tmp_path))
        log.append(b"".join(rows[first:last]))
    log.close()
    (found,) = map(verify, logs_at(tmp_path))
    assert "A log writer ended by itself before row 2000" in found.problem
    assert 1_900 < found.checked_n <= 2_000


def changed(rows, i, **values):
    """Return rows in which numbers of row `i` are changed, by their place (a to g)."""
    row = list(struct.unpack(ROW_FORMAT, rows[i]))
    for name, value in values.items():
        row["abcdefg".index(name) + 4] = value
    return b"".join([*rows[:i], struct.pack(ROW_FORMAT, *row), *rows[i + 1 :]])


def place_of(rows, kind, nth=0, **values):
    """Return the place of the nth row of a kind with these numbers."""
    found = []
    for i, data in enumerate(rows):
        row = struct.unpack(ROW_FORMAT, data)
        if row[0] == kind and all(row["abcdefg".index(k) + 4] == v for k, v in values.items()):
            found.append(i)
    return found[nth]


def test_the_first_decision_that_differs_is_named_with_both_values(walk, tmp_path):
    rows = row_list(walk)
    i = place_of(rows, blackbox.RESULT, nth=-40)
    granted = struct.unpack(ROW_FORMAT, rows[i])[7]
    assert granted > 0
    found = verdict(rewritten(walk, changed(rows, i, d=granted + 500), tmp_path / "a.swp"))
    assert f"Row {i} at " in found.problem
    assert f"result: granted_ua is {granted + 500} in the log and {granted} by today's code" in found.problem
    assert found.checked_n == i


def test_an_input_that_was_changed_shows_in_what_follows_from_it(walk, tmp_path):
    rows = row_list(walk)
    i = place_of(rows, blackbox.SAMPLE, nth=500)
    rate = struct.unpack(ROW_FORMAT, rows[i])[5]
    found = verdict(rewritten(walk, changed(rows, i, b=rate + 300), tmp_path / "a.swp"))
    assert "state" in found.problem
    assert i < found.checked_n < i + 6


@pytest.mark.parametrize(
    ("module", "names", "value", "kind"),
    [
        (plausibility, ("FORWARD_CDPS", "TURN_CDPS"), 60_000, "result"),
        (envelope, ("LEVEL_FULL",), 9_999, "request"),
    ],
)
def test_code_that_was_changed_since_is_found_at_its_first_other_decision(
    walk, monkeypatch, module, names, value, kind
):
    for name in names:
        monkeypatch.setattr(module, name, value)
    found = verdict(walk)
    assert f", {kind}: " in found.problem, found.line()
    assert "by today's code" in found.problem


def test_a_decision_that_todays_code_would_not_take_is_named(walk, tmp_path):
    rows = row_list(walk)
    i = place_of(rows, blackbox.ARMED, nth=-1)
    row = list(struct.unpack(ROW_FORMAT, rows[i]))
    tail = [list(struct.unpack(ROW_FORMAT, r)) for r in rows[i:]]
    for one in tail:
        one[1] = (one[1] + 1) & 0xFF
    made = b"".join([*rows[:i], struct.pack(ROW_FORMAT, *row), *(struct.pack(ROW_FORMAT, *r) for r in tail)])
    found = verdict(rewritten(walk, made, tmp_path / "a.swp"))
    assert f"Row {i + 1} at " in found.problem
    assert "the log holds [armed" in found.problem


def test_a_log_without_its_beginning_cannot_be_checked_and_says_so(walk, tmp_path):
    log = LogFile(tmp_path / "a.swp", read_log(walk).about, first_row=500)
    log.append(b"".join(row_list(walk)[500:]))
    log.close()
    found = verdict(tmp_path / "a.swp")
    assert "The beginning of the log is missing" in found.problem
    assert found.checked_n == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"process": "toaster"}, "is a log of toaster"),
        ({"process": None}, "is a log of nothing that it names"),
        ({"device": "Zapper"}, "device is 'Zapper'"),
        ({"prescription_bytes": "00"}, "does not say what it was built from"),
        ({"place": "elbow"}, "does not say what it was built from"),
    ],
)
def test_a_log_of_something_else_is_refused_with_a_sentence(walk, tmp_path, capsys, change, said):
    about = read_log(walk).about | change
    path = rewritten(walk, b"".join(row_list(walk)[:50]), tmp_path / "a.swp", about)
    assert swingphase.main(["replay", "--verify", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_the_check_of_leg_and_channels_is_decided_again_with_every_button(tmp_path):
    """Acknowledge, arm for a test, hold, beat, let go, judge, for each channel; then walking may be armed."""
    seat = check_flow.seated(SeatedLeg())
    world = seat.world
    found = check_flow.check_channels(world)
    assert [one.is_right for one in found] == [True, True]
    world.loop.guard.acknowledge()
    for _ in range(200):
        if world.loop.arm_walk():
            break
        world.advance(5_000)
    world.loop.commit(world.loop.walk.prescription._replace(rise_ms=300))
    world.loop.guard.take_battery(3)
    world.advance(50_000)
    world.close()
    log = LogFile(
        tmp_path / "a.swp", {k: v.hex() if isinstance(v, bytes) else v for k, v in world.loop.about.items()}
    )
    log.append(bytes(world.rows))
    log.close()
    done = {row.values[0] for row in records(bytes(world.rows)) if row.kind == blackbox.ACT}
    assert done >= {
        acts.ACT_OPEN,
        acts.ACT_PROFILE_CHANGED,
        acts.ACT_HOLD,
        acts.ACT_BEAT,
        acts.ACT_RELEASE,
        acts.ACT_CHANNELS_CHECKED,
        acts.ACT_USE,
        acts.ACT_COMMIT,
        acts.ACT_BATTERY,
    }
    verdict_ = verdict(tmp_path / "a.swp")
    assert verdict_.problem == "", verdict_.line()
    assert verdict_.checked_n == verdict_.rows_n
