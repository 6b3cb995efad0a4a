"""`./swingphase board`: make a board's files, copy them, measure on the board, read its log."""

import argparse
import json
from pathlib import Path

from firmware_py.board_setup import IMUS, read_setup
from firmware_py.pi.board.build import Built, Options, build, load
from firmware_py.pi.board.closure import BOARDS
from firmware_py.pi.board.deploy import deploy
from firmware_py.pi.board.imu_image import load_image
from firmware_py.pi.board.line import BoardLine
from firmware_py.pi.board.log import fetch, read_log
from firmware_py.pi.board.measure import measure
from firmware_py.pi.board.measure import report as measure_report
from firmware_py.pi.console import UserError
from firmware_py.pi.prescription_file import load_prescription
from safety.limits import AREA_MAX_CM2, AREA_MIN_CM2
from stimulator.prescription import canonical_bytes, default_prescription

ROWS_SHOWN = 12
SECONDS = (10, 600)
CHIPS = ("rp2040", "rp2350")


def main(arguments: list[str]) -> int:
    """Do one of the jobs."""
    parser = argparse.ArgumentParser(prog="./swingphase board", description=__doc__)
    jobs = parser.add_subparsers(required=True, metavar="JOB")
    _add_build(jobs.add_parser("build", help="a folder with everything a board needs, and its sizes"))
    _add_deploy(jobs.add_parser("deploy", help="copy such a folder to a board, and read every file back"))
    _add_bench(jobs.add_parser("bench", help="how fast the loop is on a real board; no output moves"))
    _add_log(
        jobs.add_parser(
            "log", help="what a board kept of arms, stops and faults, and of the last moments before"
        )
    )
    chosen = parser.parse_args(arguments)
    return chosen.run(chosen)


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--board",
        choices=BOARDS,
        required=True,
        help="rp2: Pico 2 W or Pico W with its own output stage; esp32: with such a stage at its UART; stage: an RP2 "
        "that is only the output stage of another computer",
    )
    parser.add_argument("--out", help="folder to fill (default: out/board-BOARD)")
    parser.add_argument("--prescription", help="TOML file (default: the defaults of docs/prescription.md)")
    parser.add_argument("--side", choices=("right", "left"), default="right", help="the leg (default: right)")
    parser.add_argument(
        "--place", choices=("foot", "shank"), default="foot", help="of the IMU (default: foot)"
    )
    parser.add_argument("--no-switch", action="store_true", help="no heel switch is fitted")
    parser.add_argument("--imu", choices=IMUS, default="lsm6dsox", help="default: lsm6dsox")
    parser.add_argument(
        "--imu-image", help="a BMI270's configuration image, from its maker (.bin, or bmi270.c)"
    )
    parser.add_argument(
        "--axes",
        default="+x,+y,+z",
        help="axis of the part that points backward, to the right, and up; write it as --axes=-y,+x,+z",
    )
    parser.add_argument("--wearer", default="", help="a code that tells wearers apart, no name")
    parser.add_argument(
        "--electrodes", default="", help="pads and places, so that other pads need a new check"
    )
    parser.add_argument(
        "--electrode-area-cm2",
        type=int,
        choices=range(AREA_MIN_CM2, AREA_MAX_CM2 + 1),
        default=25,
        metavar="CM2",
        help=f"area of the smallest pad, {AREA_MIN_CM2} to {AREA_MAX_CM2} (default 25); smaller ones are refused",
    )
    parser.add_argument(
        "--battery-mv",
        nargs=2,
        type=int,
        metavar=("EMPTY", "FULL"),
        default=(0, 0),
        help="default: not measured",
    )
    parser.add_argument("--log-rows", type=int, default=300, help="room for the newest rows, 36 bytes each")
    parser.add_argument(
        "--native", action="store_true", help="machine code for the files that every tick runs"
    )
    parser.add_argument("--chip", choices=CHIPS, help="with --native on rp2 or stage: which chip it is")
    parser.add_argument(
        "--lines", action="store_true", help="keep line numbers in tracebacks, some 7 KB more"
    )
    parser.set_defaults(run=_build)


