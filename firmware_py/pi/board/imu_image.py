"""The configuration image that a BMI270 needs from its maker: as bytes, or out of the maker's C source.

It is the maker's (BSD-3-Clause) and no part of this project: the array called bmi270_config_file, or the shorter
bmi270_maximum_fifo_config_file, of the published driver.
"""

import re
from pathlib import Path

from firmware_py.pi.console import UserError

SIZE_MAX = 8192
ARRAY = re.compile(rb"bmi270_(?:maximum_fifo_)?config_file\s*\[\s*\]\s*=\s*\{([^}]*)\}")
BYTE = re.compile(rb"0[xX]([0-9a-fA-F]{1,2})\b")


def load_image(path: Path) -> bytes:
    """Return the image in `path`; UserError with the next step if there is none."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UserError(f"{path} cannot be read ({e.strerror}). Check the name after --imu-image.") from e
    if path.suffix in (".c", ".h"):
        found = ARRAY.search(data)
        if found is None:
            raise UserError(
                f"{path} holds no array bmi270_config_file. Give the maker's bmi270.c, or the bytes themselves as .bin."
            )
        data = bytes(int(one, 16) for one in BYTE.findall(found[1]))
    if not 0 < len(data) <= SIZE_MAX or len(data) % 2:
        raise UserError(
            f"The image in {path} has {len(data)} bytes; allowed is an even number up to {SIZE_MAX}. Give the maker's."
        )
    return data
