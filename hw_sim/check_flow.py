"""The check of leg and channels as a therapist does it, button by button, in a simulated world.

Forget what was checked before; acknowledge; then for each channel: let the foot rest, arm for a test, hold
the button with a heartbeat, let go, read the verdict. Only if every channel is right, or seen to be right by
a person where the sensor cannot see it, is `channels_checked()` said. All of it goes through `Loop`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware_py import channel_check
from firmware_py.cycle import CYCLE_US
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.faulty_sensors import FaultySensors
from hw_sim.imu import ImuSettings
from hw_sim.reach import reach, straight
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.world import T_START_US, World
from safety import supervisor
from stimulator.prescription import Prescription, default_prescription

BEAT_US = 200_000
LOOK_US = 6_000_000  # between two channels the therapist looks at the skin and writes down what was seen
REST_US = 1_000_000
ARM_MAX_US = 2_000_000  # the stimulator's high voltage takes a moment
AFTER_US = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one test burst showed.

    verdict       RIGHT ... of `firmware_py.channel_check`;  is_confirmed  a person saw the right movement
    lift_deg, evert_deg   as the check saw them;  granted  pulses
    refused_by    of `safety.reasons`, the last one, 0 if every request was granted
    ended_by      index of `stimulator.test_burst.ENDS`;  fault_id  of `safety.faults`, as it stood afterwards
    """

    channel: int
    verdict: int
    is_confirmed: bool
    lift_deg: float
    evert_deg: float
    granted: int
    refused_by: int
    ended_by: int
    fault_id: int

    @property
    def is_right(self) -> bool:
        """Whether this channel may be called checked."""
        seen_by_eye = self.verdict == channel_check.NOT_VISIBLE and self.is_confirmed
        return self.verdict == channel_check.RIGHT or seen_by_eye


def nobody_looks(channel: int) -> bool:
    """Stand for a person who does not confirm anything."""
    return False


def check_channels(
    world: World,
    *,
    hold_us: int = 1_950_000,
    confirms: Callable[[int], bool] = nobody_looks,
    current_max_ua: int = 100_000,
    before_press: Callable[[int], None] | None = None,
) -> list[Finding]:
    """Run the whole check in a connected `world`; say `channels_checked()` if all channels are right.

    hold_us           how long each button is held
    confirms          asked for channels whose movement the sensor cannot see: did a person see the right one?
    current_max_ua    test with less than prescribed
    before_press      called with the channel just before its button goes down (tests)
    """
    loop = world.loop
    loop.guard.profile_changed()  # whoever checks again doubts what was checked before
    loop.guard.acknowledge()
    findings: list[Finding] = []
    for channel in range(len(loop.burst.prescription.channels)):
        world.advance(LOOK_US if findings else REST_US)
        found = burst_of(world, channel, hold_us, current_max_ua, before_press)
        if found.verdict == channel_check.NOT_VISIBLE and confirms(channel):
            found = replace(found, is_confirmed=True)
        findings.append(found)
    loop.cycle.use(loop.walk)
    world.advance(CYCLE_US)
    if all(found.is_right for found in findings):
        loop.guard.channels_checked()
    return findings


def burst_of(
    world: World,
    channel: int,
    hold_us: int,
    current_max_ua: int = 100_000,
    before_press: Callable[[int], None] | None = None,
) -> Finding:
    """Arm for a test, hold the button of `channel`, let go, and return what was seen."""
    guard, burst, check = world.loop.guard, world.loop.burst, world.loop.check
    _arm_for_test(world)
    if before_press is not None:
        before_press(channel)
    seen = guard.results_total
    granted = refused_by = 0
    burst.release()
    burst.hold(channel, current_max_ua)
    end_us = world.now_us + hold_us
    beat_us = world.now_us
    while world.now_us < end_us + AFTER_US:
        if world.now_us >= end_us:
            burst.release()
        elif world.now_us >= beat_us:
            burst.beat()
            beat_us += BEAT_US
        world.advance(CYCLE_US)
        while seen != guard.results_total:
            result = guard.results[seen % len(guard.results)]
            if result.granted_ua == 0:
                refused_by = result.reason
            elif result.channel == channel:
                granted += 1
            seen += 1
    fault_id = guard.supervisor.fault_id
    if guard.supervisor.state == supervisor.ARMED:
        guard.disarm()  # no pulse was granted: the test is still armed, and must not stay so
    return Finding(
        channel=channel,
        verdict=check.judge(granted),
        is_confirmed=False,
        lift_deg=check.lift_udeg / 1e6,
        evert_deg=check.evert_udeg / 1e6,
        granted=granted,
        refused_by=refused_by,
        ended_by=burst.envelope.ended_by,
        fault_id=fault_id,
    )


def _arm_for_test(world: World) -> None:
    end_us = world.now_us + ARM_MAX_US
    ends = world.loop.guard.ends
    while not world.loop.arm_test() and world.now_us < end_us and world.loop.guard.ends == ends:
        world.advance(CYCLE_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person on a chair with everything connected."""

    world: World
    leg: SeatedLeg
    load: ElectrodeLoad
    device: P24
    sensors: FaultySensors


def seated(
    leg: SeatedLeg,
    *,
    prescription: Prescription | None = None,
    side: str | None = None,
    place: str = "foot",
    imu: ImuSettings | None = None,
    has_switch: bool = False,
    connects: bool = True,
) -> Seat:
    """Return a world around `leg`, connected to an emulated P24 over a cable in memory.

    side   the leg that the device is set to; None: the one that `leg` is
    """
    load = ElectrodeLoad()
    device = P24(
        load=load,
        seed=1,
        on_pulse=lambda p: reach(leg, straight(p)),
    )
    link = MemoryLink(device)
    sensors = FaultySensors(SimSensors(leg, place=place, imu=imu, t_us_start=T_START_US, has_heel=has_switch))
    world = World(
        sensors=sensors,
        port=link.open_port(),
        link=link,
        prescription=default_prescription() if prescription is None else prescription,
        place=place,
        has_switch=has_switch,
        side=leg.settings.side if side is None else side,
        was_checked=False,
        leg=leg,
    )
    if connects:
        world.connect()
    return Seat(world=world, leg=leg, load=load, device=device, sensors=sensors)
