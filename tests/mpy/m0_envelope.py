def play(envelope, seed, n):
    """Walk n cycles, doubt now and then; return a checksum over level and state."""
    x = seed
    total = 0
    swing = 0
    left = 60
    for _ in range(n):
        left = left - 1
        if left <= 0:
            x = (x * 61 + 17) & 0xFFFFF
            swing = 1 - swing
            left = 50 + x % 90
            if x % 13 == 0:
                left = 900  # longer than the time-out allows
        sure = left != 31 or x % 7 != 0
        level = envelope.step(5000, swing, sure, 1100000)
        if left == 17 and x % 29 == 0:
            envelope.cut()
        total = (total * 31 + level + envelope.state * 7) & 0xFFFFFF
    return total
