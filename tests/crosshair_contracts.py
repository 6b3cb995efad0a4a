"""What must hold for every whole number, as contracts: CrossHair looks for a counterexample on all paths.

`tests/test_evidence_crosshair.py` runs it. A contract is a docstring with `pre:` (what may come in) and `post:`
(what must hold of `_`, the answer). Readings are 0 to 2**30 - 1, as the board's clock gives them.
"""

from collections import namedtuple

from safety import limits, reasons
from safety.changes import is_gentle
from safety.clock import Age, after_us, elapsed_us
from safety.gate import Gate
from safety.ledger import Window, _charge_nc, _heat_ma2_us, _weighted_us
from safety.limits import make_limits
from safety.pulse import PulseRequest, PulseResult

Setting = namedtuple("Setting", ("current_ua", "width_us", "rate_hz"))


def elapsed_stays_in_range(later_us: int, earlier_us: int) -> int:
    """
    pre: 0 <= later_us < 2**30
    pre: 0 <= earlier_us < 2**30
    post: -2**29 <= _ < 2**29
    """
    return elapsed_us(later_us, earlier_us)


def elapsed_undoes_after(t_us: int, duration_us: int) -> int:
    """
    pre: 0 <= t_us < 2**30
    pre: -2**29 <= duration_us < 2**29
    post: _ == duration_us
    """
    return elapsed_us(after_us(t_us, duration_us), t_us)


def after_is_a_reading(t_us: int, duration_us: int) -> int:
    """
    pre: 0 <= t_us < 2**30
    pre: -2**29 <= duration_us < 2**29
    post: 0 <= _ < 2**30
    """
    return after_us(t_us, duration_us)


def an_age_never_looks_younger(us: int, dt_us: int) -> int:
    """
    pre: 0 <= us <= 2**29
    pre: -2**29 <= dt_us < 2**29
    post: us <= _ <= 2**29
    post: _ == (2**29 if dt_us < 0 else min(2**29, us + dt_us))
    """
    age = Age()
    age.us = us
    age.advance(dt_us)
    return age.us


def charge_is_rounded_up(current_ua: int, width_us: int) -> int:
    """
    pre: 0 <= current_ua <= 100_000
    pre: 50 <= width_us <= 450
    post: current_ua * width_us <= _ * 1000 < current_ua * width_us + 1000
    """
    return _charge_nc(current_ua, width_us)


def heat_is_never_less_than_the_square_of_the_current(current_ua: int, width_us: int) -> int:
    """
    pre: 0 <= current_ua <= 100_000
    pre: 50 <= width_us <= 450
    post: current_ua * current_ua * 2 * width_us <= _ * 1_000_000
    post: _ <= 9_000_000
    """
    return _heat_ma2_us(current_ua, width_us)


def a_weighted_time_is_never_longer_than_the_time(
    current_ua: int, width_us: int, since_us: int, plateau_nc: int
) -> int:
    """
    pre: 0 <= current_ua <= 100_000
    pre: 50 <= width_us <= 450
    pre: 0 <= since_us <= 80_000
    pre: 1 <= plateau_nc <= 30_000
    post: 0 <= _ <= since_us
    """
    return _weighted_us(make_limits(plateau_nc=plateau_nc), current_ua, width_us, since_us)


def a_weighted_time_is_rounded_up(current_ua: int) -> int:
    """
    pre: 0 <= current_ua <= 100_000
    post: _ * 7_500_000 >= min(25_000 * 7_500_000, 25_000 * current_ua * 300)
    """
    return _weighted_us(make_limits(plateau_nc=7_500), current_ua, 300, 25_000)


def a_window_takes_at_most_what_a_small_number_holds(total: int, amount: int) -> int:
    """
    pre: 0 <= total <= 2**29 - 1
    pre: 0 <= amount < 2**30
    post: _ == min(2**29 - 1, total + amount)
    """
    window = Window(1, 1000)
    window.total = total
    window.add(amount)
    return window.total


def a_permitted_rms_is_within_all_three_limits(area_cm2: int) -> int:
    """
    pre: 20 <= area_cm2 <= 200
    post: 0 < _ <= 400
    post: _ <= area_cm2 * area_cm2
    post: _ * 500 * 2 <= 25_000 * area_cm2
    """
    return limits.rms_sq_max_ma2(area_cm2)


