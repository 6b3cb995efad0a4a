"""What /etc/bluetooth/main.conf of a device must say, beside what the server demands itself."""

from pathlib import Path

MAIN_CONF = Path("/etc/bluetooth/main.conf")
WANTED = (
    ("General", "SecureConnections", "only"),
    ("General", "JustWorksRepairing", "never"),
    ("GATT", "KeySize", "16"),
)
USUAL = {"JustWorksRepairing": "never"}  # what BlueZ does if nothing is written


def main_conf_problems(text: str) -> list[str]:
    """Return what is missing in /etc/bluetooth/main.conf, as sentences; empty if nothing is."""
    found: dict[tuple[str, str], str] = {}
    section = ""
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            name, _, value = line.partition("=")
            found[section, name.strip()] = value.strip()
    return [
        f"{name} in [{section}] of main.conf is {found.get((section, name), 'not set')}; it must be {value}. "
        "Write it, then restart bluetoothd."
        for section, name, value in WANTED
        if found.get((section, name), USUAL.get(name)) != value
    ]
