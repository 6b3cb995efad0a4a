"""The guard: the one way to the stimulator. Quantise, judge, encode, decode and compare, write.

It holds at most one waiting request per channel until its time has come, lets the gate judge it at
that moment, has the driver encode exactly what was granted, has a separate decoder read the finished
frame back, and writes it only if both agree. On a Pi it runs in a process of its own; on a board it
is part of the loop. For the same (t_us, request) both give the same bytes.
"""

from firmware_py import blackbox
from safety import reasons
from safety.clock import elapsed_us
from safety.limits import LATE_MAX_US
from safety.pulse import OFF_UA, PulseRequest, PulseResult

RESULTS_KEPT = 64
RX_BYTES = 256


class _Slot:
    """One channel's waiting request."""

    __slots__ = ("request", "waiting")

    def __init__(self) -> None:
        self.request = PulseRequest()
        self.waiting: bool = False


class Guard:
    """Own the port. Nothing reaches the stimulator but through `step`.

    gate      safety.gate.Gate
    driver    state machine of `stimulator.drivers`
    check     separate frame decoder of `stimulator.drivers`
    port      firmware_py.hal.Port
    log       firmware_py.hal.Log
    channels  int, how many channels may be asked for
    """

    def __init__(self, gate, driver, check, port, log, channels: int) -> None:
        self.gate = gate
        self.driver = driver
        self.results = tuple([PulseResult() for _ in range(RESULTS_KEPT)])
        self.results_total: int = 0  # results[(total - 1) % RESULTS_KEPT] is the newest
        self._check = check
        self._port = port
        self._log = log
        self._slots = tuple([_Slot() for _ in range(channels)])
        self._rx = bytearray(RX_BYTES)
        self._t_us: int = -1
        self._logged_state: int = -1
        self._logged_fault: int = 0
        self._logged_armed: bool = False

    def open(self) -> None:
        """Begin to talk to the stimulator. No pulse is possible before `arm`."""
        self.driver.start()

    def arm(self) -> bool:
        """A person wants stimulation from now on. True if the stimulator is ready for it."""
        if self.driver.is_ready():
            self.gate.arm()
        return self.gate.armed

    def stop(self, reason: int) -> None:
        """No pulse from now on; waiting requests are dropped; the stimulator is told to stop."""
        self.gate.disarm(reason)
        self._drop_waiting(reason)
        self.driver.stop()

    def cycle_finished(self, sequence: int) -> None:
        """A whole control cycle has run and its requests have been handed over."""
        self.gate.cycle_finished(sequence)

    def take_sample(self, sample) -> None:
        """Hear a raw sample (safety.sample.Sample) of the sensors, as the controller got it."""

    def take_swing(self, swing: int) -> None:
        """Hear whether the detector asks for help now (1) or not (0)."""
        self.gate.swing = swing

    def take(self, request) -> None:
        """Keep a copy of `request` until its time. A channel that still waits loses the older one."""
        if not 0 <= request.channel < len(self._slots):
            self._refuse(request, reasons.CHANNEL_UNKNOWN)
            return
        slot = self._slots[request.channel]
        if slot.waiting:
            self._refuse(slot.request, reasons.OVERTAKEN)
        slot.request.copy_from(request)
        slot.waiting = True

    def step(self, t_us: int) -> None:
        """Move to `t_us`: hear the stimulator, keep its deadlines, send what is due."""
        dt_us = 0 if self._t_us < 0 else elapsed_us(t_us, self._t_us)
        self._t_us = t_us
        self.gate.advance(dt_us)
        try:
            self._hear()
            n = self.driver.step(max(0, dt_us))
            if n > 0:
                self._send_command(n)
            for slot in self._slots:
                if slot.waiting and elapsed_us(t_us, slot.request.fire_at_us) >= 0:
                    self._fire(slot)
        except OSError:
            self._lose_port()
        if self.driver.fault and self.gate.armed:
            self.gate.disarm(reasons.DEVICE_FAULT)
        self._note_changes()

    def due_us(self, idle_us: int) -> int:
        """Return how long to wait before the next step is needed, us, 0 to `idle_us`."""
        wait_us = idle_us
        for slot in self._slots:
            if slot.waiting:
                until_us = elapsed_us(slot.request.fire_at_us, self._t_us)
                until_us = max(until_us, self.gate.wait_us(slot.request))
                if until_us > 0:  # what is due already waits for the stimulator, not for the clock
                    wait_us = min(wait_us, until_us)
        return wait_us

    def _hear(self) -> None:
        n = self._port.readinto(self._rx)
        while n > 0:
            self.driver.receive(self._rx, n)
            n = self._port.readinto(self._rx)

    def _send_command(self, n: int) -> None:
        """Write a frame of the driver's own; one that could stimulate never passes here."""
        if self._check.read(self.driver.tx, n) and not self._check.can_stimulate:
            self._port.write(self.driver.tx, n)
        else:
            self.gate.disarm(reasons.CHECK_FAILED)

    def _fire(self, slot) -> None:
        driver = self.driver
        request = slot.request
        if self.gate.armed and driver.is_ready() and not driver.can_pulse():
            return  # one pulse is unanswered: this one waits, until the gate calls it late
        late_us = elapsed_us(self._t_us, request.fire_at_us)
        if self.gate.wait_us(request) > 0 and late_us <= LATE_MAX_US:
            return  # the last pulse of this channel left late: this one keeps its distance
        slot.waiting = False
        if self.gate.armed and not driver.is_ready():
            self._refuse(request, reasons.DEVICE_NOT_READY)
            return
        asked_ua = request.current_ua
        request.current_ua = driver.quantise_current_ua(request.current_ua)
        result = self._next_result()
        if self.gate.judge(self._t_us, request, result):
            self._send_pulse(request, result)
        result.asked_ua = asked_ua
        self._note_result(result)

    def _send_pulse(self, request, result) -> None:
        driver = self.driver
        check = self._check
        n = driver.encode_pulse(request.channel, result.granted_ua, request.width_us, request.gap_us)
        if n == 0:
            self._not_sent(result, reasons.NOT_REPRESENTABLE)
        elif not (
            check.read(driver.tx, n)
            and check.is_pulse
            and check.channel == request.channel
            and check.current_ua == result.granted_ua
            and check.width_us == request.width_us
            and check.gap_us == request.gap_us
            and check.net_charge_pc == 0
        ):
            self._not_sent(result, reasons.CHECK_FAILED)
            self.gate.disarm(reasons.CHECK_FAILED)
        else:
            # From here on the pulse counts as sent, even if the write fails half-way.
            driver.pulse_written()
            self._port.write(driver.tx, n)

    def _not_sent(self, result, reason: int) -> None:
        self.gate.not_sent(result.channel)
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason

    def _lose_port(self) -> None:
        self.driver.port_gone()
        self.gate.disarm(reasons.PORT_GONE)
        self._drop_waiting(reasons.PORT_GONE)

    def _drop_waiting(self, reason: int) -> None:
        for slot in self._slots:
            if slot.waiting:
                slot.waiting = False
                self._refuse(slot.request, reason)

    def _refuse(self, request, reason: int) -> None:
        """Answer a request that the gate never saw."""
        result = self._next_result()
        result.sequence = request.sequence
        result.channel = request.channel
        result.t_us = max(0, self._t_us)
        result.asked_ua = request.current_ua
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason
        self._note_result(result)

    def _next_result(self):
        result = self.results[self.results_total % RESULTS_KEPT]
        self.results_total = (self.results_total + 1) & 0xFFFFFFF
        return result

    def _note_result(self, r) -> None:
        self._log.note(
            blackbox.RESULT, r.t_us, r.channel, r.sequence, r.asked_ua, r.granted_ua, r.width_us, r.reason
        )

    def _note_changes(self) -> None:
        driver = self.driver
        if driver.state != self._logged_state or driver.fault != self._logged_fault:
            self._logged_state = driver.state
            self._logged_fault = driver.fault
            self._log.note(blackbox.DEVICE, self._t_us, driver.state, driver.fault, driver.pulses_acked)
        if self.gate.armed != self._logged_armed:
            self._logged_armed = self.gate.armed
            self._log.note(blackbox.ARMED, self._t_us, 1 if self.gate.armed else 0, self.gate.disarmed_by)
