"""Gate, ledger and envelope on an emulated Cortex-M0: they decide as on a PC, keep no memory, keep to a budget.

The board's 9.5 KB of heap do not hold gate and ledger together: each runs alone, the gate beside a small stand-in of
the ledger, the ledger with windows a tenth as long.
"""

from pathlib import Path
from types import ModuleType

import pytest

from safety import clock, gate, ledger, limits, pulse, reasons
from stimulator import envelope, pace, parameters
from stimulator.prescription import default_prescription
from tests.mpy import m0_envelope, m0_gate, m0_ledger
from tests.mpy.microbit import in_order, need_microbit, run_on_microbit, units_of

SHORTER = 10
SEEDS = (1, 2, 777, 4242)
PULSES = 200
LEDGER_PULSES = 400
CYCLES = 1_000
WITHOUT = ("copy_from", "hour_warning", "not_sent")

# Instructions of a Cortex-M0, with what the script around them takes: for one pulse asked of the gate (advance, cycle,
# judge), one of the ledger (advance, refusal, add), one step of the envelope. Counted by the board's own clock under
# -icount. A change of more than 3 % wants a look at what became slower, and then a new number.
BUDGET_SHARE = 0.03
GATE_INSTRUCTIONS = 83_700
LEDGER_INSTRUCTIONS = 178_100
ENVELOPE_INSTRUCTIONS = 34_100

# Without a locked heap, which would put the frames of functions on the board's 1.8 KB of stack; that nothing at all
# allocates is shown under wasm. Here: nothing is kept.
TIMED = """
t = c = free = 0
for s in {seeds}:
 thing = None
 gc.collect()
 thing = {make}
 gc.collect()
 free = gc.mem_free()
 t = utime.ticks_us()
 c = play({arguments}, s, {n})
 t = utime.ticks_us() - t
 gc.collect()
 print(c, t, free - gc.mem_free())
"""
TIGHT = limits.make_limits()._replace(rms_sq_max_ma2=6)  # so that shorter windows are full, too
ONE = "class One:\n pass\none = One()\n" + "\n".join(
    f"one.{name} = {value!r}" for name, value in TIGHT._asdict().items()
)
IS_ABSOLUTE = "class limits:\n pass\nlimits.is_absolute = lambda one: True"


def constants() -> dict[str, int]:
    """Return the whole numbers of the modules, under their own names and with the module's name in front."""
    found = {}
    for module in (limits, reasons, clock, pulse, gate, ledger, envelope, pace, parameters):
        for name, value in vars(module).items():
            if name.isupper() and type(value) is int:
                found[name] = found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value
    return found | {"limits.CHANNELS_MAX": 1}


def on_board(
    modules: tuple[ModuleType, ...], made_of: list[str], make: str, arguments: str, n: int
) -> tuple[list[int], int]:
    """Return (checksum per seed, instructions for one of n) of a play on the board; its script is the last module."""
    need_microbit()
    units = []
    for module in modules:
        assert module.__file__
        source = Path(module.__file__).read_text(encoding="utf-8")
        units += units_of(source, constants(), windows=SHORTER, without=WITHOUT)
    timed = TIMED.format(seeds=SEEDS, make=make, arguments=arguments, n=n)
    said = run_on_microbit(
        ["import micropython, utime", *in_order(units), *made_of, timed],
    )
    print(said)
    rows = [line.split() for line in said.strip().splitlines()]
    assert [row[2] for row in rows] == ["0"] * len(SEEDS), "memory was kept"
    ns = sum(int(row[1]) for row in rows) * 1000
    return [int(row[0]) for row in rows], ns // (len(SEEDS) * n)


