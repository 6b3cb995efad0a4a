"""What `main.py` starts, outputs already off: the whole loop, or only the output stage of another computer.

Only one of them is on a board: what is loaded takes memory.
"""

import json

SETUP = "/setup.json"
STAGE = "stage"


def main() -> None:
    """Run. Whatever is wrong raises, and the outputs stay off."""
    with open(SETUP) as file:
        is_stage = json.load(file).get("board") == STAGE
    if is_stage:
        from firmware_py.boards.stage_alone import run

        run()
    else:
        from firmware_py.boards.whole import main as run_whole

        run_whole()
