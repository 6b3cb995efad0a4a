"""What the tests of both legs share: two legs under way on one emulated P24, and what became of each."""

from hw_sim.both_legs import BothWorld, usual_prescription
from safety import supervisor

LEFT, RIGHT = 0, 1
USUAL = usual_prescription()


def walking(seconds=6.0, **how):
    """Both legs armed and under way, no stride like the other's."""
    world = BothWorld((USUAL, USUAL), stride_s=1.0, **how)
    world.connect()
    assert world.arm()
    world.advance(round(seconds * 1e6) - world.now_us)
    return world


def states(world):
    return [loop.guard.supervisor.state for loop in world.both.legs]


def is_armed(world, leg):
    return supervisor.ARMED <= states(world)[leg] <= supervisor.PAUSED


def last_us(world, leg):
    return max((at for at, *_ in world.pulses(leg)), default=-1)


def until(world, is_so, at_most_us=6_000_000):
    """Let time pass until `is_so()`."""
    end_us = world.now_us + at_most_us
    while not is_so():
        assert world.now_us < end_us
        world.advance(1_000)
