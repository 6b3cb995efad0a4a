"""What a black box says of decisions: the rows without bytes on the wire and without the times of the guard's steps."""

from firmware_py import blackbox

ON_THE_WAY = (blackbox.SENT, blackbox.RECEIVED, blackbox.STEPS)


def decided(rows: bytes) -> list[tuple]:
    """Return (kind, t_us, values) of each row that does not depend on how pulses travel."""
    return [row for row in blackbox.rows(rows) if row[0] not in ON_THE_WAY]
