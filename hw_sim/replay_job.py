"""`./swingphase replay`: recorded walks through the whole loop, one with a picture or all as a table; or a black box
through today's code, decision by decision (`--verify`)."""

import argparse
from pathlib import Path

from firmware_py.pi.console import made_folder, progress_bar
from firmware_py.pi.prescription_file import add_prescription_option, chosen_prescription
from firmware_py.pi.replay.job import verify_all
from hw_sim import replay_runs
from hw_sim.recordings import recordings_in
from stimulator.prescription import default_prescription


def main(arguments: list[str]) -> int:
    """Replay, print what became of the steps."""
    parser = argparse.ArgumentParser(prog="./swingphase replay", description=__doc__)
    parser.add_argument("file", help="a .csv file, an .npz file of recordings, or a folder of them; or a log")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="FILE is a black box (.swp, or a session's folder): name the first decision that differs today",
    )
    parser.add_argument(
        "--recording", type=int, metavar="N", help="this one, with a picture (default: a table of all)"
    )
    parser.add_argument("--out", default="replay", help="folder for picture and black box (default replay)")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the table of all (default 2)")
    add_prescription_option(parser)
    chosen = parser.parse_args(arguments)
    if chosen.verify:
        return verify_all(Path(chosen.file))

    prescription = chosen_prescription(chosen) or default_prescription()
    file = Path(chosen.file)
    if chosen.recording is None and file.suffix == ".csv":
        chosen.recording = 0  # the only one
    if chosen.recording is None:
        progress = progress_bar("replaying")
        print(replay_runs.table(recordings_in(file), prescription, jobs=chosen.jobs, progress=progress))
        return 0
    folder = made_folder(chosen.out)
    progress = progress_bar("replaying")
    for line in replay_runs.one(file, chosen.recording, prescription, folder=folder, progress=progress):
        print(line)
    return 0
