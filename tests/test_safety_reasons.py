"""Every reason for a refusal can happen, and says itself: one scene each, judged by the guard or the gate."""

import pytest

from firmware_py.pi import words
from safety import faults, reasons
from safety.limits import make_limits
from safety.sample import HEEL_DOWN, HEEL_UP, Sample
from tests.safety_rig import LyingDriver, Rig
from tests.test_safety_gate import Bench
from tests.test_safety_ledger import bench, train


def gate(prepare=lambda b: None, **ask):
    one = Bench()
    one.gate.arm()
    one.wait(5_000)
    prepare(one)
    return one.ask(**ask)[0]


def guard(scene, rig=None):
    rig = rig or Rig().armed()
    scene(rig)
    rig.run(30)
    return rig.last.reason


def with_switch(heel):
    """A rig whose switch says `heel` while the controller says swing."""

    class Switched(Rig):
        def run(self, ms):
            sample = Sample()
            for _ in range(ms):
                sample.t_us, sample.heel = self.t_us, heel
                self.guard.take_sample(sample)
                super().run(1)
            return self

    rig = Switched()
    rig.guard.plausibility._has_switch = True
    return rig.armed()


def lying():
    driver = LyingDriver()
    rig = Rig(driver=driver).armed()
    driver.lie = lambda channel, current_ua, *rest: (channel, current_ua + 500, *rest)
    return rig


def unplugged(rig):
    rig.link.unplug()
    rig.run(5)
    rig.ask()


def broken(rig):
    rig.device.faults.busy = True
    rig.ask().run(30)
    rig.ask()


def switched_off(rig):
    rig.driver.stop()
    rig.driver.state = 0
    rig.ask()


def used_up_hour(rig):
    ledger = rig.gate.ledger
    for _ in range(120_001):
        ledger.add(0, make_limits(), 50_000, 300, 20_000)
    for _ in range(60):
        rig.run(20)
    rig.ask()


def latched(rig):
    rig.guard.supervisor.fault(faults.SWITCH_STUCK_CLOSED)
    rig.run(2)
    rig.ask()


def burst(one, seconds, **ask):
    one.gate.swing = 1
    train(one, seconds, **ask)
    return one.ask(**{k: v for k, v in ask.items() if k != "period_us"})[0]


def three_bursts(one):
    for _ in range(2):
        one.ask()
        one.wait(100_000)
    return one.ask()[0]


def too_much_duty(one):
    one.gate.ledger._accounts[0].on_us.add(9_200_001)
    return one.ask()[0]


def violations(one):
    for _ in range(3):
        one.ask(current_ua=100_500)
    return one.ask()[0]


def jumped(one):
    one.gate.advance(-1)


def expired(one):
    one.gate._permit_age.expire()


SCENES = {
    reasons.OK: lambda: gate(current_ua=5_000),
    reasons.LOWERED: lambda: gate(current_ua=40_000),
    reasons.DISARMED: lambda: guard(lambda r: r.ask(), Rig().ready()),
    reasons.NO_CYCLE: lambda: gate(expired),
    reasons.CYCLE_ORDER: lambda: gate(lambda b: b.gate.cycle_finished(77)),
    reasons.CHANNEL_UNKNOWN: lambda: gate(channel=2),
    reasons.REPEATED: lambda: gate(lambda b: b.ask(sequence=9), sequence=9),
    reasons.TOO_EARLY: lambda: gate(late_us=-1),
    reasons.TOO_LATE: lambda: gate(late_us=10_001),
    reasons.NO_CURRENT: lambda: gate(current_ua=0),
    reasons.CURRENT_OVER: lambda: gate(current_ua=60_500),
    reasons.WIDTH_UNDER: lambda: gate(width_us=49),
    reasons.WIDTH_OVER: lambda: gate(width_us=451),
    reasons.GAP_OVER: lambda: gate(gap_us=501),
    reasons.SHAPE_OVER: lambda: gate(shape=5),
    reasons.CHARGE_OVER: lambda: gate(current_ua=60_000, width_us=400),
    reasons.TOO_SOON: lambda: gate(lambda b: b.ask()),
    reasons.OVERTAKEN: lambda: overtaken(),
    reasons.DEVICE_NOT_READY: lambda: guard(switched_off),
    reasons.NOT_REPRESENTABLE: lambda: guard(lambda r: r.ask(gap_us=5)),
    reasons.CHECK_FAILED: lambda: guard(lambda r: r.ask(), lying()),
    reasons.PORT_GONE: lambda: guard(unplugged),
    reasons.DEVICE_FAULT: lambda: guard(broken),
    reasons.CLOCK_JUMPED: lambda: gate(jumped),
    reasons.RMS_OVER: lambda: rms_over(),
    reasons.CHARGE_RATE_OVER: lambda: burst(bench(), 2, current_ua=66_500, width_us=450, period_us=17_000),
    reasons.HOUR_HOLD: lambda: guard(used_up_hour),
    reasons.DUTY_HOLD: lambda: too_much_duty(bench()),
    reasons.ON_TOO_LONG: lambda: burst(bench(), 5.5, current_ua=5_000, width_us=100),
    reasons.BURSTS_OVER: lambda: three_bursts(bench()),
    reasons.VIOLATIONS: lambda: violations(bench()),
    reasons.HELD: lambda: guard(lambda r: (r.guard.pause(), r.ask())),
    reasons.NOT_PLAUSIBLE: lambda: guard(lambda r: r.ask(), with_switch(HEEL_DOWN)),
    reasons.STOPPED: lambda: guard(lambda r: (r.guard.stop(), r.ask())),
    reasons.FAULT: lambda: guard(latched),
}


def overtaken():
    rig = Rig().armed()
    rig.ask(in_us=5_000).ask(in_us=10_000)
    return rig.last.reason


def rms_over():
    one = bench()
    one.gate._channels[0].limits = make_limits(current_max_ua=100_000)._replace(rms_sq_max_ma2=50)
    one.ramp_to(30_000, 300)
    return train(one, 2, current_ua=60_000, width_us=300, period_us=25_000)[1][0]


def test_there_is_a_scene_for_every_reason():
    assert set(SCENES) == {v for k, v in vars(reasons).items() if k.isupper() and isinstance(v, int)}


@pytest.mark.parametrize("reason", SCENES, ids=lambda r: words.of_reason(r)[:40])
def test_the_scene_ends_with_its_reason(reason):
    assert SCENES[reason]() == reason


def test_the_switch_scene_is_refused_for_its_switch_only():
    rig = with_switch(HEEL_UP)
    rig.run(100)
    rig.ask().run(30)
    assert rig.last.reason == reasons.OK
