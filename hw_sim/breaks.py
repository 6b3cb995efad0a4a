"""Everything that can go wrong, or be done by a person, on the way from the foot to the muscle: by name, at any time.

The fault matrix, scenarios and campaigns break things by these names. Each does its deed to a Rig and, where it can
end by itself, undoes it. Nothing here knows how the loop defends itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hw_sim import faulty_sensors as fs
from hw_sim.faulty_controller import cycles_in
from safety import supervisor

if TYPE_CHECKING:
    from hw_sim.rig import Rig

HEEL, IMU, ELECTRODE, LINK, CONTROLLER, PERSON = (
    *("heel switch", "IMU", "electrode", "stimulator", "controller", "person"),
)
Deed = Callable[["Rig", float], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One thing that happens.

    group    what it happens to; two of one group at the same time contradict each other
    says     what a bystander sees
    begin    does it to a Rig, with an amount
    end      undoes it, None if that takes more than time
    amount   (unit, least, most, usual) if it has one
    """

    name: str
    group: str
    says: str
    begin: Deed
    end: Deed | None = None
    amount: tuple[str, float, float, float] | None = None


def _sensor(name: str, group: str, kind: str, says: str, amount=None, fixed: float = 0.0) -> Break:
    def begin(rig: "Rig", value: float) -> None:
        rig.sensors.begin(kind, value if amount else fixed)

    return Break(
        name=name,
        group=group,
        says=says,
        begin=begin,
        end=lambda rig, _: rig.sensors.end(kind),
        amount=amount,
    )


def _device(name: str, says: str, field: str, value: object = None, amount=None, scale: int = 1) -> Break:
    def begin(rig: "Rig", asked: float) -> None:
        setattr(rig.device.faults, field, round(asked * scale) if amount else value)

    def end(rig: "Rig", _: float) -> None:
        setattr(rig.device.faults, field, type(getattr(rig.device.faults, field))())

    return Break(name=name, group=LINK, says=says, begin=begin, end=end, amount=amount)


def _lead(channel: int, says: str) -> Break:
    def change(rig: "Rig", is_open: bool) -> None:
        rig.open_leads = rig.open_leads | {channel} if is_open else rig.open_leads - {channel}
        rig.device.set_open_channels(*sorted(rig.open_leads))

    return Break(
        name=f"electrode {channel} open",
        group=f"{ELECTRODE} {channel}",
        says=says,
        begin=lambda rig, _: change(rig, True),
        end=lambda rig, _: change(rig, False),
    )


def _pad(channel: int, case: str, says: str) -> Break:
    return Break(
        name=f"electrode {channel} {case}",
        group=f"{ELECTRODE} {channel}",
        says=says,
        begin=lambda rig, _: rig.load.set_case(channel, case),
        end=lambda rig, _: rig.load.set_case(channel, "nominal"),
    )


def _controller(name: str, says: str, field: str, value=None, amount=None, of=None, undone=None) -> Break:
    def begin(rig: "Rig", asked: float) -> None:
        setattr(rig.controller, field, of(asked) if of else value)

    end = None if undone is None else lambda rig, _: setattr(rig.controller, field, undone)
    return Break(name=name, group=CONTROLLER, says=says, begin=begin, end=end, amount=amount)


def _jump(rig: "Rig", ms: float) -> None:
    rig.world.clock_offset_us += round(ms * 1000)


def _person(name: str, says: str, does: Callable[["Rig"], object]) -> Break:
    return Break(name=name, group=PERSON, says=says, begin=lambda rig, _: does(rig))


