"""The last comparison before the wire: does the finished frame say exactly what was granted?"""

from safety.pulse import SYMMETRIC


def reads_back(check, frame, n: int, request, granted_ua: int) -> bool:
    """Whether the first `n` bytes of `frame`, read by a decoder of its own, say exactly what was granted.

    check     separate frame decoder of `stimulator.drivers`
    request   safety.pulse.PulseRequest that the gate granted, with `granted_ua`
    """
    return (
        check.read(frame, n)
        and check.is_pulse
        and check.channel == request.channel
        and check.current_ua == granted_ua
        and check.width_us == request.width_us
        and check.gap_us == request.gap_us
        and check.shape == request.shape
        and check.net_charge_pc == 0
    )


def small_pulse_reads_back(driver, check, request) -> bool:
    """The self-test: whether a pulse of 1 mA and 100 us reads back as it was meant. It is not sent."""
    request.channel = 0
    request.current_ua = driver.quantise_current_ua(1_000)
    request.width_us = 100
    request.gap_us = 0 if driver.capability.has_gap_none else driver.capability.gap_min_us
    request.shape = SYMMETRIC
    n = driver.encode_pulse(0, request.current_ua, 100, request.gap_us)
    return n > 0 and reads_back(check, driver.tx, n, request, request.current_ua)
