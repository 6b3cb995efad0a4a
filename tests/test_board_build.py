"""What a board gets: only what it needs, compiled, the same bytes each time, and nothing it could not run."""

import json
import re
from pathlib import Path

import pytest

from firmware_py.pi.board import build as building
from firmware_py.pi.board import job
from firmware_py.pi.board.build import Options, build, load
from firmware_py.pi.board.closure import BOARDS, needed_by
from firmware_py.pi.console import UserError
from stimulator.prescription import canonical_bytes, default_prescription, from_bytes
from tests.house import REPO, plant

SIZE_MAX = 150_000  # docs/boards.md, "Sizes"; measured 143 KB


def options(**kw) -> Options:
    setup = {"board": "rp2"}
    wanted = {"board": "rp2", "setup": setup, "prescription": canonical_bytes(default_prescription())}
    return Options(**(wanted | kw))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(options(), tmp_path_factory.mktemp("build") / "rp2")


def run(*words: str) -> int:
    return job.main(["build", *words])


def test_a_build_is_small_and_says_its_size(built, capsys):
    assert built.total_n == sum(
        p.stat().st_size for p in built.folder.rglob("*") if p.name != "manifest.json" and p.is_file()
    )
    assert built.total_n <= SIZE_MAX
    said = job.report(built)
    assert f"{built.total_n:,}  bytes in {len(built.sizes)} files" in said
    assert said.splitlines()[0].split()[0] == f"{built.sizes[0][1]:,}"


def test_main_is_the_only_source_and_starts_the_loop(built):
    assert [p.relative_to(built.folder).as_posix() for p in built.folder.rglob("*.py")] == ["main.py"]
    assert (built.folder / "main.py").read_text() == (REPO / "firmware_py/boards/main.py").read_text()
    assert (built.folder / "firmware_py/boards/start.mpy").is_file()
    assert from_bytes((built.folder / "prescription.bin").read_bytes()) == default_prescription()


def test_a_board_gets_nothing_that_it_does_not_need(built):
    names = {name for name, _ in built.sizes}
    for other in (
        "firmware_py/boards/esp32.mpy",
        "firmware_py/boards/bench.mpy",
        "firmware_py/messages.mpy",
        "stimulator/exercise.mpy",
        "firmware_py/both_legs.mpy",
    ):
        assert other not in names
    assert not [name for name in names if name.startswith(("firmware_py/pi", "hw_sim", "tests"))]
    assert "stimulator/drivers/sciencemode4_codec.mpy" not in names, "a P24 cannot be wired to a pin"


def test_no_path_of_this_machine_stands_in_a_build(built):
    for path in built.folder.rglob("*"):
        if path.is_file():
            assert str(REPO).encode() not in path.read_bytes(), path


def test_the_same_options_give_the_same_bytes(built, tmp_path):
    again = build(options(), tmp_path / "again")
    assert again.manifest == built.manifest


def test_the_tests_under_micropython_run_the_very_bytes_that_ship(built, tmp_path):
    for name in ("firmware_py/guard.mpy", "safety/gate.mpy", "firmware_py/boards/superloop.mpy"):
        target = tmp_path / name
        building.compile_file((REPO / name).with_suffix(".py"), target)
        assert target.read_bytes() == (built.folder / name).read_bytes()


def test_other_settings_give_another_name_of_the_build(built, tmp_path):
    other = build(options(setup={"board": "rp2", "side": "left"}), tmp_path / "other")
    assert (other.folder / "build.txt").read_text() != (built.folder / "build.txt").read_text()


def test_an_output_stage_gets_the_stage_and_no_loop():
    names = {path.relative_to(REPO).as_posix() for path in needed_by("stage")}
    assert "firmware_py/boards/stage_alone.py" in names
    assert not {"firmware_py/boards/whole.py", "firmware_py/guard.py", "gait_detect/detector.py"} & names


