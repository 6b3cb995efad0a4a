"""The gate: the last judgement before a pulse is encoded. It denies by default and can only lower.

A pulse passes only if the gate is armed, a whole control cycle finished within the last 100 ms and
said so in sequence, the request is new and on time, each limit holds for current, width, charge and
interval together, and the ledger's windows have room. Only a rise that is too steep is lowered;
everything else is refused, and the third pulse beyond a limit within a second latches off.
The gate knows nothing of gait, of devices or of who asks.
"""

from safety import limits, reasons
from safety.clock import Age, elapsed_us
from safety.ledger import Ledger
from safety.limits import CHANNELS_MAX
from safety.pulse import OFF_UA

SEQUENCE_MASK = 0xFFFFF  # sequences count to 2**20 - 1 and start again
SEQUENCE_AHEAD_MAX = 1 << 19


class _Channel:
    """What the gate remembers of one channel."""

    __slots__ = ("charge_nc", "current_ua", "limits", "sequence", "since_pulse")

    def __init__(self, channel_limits) -> None:
        self.limits = channel_limits  # Limits: read-only, the same as long as the gate lives
        self.sequence: int = -1  # no request judged yet
        self.since_pulse: Age = Age()  # since the last granted pulse, whose strength is:
        self.current_ua = self.charge_nc = 0

    def start_from_zero(self) -> None:
        """The next pulse rises from nothing."""
        self.current_ua = self.charge_nc = 0


