"""`./swingphase check`: the check of leg and channels on a simulated person on a chair, with a mistake to be found."""

import argparse
import sys
from collections.abc import Callable

from firmware_py import channel_check
from firmware_py.pi import words
from hw_sim import faulty_sensors
from hw_sim.check_flow import Finding, Seat, check_channels, seated
from hw_sim.seated import OTHER_LEG, SWAPPED, SeatedLeg
from stimulator.prescription import channel_name
from stimulator.test_burst import ENDS

OTHER_SIDE = {"right": "left", "left": "right"}
MISTAKES: dict[str, Callable[[str], Seat]] = {
    "none": lambda side: seated(SeatedLeg(side=side)),
    "swapped-leads": lambda side: seated(SeatedLeg(side=side, wiring=SWAPPED)),
    "wrong-leg": lambda side: seated(SeatedLeg(side=side, wiring=OTHER_LEG)),
    "wrong-side": lambda side: seated(SeatedLeg(side=side), side=OTHER_SIDE[side]),
    "sensor-reversed": lambda side: _spoilt(seated(SeatedLeg(side=side)), faulty_sensors.TURNED),
    "open-lead": lambda side: _opened(seated(SeatedLeg(side=side))),
    "shank": lambda side: seated(SeatedLeg(side=side), place="shank"),
}


def _spoilt(seat: Seat, kind: str) -> Seat:
    seat.sensors.begin(kind)
    return seat


def _opened(seat: Seat) -> Seat:
    seat.device.set_open_channels(0)
    return seat


def lines_of(found: Finding) -> list[str]:
    """Return what a therapist reads about one channel."""
    said = [
        f"{channel_name(found.channel)}: {channel_check.VERDICT_NAMES[found.verdict]} "
        f"({found.granted} pulses, toe up {found.lift_deg:.0f} deg, eversion as read {found.evert_deg:.0f} deg)"
    ]
    said.append(f"  {channel_check.VERDICTS[found.verdict]}")
    if found.fault_id:
        said.append(f"  {words.of_fault(found.fault_id).wearer}")
    elif found.refused_by:
        said.append(f"  {words.of_reason(found.refused_by)}")
    if found.verdict == channel_check.INCOMPLETE:
        said.append(f"  {ENDS[found.ended_by]}")
    return said


def main(arguments: list[str]) -> int:
    """Run the check; 0 if walking may be armed afterwards, 1 if not."""
    parser = argparse.ArgumentParser(prog="./swingphase check", description=__doc__)
    parser.add_argument(
        "--mistake", choices=tuple(MISTAKES), default="none", help="what somebody has done wrong"
    )
    parser.add_argument("--side", choices=("right", "left"), default="right")
    parser.add_argument(
        "--confirm", action="store_true", help="a person saw the right movement of each channel"
    )
    chosen = parser.parse_args(arguments)
    seat = MISTAKES[chosen.mistake](chosen.side)
    for found in check_channels(seat.world, confirms=lambda _: chosen.confirm):
        print("\n".join(lines_of(found)))
    seat.world.loop.guard.acknowledge()
    end_us = seat.world.now_us + 2_000_000
    may_walk = seat.world.loop.arm_walk()
    while not may_walk and seat.world.now_us < end_us:  # the stimulator may have to be switched on again
        seat.world.advance(5_000)
        may_walk = seat.world.loop.arm_walk()
    print("Walking may be armed." if may_walk else "Walking cannot be armed before both channels are right.")
    return int(not may_walk)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
