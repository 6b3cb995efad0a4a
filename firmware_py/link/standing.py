"""Status: how device and session stand, as one value to read or to be notified of."""

from firmware_py.link import values
from firmware_py.link.wire import with_version


def status_bytes(session, t_us: int) -> bytes:
    """Return the value of Status now."""
    session.device.fill_status(session.status)
    s = session.status
    c = session.changes
    done = session.requests.done
    return with_version(
        values.STATUS,
        session.requests.id,
        session.access.state,
        done[0],
        done[1],
        done[2],
        done[3],
        c.revision,
        c.phase,
        1 if c.is_taken_over() else 0,
        c.hash(),
        s.armed,
        1 if session.arming.is_on else 0,
        s.is_ready,
        s.state,
        s.fault,
        s.held_by,
        s.sound,
        s.device_fault,
        s.warnings,
        s.stops,
        s.level,
        s.is_paused,
        s.battery,
        s.press,
        s.presses & 0xFFFF,
        s.ended_by,
        min(c.trial.left_s, 0xFFFF),
        min(session.unlock.lockout.wait_s, 0xFFFF),
        session.bursts.left_us // 1000,
        session.telemetry.lost,
        t_us,
    )
