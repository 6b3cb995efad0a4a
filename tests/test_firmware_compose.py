"""A change of the prescription reaches walking and tests alike, and never goes beyond what the guard was told."""

import pytest

from hw_sim.check_flow import seated
from hw_sim.seated import SeatedLeg
from stimulator.prescription import PrescriptionError, default_prescription


def changed(**values):
    """The default prescription with other values in every channel."""
    p = default_prescription()
    return p._replace(channels=tuple(c._replace(**values) for c in p.channels))


def test_a_lower_current_reaches_walk_and_test():
    loop = seated(SeatedLeg()).world.loop
    loop.commit(changed(current_ua=10_000))
    assert loop.walk.prescription.channels[0].current_ua == 10_000
    assert loop.burst.prescription.channels[1].current_ua == 10_000


@pytest.mark.parametrize("values", [{"current_max_ua": 40_500}, {"charge_max_nc": 20_100}])
def test_a_limit_beyond_what_the_guard_was_started_with_is_a_new_profile(values):
    loop = seated(SeatedLeg()).world.loop
    with pytest.raises(PrescriptionError, match=r"the guard was started with .* new profile"):
        loop.commit(changed(**values))
    assert loop.walk.prescription == default_prescription()
    assert loop.burst.prescription == default_prescription()


def test_a_lower_limit_may_be_taken_over():
    loop = seated(SeatedLeg()).world.loop
    loop.commit(changed(current_max_ua=30_000, charge_max_nc=10_000))
    assert loop.walk.prescription.channels[0].current_max_ua == 30_000


def test_a_channel_that_was_off_stays_off_until_a_new_profile():
    off = default_prescription()
    off = off._replace(channels=(off.channels[0], off.channels[1]._replace(current_ua=0)))
    loop = seated(SeatedLeg(), prescription=off).world.loop
    with pytest.raises(
        PrescriptionError, match="peroneal: current_max_ua is 40000; the guard was started with 0"
    ):
        loop.commit(off._replace(channels=(off.channels[0], off.channels[1]._replace(current_ua=2_000))))


def test_a_change_that_is_too_steep_or_not_valid_changes_nothing():
    loop = seated(SeatedLeg()).world.loop
    for bad in (changed(current_ua=31_000), changed(current_ua=41_000), changed(rate_hz=200)):
        with pytest.raises(PrescriptionError):
            loop.commit(bad)
        assert loop.walk.prescription == loop.burst.prescription == default_prescription()


def test_while_a_test_burst_runs_nothing_is_taken_over():
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(500_000)
    while not loop.arm_test():
        seat.world.advance(5_000)
    loop.burst.hold(0)
    seat.world.advance(300_000)
    with pytest.raises(ValueError, match="A test burst runs"):
        loop.commit(changed(current_ua=10_000))
    assert loop.walk.prescription == default_prescription()
