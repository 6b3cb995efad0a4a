"""The half of the guard that runs by itself: supervise, quantise, judge, encode, read back, write."""

from firmware_py.cycle_pace import CyclePace
from firmware_py.fault_causes import fault_of_device, fault_of_reason
from firmware_py.guard_records import GuardRecords
from firmware_py.guard_session import GuardSession
from firmware_py.guard_slot import Slot, due_us
from firmware_py.read_back import reads_back, small_pulse_reads_back
from firmware_py.seated_swings import SeatedSwings, counts
from firmware_py.tested_channels import TestedChannels
from firmware_py.unhelped_steps import UnhelpedSteps
from safety import faults, reasons, supervisor
from safety.clock import WRAP_MASK_US, Age, elapsed_us
from safety.gate import Gate
from safety.limits import LATE_MAX_US, PAUSE_US
from safety.plausibility import Plausibility
from safety.pulse import OFF_UA
from safety.supervisor import Supervisor
from stimulator.drivers.one_pulse import OFF as DRIVER_OFF

RX_BYTES = 256
AHEAD_MAX_US = 10_000  # R18; a cycle asks 5 ms ahead: what it left behind when it died is over within 10 ms


class SteppedGuard:
    """The guard without the acts of a person: `firmware_py.guard.Guard` has them, and says what is given."""

    def __init__(
        self,
        channel_limits,
        driver,
        check,
        port,
        log,
        *,
        has_imu: bool,
        has_switch: bool,
        is_shank: bool = False,
        was_checked: bool = False,
    ) -> None:
        self.gate = Gate(channel_limits)
        self.supervisor = Supervisor()
        self.plausibility = Plausibility(has_imu, has_switch, is_shank)
        self.driver = driver
        self._records = GuardRecords(log)
        self.results = self._records.results  # the newest of them, in a ring
        self.stops: int = 0  # so far, wraps
        self.ends: int = 0  # stops and disarms so far, wraps; a wish to be armed ends when it changes
        self._check = check
        self._was_checked = was_checked
        self._port = port
        self._slots = tuple([Slot() for _ in channel_limits])
        self._rx = bytearray(RX_BYTES)
        self._t_us: int = -1
        self._mode: int = supervisor.WALK
        self._since_pulse = Age()  # on any channel
        self._pace = CyclePace()
        self._is_wanted = self._is_burst = False  # wanted: somebody wants to talk to the stimulator
        self._unhelped = UnhelpedSteps()
        self._seated = SeatedSwings()
        self._tested = TestedChannels(channel_limits)
        self._session = GuardSession()

    # What the controller says ---------------------------------------------------------------------

    def take_sample(self, sample) -> None:
        """Hear a raw sample (safety.sample.Sample) of the sensors, as the controller got it."""
        self.plausibility.see(sample)
        self._unhelped.see(sample)

    def take_swing(self, swing: int) -> None:
        """Hear whether the detector asks for help now (1) or not (0)."""
        if self.gate.swing and not swing:
            self.supervisor.event(supervisor.STEP_ENDED)
            self._unhelped.swing_ended(self.gate.armed and self.supervisor.mode == supervisor.WALK)
        elif swing and not self.gate.swing:
            self._seated.swing_began()
        self.gate.swing = swing
        self.plausibility.swing(swing)

    def take_mode(self, mode: int) -> None:
        """Hear who asks from now on: WALK, TEST or EXERCISE of `safety.supervisor`."""
        self._mode = mode

    def take(self, request) -> None:
        """Keep a copy of `request` until its time. A channel that still waits loses the older one."""
        if not 0 <= request.channel < len(self._slots):
            self._records.refuse(self._t_us, request, reasons.CHANNEL_UNKNOWN)
            return
        if self.gate.swing:
            self._unhelped.asked()
        refused_by = reasons.OK
        if not self.gate.armed:  # nothing asked for before an arm may wait for it
            refused_by = self.gate.disarmed_by
        elif self._mode != self.supervisor.mode:  # a walk's pulses never come through a test's arm
            refused_by = reasons.HELD
        elif elapsed_us(request.fire_at_us, max(0, self._t_us)) > AHEAD_MAX_US:
            refused_by = reasons.TOO_EARLY
        if refused_by != reasons.OK:
            self._records.refuse(self._t_us, request, refused_by)
            return
        slot = self._slots[request.channel]
        if slot.waiting:
            self._records.refuse(self._t_us, slot.request, reasons.OVERTAKEN)
        slot.keep(request)

    def take_battery(self, percent: int) -> None:
        """Hear the charge of the supply, 0 (too low for exact pulses) to 100 percent."""
        self._session.take_battery(percent)
        if self.gate.armed and self._session.battery_fault():
            self.supervisor.fault(self._session.battery_fault())

    def cycle_finished(self, sequence: int) -> None:
        """A whole control cycle has run and its requests have been handed over."""
        self._pace.finished()
        self.gate.cycle_finished(sequence)

    # Time -----------------------------------------------------------------------------------------

    def step(self, t_us: int) -> None:
        """Move to `t_us`: hear the stimulator, keep every deadline, send what is due."""
        t_us = t_us & WRAP_MASK_US
        dt_us = 0 if self._t_us < 0 else elapsed_us(t_us, self._t_us)
        self._t_us = t_us
        self._advance(dt_us)
        try:
            self._hear()
            if self._is_wanted and self.driver.state == DRIVER_OFF:
                self.driver.start()  # it was still stopping when somebody asked for it
            n = self.driver.step(max(0, dt_us))
            if n > 0:
                self._send_command(n)
            self._judge_faults()
            for slot in self._slots:
                if slot.waiting and elapsed_us(t_us, slot.request.fire_at_us) >= 0:
                    self._fire(slot)
        except OSError:
            self.driver.port_gone()
            self._disarm(reasons.PORT_GONE)
        self._judge_faults()
        self._records.note_changes(self._t_us, self.gate, self.supervisor, self.driver)

    @property
    def results_total(self) -> int:
        """How many requests have been answered; `results` keeps the newest."""
        return self._records.total

    def sound(self) -> int:
        """Return what the buzzer should say now, SOUND_* of `safety.supervisor`: no loss is silent."""
        sup = self.supervisor
        is_walk = sup.sound == supervisor.SOUND_NONE and self.gate.armed and sup.mode == supervisor.WALK
        return supervisor.SOUND_HELD if is_walk and self._unhelped.is_loss() else sup.sound

    def warnings(self) -> int:
        """Return what a person should be told without stopping: WARN_* of `firmware_py.guard_session`."""
        return self._session.warnings(self.gate.armed, self.gate.ledger.hour_warning())

    def due_us(self, idle_us: int) -> int:
        """Return how long to wait before the next step is needed, us, 0 to `idle_us`."""
        return due_us(self._slots, self._t_us, self.gate, idle_us)

    def _advance(self, dt_us: int) -> None:
        self.gate.advance(dt_us)
        self.supervisor.advance(dt_us)
        self.plausibility.advance(dt_us)
        self._since_pulse.advance(dt_us)
        if self._pace.advance(dt_us, self.gate.armed):
            self.supervisor.fault(faults.LOOP_OVERRUN)
        self._unhelped.advance(dt_us)
        if self._is_burst:
            if self.supervisor.state != supervisor.STIMULATING:
                self._is_burst = False  # its time was up; what follows is a new burst
                self.plausibility.burst_ended()
            elif self._since_pulse.us >= PAUSE_US:
                self._end_burst()
        if self.gate.armed and self._session.advance(dt_us):
            self.supervisor.fault(faults.SESSION_OVER)

    def _hear(self) -> None:
        n = self._port.readinto(self._rx)
        while n > 0:
            self.driver.receive(self._rx, n)
            n = self._port.readinto(self._rx)

    # Faults ---------------------------------------------------------------------------------------

    def _judge_faults(self) -> None:
        """Bring what gate, driver and samples have found to the supervisor, and obey it."""
        sup = self.supervisor
        if sup.state == supervisor.SELF_TEST:
            if self.driver.fault:
                sup.event(supervisor.SELF_TEST_FAILED)
                sup.fault_id = fault_of_device(self.driver.fault)
            elif self.driver.can_pulse():
                sup.event(supervisor.SELF_TEST_PASSED if self._self_test() else supervisor.SELF_TEST_FAILED)
        elif self.driver.fault and sup.state != supervisor.OFF and sup.state != supervisor.FAULT:
            self._disarm(reasons.DEVICE_FAULT)
            sup.fault(fault_of_device(self.driver.fault))
        if not self.gate.armed and supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            sup.fault(fault_of_reason(self.gate.disarmed_by))
            self._disarm(self.gate.disarmed_by)
        fault_id = self.plausibility.take_fault()
        while fault_id:
            if supervisor.ARMED <= sup.state <= supervisor.STIMULATING and counts(sup.mode, fault_id):
                sup.fault(fault_id)
            fault_id = self.plausibility.take_fault()
        if self.gate.armed and not supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            self._disarm(reasons.STOPPED if sup.state == supervisor.READY else reasons.FAULT)

    def _self_test(self) -> bool:
        """Whether the gate refuses while disarmed, and a small pulse reads back as it was meant."""
        return not self.gate.armed and small_pulse_reads_back(
            self.driver, self._check, self._slots[0].request
        )

    def _disarm(self, reason: int) -> None:
        self.gate.disarm(reason)
        for slot in self._slots:
            if slot.waiting:
                slot.waiting = False
                self._records.refuse(self._t_us, slot.request, reason)
        if self._is_burst:
            self._end_burst()
        self._is_wanted = False
        self.driver.stop()  # high voltage off; a deliberate arm switches it on again

    def _end_burst(self) -> None:
        self._is_burst = False
        self.plausibility.burst_ended()
        self.supervisor.event(supervisor.BURST_ENDED)

    # Pulses ---------------------------------------------------------------------------------------

    def _send_command(self, n: int) -> None:
        """Write a frame of the driver's own; one that could stimulate never passes here."""
        if self._check.read(self.driver.tx, n) and not self._check.can_stimulate:
            self._port.write(self.driver.tx, n)
        else:
            self._disarm(reasons.CHECK_FAILED)
            self.supervisor.fault(faults.CHECK_FAILED)

    def _fire(self, slot) -> None:
        driver = self.driver
        request = slot.request
        late_us = elapsed_us(self._t_us, request.fire_at_us)
        must_wait = not driver.can_pulse() or self.gate.wait_us(request) > 0
        if must_wait and self.gate.armed and driver.is_ready() and late_us <= LATE_MAX_US:
            return  # one pulse is unanswered, or the last one left late: this one waits a little
        slot.waiting = False
        held = self._held(request.channel)
        if held != reasons.OK:
            self._records.refuse(self._t_us, request, held)
            return
        asked_ua = request.current_ua
        request.current_ua = driver.quantise_current_ua(request.current_ua, request.shape)
        result = self._records.next_result()
        n = 0
        if self.gate.judge(self._t_us, request, result):
            n = self._prepared(request, result)
        elif result.reason == reasons.HOUR_HOLD:
            self.supervisor.fault(faults.HOUR_CHARGE)
        result.asked_ua = asked_ua
        self._records.note(result)
        if n > 0:
            if self.gate.swing:  # what the extension grants is no help for the next swing
                self._unhelped.helped()
            self._port.write(driver.tx, n)
            if self.supervisor.mode == supervisor.TEST:
                self._tested.pulse(request.channel, result.granted_ua, result.width_us)

    def _held(self, channel: int) -> int:
        """Return why no pulse may be now, before the gate is asked at all; OK if it may."""
        if not self.gate.armed:
            return self.gate.disarmed_by
        if not self.driver.is_ready():
            return reasons.DEVICE_NOT_READY
        mode = self.supervisor.mode
        if mode == supervisor.TEST and not self._tested.may(channel):
            return reasons.HELD
        if self._is_burst and self.supervisor.may_pulse:
            return reasons.OK
        if not self.supervisor.may_start_burst:
            return reasons.HELD
        is_plausible = mode == supervisor.TEST or (  # a person watches
            self._seated.may_start if mode == supervisor.EXERCISE else self.plausibility.may_start
        )
        return reasons.OK if is_plausible else reasons.NOT_PLAUSIBLE

    def _prepared(self, request, result) -> int:
        """Encode what was granted and read it back; return the length of the frame to write, 0 for none."""
        driver = self.driver
        n = driver.encode_pulse(
            request.channel, result.granted_ua, request.width_us, request.gap_us, request.shape
        )
        if n == 0:
            self._not_sent(result, reasons.NOT_REPRESENTABLE)
        elif not reads_back(self._check, driver.tx, n, request, result.granted_ua):
            self._not_sent(result, reasons.CHECK_FAILED)
            self._disarm(reasons.CHECK_FAILED)
        else:
            driver.pulse_written()  # it counts as sent from here, even if the write fails half-way
            if not self._is_burst:
                self._is_burst = True
                self.supervisor.event(supervisor.BURST_BEGAN)
                self._seated.burst_began()
                if self.supervisor.mode == supervisor.WALK:  # a foot that hangs does not step
                    self.plausibility.burst_began()
            self._since_pulse.restart()
            return n
        return 0

    def _not_sent(self, result, reason: int) -> None:
        self.gate.not_sent(result.channel)
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason
