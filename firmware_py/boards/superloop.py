"""The one loop of a board: control cycle and guard on ticks, everything else in the time that is left.

In the tick the heap is locked, so nothing can allocate and no garbage collection can come. Memory is collected
only while the outputs are 0 and the foot stands. The watchdog is fed by finished cycles, by nothing else.
"""

import gc

import micropython

from firmware_py.boards.buttons import NOTHING
from firmware_py.cycle import CYCLE_US
from gait_detect.state import PHASE_NOT_WALKING, PHASE_STANCE
from safety import supervisor
from safety.clock import WRAP_MASK_US, after_us, elapsed_us
from stimulator.cues import TONE_NONE, TONE_TEST, Speaker
from stimulator.drivers.one_pulse import OFF as DRIVER_OFF
from stimulator.envelope import OFF

IMU_EVERY = 400  # cycles: every 2 s an IMU that is gone is set up again, while nobody is armed
BATTERY_EVERY = 20  # cycles: each average is 1.6 s old at most
SPARE_US = 1_500  # less time than this before the next tick is left alone
GARBAGE_MAX = 8  # jobs, about 1 KB each: so much may lie there before memory is collected between two of them
COLLECT_MIN_US = 200_000  # so long a stance has lasted before memory is collected


class Superloop:
    """Everything that runs on a board.

    board    firmware_py.boards.board.Board
    loop     firmware_py.loop.Loop
    log      ram_log.RamLog;  writer  ram_log.LogWriter
    person, console   as in their files; console may be None
    was_cut  the last start ended in use: sound the alarm until somebody touches a key
    image    of the IMU's maker, None if it needs none
    turn()            once round: a tick, a step of the guard, or one idle job
    cycles, late_us   how many ticks, and the latest one, us; overruns  ticks that were left out
    """

    def __init__(
        self, board, loop, log, writer, person, console=None, *, was_cut: bool = False, image=None
    ) -> None:
        self.board = board
        self.loop = loop
        self.guard = loop.guard
        self.log = log
        self.writer = writer
        self.person = person
        self.console = console
        self.cycles: int = 0
        self.overruns: int = 0
        self.late_us: int = 0
        self.collections: int = 0
        self._next_us: int = board.ticks_us()
        self._cycle_us: int = self._next_us  # clock reading of the last cycle, and of the guard's last step
        self._guard_us: int = self._next_us
        self._speaker = Speaker(board.sounds, person.cues)
        self._was_cut: bool = was_cut
        self._is_pressed: bool = False
        self._is_armed: bool = False
        self._is_marked: bool = False
        self._watch_ms: int = 0
        self._garbage: int = 1  # jobs that have left some
        self._battery_in: int = BATTERY_EVERY
        self._imu_in: int = IMU_EVERY
        self._image = image
        self._percent: int = -1

    def run(self) -> None:
        """Run until `leave`; the outputs are off whatever ends it."""
        gc.collect()
        gc.disable()
        try:
            while self.console is None or not self.console.wants_to_leave:
                self.turn()
        finally:
            self.board.outputs_off()
            gc.enable()

    def turn(self) -> None:
        """Do what is due now."""
        now_us = self.board.ticks_us() & WRAP_MASK_US
        self.board.step(now_us)
        wait_us = elapsed_us(self._next_us, now_us)
        if wait_us <= 0:
            self._tick(now_us, -wait_us)
            self._after_tick()
        elif elapsed_us(now_us, self._guard_us) >= self.guard.due_us(CYCLE_US):
            self._step_guard(now_us)
        elif wait_us > SPARE_US:
            self._spare_time()

    # The tick ---------------------------------------------------------------------------------------

    def _tick(self, now_us: int, late_us: int) -> None:
        micropython.heap_lock()
        try:
            self._cycle(now_us)
        except Exception:
            self.board.outputs_off()  # before anybody asks why
            raise
        finally:
            micropython.heap_unlock()
        self.board.feed()
        self.cycles = (self.cycles + 1) & 0xFFFFFFF
        self._imu_in = max(0, self._imu_in - 1)
        self.late_us = max(self.late_us, late_us)
        self._next_us = after_us(self._next_us, CYCLE_US)
        if late_us > CYCLE_US:  # never catch up with a bunch of cycles
            self.overruns = min(self.overruns + late_us // CYCLE_US, 0xFFFFF)
            self._next_us = after_us(now_us, CYCLE_US)

    def _cycle(self, now_us: int) -> None:
        board = self.board
        dt_us = max(0, elapsed_us(now_us, self._cycle_us))
        self._cycle_us = now_us
        self._guard_us = now_us
        self._hear_stop()
        if self.console is not None:
            self.console.hear()
        key = board.key.step(dt_us) if board.key is not None else NOTHING
        if board.test_key is not None:
            board.test_key.step(dt_us)
        if key != NOTHING:
            self._was_cut = False
        self.loop.cycle.step(now_us)
        self.guard.step(now_us)
        if not self._is_pressed:
            self.person.step(dt_us, key, board.test_key is not None and board.test_key.is_down)
        self._hear_battery()
        self._tell(dt_us)

    def _hear_stop(self) -> None:
        """On the edge; and again whenever something was armed while it is still pressed."""
        is_pressed = self.board.stop.take()
        if is_pressed:
            self.person.forget_wish()  # also what was asked for meanwhile: letting go must arm nothing
            if not self._is_pressed or self.guard.gate.armed:
                self.guard.stop()
        self._is_pressed = is_pressed

    def _hear_battery(self) -> None:
        if self.board.battery is None:
            return
        self._battery_in -= 1
        if self._battery_in <= 0:
            self._battery_in = BATTERY_EVERY
            percent = self.board.battery.look()
            if percent >= 0 and percent != self._percent:
                self._percent = percent
                self.guard.take_battery(percent)

    def _tell(self, dt_us: int) -> None:
        sup = self.guard.supervisor
        is_armed = supervisor.ARMED <= sup.state <= supervisor.PAUSED
        if is_armed != self._is_armed:
            self._is_armed = is_armed
            self.board.allow(is_armed)
            if is_armed:
                self.log.go()
            else:
                self.log.hold()
        if is_armed:
            self._was_cut = False
        alarm = supervisor.SOUND_LOST if self._was_cut else self.guard.sound()
        tone = TONE_TEST if is_armed and sup.mode == supervisor.TEST else TONE_NONE
        self._speaker.step(alarm, tone, False)
        self.board.sounds.show(is_armed)
        self.board.sounds.step(dt_us)

    def _step_guard(self, now_us: int) -> None:
        """Between ticks: a pulse that is due, an answer that may have come."""
        micropython.heap_lock()
        try:
            self._guard_us = now_us
            self.guard.step(now_us)
        except Exception:
            self.board.outputs_off()
            raise
        finally:
            micropython.heap_unlock()

    # The time that is left --------------------------------------------------------------------------

    def _after_tick(self) -> None:
        """What a change of arming means for the watchdog and for the memory that survives a reset."""
        if self._is_armed != self._is_marked:
            self._is_marked = self._is_armed
            self.board.mark_session(self._is_armed)
        watch_ms = self.board.watch_armed_ms if self._is_armed else self.board.watch_idle_ms
        if watch_ms != self._watch_ms and (self._is_armed or self._watch_ms):
            self._watch_ms = watch_ms
            self.board.watch(watch_ms)

    def _spare_time(self) -> None:
        """One job at most: a line of the console, the garbage, a page to the flash."""
        if self.console is not None and self.console.answer():
            self._garbage += 1
        elif self._garbage >= GARBAGE_MAX and self._may_collect():
            self._collect()
        elif self._may_write() and self._write():
            self._garbage += 1
        elif self._garbage and self._may_collect():
            self._collect()

    def _collect(self) -> None:
        self._garbage = 0
        self.collections = (self.collections + 1) & 0xFFFF
        gc.collect()

    def _write(self) -> bool:
        """What waits for somebody who has time; True if there was something."""
        if self.person.is_complete or self.person.is_undone:
            self._keep()
            return True
        if self.board.imu.is_gone and self._imu_in <= 0:
            self._imu_in = IMU_EVERY
            self._begin_imu()
            return True
        return self.writer.step()

    def _keep(self) -> None:
        try:
            self.person.keep()
        except OSError:
            self.writer.is_broken = True  # the check holds until the next start only

    def _begin_imu(self) -> None:
        """A loose lead has let it forget its range, or it was plugged in late."""
        try:
            self.board.imu.begin(self._image)
        except ValueError:
            pass  # still gone; the next try comes by itself

    def _may_write(self) -> bool:
        """Writing to flash stops the chip: nobody is armed, and the stimulator is not being spoken to."""
        state = self.guard.supervisor.state
        is_idle = state == supervisor.OFF or state == supervisor.READY or state == supervisor.FAULT
        return is_idle and not self.guard.gate.armed and self.guard.driver.state == DRIVER_OFF

    def _may_collect(self) -> bool:
        """A collection lasts some ms: only with the outputs at 0 and the foot on the ground."""
        if not self._is_armed:
            return True
        gait = self.loop.cycle.detector.state
        return (
            self.guard.supervisor.state != supervisor.STIMULATING
            and self.loop.cycle.scheduler.envelope.state == OFF
            and gait.swing == 0
            and (gait.phase == PHASE_NOT_WALKING or gait.phase == PHASE_STANCE)
            and gait.phase_age_us >= COLLECT_MIN_US
        )
