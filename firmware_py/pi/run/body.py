"""The simulated person, sensors and stimulator beside the device: a program of the simulator, started by its name.

This room may not import the simulator, and need not: it is reached as the hardware is, through folders and a port.
"""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.wiring import Places
from stimulator.prescription import default_prescription, from_bytes

PROGRAM = "hw_sim.live_body"
END_S = 5.0


class Body:
    """A context manager.

    port, places   where the device finds it
    prescription   that was fitted to this leg
    told           what became of the steps, at the end
    """

    def __init__(
        self, folder: Path, config: RunConfig, *, severity: str, seed: int, seated: bool = False
    ) -> None:
        self._command = [sys.executable, "-m", PROGRAM, str(folder)]
        self._command += ["--severity", severity, "--seed", str(seed)]
        self._command += ["--place", config.imu.place, "--side", config.wearer.side]
        self._command += ["--device", config.stimulator.device]
        self._command += ["--answer-max-ms", str(config.stimulator.answer_max_ms)]
        self._command += ["--heel-foot", config.lines.heel_switch_foot] + (["--seated"] if seated else [])
        self.port = ""
        self.places = Places()
        self.prescription = default_prescription()
        self.told: dict = {}

    def __enter__(self) -> "Body":
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        told = self._line()
        if not told:
            self.end()
            raise UserError("The simulated person did not start; what it said stands above.")
        if "problem" in told:
            self.end()
            raise UserError(told["problem"])
        self.port = told.pop("port")
        self.prescription = from_bytes(bytes.fromhex(told.pop("prescription")))
        self.places = Places(**told)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def is_dead(self) -> bool:
        """Say whether it has ended by itself."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End the walk and hear what became of it. Safe to call twice."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(OSError):
                stdin.close()
        if stdout is not None and not stdout.closed:
            self.told = self._line() or self.told
            stdout.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> dict:
        stdout = self._process.stdout
        text = stdout.readline() if stdout is not None else ""
        return json.loads(text) if text.strip() else {}
