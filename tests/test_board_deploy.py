"""Copying to a board: never while armed, nothing believed that does not read back, and always in a safe order."""

import shutil

import pytest

from firmware_py.pi.board import job
from firmware_py.pi.board.build import Options, build, load
from firmware_py.pi.board.deploy import deploy
from firmware_py.pi.board.line import BoardLine
from firmware_py.pi.console import UserError
from stimulator.prescription import canonical_bytes, default_prescription
from tests.fake_repl import FakeRepl, at_port, files_of

KEPT = ("main.py", "setup.json", "prescription.bin", "build.txt", "safety/clock.mpy", "safety/gate.mpy")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A build, made small: the copy of each file takes its time."""
    import json

    setup, prescription = {"board": "rp2"}, canonical_bytes(default_prescription())
    folder = build(
        Options(board="rp2", setup=setup, prescription=prescription), tmp_path_factory.mktemp("b") / "rp2"
    ).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if name in KEPT}
    for path in list(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in (*KEPT, "manifest.json"):
            path.unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def board(tmp_path):
    return FakeRepl(tmp_path / "flash")


@pytest.fixture
def copy(whole, board, monkeypatch):
    def copy_now(say=lambda _: None):
        with at_port(board, monkeypatch) as line:
            deploy(load(whole), line, say)

    return copy_now


def test_a_board_has_every_file_and_is_restarted(board, copy, whole):
    copy()
    assert files_of(board) == {name: (whole / name).read_bytes() for name in KEPT}
    assert board.resets == 1
    assert board.feeds > 10, "a watchdog that runs from before would bite in the middle"


def test_main_is_taken_away_first_and_comes_back_last(board, copy):
    (board.root / "main.py").write_text("old")
    order = []
    board.spoil = lambda name, data: (order.append((name, (board.root / "main.py").exists())), data)[1]
    copy()
    assert order[-1] == ("main.py", False)
    assert not any(was_there for _, was_there in order)


def test_an_armed_board_is_not_touched(board, copy):
    board.state = "swingphase armed=1 state=stimulating fault=0"
    with pytest.raises(UserError, match=r"Somebody is armed .*stimulating.*nothing was touched"):
        copy()
    assert board.codes == []
    assert board.resets == 0


def test_a_board_that_was_armed_in_between_refuses_by_itself(board, copy):
    board.refuses = "armed. Disarm or stop first."
    with pytest.raises(UserError, match="refuses to stop its loop: armed"):
        copy()
    assert board.codes == []


def test_a_loop_that_does_not_answer_is_not_interrupted(board, copy):
    board.state = ""
    board.is_mute = True
    with pytest.raises(UserError, match="MicroPython does not answer"):
        copy()
    assert board.codes == []


def test_a_new_board_without_a_loop_is_filled(board, copy):
    board.state = ""
    copy()
    assert set(files_of(board)) == set(KEPT)


@pytest.mark.parametrize("name", ["safety/gate.mpy", "main.py"])
def test_a_file_that_does_not_read_back_leaves_a_board_that_starts_nothing(board, copy, name):
    board.spoil = lambda written, data: data[:-1] + bytes([data[-1] ^ 1]) if written == name else data
    with pytest.raises(UserError, match=r"does not read back"):
        copy()
    assert board.resets == 0
    assert name == "main.py" or "main.py" not in files_of(board)


def test_only_what_changed_is_copied_again(board, copy):
    copy()
    board.__init__(board.root)
    (board.root / "safety/gate.mpy").write_bytes(b"older")
    written = []
    board.spoil = lambda name, data: (written.append(name), data)[1]
    copy()
    assert written == ["safety/gate.mpy", "main.py"]


def test_what_an_older_build_left_is_removed_and_the_rest_stays(board, copy):
    for name in (
        "safety/gate.py",
        "stimulator/old.mpy",
        "boot.py",
        "imu.bin",
        "kept/checked",
        "log.0",
        "mine.txt",
    ):
        path = board.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    said = []
    copy(said.append)
    assert set(files_of(board)) == {*KEPT, "kept/checked", "log.0", "mine.txt"}
    assert "removing safety/gate.py" in said, "it would be taken before safety/gate.mpy"


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("platform", "esp32", "of the kind esp32; this build is for rp2"),
        ("abi", 5, "reads .mpy version 5"),
        ("heap_n", 190_000, "has 190000 bytes of memory .* Pico 2 W"),
        ("room_n", 10_000, "has room for 10000 bytes"),
    ],
)
def test_a_board_that_cannot_take_the_build_keeps_what_it_has(board, copy, what, value, says):
    (board.root / "main.py").write_text("old")
    setattr(board, what, value)
    with pytest.raises(UserError, match=says):
        copy()
    assert files_of(board) == {"main.py": b"old"}


def test_what_the_board_says_of_an_error_is_passed_on(board, copy):
    def full(name, data):
        raise OSError(28, "no space")

    board.spoil = full
    with pytest.raises(UserError, match=r"The board said: OSError: \[Errno 28\]"):
        copy()
    assert "main.py" not in files_of(board)


def test_a_port_that_cannot_be_opened_is_one_sentence():
    with pytest.raises(UserError, match=r"/dev/none cannot be opened .* Plug the board in"):
        BoardLine("/dev/none")


def test_the_command_copies(board, whole, monkeypatch, capsys, tmp_path):
    shutil.copytree(whole, tmp_path / "b")
    with at_port(board, monkeypatch):
        assert job.main(["deploy", str(tmp_path / "b"), "--port", "/dev/ttyACM0"]) == 0
    assert "6 verified on the board" in capsys.readouterr().out