class _NoWindows:
    """A ledger with room for everything: the gate's own arithmetic alone is looked at."""

    def refusal(self, limit, request, since_us, swing) -> int:
        return reasons.OK

    def may_double(self, index, since_us) -> bool:
        return False

    def third_violation(self) -> bool:
        return False

    def add(self, index, limit, current_ua, width_us, since_us) -> None:
        pass


def _judged(
    current_ua: int,
    width_us: int,
    gap_us: int,
    since_us: int,
    from_ua: int,
    from_width_us: int,
    shape: int = 1,
) -> PulseResult:
    """Return the judgement on a first request after a pulse of `from_ua` x `from_width_us`, `since_us` ago."""
    gate = Gate((make_limits(current_max_ua=100_000, charge_max_nc=30_000),))
    gate.ledger = _NoWindows()  # type: ignore[assignment]
    gate.arm()
    gate.cycle_finished(0)
    channel = gate._channels[0]
    channel.since_pulse.us = since_us
    channel.current_ua = from_ua
    channel.charge_nc = (from_ua * from_width_us + 999) // 1000
    request = PulseRequest()
    request.current_ua = current_ua
    request.width_us = width_us
    request.gap_us = gap_us
    request.shape = shape
    result = PulseResult()
    gate.judge(0, request, result)
    return result


def no_grant_is_above_what_was_asked_nor_above_current_and_charge(
    current_ua: int, width_us: int, since_us: int, from_ua: int
) -> PulseResult:
    """
    pre: 0 <= since_us <= 2**29
    pre: 0 <= from_ua <= 66_000
    pre: -(2**29) <= current_ua < 2**29
    pre: 50 <= width_us <= 450
    post: 0 <= _.granted_ua <= max(0, current_ua)
    post: _.granted_ua <= 100_000 and _.granted_ua * width_us <= 30_000_000
    """
    return _judged(current_ua, width_us, 0, since_us, from_ua, 450)


def no_grant_is_outside_width_gap_and_distance(width_us: int, gap_us: int, since_us: int) -> PulseResult:
    """
    pre: 0 <= since_us <= 2**29
    post: _.granted_ua == 0 or (50 <= width_us <= 450 and _.width_us == width_us and 0 <= gap_us <= 500)
    post: _.granted_ua == 0 or since_us >= 16_600
    """
    return _judged(10_000, width_us, gap_us, since_us, 0, 450)


def no_grant_has_another_shape_than_allowed(shape: int, current_ua: int) -> PulseResult:
    """
    pre: -(2**29) <= shape < 2**29
    pre: 0 < current_ua <= 60_000
    post: _.granted_ua == 0 or 1 <= abs(shape) <= 4
    post: _.granted_ua == 0 or _.granted_ua == current_ua or _.granted_ua % (500 * abs(shape)) == 0
    """
    return _judged(current_ua, 300, 0, 2**29, 0, 450, shape)


def no_grant_rises_faster_than_allowed(current_ua: int, width_us: int, since_us: int, from_ua: int) -> int:
    """
    pre: 16_600 <= since_us <= 2**29
    pre: 0 <= from_ua <= 66_000
    post: _ <= (from_ua if since_us < 80_000 else 0) + 15_000
    post: (_ - from_ua) * 1000 <= 500 * since_us or since_us >= 80_000
    post: _ * width_us <= (from_ua * 450 if since_us < 80_000 else 0) + 4_500_000 + 1_000
    """
    return _judged(current_ua, width_us, 0, since_us, from_ua, 450).granted_ua


def one_change_is_gentle_only_within_5_ma_and_1500_nc(
    old_ua: int, old_us: int, old_hz: int, new_ua: int, new_us: int, new_hz: int
) -> bool:
    """
    pre: 0 <= old_ua <= 60_000 and 0 <= new_ua <= 60_000
    pre: 100 <= old_us <= 400 and 100 <= new_us <= 400
    pre: 15 <= old_hz <= 60 and 15 <= new_hz <= 60
    post: not _ or new_ua <= old_ua + 5_000
    post: not _ or new_ua * new_us <= old_ua * old_us + 1_500_000
    """
    return is_gentle(Setting(old_ua, old_us, old_hz), Setting(new_ua, new_us, new_hz))
