"""A board's log is copied while nobody is armed and reads as lines; what is damaged is said, and the rest stands."""

import pytest

from firmware_py import blackbox
from firmware_py.pi.board import job
from firmware_py.pi.board.log import read_log
from firmware_py.pi.console import UserError
from firmware_py.pi.words import of_fault, of_reason
from safety import faults, reasons
from tests.fake_board import fake_board
from tests.fake_repl import FakeRepl, at_port

ROWS = 60


@pytest.fixture
def written(tmp_path):
    """The log that a board's own writer makes."""
    with fake_board(tmp_path / "rig") as rig:
        module = rig.board("ram_log")
        (tmp_path / "flash").mkdir()
        module.FILES = (str(tmp_path / "flash/log.0"), str(tmp_path / "flash/log.1"))
        log = module.RamLog(100)
        writer = module.LogWriter(log, b"build 1 profile abc")
        log.go()
        for i in range(ROWS):
            log.note(blackbox.SAMPLE, 1_000 * i, -i, 2, 3)
        log.note(blackbox.RESULT, 90_000, 1, 7, 20_000, 0, 250, reasons.TOO_SOON)
        log.note(blackbox.ARMED, 91_000, 0, reasons.STOPPED, 6, faults.EMERGENCY_STOP)
        while writer.step():
            pass
    return tmp_path / "flash/log.0"


def test_every_row_of_a_board_reads_as_a_line(written):
    lines = read_log(written)
    assert lines[0].kind == "start"
    assert lines[0].text == "build 1 profile abc"
    samples = [line for line in lines if line.kind == "sample"]
    assert [line.t_us for line in samples] == [1_000 * i for i in range(ROWS)]
    assert samples[5].text.startswith("gyro_x_cdps -5, gyro_y_cdps 2")
    [refusal, _] = [line for line in lines if line.kind == "result"]
    assert f"reason {reasons.TOO_SOON}" in refusal.text
    assert refusal.text.endswith(of_reason(reasons.TOO_SOON))
    [armed, _] = [line for line in lines if line.kind == "armed"]
    assert armed.text.endswith(of_fault(faults.EMERGENCY_STOP).engineer)


def test_a_torn_page_is_said_and_the_others_stand(written):
    whole = read_log(written)
    data = bytearray(written.read_bytes())
    data[len(data) // 2] ^= 1
    written.write_bytes(data)
    lines = read_log(written)
    assert [line.kind for line in lines].count("damaged") == 1
    assert len(whole) - 7 <= len([line for line in lines if line.kind != "damaged"]) < len(whole)


def test_a_log_that_was_cut_at_any_byte_keeps_its_whole_pages(written, tmp_path):
    data = written.read_bytes()
    whole = read_log(written)
    cut = tmp_path / "cut"
    for n in range(10, len(data), 37):
        cut.write_bytes(data[:n])
        kept = [line for line in read_log(cut) if line.kind != "damaged"]
        assert kept == whole[: len(kept)]
        assert len(kept) >= (n - 40) * len(whole) // len(data) - 14


@pytest.mark.parametrize("name", ["nowhere", "other"])
def test_what_is_no_log_is_one_sentence(tmp_path, name):
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(UserError, match=r"Give "):
        read_log(tmp_path / name)


def test_the_command_copies_the_logs_and_shows_them(written, tmp_path, monkeypatch, capsys):
    board = FakeRepl(written.parent)
    with at_port(board, monkeypatch):
        assert job.main(["log", "--port", "/dev/ttyACM0", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/log.0").read_bytes() == written.read_bytes()
    assert "build 1 profile abc" in capsys.readouterr().out
    assert board.resets == 1


def test_a_board_without_a_log_says_so(tmp_path, monkeypatch, capsys):
    with at_port(FakeRepl(tmp_path / "flash"), monkeypatch):
        job.main(["log", "--port", "/dev/ttyACM0", "--out", str(tmp_path / "out")])
    assert "kept nothing yet" in capsys.readouterr().out


def test_the_log_of_an_armed_board_is_left_alone(written, monkeypatch, tmp_path):
    board = FakeRepl(written.parent)
    board.state = "swingphase armed=1 state=armed fault=0"
    with at_port(board, monkeypatch), pytest.raises(UserError, match="Somebody is armed"):
        job.main(["log", "--port", "/dev/ttyACM0", "--out", str(tmp_path / "out")])
    assert board.codes == []


@pytest.mark.parametrize("words", [(), ("log.0", "--port", "/dev/ttyACM0")])
def test_files_and_a_port_are_not_asked_for_together(words):
    with pytest.raises(UserError, match="either files"):
        job.main(["log", *words])
