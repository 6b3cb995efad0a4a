"""A comparison through cycle, guard and emulated stimulator: what the log calls each stride is what was delivered."""

import pytest

from firmware_py import blackbox
from hw_sim.walk_run import WalkRun
from hw_sim.walker import WalkerSettings
from hw_sim.world import world_us
from stimulator.comparison import NOTHING, ON_THE_WAY, A, B
from stimulator.prescription import PrescriptionError, default_prescription, prescription_hash

A_UA, B_UA = 24_000, 30_000
NAMES = {NOTHING: "-", A: "A", B: "B", ON_THE_WAY: "~"}


def with_current(current_ua):
    p = default_prescription()._replace(rise_ms=50)
    return p._replace(channels=(p.channels[0]._replace(current_ua=current_ua), p.channels[1]))


@pytest.fixture(scope="module")
def compared():
    """A walk of 20 s, two strides each, four blocks."""

    def begins(run):
        if run.now_us == 3_000_000:
            run.world.loop.compare(with_current(B_UA), 2, 4)

    walker = WalkerSettings(severity="mild", stride_s=0.9, stand_s=2.0, seed=2, varies=False)
    return WalkRun(with_current(A_UA), walker, deeds=begins).run(20)


def labels(run):
    """Return [(world us, label, block, words)] of the log."""
    found, now_us = [], 0
    for kind, t_us, values in blackbox.rows(bytes(run.world.rows)):
        now_us = world_us(t_us, now_us)
        if kind == blackbox.COMPARISON:
            found.append((now_us, values[0], values[1], values[3:7]))
    return found


def test_the_log_calls_the_blocks_by_name_and_hash(compared):
    found = labels(compared)
    assert "".join(NAMES[label] for _, label, _, _ in found) == "A~BA~B-"
    assert [block for _, _, block, _ in found] == [1, 2, 2, 3, 4, 4, 4]
    for _, label, _, words in found:
        name = "".join(f"{w:04x}" for w in words)
        expected = {A: prescription_hash(with_current(A_UA)), B: prescription_hash(with_current(B_UA))}
        assert name == expected.get(label, "0" * 16)


def test_what_is_delivered_is_what_the_log_says(compared):
    found = labels(compared)
    peaks = {A: 24.0, ON_THE_WAY: 29.0, B: 30.0, NOTHING: 24.0}
    ends = [at for at, *_ in found[1:]] + [compared.now_us]
    for (from_us, label, _, _), to_us in zip(found, ends, strict=True):
        mine = [
            p.current_ma for p in compared.device.pulses if p.channel == 0 and from_us <= p.start_us < to_us
        ]
        assert max(mine) == peaks[label], NAMES[label]
    assert compared.world.loop.walk.prescription == with_current(A_UA)


def test_a_comparison_needs_an_arm_a_profile_that_holds_and_one_at_a_time(compared):
    loop = compared.world.loop
    with pytest.raises(PrescriptionError, match="the guard was started with"):
        loop.compare(
            with_current(B_UA)._replace(
                channels=(
                    with_current(B_UA).channels[0]._replace(doublet_ms=10),
                    with_current(B_UA).channels[1],
                )
            ),
            5,
            4,
        )
    loop.compare(with_current(B_UA), 5, 4)
    with pytest.raises(ValueError, match="compared already"):
        loop.compare(with_current(B_UA), 5, 4)
    with pytest.raises(ValueError, match="End it first"):
        loop.commit(with_current(25_000))
    loop.end_comparison()
    loop.guard.stop()
    compared.world.advance(20_000)
    assert loop.walk.inner.comparison is None
    with pytest.raises(ValueError, match="Arm, then compare"):
        loop.compare(with_current(B_UA), 5, 4)
    loop.commit(with_current(25_000))