@pytest.mark.parametrize("board", BOARDS)
def test_what_a_board_imports_is_there(board):
    names = {path.relative_to(REPO).as_posix() for path in needed_by(board)}
    assert ("firmware_py/boards/rp2.py" in names) == (board == "rp2")
    assert ("firmware_py/boards/esp32.py" in names) == (board == "esp32")
    for name in names:
        for room in re.findall(r"^from (\S+) import", (REPO / name).read_text(), re.MULTILINE):
            path = room.replace(".", "/")
            if (REPO / path).with_suffix(".py").is_file():
                assert f"{path}.py" in names, f"{name} imports {room}"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("import functools", "firmware_py/boards/start.py:1 imports functools; a board has array"),
        ("import firmware_py.pi.words", "which does not run on a board"),
        ("def f(a, /): pass", "does not compile for a board"),
    ],
)
def test_what_a_board_cannot_run_is_named_with_file_and_line(tmp_path, line, says):
    plant(tmp_path, {"firmware_py/boards/start.py": line + "\n", "firmware_py/pi/words.py": ""})
    with pytest.raises(UserError, match=re.escape(says)):
        build(options(), tmp_path / "out", root=tmp_path)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        build(options(), tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("how", ["changed", "missing", "more"])
def test_a_build_that_was_touched_is_not_copied(built, tmp_path, how):
    folder = build(options(), tmp_path / "b").folder
    assert load(folder).manifest == built.manifest
    name = folder / "safety/gate.mpy"
    if how == "changed":
        name.write_bytes(name.read_bytes() + b"\0")
    elif how == "missing":
        name.unlink()
    else:
        (folder / "safety/gate.py").write_text("")
    with pytest.raises(UserError, match=r"safety/gate\.m?py is not as it was built"):
        load(folder)


def test_a_folder_without_a_manifest_is_no_build(tmp_path):
    with pytest.raises(UserError, match="is no build"):
        load(tmp_path)


@pytest.mark.parametrize(("chip", "arch"), [("rp2040", 4), ("rp2350", 7)])
def test_machine_code_is_for_the_chip_that_was_named(tmp_path, monkeypatch, chip, arch):
    monkeypatch.setattr(building, "HOT", ("safety/clock.py",))
    built = build(options(native=True, chip=chip), tmp_path / "n")
    head = (built.folder / "safety/clock.mpy").read_bytes()[:4]
    assert head[2] >> 2 == arch, "armv6m is 4, armv7emsp is 7 in the .mpy head"
    assert (built.folder / "safety/gate.mpy").read_bytes()[2] >> 2 == 0
    assert built.manifest["native"] == ["safety/clock.py"]


def test_every_file_that_gets_machine_code_is_on_a_board():
    names = {path.relative_to(REPO).as_posix() for path in needed_by("rp2")}
    assert set(building.HOT) <= names


def test_the_command_builds_what_was_asked_for(tmp_path, capsys):
    folder = tmp_path / "out"
    words = ("--side", "left", "--axes=-y,+x,+z", "--battery-mv", "3300", "4100", "--no-switch")
    assert run("--board", "esp32", "--out", str(folder), *words) == 0
    setup = json.loads((folder / "setup.json").read_text())
    assert (setup["board"], setup["side"], setup["axes"]) == ("esp32", "left", ["-y", "+x", "+z"])
    assert (setup["has_switch"], setup["battery_empty_mv"], setup["battery_full_mv"]) == (False, 3300, 4100)
    assert "for esp32, .mpy version 6" in capsys.readouterr().out


def test_a_bmi270_gets_the_image_of_its_maker(tmp_path):
    source = tmp_path / "bmi270.c"
    source.write_text("const uint8_t bmi270_config_file[] = {\n 0xc8, 0x2e, 0x00, 0x2e };\n")
    run("--board", "rp2", "--out", str(tmp_path / "o"), "--imu", "bmi270", "--imu-image", str(source))
    assert (tmp_path / "o/imu.bin").read_bytes() == b"\xc8\x2e\x00\x2e"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--native",), "--native needs --chip"),
        (("--imu", "bmi270"), "needs its maker's image"),
        (("--imu-image", "nowhere.bin"), "cannot be read"),
        (("--axes", "+x,+x,+z"), "axes"),
        (("--log-rows", "7"), "allowed is 100 to 5000"),
        (("--prescription", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_a_wish_that_makes_no_build_is_one_sentence(tmp_path, words, says):
    with pytest.raises(ValueError, match=re.escape(says)) as e:
        run("--board", "rp2", "--out", str(tmp_path / "o"), *words)
    assert getattr(e.value, "is_for_people", False)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("text", [b"", b"\x01\x02\x03", b"\0" * 8194])
def test_an_image_of_a_wrong_size_is_refused(tmp_path, text):
    (tmp_path / "i.bin").write_bytes(text)
    with pytest.raises(UserError, match="allowed is an even number up to 8192"):
        run("--board", "rp2", "--imu", "bmi270", "--imu-image", str(Path(tmp_path / "i.bin")))


def test_a_source_without_the_image_is_refused(tmp_path):
    (tmp_path / "i.c").write_text("int x;")
    with pytest.raises(UserError, match="holds no array"):
        run("--board", "rp2", "--imu", "bmi270", "--imu-image", str(tmp_path / "i.c"))
