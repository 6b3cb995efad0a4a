"""Every driver in every state against every trouble: output off, latched, a sentence, never again by itself.

Whatever happens, no frame that stimulates is given out twice, and after the fault none at all.
"""

import random

import pytest

from hw_sim.emulators import output_stage_wire, rehastim2_wire, sciencemode_wire
from hw_sim.emulators.catalogue import emulated
from stimulator.drivers import devices, faults
from stimulator.drivers.one_pulse import OFF
from tests import sciencemode2_bench, sciencemode4_bench
from tests.device_bench import Bench

NAMES = devices.NAMES
TRY_EVERY = 4  # cycles
LOOK_ON = 400  # cycles: 2 s, longer than any time-out of driver or device
PIPE = 8  # cycles in which what was on its way may still come
STATES = [
    (name, s) for name in NAMES for s in range(len(devices.make_driver(devices.choose(name)).STATE_NAMES))
]


def bench(name):
    device = devices.choose(name)
    b = Bench(emulated(device, seed=3), devices.make_driver(device), devices.make_check(device))
    b.GAP_US = 0 if name == devices.REHASTIM2 else 100
    return b


def go_to(name, b, state):
    """Bring the driver into `state` by the ordinary way."""
    if name in (devices.P24, devices.REHAMOVE3):
        sciencemode4_bench.go_to(b, state)
    elif name == devices.REHASTIM2:
        sciencemode2_bench.go_to(b, state)
    elif state != OFF:
        table = b.driver._table
        b.driver.start()
        if state in (table.stopping, table.fault):
            b.cycle_until(table.ready)
        if state == table.stopping:
            b.driver.stop()
        elif state == table.fault:
            b.device.set_open_channels(0)
            assert b.pulse()
        b.cycle_until(state)


def say(b, data):
    b.driver.receive(bytearray(data), len(data))


def own_answer(name, number, command):
    if name == devices.REHASTIM2:
        return rehastim2_wire.encode_frame(number, command, b"\x00")
    if name == devices.OUTPUT_STAGE:
        return output_stage_wire.encode_answer(command, number, 0, 0, 0)
    return sciencemode_wire.encode_frame(number & 63, command, b"\x00\x00\x00")


