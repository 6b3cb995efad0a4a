"""One program at a time at the device's parts: a second one would reset the IMU under somebody who walks.

The lock lies on the folder of the settings and ends with the program that holds it, however that ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from firmware_py.pi.console import UserError

AS_THAT_USER = (
    "Do it as that user: `sudo -u swingphase` in front of the command, if the service was installed."
)


@contextlib.contextmanager
def only_one(settings: Path) -> Iterator[None]:
    """Be the only one with these settings; UserError while another one is.

    A folder that cannot be made is not locked: what needs it says so (`check`).
    """
    with contextlib.suppress(OSError):
        settings.mkdir(parents=True, exist_ok=True)
    try:
        fd = os.open(settings, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError as e:
        raise UserError(
            f"{settings} is another user's, so nobody can see from here whether the device runs; nothing was touched. "
            + AS_THAT_USER
        ) from e
    except OSError:
        yield
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise UserError(
                "The device runs already, or is being checked (its settings are in use); nothing was touched. "
                "End it first: `sudo systemctl stop swingphase`, or Ctrl-C where it was started."
            ) from e
        yield
    finally:
        os.close(fd)
