"""Build the guard that settings tell of: for the process, and again for a replay of its log."""

from firmware_py.guard import Guard
from firmware_py.pi.guardian.settings import FLAGS, GuardianSettings
from stimulator.drivers import devices


def make_guard(settings: GuardianSettings, check, port, log) -> Guard:
    """Return the guard with its driver; `check` is the device's frame decoder, which the port looks at too."""
    return Guard(
        settings.channels,
        devices.make_driver(settings.chosen()),
        check,
        port,
        log,
        **{flag: getattr(settings, flag) for flag in FLAGS},
    )
