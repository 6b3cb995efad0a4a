def play(ledger, limit, request, seed, n):
    """Enter n pulses, in bursts and alone; return a checksum over what the ledger says."""
    x = seed
    total = 0
    since_us = 536870912
    for i in range(n):
        x = (x * 61 + 17) & 0xFFFFF
        dt_us = 40000 if i % 160 < 150 else 90000
        swing = 1 if i % 160 < 30 else 0
        ledger.advance(dt_us, swing)
        since_us = min(since_us + dt_us, 536870912)
        request.current_ua = 5000 if i % 320 < 160 else 10000 + x % 51 * 1000
        request.width_us = 300 + (x >> 5) % 7 * 25
        said = ledger.refusal(limit, request, since_us, swing)
        if said == 0:
            ledger.add(0, limit, request.current_ua, request.width_us, since_us)
            since_us = 0
        elif x % 11 == 0 and ledger.third_violation():
            said = 99
        if ledger.may_double(0, since_us):
            said = said + 50
        total = (total * 31 + said) & 0xFFFFFF
    return total