OTHER_TALK = (
    b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\nlogin: \x1b[0m"
    + rehastim2_wire.encode_frame(3, 60, b"\x00\x01\x02\x03")
    + sciencemode_wire.encode_frame(5, 37, b"\x00\x02\x14")
    + output_stage_wire.encode_command(16, 1, 40, 5)
)


def flag(field, value: object = True):
    return lambda name, b: setattr(b.device.faults, field, value)


# What goes wrong -> how, and the faults that a driver in the state "ready" may then latch.
# None: it may also go on, because no doubt arises.
NOT_ANSWERED = {faults.FAULT_PULSE_NOT_ANSWERED}
UNASKED = {faults.FAULT_UNMATCHED_ANSWER}
TROUBLES = {
    "unplugged": (lambda name, b: b.link.unplug(), {faults.FAULT_PORT_GONE}),
    "loses its power and comes back": (
        lambda name, b: b.device.power_cycle(b.now_us),
        NOT_ANSWERED | {faults.FAULT_NOT_INITIALISED, faults.FAULT_RESTARTED},
    ),
    "comes back at once": (
        lambda name, b: b.device.power_cycle(b.now_us, boot_us=0),
        NOT_ANSWERED | {faults.FAULT_NOT_INITIALISED, faults.FAULT_RESTARTED},
    ),
    "hangs": (flag("silent"), NOT_ANSWERED),
    "answers are lost": (flag("drop_answers"), NOT_ANSWERED),
    "answers are late": (flag("late_us", 150_000), NOT_ANSWERED),
    "answers are damaged": (flag("corrupt_checksum"), {faults.FAULT_ANSWER_BROKEN}),
    "answers have another number": (flag("wrong_packet_number"), UNASKED),
    "commands are damaged": (
        flag("corrupt_heard"),
        NOT_ANSWERED | UNASKED | {faults.FAULT_TRANSFER},
    ),
    "refuses as busy": (flag("busy"), {faults.FAULT_BUSY}),
    "result that nobody knows": (flag("pulse_result", 99), {faults.FAULT_UNKNOWN_RESULT}),
    "leads fall off": (
        lambda name, b: b.device.set_open_channels(0, 1, 2, 3),
        {faults.FAULT_ELECTRODE, faults.FAULT_LOW_CURRENT},
    ),
    "noise before answers": (flag("noise", b"\x00\xff\x55\x0f"), {None}),
    "answers in two pieces": (flag("split_us", 3_000), {None}),
    "garbage": (lambda name, b: say(b, random.Random(1).randbytes(400)), {None, *UNASKED}),
    "another program on the port": (lambda name, b: say(b, OTHER_TALK), {None, *UNASKED}),
    "answer to nothing": (lambda name, b: say(b, own_answer(name, 200, 37)), UNASKED),
    "answer twice": (
        lambda name, b: [say(b, own_answer(name, b.driver._packet_number + 9, 17)) for _ in range(2)],
        UNASKED,
    ),
}


def look_on(b, n=LOOK_ON):
    """Let cycles pass and try a pulse now and then; return how many pulses were delivered a moment after a fault."""
    after_fault = None
    since = 0
    for i in range(n):
        b.cycle()
        if i % TRY_EVERY == 0 and b.driver.can_pulse():
            b.pulse(i // TRY_EVERY % 2)
        if b.driver.fault:
            since += 1
            if since == PIPE:
                after_fault = len(b.device.pulses)
    return after_fault


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("name", "state"), STATES, ids=lambda v: str(v))
def test_trouble_in_a_state_ends_safe_or_does_no_harm(name, state, trouble):
    act, expected = TROUBLES[trouble]
    with bench(name) as b:
        go_to(name, b, state)
        driver = b.driver
        is_unplugged = trouble == "unplugged"
        fault_before = driver.fault
        act(name, b)
        after_fault = look_on(b)
        assert len(set(b.pulse_frames[-60:])) == len(b.pulse_frames[-60:]), "a pulse went out twice"
        assert set(b.pulse_frames[:60]).isdisjoint(f for _, f in b.frames if f not in b.pulse_frames)
        if state == driver._table.ready:
            assert (driver.fault or None) in expected, driver.FAULTS[driver.fault]
        if state == OFF and not is_unplugged:
            assert (driver.state, b.frames) == (OFF, [])
        if not driver.fault:
            assert driver.state in (OFF, driver._table.ready) or trouble in (
                "hangs",
                "loses its power and comes back",
            )
            return
        # Latched, off, a sentence, and nothing ever again, even when the trouble is over.
        assert driver.state == driver._table.fault
        if fault_before:
            assert driver.fault == fault_before
        sentence = driver.FAULTS[driver.fault]
        assert sentence.count(". ") + sentence.count("; ") >= 1, "a fact and a next step"
        first, n_frames = driver.fault, len(b.frames)
        assert n_frames - len(b.pulse_frames) <= 12
        type(b.device.faults).__init__(b.device.faults)
        b.device.set_open_channels()
        assert not driver.start()
        look_on(b)
        assert (driver.state, driver.fault) == (driver._table.fault, first)
        assert len(b.frames) == n_frames
        if after_fault is not None:
            assert len(b.device.pulses) == after_fault


@pytest.mark.parametrize("name", NAMES)
def test_fault_writes_one_stop_and_nothing_to_a_port_that_is_gone(name):
    for trouble in ("hangs", "unplugged"):
        with bench(name) as b:
            b.connect()
            n = len(b.frames)
            TROUBLES[trouble][0](name, b)
            b.pulse()
            b.cycle(100)
            commands = b.commands()[n:]
            assert len(commands) == (2 if trouble == "hangs" else 1), commands
            written = b.port.written_total
            b.cycle(300)
            assert b.port.written_total == written


@pytest.mark.parametrize("name", NAMES)
def test_after_each_trouble_a_person_who_clears_and_starts_gets_pulses_again(name):
    for trouble in TROUBLES:
        if trouble == "unplugged":
            continue  # that needs a new port: test_sciencemode4_faults
        with bench(name) as b:
            b.connect()
            TROUBLES[trouble][0](name, b)
            look_on(b, 100)
            type(b.device.faults).__init__(b.device.faults)
            b.device.set_open_channels()
            b.driver.stop()
            b.driver.clear_fault()
            b.cycle(600)
            assert b.driver.state == OFF, trouble
            if name == devices.REHAMOVE3 and "power" in trouble:
                b.cycle(2_000)  # it takes its ten seconds
            acked = b.driver.pulses_acked
            b.connect()
            assert b.pulse(), trouble
            b.cycle(30)
            assert b.driver.pulses_acked == acked + 1, trouble
