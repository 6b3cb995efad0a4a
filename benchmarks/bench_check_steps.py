"""The steps of the bench check: what is done, what must come of it, and what came of it."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.bench_check_line import Line
from benchmarks.bench_check_person import Person
from stimulator.drivers import devices, faults

CURRENTS_MA = (5.0, 10.0, 20.0, 40.0)
WIDTHS_US = (300, 100)  # every current at the first, one current at the others
READ_RATE_HZ = 20
DEVICE_TOLERANCE = 0.10  # assumed; a P24 of which users wrote overshot by a fifth at the edges of its pulses
READING_V, READING_US = 0.5, 20
TIMED_PULSES = 200
TIMED_MA = 10.0
OPEN_MA = 20.0  # above the 15 mA from which the devices look at the lead
OPEN_PULSES_MAX = 5
MARGIN = 1.2  # on the slowest answer that was seen
PASSED, FAILED = "passed", "failed"
ELECTRODE = (faults.FAULT_ELECTRODE, faults.FAULT_LOW_CURRENT)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sheet."""

    name: str
    expected: str
    found: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is on the bench. ohm and its tolerance in percent; the channels to check; the largest current."""

    ohm: float
    ohm_percent: float
    channels: tuple[int, ...]
    max_ma: float


@dataclass(slots=True)
class Answers:
    """How long answers took, ms, as the driver saw them, and what that allows."""

    ms: list[float] = field(default_factory=list)

    def told(self) -> dict:
        """Return the figures; recommended is None if no setting can be used."""
        if not self.ms:
            return {"n": 0, "min": None, "median": None, "max": None, "answer_max_ms": None}
        slowest = math.ceil(MARGIN * max(self.ms))
        return {
            "n": len(self.ms),
            "min": min(self.ms),
            "median": statistics.median(self.ms),
            "max": max(self.ms),
            "answer_max_ms": max(5, slowest) if slowest <= 100 else None,
        }


class StepFailed(RuntimeError):
    """The stimulator cannot be used further; the text says why."""

    is_for_people = True


def run(line: Line, person: Person, bench: Bench, answers: Answers) -> Iterator[Step]:
    """Yield each step as it is done. StepFailed if the next cannot be begun."""
    yield _connect(line)
    yield from _readings(line, person, bench)
    yield _answer_times(line, person, bench, answers)
    yield from _open_lead(line, person, bench)
    yield from _stop(line, person, bench)
    yield from _silence(line, person, bench)
    yield from _unplug(line, person, bench)
    line.driver.stop()
    line.ticks(500)


def _judged(name: str, expected: str, found: str, is_good: bool) -> Step:
    return Step(name, expected, found, PASSED if is_good else FAILED)


def _connect(line: Line) -> Step:
    is_ready = line.connect()
    who = bytes(getattr(line.driver, "device_id", b"")).decode("ascii", "replace").strip("\0")
    found = f"ready; protocol {line.driver.protocol_major}" + (f", device {who}" if who else "")
    step = _judged("connect", "ready, protocol as expected", found if is_ready else line.story(), is_ready)
    if not is_ready:
        raise StepFailed(f"{step.found} Nothing was measured.")
    return step


def _again(line: Line) -> None:
    if not line.driver.is_ready() and not line.connect():
        raise StepFailed(f"The stimulator did not become ready again: {line.story()}")


def _rate_hz(line: Line) -> int:
    return min(READ_RATE_HZ, line.device.capability.commands_per_s_max)


def _readings(line: Line, person: Person, bench: Bench) -> Iterator[Step]:
    rate_hz = _rate_hz(line)
    for channel in bench.channels:
        person.act("move", f"Connect the resistor and the probe to channel {channel}.", line.tick)
        wanted = [(ma, WIDTHS_US[0]) for ma in CURRENTS_MA if ma <= bench.max_ma]
        wanted += [(OPEN_MA, width_us) for width_us in WIDTHS_US[1:]]
        for asked_ma, width_us in wanted:
            _again(line)
            ma = line.driver.quantise_current_ua(round(1000 * asked_ma)) / 1000
            volts = ma * bench.ohm / 1000
            allowed_v = volts * (DEVICE_TOLERANCE + bench.ohm_percent / 100) + READING_V
            name = f"channel {channel}: {ma:g} mA, {width_us} us"
            expected = (
                f"+{volts:.1f} and -{volts:.1f} V within {allowed_v:.1f}; {width_us} us within {READING_US}"
            )
            found = None
            while found is None and not line.driver.fault:
                typed = person.read(
                    f"{name}. Expected {expected}. Type first V, second V, width us:",
                    channel,
                    lambda c=channel, ma=ma, w=width_us: line.train(c, ma, w, rate_hz),
                )
                found = _three(typed)
            if found is None or line.driver.fault:
                yield _judged(name, expected, line.story(), False)
                continue
            is_good = (
                abs(found[0] - volts) <= allowed_v
                and abs(found[1] + volts) <= allowed_v
                and abs(found[2] - width_us) <= READING_US
            )
            said = f"{found[0]:+.1f} V and {found[1]:+.1f} V, {found[2]:.0f} us"
            yield _judged(name, expected, said, is_good)


def _three(typed: str) -> tuple[float, float, float] | None:
    """Return the three numbers of a reading, None if they are not three."""
    try:
        first, second, width = (float(word.replace(",", ".")) for word in typed.split())
    except ValueError:
        return None
    return first, second, width


def _answer_times(line: Line, person: Person, bench: Bench, answers: Answers) -> Step:
    person.act("move", f"Connect the resistor to channel {bench.channels[0]} for the rest.", line.tick)
    _again(line)
    before = len(line.answer_us)
    for _ in range(150 * TIMED_PULSES):
        if line.driver.fault or len(line.answer_us) - before >= TIMED_PULSES:
            break
        line.pulse(bench.channels[0], TIMED_MA, WIDTHS_US[0])
        line.tick()
    answers.ms = [us / 1000 for us in line.answer_us[before:]]
    told = answers.told()
    found = f"{told['n']} answers"
    if told["n"]:
        found += f": fastest {told['min']:.0f}, median {told['median']:.0f}, slowest {told['max']:.0f} ms"
    if line.driver.fault:
        found += f"; {line.story()}"
    is_good = told["n"] >= TIMED_PULSES and told["answer_max_ms"] is not None
    return _judged("answer times", f"{TIMED_PULSES} pulses answered, each within 100 ms", found, is_good)


def _open_lead(line: Line, person: Person, bench: Bench) -> Iterator[Step]:
    channel, name = bench.channels[0], "open lead"
    expected = f"reported within {OPEN_PULSES_MAX} pulses of {OPEN_MA:g} mA, then off and latched"
    _again(line)
    person.act("lead off", "Take one lead of the resistor off.", line.tick)
    before = line.sent
    for _ in range(2000):
        if line.driver.fault or line.sent - before > OPEN_PULSES_MAX:
            break
        line.train(channel, OPEN_MA, WIDTHS_US[0], _rate_hz(line))
    n = line.sent - before
    is_good = line.driver.fault in ELECTRODE and n <= OPEN_PULSES_MAX
    yield _judged(name, expected, f"after {n} pulses: {line.story()}", is_good and _stays_off(line))
    person.act("lead on", "Put the lead back on.", line.tick)


def _stays_off(line: Line) -> bool:
    """Whether nothing is given out any more, although pulses are asked for."""
    before, state = line.sent, line.driver.state
    for _ in range(1000):
        line.train(0, 5.0, WIDTHS_US[0], READ_RATE_HZ)
    return line.sent == before and line.driver.state == state


def _stop(line: Line, person: Person, bench: Bench) -> Iterator[Step]:
    expected = "the pulses end; off and latched"
    _again(line)
    channel, ma = bench.channels[0], OPEN_MA
    person.act(
        "stop",
        "Pulses run. Press the stop that the wearer will have (switch in the lead or supply, red button).",
        lambda: line.train(channel, ma, WIDTHS_US[0], _rate_hz(line)),
    )
    ended = person.saw_end("Did the pulses end on the scope?", line.sent)
    found = f"{'ended' if ended else 'went on'}; {line.story()}"
    yield _judged(
        "stop without this computer", expected, found, ended and bool(line.driver.fault) and _stays_off(line)
    )
    person.act("release", "Release the stop.", line.tick)


def _silence(line: Line, person: Person, bench: Bench) -> Iterator[Step]:
    expected = "no pulse any more"
    _again(line)
    for _ in range(1000):
        line.train(bench.channels[0], OPEN_MA, WIDTHS_US[0], _rate_hz(line))
    line.silence(3000)
    ended = person.saw_end("This program has said nothing for 3 s. Did the pulses end at once?", line.sent)
    yield _judged("silence of the computer", expected, "ended" if ended else "went on", ended)
    line.ticks(50)
    fault = line.driver.fault
    if line.device.name == devices.REHASTIM2:
        said = "it began anew" if fault == faults.FAULT_RESTARTED else line.story()
        yield _judged(
            "its own time-out", "it begins anew within 3 s of silence", said, fault == faults.FAULT_RESTARTED
        )


def _unplug(line: Line, person: Person, bench: Bench) -> Iterator[Step]:
    _again(line)
    channel, ma = bench.channels[0], OPEN_MA
    person.act(
        "unplug",
        "Pulses run. Pull the stimulator's cable out of this computer.",
        lambda: line.train(channel, ma, WIDTHS_US[0], _rate_hz(line)),
    )
    ended = person.saw_end("Did the pulses end?", line.sent)
    is_known = line.driver.fault == faults.FAULT_PORT_GONE
    found = f"{'ended' if ended else 'went on'}; {line.story()}"
    yield _judged(
        "unplugged", "the pulses end; the port is gone", found, ended and is_known and _stays_off(line)
    )
    line.close()
    person.act("plug", "Plug it in again.", lambda: None)
    line.open()
    before = line.sent
    line.ticks(2000)
    is_quiet = line.sent == before and bool(line.driver.fault)
    yield _judged(
        "plugged in again", "nothing by itself", "quiet" if is_quiet else "it went on by itself", is_quiet
    )
    is_ready = line.connect()
    if not is_ready:  # it may need its seconds to start
        line.ticks(15_000)
        is_ready = line.connect()
    yield _judged("after clear and start", "ready again", line.story(), is_ready)
