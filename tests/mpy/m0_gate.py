class Ledger:
    """Stands for the ledger beside the gate, where both have no room: counts pulses beyond a limit."""

    def __init__(self, channel_limits):
        self.violations = 0

    def advance(self, dt_us, swing):
        if dt_us > 80000:
            self.violations = 0

    def refusal(self, limit, request, since_us, swing):
        return 0 if swing or request.width_us < 350 else 27

    def may_double(self, index, since_us):
        return False

    def add(self, index, limit, current_ua, width_us, since_us):
        pass

    def third_violation(self):
        self.violations = self.violations + 1
        return self.violations >= 3


def play(gate, request, result, seed, n):
    """Ask for n pulses in ordinary and wrong ways; return a checksum over all that the gate says."""
    x = seed
    total = 0
    t_us = 0x3FFFFFFF - 60000  # the clock wraps on the way
    cycle = 0
    for i in range(n):
        x = (x * 61 + 17) & 0xFFFFF
        if not gate.armed and i % 7 == 0:
            gate.arm()
            cycle = 0
        dt_us = (4000, 5000, 17000, 26000, 85000)[x % 5]
        if x % 97 == 0:
            dt_us = 120000
        t_us = (t_us - 0x3FFFFFFF - 1 + dt_us) & 0x3FFFFFFF
        gate.swing = 1 if i % 40 < 20 else 0
        gate.advance(dt_us)
        if x % 89:
            gate.cycle_finished(cycle)
            cycle = cycle + 1
        request.sequence = i if x % 83 else i - 1
        request.channel = 0 if x % 79 else 3
        request.current_ua = (x >> 3) % 61 * 500
        request.width_us = 100 + (x >> 5) % 13 * 25
        request.gap_us = 100 if x % 73 else 600
        request.shape = 1 if x % 71 else 5
        request.fire_at_us = t_us if x % 67 else (t_us - 20000) & 0x3FFFFFFF
        gate.judge(t_us, request, result)
        total = (total * 31 + result.granted_ua // 100 + result.reason * 7 + result.width_us) & 0xFFFFFF
    return total
