"""The files that make a Raspberry Pi start the device by itself, as text: `./swingphase install-service` writes them.

The processes ask for their priorities themselves (guardian before controller before all else), so the unit only permits
it. systemd's watchdog is fed by cycles that the guardian accepted (`notify.py`), hence NotifyAccess=all: it is the
controller that speaks, not the parent. A restarted device is not armed: that takes a person.
"""

from dataclasses import dataclass
from pathlib import Path

from firmware_py.pi.guardian.real_time import PRIORITY

UNIT = "etc/systemd/system/swingphase.service"
GROUPS = ("gpio", "i2c", "dialout", "tty", "bluetooth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """root      folder of the checkout;  python  of its .venv
    config     the configuration file
    writes     folders that the device writes to: logs, settings
    user       whom it runs as
    console    terminal on which a person acknowledges, arms and stops, such as /dev/tty1; "" for none
    """

    root: Path
    python: Path
    config: Path
    writes: tuple[Path, ...]
    user: str
    console: str


def quoted(path: Path) -> str:
    """Return a path as one word of a unit file."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'


def files(service: Service) -> dict[str, str]:
    """Return path (below /) -> content of all files."""
    return {
        UNIT: unit(service),
        "etc/sysusers.d/swingphase.conf": _user(service),
        "etc/udev/rules.d/60-swingphase.rules": _rules(service),
        "etc/systemd/system.conf.d/50-swingphase.conf": WATCHDOG,
        "etc/systemd/journald.conf.d/50-swingphase.conf": JOURNAL,
    }


def unit(service: Service) -> str:
    """Return the unit of the device."""
    terminal = Path(service.console).name
    getty = "getty" if terminal.startswith("tty") and terminal[3:].isdigit() else "serial-getty"
    at_console = f"""
# A person acknowledges, arms and stops here.
StandardInput=tty-force
StandardOutput=tty
StandardError=journal+console
TTYPath={service.console}
"""
    lines = UNIT_TEXT.format(
        conflicts=f"Conflicts={getty}@{terminal}.service\nAfter={getty}@{terminal}.service\n"
        if terminal
        else "",
        command=f"{quoted(service.python)} swingphase.py run --config {quoted(service.config)}",
        root=str(service.root).replace("%", "%%"),  # this one setting takes no quotes
        user=service.user,
        console=at_console if terminal else "",
        priority=PRIORITY,
        writes=" ".join(quoted(one) for one in service.writes),
    )
    return lines


UNIT_TEXT = """[Unit]
Description=Swingphase: stimulation of the dropped foot (research software, not a medical device)
{conflicts}StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
WorkingDirectory={root}
User={user}
{console}
# READY and each WATCHDOG come from a control cycle that the guardian accepted. None for 1 s: all ends, in order, and
# begins again, not armed. The current has ended long before: after 100 ms without a cycle.
NotifyAccess=all
WatchdogSec=1
WatchdogSignal=SIGTERM
TimeoutStartSec=30
Restart=always
RestartSec=2
KillMode=mixed
# The current ends at once. Then the loss of help sounds for 8 s, and a card may take its time with the last rows.
TimeoutStopSec=30

# What real time needs; each process asks for its own share.
LimitRTPRIO={priority}
LimitMEMLOCK=infinity
OOMScoreAdjust=-900

# What it may not touch.
ProtectSystem=strict
ReadWritePaths={writes}
ProtectHome=read-only
PrivateTmp=yes
NoNewPrivileges=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX
LockPersonality=yes

[Install]
WantedBy=multi-user.target
"""

WATCHDOG = """# The board itself starts again if systemd stands still for 10 s. A Pi's counter holds no more than 15 s.
[Manager]
RuntimeWatchdogSec=10
"""

JOURNAL = """# Messages of the system stay in memory: less wear of the card. The black box has its own folder.
[Journal]
Storage=volatile
"""


def _user(service: Service) -> str:
    lines = [f'u {service.user} - "Swingphase"']
    lines += [f"m {service.user} {group}" for group in GROUPS]
    return "\n".join(lines) + "\n"


def _rules(service: Service) -> str:
    return f"""# The IMU's buffer and its settings are root's by default.
SUBSYSTEM=="iio", KERNEL=="iio:device*", GROUP="{service.user}", MODE="0660", \\
  RUN+="/bin/sh -c 'chgrp -R {service.user} /sys%p && chmod -R g+rwX /sys%p'"
"""