class Gate:
    """Last check before the stimulator: it can lower or refuse a request, never raise it.

    channel_limits   sequence of `Limits`, one per channel, 1 to CHANNELS_MAX
    """

    def __init__(self, channel_limits) -> None:
        if not 1 <= len(channel_limits) <= CHANNELS_MAX:
            raise ValueError(
                f"channel_limits has {len(channel_limits)} entries; allowed is 1 to {CHANNELS_MAX}. "
                "Give one per channel."
            )
        for one in channel_limits:
            if not limits.is_absolute(one):
                raise ValueError("channel_limits go beyond the absolute limits. Build them with make_limits.")
        self._channels = tuple([_Channel(one) for one in channel_limits])
        self.ledger = Ledger(channel_limits)
        self._permit_age: Age = Age()
        self._cycle: int = -1
        self.armed: bool = False  # power-on is off
        self.disarmed_by: int = reasons.DISARMED
        self.swing: int = 0  # what the controller says of the foot; only decides where a hold may cut

    def arm(self) -> None:
        """Allow pulses from now on. A deliberate act of a person; the first cycle starts the count."""
        self.armed = True
        self.disarmed_by = reasons.DISARMED
        self._cycle = -1
        self._permit_age.restart()  # a controller has 100 ms to show that it lives
        for channel in self._channels:
            channel.sequence = -1  # it may have started anew since
            channel.start_from_zero()

    def disarm(self, reason: int) -> None:
        """Refuse everything from now on; `reason` says why until the next arm()."""
        if self.armed:
            self.disarmed_by = reason
        self.armed = False
        self._permit_age.expire()

    def cycle_finished(self, sequence: int) -> None:
        """A whole control cycle has run. Permits pulses for 100 ms if it is the one expected."""
        if not self.armed:
            return
        if self._cycle >= 0 and sequence != (self._cycle + 1) & SEQUENCE_MASK:
            self.disarm(reasons.CYCLE_ORDER)
        else:
            self._cycle = sequence
            self._permit_age.restart()

    def advance(self, dt_us: int) -> None:
        """Let time pass. Call at each step, before anything else."""
        self._permit_age.advance(dt_us)
        self.ledger.advance(dt_us, self.swing)
        for channel in self._channels:
            channel.since_pulse.advance(dt_us)
        if dt_us < 0 or dt_us > limits.PERMIT_MAX_US:
            self.disarm(reasons.CLOCK_JUMPED)
            for channel in self._channels:
                channel.since_pulse.restart()  # nobody knows when the last pulse was: assume just now
        elif self.armed and self._permit_age.us > limits.PERMIT_MAX_US:
            self.disarm(reasons.NO_CYCLE)  # a controller that comes back after a stall needs a person

    def not_sent(self, channel_index: int) -> None:
        """The pulse granted last on this channel never left: the next one starts from zero again.

        The time of the last pulse stays, so that a pulse that left after all still keeps its distance.
        """
        self._channels[channel_index].start_from_zero()

    def wait_us(self, request) -> int:
        """Return how long `request` must still wait to keep its distance from the channel's last pulse."""
        if not 0 <= request.channel < len(self._channels):
            return 0
        channel = self._channels[request.channel]
        since_us = channel.since_pulse.us
        if channel.limits.doublet and self.ledger.may_double(request.channel, since_us):
            return 0
        return max(0, channel.limits.interval_min_us - since_us)

    def judge(self, t_us: int, request, result) -> bool:
        """Decide on `request` (PulseRequest) at its time `t_us`; fill `result`; True if granted."""
        result.sequence = request.sequence
        result.channel = request.channel
        result.t_us = t_us
        result.asked_ua = request.current_ua
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = self._refusal(t_us, request)
        if result.reason == reasons.OK:
            self._grant(request, result)
        elif reasons.CURRENT_OVER <= result.reason <= reasons.TOO_SOON and self.ledger.third_violation():
            self.disarm(reasons.VIOLATIONS)
        return result.granted_ua > OFF_UA

    def _refusal(self, t_us: int, request) -> int:
        """Return why `request` must be refused, or OK. The order is from the whole to the pulse."""
        if not self.armed:
            return max(reasons.DISARMED, self.disarmed_by)  # whatever was given as the reason: never OK
        if self._cycle < 0 or self._permit_age.us > limits.PERMIT_MAX_US:
            return reasons.NO_CYCLE
        if not 0 <= request.channel < len(self._channels):
            return reasons.CHANNEL_UNKNOWN
        channel = self._channels[request.channel]
        if not 0 <= request.sequence <= SEQUENCE_MASK:
            return reasons.REPEATED
        if channel.sequence >= 0:
            ahead = (request.sequence - channel.sequence) & SEQUENCE_MASK
            if not 1 <= ahead <= SEQUENCE_AHEAD_MAX:
                return reasons.REPEATED
        channel.sequence = request.sequence  # judged once, whatever the outcome
        late_us = elapsed_us(t_us, request.fire_at_us)
        if late_us < 0:
            return reasons.TOO_EARLY
        if late_us > limits.LATE_MAX_US:
            return reasons.TOO_LATE
        found = self._over_limit(channel, request)
        if found != reasons.OK:
            return found
        return self.ledger.refusal(channel.limits, request, channel.since_pulse.us, self.swing)

    def _over_limit(self, channel, request) -> int:
        """Return which limit of a single pulse does not hold, or OK."""
        limit = channel.limits
        if request.current_ua <= OFF_UA:
            return reasons.NO_CURRENT
        if request.current_ua > limit.current_max_ua:
            return reasons.CURRENT_OVER
        if request.width_us < limits.WIDTH_MIN_US:
            return reasons.WIDTH_UNDER
        if request.width_us > limit.width_max_us:
            return reasons.WIDTH_OVER
        if not 0 <= request.gap_us <= limits.GAP_ABS_US:
            return reasons.GAP_OVER
        if not 1 <= abs(request.shape) <= limits.RECHARGE_MAX:
            return reasons.SHAPE_OVER
        if request.current_ua * request.width_us > limit.charge_max_nc * 1000:  # uA us = pC
            return reasons.CHARGE_OVER
        return reasons.TOO_SOON if self.wait_us(request) > 0 else reasons.OK

    def _grant(self, request, result) -> None:
        """Grant `request`, lowered if the rise since the last pulse is steeper than allowed."""
        channel = self._channels[request.channel]
        since_us = channel.since_pulse.us
        width_us = request.width_us
        if since_us >= limits.PAUSE_US:
            top_ua = limits.FIRST_MAX_UA
            top_nc = limits.FIRST_MAX_NC
        else:
            top_ua = channel.current_ua + min(limits.RISE_MAX_UA, since_us * limits.RISE_UA_PER_MS // 1000)
            top_nc = channel.charge_nc + min(limits.RISE_MAX_NC, since_us * limits.RISE_NC_PER_MS // 1000)
        top_ua = min(top_ua, top_nc * 1000 // width_us)
        granted_ua = min(request.current_ua, top_ua)
        if granted_ua < request.current_ua:
            granted_ua -= granted_ua % (channel.limits.current_step_ua * abs(request.shape))
            result.reason = reasons.LOWERED
        result.granted_ua = granted_ua
        result.width_us = width_us
        self.ledger.add(request.channel, channel.limits, granted_ua, width_us, since_us)
        channel.since_pulse.restart()
        channel.current_ua = granted_ua
        channel.charge_nc = granted_ua * width_us // 1000  # rounded down: the next rise starts lower