class ShortWindow(ledger.Window):
    def __init__(self, n_buckets: int, bucket_us: int) -> None:
        super().__init__(n_buckets // SHORTER, bucket_us)


@pytest.fixture
def make_gate(monkeypatch):
    monkeypatch.setattr(gate, "Ledger", m0_gate.Ledger)
    return lambda: gate.Gate((TIGHT,))


@pytest.fixture
def make_ledger(monkeypatch):
    monkeypatch.setattr(ledger, "Window", ShortWindow)
    monkeypatch.setattr(limits, "CHANNELS_MAX", 1)
    return lambda: ledger.Ledger((TIGHT,))


def gate_sums(make_gate) -> list[int]:
    request, result = pulse.PulseRequest(), pulse.PulseResult()
    return [m0_gate.play(make_gate(), request, result, seed, PULSES) for seed in SEEDS]


def ledger_sums(make_ledger) -> list[int]:
    request = pulse.PulseRequest()
    return [m0_ledger.play(make_ledger(), TIGHT, request, seed, LEDGER_PULSES) for seed in SEEDS]


def test_the_gate_decides_on_a_cortex_m0_as_on_a_pc_within_its_budget(make_gate):
    made_of = [ONE, IS_ABSOLUTE, "request = PulseRequest()\nresult = PulseResult()"]
    sums, each = on_board(
        (clock, pulse, gate, m0_gate), made_of, "Gate((one,))", "thing, request, result", PULSES
    )
    print(f"gate: {each} instructions for one pulse")
    assert sums == gate_sums(make_gate)
    assert each == pytest.approx(GATE_INSTRUCTIONS, rel=BUDGET_SHARE)


def test_the_ledger_sums_on_a_cortex_m0_as_on_a_pc_within_its_budget(make_ledger):
    made_of = [
        ONE,
        "class R:\n pass\nrequest = R()\nrequest.channel = request.current_ua = request.width_us = 0",
    ]
    sums, each = on_board(
        (ledger, m0_ledger), made_of, "Ledger((one,))", "thing, one, request", LEDGER_PULSES
    )
    print(f"ledger: {each} instructions for one pulse")
    assert sums == ledger_sums(make_ledger)
    assert each == pytest.approx(LEDGER_INSTRUCTIONS, rel=BUDGET_SHARE)


def test_the_envelope_moves_on_a_cortex_m0_as_on_a_pc_within_its_budget():
    usual = default_prescription()
    fields = (
        "delay_ms",
        "rise_ms",
        "start_at",
        "extension_ms",
        "extension_by",
        "extension_percent",
        "fall_ms",
        "timeout_ms",
    )
    rate_hz = min(c.rate_hz for c in usual.channels)
    given = f"class P:\n pass\np = P()\nc = P()\nc.rate_hz = {rate_hz}\np.channels = (c,)\n"
    given += "\n".join(f"p.{name} = {getattr(usual, name)}" for name in fields)
    sums, each = on_board((pace, envelope, m0_envelope), [given], "Envelope(p)", "thing", CYCLES)
    print(f"envelope: {each} instructions for one step")
    assert sums == [m0_envelope.play(envelope.Envelope(usual), seed, CYCLES) for seed in SEEDS]
    assert each == pytest.approx(ENVELOPE_INSTRUCTIONS, rel=BUDGET_SHARE)


# So that the comparisons above are none of nothing. These need no board.


def test_the_gate_is_asked_for_pulses_of_every_kind(make_gate, monkeypatch):
    seen: dict[int, int] = {}
    judge = gate.Gate.judge

    def judged(self, t_us, request, result):
        judge(self, t_us, request, result)
        seen[result.reason] = seen.get(result.reason, 0) + 1

    monkeypatch.setattr(gate.Gate, "judge", judged)
    gate_sums(make_gate)
    assert seen[reasons.OK] > 20
    assert seen[reasons.LOWERED] > 20
    assert len(seen) >= 12, seen


def test_the_ledger_is_asked_until_windows_are_full(make_ledger, monkeypatch):
    seen = set()
    refusal = ledger.Ledger.refusal

    def judged(self, *asked):
        said = refusal(self, *asked)
        seen.add(said)
        return said

    monkeypatch.setattr(ledger.Ledger, "refusal", judged)
    ledger_sums(make_ledger)
    assert len(seen) >= 3, seen


@pytest.mark.parametrize(
    ("name", "value"), [("FIRST_MAX_UA", 7_000), ("RISE_MAX_NC", 4_400), ("LATE_MAX_US", 30_000)]
)
def test_a_changed_limit_of_the_gate_changes_the_checksum(make_gate, monkeypatch, name, value):
    before = gate_sums(make_gate)
    monkeypatch.setattr(limits, name, value)
    assert gate_sums(make_gate) != before


@pytest.mark.parametrize(("name", "value"), [("BURST_MAX_US", 900_000), ("PAUSE_US", 95_000)])
def test_a_changed_limit_of_the_ledger_changes_the_checksum(make_ledger, monkeypatch, name, value):
    before = ledger_sums(make_ledger)
    monkeypatch.setattr(limits, name, value)
    assert ledger_sums(make_ledger) != before
