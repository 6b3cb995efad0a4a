"""The ledger: what has flowed in the last second, ten seconds and hour, and what must not follow.

Sums are kept in rings of buckets. A window covers at least its nominal time and at most one bucket
more, so it can only err towards "too much". Nothing here allocates after it was made.
"""

from array import array

from safety import limits, reasons

SUM_MAX = 0x1FFFFFFF  # sums stop here, far above every limit


class Window:
    """The sum of what was added during the last `n_buckets` * `bucket_us`, us (and one bucket more)."""

    __slots__ = ("_at", "_buckets", "_bucket_us", "_left_us", "total")

    def __init__(self, n_buckets: int, bucket_us: int) -> None:
        self._buckets = array("i", [0] * (n_buckets + 1))
        self._bucket_us: int = bucket_us
        self._left_us: int = bucket_us  # of the youngest bucket
        self._at: int = 0
        self.total: int = 0

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass; what is older than the window is forgotten. Negative: nothing is forgotten."""
        turns = 0
        while dt_us >= self._left_us and turns < len(self._buckets):
            dt_us -= self._left_us
            self._left_us = self._bucket_us
            self._at = self._at + 1 if self._at + 1 < len(self._buckets) else 0
            self.total -= self._buckets[self._at]
            self._buckets[self._at] = 0
            turns += 1
        if 0 < dt_us < self._left_us:
            self._left_us -= dt_us

    def add(self, amount: int) -> None:
        """Add `amount` (>= 0); the total stops at SUM_MAX."""
        amount = min(amount, SUM_MAX - self.total)
        self._buckets[self._at] += amount
        self.total += amount


class _Account:
    """The windows of one channel."""

    def __init__(self) -> None:
        self.on_us = Window(40, 250_000)  # 10 s, time with pulses
        self.weighted_us = Window(40, 250_000)  # 10 s, the same weighted by strength
        self.bursts = Window(40, 25_000)  # 1 s
        self.burst_pulses: int = 0
        self.windows = (self.on_us, self.weighted_us, self.bursts)


class _Return:
    """The windows of one return electrode: summed over the channels that share it."""

    def __init__(self) -> None:
        self.charge_nc = Window(40, 25_000)  # 1 s, both phases
        self.hour_uc = Window(60, 60_000_000)  # 1 h, both phases
        self.heat_ma2_us = Window(40, 25_000)  # 1 s, square of the current times time
        self.windows = (self.charge_nc, self.hour_uc, self.heat_ma2_us)


class Ledger:
    """Judge one more pulse against the windows of its channel, of its return electrode and of the leg.

    channel_limits   the gate's `Limits`, one per channel
    """

    def __init__(self, channel_limits) -> None:
        self._accounts = tuple([_Account() for _ in channel_limits])
        self._returns = tuple([_Return() for _ in range(limits.CHANNELS_MAX)])
        self._violations = Window(40, 25_000)  # 1 s
        self._burst_us: int = 0  # since the leg's burst began, on any channel, saturates
        self._pause_us: int = SUM_MAX  # since the last pulse on any channel, saturates
        self._ground_us: int = 0  # how long the foot has been out of swing, saturates
        self._has_stood: bool = True  # long enough, since the leg's burst began
        self.worn_out: bool = False  # a burst lasted too long: contact first

    def advance(self, dt_us: int, swing: int) -> None:
        """Let `dt_us` pass; `swing` is 1 while the controller says that the foot swings."""
        for account in self._accounts:
            for window in account.windows:
                window.advance(dt_us)
        for electrode in self._returns:
            for window in electrode.windows:
                window.advance(dt_us)
        self._violations.advance(dt_us)
        dt_us = max(0, dt_us)
        self._burst_us = min(self._burst_us + dt_us, SUM_MAX)
        self._pause_us = min(self._pause_us + dt_us, SUM_MAX)
        self._ground_us = 0 if swing else min(self._ground_us + dt_us, limits.CONTACT_US)
        if self._ground_us >= limits.CONTACT_US and self._pause_us >= limits.PAUSE_US:
            self._has_stood = True
            self.worn_out = False

    def refusal(self, limit, request, since_us: int, swing: int) -> int:
        """Return why one more pulse must not follow, or OK. `since_us`: since the channel's last pulse."""
        account = self._accounts[request.channel]
        electrode = self._returns[limit.return_group]
        is_new = since_us >= limits.PAUSE_US
        if is_new and account.bursts.total >= limits.BURSTS_MAX:
            return reasons.BURSTS_OVER
        if self._pause_us < limits.PAUSE_US:
            if self._burst_us > limits.BURST_MAX_US:
                self.worn_out = True
        elif self._burst_us - self._pause_us > limits.BURST_LONG_US and not self._has_stood:
            self.worn_out = True
        if self.worn_out:
            return reasons.ON_TOO_LONG
        if is_new or not swing:  # never in mid-swing: that itself makes a person trip
            if electrode.hour_uc.total > limits.HOUR_MAX_UC:
                return reasons.HOUR_HOLD
            if account.on_us.total > limits.ON_MAX_US or account.weighted_us.total > limits.WEIGHTED_MAX_US:
                return reasons.DUTY_HOLD
        charge_nc = 2 * _charge_nc(request.current_ua, request.width_us)
        if electrode.charge_nc.total + charge_nc > limits.SECOND_MAX_NC:
            return reasons.CHARGE_RATE_OVER
        heat = _heat_ma2_us(request.current_ua, request.width_us)
        if electrode.heat_ma2_us.total + heat > limit.rms_sq_max_ma2 * 1_000_000:
            return reasons.RMS_OVER
        return reasons.OK

    def may_double(self, index: int, since_us: int) -> bool:
        """Whether a second pulse so soon is the one doublet at the onset of a burst."""
        return self._accounts[index].burst_pulses == 1 and (
            limits.DOUBLET_MIN_US <= since_us <= limits.DOUBLET_MAX_US
        )

    def add(self, index: int, limit, current_ua: int, width_us: int, since_us: int) -> None:
        """Enter a granted pulse."""
        account = self._accounts[index]
        electrode = self._returns[limit.return_group]
        if self._pause_us >= limits.PAUSE_US:
            self._burst_us = 0
            self._has_stood = False
        self._pause_us = 0
        if since_us >= limits.PAUSE_US:
            account.bursts.add(1)
            account.burst_pulses = 0
        else:
            account.on_us.add(since_us)
            account.weighted_us.add(_weighted_us(limit, current_ua, width_us, since_us))
        account.burst_pulses = min(account.burst_pulses + 1, 1000)
        charge_nc = 2 * _charge_nc(current_ua, width_us)
        electrode.charge_nc.add(charge_nc)
        electrode.hour_uc.add((charge_nc + 999) // 1000)
        electrode.heat_ma2_us.add(_heat_ma2_us(current_ua, width_us))

    def third_violation(self) -> bool:
        """Enter a pulse that broke a limit by itself; True if it is the third within a second."""
        self._violations.add(1)
        return self._violations.total >= limits.VIOLATIONS_MAX

    def hour_warning(self) -> bool:
        """Whether more charge has flowed in this hour than a person should be warned of."""
        for electrode in self._returns:
            if electrode.hour_uc.total > limits.HOUR_WARN_UC:
                return True
        return False


def _charge_nc(current_ua: int, width_us: int) -> int:
    """Return the charge of one phase, rounded up."""
    return (current_ua * width_us + 999) // 1000


def _heat_ma2_us(current_ua: int, width_us: int) -> int:
    """Return the square of the current, rounded up to whole mA, times both phases as if they were equal."""
    current_ma = (current_ua + 999) // 1000
    return current_ma * current_ma * 2 * width_us


def _weighted_us(limit, current_ua: int, width_us: int, since_us: int) -> int:
    """Return `since_us` weighted by charge over the charge at plateau, at most `since_us`, rounded up."""
    plateau_nc = max(1, limit.plateau_nc)
    permille = min(1000, (_charge_nc(current_ua, width_us) * 1000 + plateau_nc - 1) // plateau_nc)
    return (since_us * permille + 999) // 1000
