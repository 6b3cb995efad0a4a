"""`./swingphase install-service`: start the device with the Raspberry Pi, under systemd's and the board's watchdog.

Writes a unit, a user, device rules and two drop-ins; --dry-run shows them, --out DIR writes them there. It starts
nothing: the next start of the Pi, or `systemctl start swingphase`, does. A device that starts is not armed.
"""

import argparse
import grp
import os
import pwd
import re
import shutil
import stat
import subprocess
from pathlib import Path

from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.run.config import RunConfig, load_config
from firmware_py.pi.run.service import Service, files

WRITTEN = re.compile(r"session-\d{6,}$|link$|[a-z_]+\.[01]$")  # in the folders of logs and settings
USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}$")
CONSOLE = re.compile(r"/dev/tty[A-Za-z0-9]+$")
COMMANDS = (
    ["systemd-sysusers", "/etc/sysusers.d/swingphase.conf"],
    ["udevadm", "control", "--reload"],
    ["udevadm", "trigger", "--subsystem-match=iio"],
    ["systemctl", "daemon-reload"],
    ["systemctl", "enable", "swingphase.service"],
)


def main(arguments: list[str]) -> int:
    """Show, write or install the files."""
    parser = argparse.ArgumentParser(prog="./swingphase install-service", description=__doc__)
    parser.add_argument(
        "--config", default="swingphase.toml", metavar="FILE", help="see docs/configuration.md"
    )
    parser.add_argument("--user", default="swingphase", help="whom it runs as (default swingphase)")
    parser.add_argument(
        "--console",
        default="/dev/tty1",
        metavar="TTY",
        help="where a person arms (default /dev/tty1; none: nobody)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="print the files")
    how.add_argument("--out", type=Path, metavar="DIR", help="write them below DIR")
    chosen = parser.parse_args(arguments)
    config = load_config(Path(chosen.config))
    service = service_for(config, Path(chosen.config).resolve(), chosen.user, chosen.console)
    if chosen.dry_run:
        for path, text in files(service).items():
            print(f"# ---- /{path}\n{text}")
        return 0
    if chosen.out is not None:
        write(files(service), chosen.out)
        print(
            f"Written below {chosen.out}. On a Pi: sudo ./swingphase install-service --config {chosen.config}"
        )
        return 0
    return install(service)


def service_for(config: RunConfig, path: Path, user: str, console: str) -> Service:
    """Return the service of a configuration; UserError if something of it cannot be."""
    if not USER.match(user):
        raise UserError(f"--user is {user!r}; it needs small letters, digits, - and _. Name another user.")
    if console != "none" and not CONSOLE.match(console):
        raise UserError(
            f"--console is {console!r}; it is a terminal such as /dev/tty1 or /dev/ttyGS0, or none."
        )
    for one in (ROOT, path, Path(config.files.logs), Path(config.files.settings)):
        if not str(one).isprintable():
            raise UserError(
                f"{str(one)!r} cannot stand in a unit file. Choose a path without control characters."
            )
    return Service(
        root=ROOT,
        python=ROOT / ".venv" / "bin" / "python",
        config=path,
        writes=(Path(config.files.logs), Path(config.files.settings)),
        user=user,
        console="" if console == "none" else console,
    )


def write(found: dict[str, str], below: Path) -> None:
    """Write the files below a folder; UserError if that cannot be."""
    try:
        for path, text in found.items():
            target = below / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as e:
        raise UserError(
            f"{e.filename} cannot be written ({e.strerror}). Name another folder with --out."
        ) from e


def install(service: Service) -> int:
    """Install on this machine; UserError if it may not be, or a step fails."""
    if os.geteuid() != 0:
        raise UserError(
            "Installing needs root: sudo ./swingphase install-service. --dry-run shows what it writes."
        )
    missing = [command[0] for command in COMMANDS if shutil.which(command[0]) is None]
    if missing:
        raise UserError(
            f"{missing[0]} is not here: this machine has no systemd. --out DIR writes the files anyway."
        )
    for path in (service.root, service.config):
        closed = _closed_to_others(path)
        if closed is not None:
            raise UserError(
                f"The user {service.user} cannot enter {closed}. Move checkout and configuration to /opt/swingphase."
            )
    write(files(service), Path("/"))
    for command in COMMANDS:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(
                f"`{' '.join(command)}` failed: {done.stderr.strip()}. Mend it and install again."
            )
    for folder in service.writes:
        folder.mkdir(parents=True, exist_ok=True)
        hand_over(folder, *_ids(service.user))
    print(
        f"Installed. Try `sudo -u {service.user} ./swingphase run --check`, then `systemctl start swingphase`."
    )
    print(
        f"Logs and settings are that user's from now on; for jobs that use them, type sudo -u {service.user}."
    )
    print(f"It starts with the Pi, not armed. A person arms at {service.console or 'no console: name one'}.")
    return 0


def hand_over(folder: Path, uid: int, gid: int) -> None:
    """Give `folder` to a user, with what the device has written there before, as whoever tried it out.

    Only names that the device writes, never through a symbolic link, and no file that has another name elsewhere:
    root does this, and the folder may be the wrong one, or somebody else's. UserError if it cannot be.
    """
    try:
        os.chown(folder, uid, gid)
        for one in sorted(folder.iterdir()):
            if WRITTEN.match(one.name) and not one.is_symlink() and one.is_dir():
                for _, inside, beside, fd in os.fwalk(one, follow_symlinks=False):
                    os.fchown(fd, uid, gid)
                    for name in (*inside, *beside):
                        _give(name, uid, gid, fd)
            elif WRITTEN.match(one.name):
                _give(str(one), uid, gid)
    except OSError as e:
        raise UserError(f"{folder} cannot be given to the service ({e}). Mend it and install again.") from e


def _give(name: str, uid: int, gid: int, folder_fd: int | None = None) -> None:
    found = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        os.chown(name, uid, gid, dir_fd=folder_fd, follow_symlinks=False)


def _ids(user: str) -> tuple[int, int]:
    try:
        return pwd.getpwnam(user).pw_uid, grp.getgrnam(user).gr_gid
    except KeyError as e:
        raise UserError(f"There is no user and group {user} here ({e}). Make them and install again.") from e


def _closed_to_others(path: Path) -> Path | None:
    """Return the first folder above `path`, from the top, that only its owner may enter; None if there is none."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & stat.S_IXOTH), None)
