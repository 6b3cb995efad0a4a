"""Any order of presses, releases, beats and late cycles: nothing is asked for after the last beat or after 2 s."""

from hypothesis import given
from hypothesis import strategies as st

from safety import supervisor
from safety.clock import elapsed_us
from stimulator import test_burst as burst_module
from stimulator.prescription import default_prescription

MASK = 2**30 - 1
CYCLE_US = 5_000
PRESS_MAX_US = 2_000_000
BEAT_MAX_US = 500_000


class Armed:
    """Stands for the supervisor."""

    state = supervisor.ARMED
    mode = supervisor.TEST


class Oracle:
    """What may be asked for, by wall time only: of the press, the last beat and the release."""

    def __init__(self):
        self.is_down = False
        self.channel = None
        self.press_us = self.beat_us = 0
        self.is_over = False

    def hold(self, now_us, channel):
        if not self.is_down:
            self.is_down, self.is_over, self.channel = True, False, channel
            self.press_us = self.beat_us = now_us
        elif channel != self.channel:
            self.is_over = True

    def beat(self, now_us):
        if now_us - self.beat_us > BEAT_MAX_US:
            self.is_over = True
        self.beat_us = now_us

    def allows(self, due_us, channel):
        return (
            self.is_down
            and not self.is_over
            and channel == self.channel
            and due_us - self.press_us <= PRESS_MAX_US
            and due_us - self.beat_us <= BEAT_MAX_US
        )


DEEDS = st.one_of(
    st.tuples(st.just("hold"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["release", "beat", "beat"]), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 4_999)),  # the rest of the cycle passes before the next step
    st.tuples(st.just("cycles"), st.integers(1, 120)),
    st.tuples(st.just("late"), st.integers(5_000, 700_000)),
)


@given(st.lists(DEEDS, max_size=60), st.integers(0, MASK))
def test_no_order_of_deeds_gives_a_pulse_after_the_last_beat_or_after_2_s(deeds, t0_us):
    burst = burst_module.TestBurst(default_prescription(), CYCLE_US, 500, Armed())
    oracle = Oracle()
    now_us = stepped_us = 0

    def step():
        nonlocal stepped_us
        t_us = (t0_us + now_us) & MASK
        n = burst.step(t_us, now_us - stepped_us, None, True)
        stepped_us = now_us
        for r in burst.requests[:n]:
            due_us = now_us + elapsed_us(r.fire_at_us, t_us)
            assert now_us <= due_us < now_us + CYCLE_US
            assert oracle.allows(due_us, r.channel), (now_us, due_us, vars(oracle))

    for deed, amount in deeds:
        if deed == "hold":
            burst.hold(amount)
            oracle.hold(now_us, amount)
        elif deed == "release":
            burst.release()
            oracle.is_down = False
        elif deed == "beat":
            burst.beat()
            oracle.beat(now_us)
        elif deed == "wait":
            now_us = max(now_us, stepped_us + amount)
        elif deed == "late":
            now_us = max(now_us, stepped_us + amount)
            step()
        else:
            for _ in range(amount):
                now_us = max(now_us, stepped_us + CYCLE_US)
                step()
