"""Every fault that the matrix injects: how it is done, and which faults of `safety.faults` may answer it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw_sim import faulty_sensors as fs
from hw_sim.faulty_controller import cycles_in
from safety import faults as f
from safety import supervisor

if TYPE_CHECKING:
    from benchmarks.fault_trial import Trial

HEEL, IMU, LINK, CONTROLLER, PERSON = "heel switch", "IMU", "stimulator", "controller", "person"

# From when on the fault can be seen at all, for the reaction time.
AT_ONCE = "at once"
AT_MOTION = "with the next swing or edge"
AT_COMMAND = "with the next command"
AT_STRONG_PULSE = "with the next pulse of 15 mA without current"  # weaker ones are not judged by the device


@dataclass(frozen=True, slots=True)
class Case:
    """One fault.

    inject      does it to a Trial
    answers     ids of safety.faults that answer it; empty: it may pass unnoticed if it does no harm
    must        True if it has to be detected in every trial, not only if it does harm
    seen        AT_*
    also        ids that may come up beside an answer
    """

    name: str
    group: str
    inject: Callable[["Trial"], None]
    answers: tuple[int, ...]
    must: bool = False
    seen: str = AT_ONCE
    also: tuple[int, ...] = ()


def _sensor(kind: str, amount: float = 0.0) -> Callable[["Trial"], None]:
    return lambda trial: trial.sensors.begin(kind, amount)


def _device(**fields: object) -> Callable[["Trial"], None]:
    def inject(trial: "Trial") -> None:
        for name, value in fields.items():
            setattr(trial.device.faults, name, value)

    return inject


def _controller(**fields: object) -> Callable[["Trial"], None]:
    def inject(trial: "Trial") -> None:
        for name, value in fields.items():
            setattr(trial.controller, name, value)

    return inject


def _jump(ms: int) -> Callable[["Trial"], None]:
    def inject(trial: "Trial") -> None:
        trial.world.clock_offset_us += ms * 1000

    return inject


def _stall(ms: int) -> Callable[["Trial"], None]:
    return _controller(stalled_cycles=cycles_in(ms))


_GAIT = (f.FALSE_BURSTS, f.IMU_REVERSED, f.SWITCH_IMU_DISAGREE, f.SWITCH_STUCK_OPEN, f.SWITCH_STUCK_CLOSED)
_LOST = (f.SERIAL_LOST,)

CASES = (
    Case("heel switch stuck open", HEEL, _sensor(fs.STUCK_OPEN), _GAIT),
    Case("heel switch stuck closed", HEEL, _sensor(fs.STUCK_CLOSED), _GAIT),
    Case("heel switch bounces", HEEL, _sensor(fs.BOUNCING), (f.SWITCH_BOUNCE,), True),
    Case("heel switch unplugged", HEEL, _sensor(fs.UNPLUGGED), (f.SWITCH_SILENT,), True),
    Case("heel switch 100 ms late", HEEL, _sensor(fs.LATE, 100), _GAIT),
    Case("heel switch 300 ms late", HEEL, _sensor(fs.LATE, 300), _GAIT),
    Case("IMU frozen", IMU, _sensor(fs.FROZEN), (f.IMU_FROZEN, *_GAIT), seen=AT_MOTION),
    Case("IMU stale", IMU, _sensor(fs.STALE), (f.IMU_STALE,), True),
    Case("IMU and switch gone", IMU, _sensor(fs.BOTH_GONE), (f.IMU_STALE, f.SWITCH_SILENT), True),
    Case("IMU turns too fast", IMU, _sensor(fs.FAST), (f.IMU_RANGE,), True),
    Case("IMU feels 40 g", IMU, _sensor(fs.HEAVY), (f.IMU_RANGE,), True),
    Case("IMU feels 0 g", IMU, _sensor(fs.WEIGHTLESS), (f.IMU_RANGE,), True),
    Case("IMU rates at the rail", IMU, _sensor(fs.AT_THE_RAIL), (f.IMU_RANGE,), True),
    Case("IMU clipped at 125 deg/s", IMU, _sensor(fs.CLIPPED, 125), (f.IMU_RANGE, *_GAIT)),
    Case("IMU sagittal axis dead", IMU, _sensor(fs.AXIS_DEAD), _GAIT),
    Case("IMU 5 % spikes", IMU, _sensor(fs.SPIKES, 5), (f.IMU_RANGE, *_GAIT)),
    Case("IMU 50 % spikes", IMU, _sensor(fs.SPIKES, 50), (f.IMU_RANGE, *_GAIT)),
    Case("IMU rates x 57.3", IMU, _sensor(fs.FACTOR, 57.3), (f.IMU_RANGE, *_GAIT), seen=AT_MOTION),
    Case("IMU rates / 57.3", IMU, _sensor(fs.FACTOR, 1 / 57.3), _GAIT),
    Case("IMU turned by 180 deg", IMU, _sensor(fs.TURNED), _GAIT),
    Case("IMU upside down", IMU, _sensor(fs.UPSIDE_DOWN), _GAIT),
    Case(
        "electrode 0 open",
        LINK,
        lambda t: t.device.set_open_channels(0),
        (f.LEAD_OPEN,),
        True,
        AT_STRONG_PULSE,
    ),
    Case(
        "electrode 1 open",
        LINK,
        lambda t: t.device.set_open_channels(1),
        (f.LEAD_OPEN,),
        True,
        AT_STRONG_PULSE,
    ),
    Case("device busy", LINK, _device(busy=True), (f.DEVICE_FAULT,), True, AT_COMMAND),
    Case("answers dropped", LINK, _device(drop_answers=True), _LOST, True, AT_COMMAND),
    Case("answers 8 ms late", LINK, _device(late_us=8_000), ()),
    Case("answers 60 ms late", LINK, _device(late_us=60_000), ()),
    Case("answers 150 ms late", LINK, _device(late_us=150_000), _LOST, True, AT_COMMAND),
    Case("answers corrupt", LINK, _device(corrupt_checksum=True), _LOST, True, AT_COMMAND),
    Case("answers to another packet", LINK, _device(wrong_packet_number=True), _LOST, True, AT_COMMAND),
    Case("noise before answers", LINK, _device(noise=b"\x00\x55\xf0\x0f"), _LOST),
    Case("device silent", LINK, _device(silent=True), _LOST, True, AT_COMMAND),
    Case(
        "device loses power",
        LINK,
        lambda t: t.device.power_cycle(t.world.now_us),
        (*_LOST, f.DEVICE_FAULT),
        True,
        AT_COMMAND,
    ),
    Case("cable unplugged", LINK, lambda t: t.link.unplug(), _LOST, True),
    Case("controller stalls 60 ms", CONTROLLER, _stall(60), (), also=(f.IMU_STALE,)),
    Case(
        "controller stalls 120 ms",
        CONTROLLER,
        _stall(120),
        (f.CONTROLLER_STALLED,),
        True,
        also=(f.IMU_STALE,),
    ),
    Case(
        "controller stalls 300 ms",
        CONTROLLER,
        _stall(300),
        (f.CONTROLLER_STALLED,),
        True,
        also=(f.IMU_STALE,),
    ),
    Case("cycle skipped", CONTROLLER, _controller(skips_sequence=1), (f.REQUEST_ORDER,), True),
    Case("requests repeated", CONTROLLER, _controller(repeats_requests=True), ()),
    Case("requests 20 ms late", CONTROLLER, _controller(shift_us=-20_000), ()),
    Case("requests 3 s ahead", CONTROLLER, _controller(shift_us=3_000_000), ()),
    Case("clock jumps 300 ms ahead", CONTROLLER, _jump(300), (f.CLOCK_JUMP,), True, also=(f.IMU_STALE,)),
    Case("clock jumps 50 ms back", CONTROLLER, _jump(-50), (f.CLOCK_JUMP,), True),
    Case("stop", PERSON, lambda t: t.world.loop.guard.stop(), (f.EMERGENCY_STOP,), True),
    Case("pause", PERSON, lambda t: t.world.loop.guard.pause(), ()),
    Case(
        "profile changed",
        PERSON,
        lambda t: t.guard.profile_changed(),
        (f.PROFILE_CHANGE,),
        True,
    ),
    Case("restart", PERSON, lambda t: t.guard.supervisor.event(supervisor.RESET), (f.RESTARTED,), True),
)

# What does harm and is not found, and why: (words of the name, place or "", switch or None) -> sentence. The tests
# mark these as expected to fail; whoever mends one takes its line away.
KNOWN_GAPS = (
    (
        "turned by 180 deg",
        "foot",
        False,
        "A foot sensor back to front from the start: help at the wrong time until five steps have shown its direction.",
    ),
    (
        "upside down",
        "foot",
        False,
        "The same for a foot sensor upside down from the start.",
    ),
)


def known_gap(name: str, place: str, has_switch: bool) -> str:
    """Return why this fault is known to do harm there, or ""."""
    for words, where, switch, sentence in KNOWN_GAPS:
        if words in name and where in ("", place) and switch in (None, has_switch):
            return sentence
    return ""