def _add_deploy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="made by `board build`, such as out/board-rp2")
    parser.add_argument("--port", required=True, help="the board's serial port, such as /dev/ttyACM0")
    parser.set_defaults(run=_deploy)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", required=True, help="the board's serial port, such as /dev/ttyACM0")
    parser.add_argument("--seconds", type=int, default=60, help=f"{SECONDS[0]} to {SECONDS[1]} (default: 60)")
    parser.add_argument("--radio", action="store_true", help="advertise over Bluetooth meanwhile")
    parser.add_argument("--json", help="file for the figures")
    parser.set_defaults(run=_bench)


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", help="logs that were copied before")
    parser.add_argument("--port", help="copy them from the board at this serial port first")
    parser.add_argument("--out", default="out/board-log", help="where to (default: out/board-log)")
    parser.set_defaults(run=_log)


def _log(chosen: argparse.Namespace) -> int:
    files = [Path(name) for name in chosen.files]
    if bool(files) == bool(chosen.port):
        raise UserError("Name either files that were copied before, or the --port of a board.")
    if chosen.port:
        with BoardLine(chosen.port) as line:
            files = fetch(line, Path(chosen.out))
    for path in files:
        print(path)
        for row in read_log(path):
            print(f"{row.t_us / 1e6:12.6f} s  {row.kind:8}  {row.text}")
    if not files:
        print("The board has kept nothing yet.")
    return 0


def _deploy(chosen: argparse.Namespace) -> int:
    built = load(Path(chosen.folder))
    with BoardLine(chosen.port) as line:
        deploy(built, line, print)
    return 0


def _bench(chosen: argparse.Namespace) -> int:
    if not SECONDS[0] <= chosen.seconds <= SECONDS[1]:
        raise UserError(
            f"--seconds is {chosen.seconds}; allowed is {SECONDS[0]} to {SECONDS[1]}. Choose one of these."
        )
    with BoardLine(chosen.port) as line:
        measured = measure(line, chosen.seconds, radio=chosen.radio, say=print)
    print(measure_report(measured))
    if chosen.json:
        text = json.dumps({"build": measured.build, **measured.found}, indent=1) + "\n"
        Path(chosen.json).write_text(text, encoding="utf-8")
    return 0


def _build(chosen: argparse.Namespace) -> int:
    if chosen.native and chosen.board != "esp32" and not chosen.chip:
        raise UserError("--native needs --chip rp2040 (Pico W) or rp2350 (Pico 2 W). Add one of them.")
    if chosen.imu == "bmi270" and not chosen.imu_image and chosen.board != "stage":
        raise UserError(
            "A bmi270 needs its maker's image. Add --imu-image FILE (docs/boards.md says where from)."
        )
    prescription = (
        load_prescription(Path(chosen.prescription)) if chosen.prescription else default_prescription()
    )
    setup = {"board": chosen.board} if chosen.board == "stage" else _setup_of(chosen)
    read_setup(json.dumps(setup))  # says what is wrong before anything is built
    built = build(
        Options(
            board=chosen.board,
            chip=chosen.chip or "",
            native=chosen.native,
            lines=chosen.lines,
            setup=setup,
            prescription=canonical_bytes(prescription),
            image=load_image(Path(chosen.imu_image)) if chosen.imu_image else b"",
        ),
        Path(chosen.out or f"out/board-{chosen.board}"),
    )
    print(report(built))
    return 0


def _setup_of(chosen: argparse.Namespace) -> dict[str, object]:
    return {
        "board": chosen.board,
        "side": chosen.side,
        "place": chosen.place,
        "has_switch": not chosen.no_switch,
        "imu": chosen.imu,
        "axes": [word.strip() for word in chosen.axes.split(",")],
        "wearer": chosen.wearer,
        "electrodes": f"{chosen.electrodes}, {chosen.electrode_area_cm2} cm2",
        "battery_empty_mv": chosen.battery_mv[0],
        "battery_full_mv": chosen.battery_mv[1],
        "log_rows": chosen.log_rows,
    }


def report(built: Built) -> str:
    """Return the size table as text."""
    sizes = built.sizes
    rows = [f"{n:8,}  {name}" for name, n in sizes[:ROWS_SHOWN]]
    rest = sum(n for _, n in sizes[ROWS_SHOWN:])
    rows.append(f"{rest:8,}  {len(sizes) - ROWS_SHOWN} smaller files")
    rows.append(f"{built.total_n:8,}  bytes in {len(sizes)} files")
    mpy = built.manifest["mpy"]
    rows.append(
        f"{built.folder}: for {built.manifest['board']}, .mpy version {mpy['version']}.{mpy['sub_version']}"
    )
    return "\n".join(rows)
