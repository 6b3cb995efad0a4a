"""What the guard writes down: a result for each request, and every change of device and supervisor."""

from firmware_py import blackbox
from safety.pulse import OFF_UA, PulseResult

RESULTS_KEPT = 64


class GuardRecords:
    """Keep the newest results and log each; nothing allocates after it was made.

    log       firmware_py.hal.Log
    results   tuple of PulseResult; results[(total - 1) % RESULTS_KEPT] is the newest
    """

    def __init__(self, log) -> None:
        self.results = tuple([PulseResult() for _ in range(RESULTS_KEPT)])
        self.total: int = 0
        self._log = log
        self._logged_device: int = -1
        self._logged_state: int = -1

    def next_result(self):
        """Return the record for one more result."""
        result = self.results[self.total % RESULTS_KEPT]
        self.total = (self.total + 1) & 0xFFFFFFF
        return result

    def note(self, r) -> None:
        """Log a result that is complete."""
        self._log.note(
            blackbox.RESULT, r.t_us, r.channel, r.sequence, r.asked_ua, r.granted_ua, r.width_us, r.reason
        )

    def refuse(self, t_us: int, request, reason: int) -> None:
        """Answer a request that the gate never saw."""
        result = self.next_result()
        result.sequence = request.sequence
        result.channel = request.channel
        result.t_us = max(0, t_us)
        result.asked_ua = request.current_ua
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason
        self.note(result)

    def note_changes(self, t_us: int, gate, sup, driver) -> None:
        """Log how device and supervisor stand, if that has changed."""
        seen = driver.state * 256 + driver.fault
        if seen != self._logged_device:
            self._logged_device = seen
            self._log.note(blackbox.DEVICE, t_us, driver.state, driver.fault, driver.pulses_acked)
        seen = (sup.state * 256 + sup.fault_id) * 256 + sup.held_by
        if seen != self._logged_state:
            self._logged_state = seen
            armed = 1 if gate.armed else 0
            self._log.note(
                blackbox.ARMED, t_us, armed, gate.disarmed_by, sup.state, sup.fault_id, sup.held_by, sup.sound
            )