_ALL = (
    _sensor("heel switch stuck open", HEEL, fs.STUCK_OPEN, "The heel switch says that the heel is up."),
    _sensor("heel switch stuck closed", HEEL, fs.STUCK_CLOSED, "The heel switch says that the heel is down."),
    _sensor("heel switch bounces", HEEL, fs.BOUNCING, "The heel switch changes at random."),
    _sensor("heel switch unplugged", HEEL, fs.UNPLUGGED, "Nothing comes from the heel switch."),
    _sensor("heel switch late", HEEL, fs.LATE, "The heel switch speaks too late.", ("ms", 1, 1000, 100)),
    _sensor("IMU frozen", IMU, fs.FROZEN, "The IMU repeats its last reading."),
    _sensor("IMU stale", IMU, fs.STALE, "Nothing comes from the IMU."),
    _sensor("IMU and switch gone", IMU, fs.BOTH_GONE, "No sensor says anything."),
    _sensor("IMU turns too fast", IMU, fs.FAST, "The IMU says 4500 deg/s."),
    _sensor("IMU feels 40 g", IMU, fs.HEAVY, "The IMU says 40 g."),
    _sensor("IMU feels 0 g", IMU, fs.WEIGHTLESS, "The accelerometer says 0."),
    _sensor("IMU rates at the rail", IMU, fs.AT_THE_RAIL, "All rates stand at full scale."),
    _sensor(
        *("IMU clipped", IMU, fs.CLIPPED, "The gyroscope's range is set too small."),
        ("deg/s", 10, 2000, 125),
    ),
    _sensor("IMU sagittal axis dead", IMU, fs.AXIS_DEAD, "The sagittal rate is 0."),
    _sensor("IMU spikes", IMU, fs.SPIKES, "Some readings are wild.", ("%", 0.1, 100, 5)),
    _sensor("IMU unit error", IMU, fs.FACTOR, "Rates are multiplied.", ("times", 0.001, 1000, 57.3)),
    _sensor("IMU turned by 180 deg", IMU, fs.TURNED, "The sensor is back to front."),
    _sensor("IMU upside down", IMU, fs.UPSIDE_DOWN, "The sensor is upside down."),
    _lead(0, "The lead over tibialis anterior is off."),
    _lead(1, "The lead over the peroneal nerve is off."),
    *[
        _pad(channel, case, f"The pads of channel {channel} are {words}.")
        for channel in (0, 1)
        for case, words in (
            ("dry", "dry"),
            ("half lifted", "half off the skin"),
            ("new", "fresh and wet"),
            ("short", "shorted by gel"),
        )
    ],
    _device("device busy", "The stimulator refuses every command.", "busy", True),
    _device("answers dropped", "The stimulator's answers are lost.", "drop_answers", True),
    _device("answers late", "The stimulator answers late.", "late_us", None, ("ms", 1, 1000, 60), 1000),
    _device("answers corrupt", "The stimulator's answers are damaged.", "corrupt_checksum", True),
    _device("answers to another packet", "Answers carry a wrong number.", "wrong_packet_number", True),
    _device("noise before answers", "Noise on the line.", "noise", b"\x00\x55\xf0\x0f"),
    _device("device silent", "The stimulator hangs.", "silent", True),
    Break(
        name="device loses power",
        group=LINK,
        says="The stimulator's supply drops out and comes back.",
        begin=lambda rig, _: rig.device.power_cycle(rig.world.now_us),
    ),
    Break(
        name="cable unplugged",
        group=LINK,
        says="The cable to the stimulator is pulled out.",
        begin=lambda rig, _: rig.link.unplug(),
    ),
    Break(
        name="battery at",
        group="battery",
        says="The supply's charge, as the guard is told.",
        begin=lambda rig, percent: rig.guard.take_battery(round(percent)),
        amount=("%", 0, 100, 4),
    ),
    _controller(
        *("controller stalls", "The controller stands still.", "stalled_cycles"),
        amount=("ms", 5, 5000, 120),
        of=cycles_in,
    ),
    _controller("cycle skipped", "A control cycle is missing in the count.", "skips_sequence", 1),
    _controller("requests repeated", "Every request comes twice.", "repeats_requests", True, undone=False),
    _controller(
        *("requests shifted", "Requests carry a wrong time.", "shift_us"),
        amount=("ms", -5000, 5000, -20),
        of=lambda ms: round(ms * 1000),
        undone=0,
    ),
    Break(
        name="clock jumps",
        group=CONTROLLER,
        says="The clock jumps.",
        begin=_jump,
        amount=("ms", -1000, 5000, 300),
    ),
    _person("stop", "Somebody presses stop.", lambda rig: rig.guard.stop()),
    _person("pause", "The wearer wants a rest.", lambda rig: rig.guard.pause()),
    _person("resume", "The wearer wants to go on.", lambda rig: rig.guard.resume()),
    _person("arm", "A person arms for walking.", lambda rig: rig.ask_to_arm()),
    _person("clear", "A person has mended the cause and clears the fault.", lambda rig: rig.guard.clear()),
    _person("profile changed", "Another profile is loaded.", lambda rig: rig.guard.profile_changed()),
    _person(
        "restart", "The device restarts in use.", lambda rig: rig.guard.supervisor.event(supervisor.RESET)
    ),
)
BREAKS = {one.name: one for one in _ALL}
