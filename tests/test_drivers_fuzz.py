"""Every decoder against random bytes, cut, glued and damaged frames, by the hundred thousand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators import rehastim2_wire, sciencemode_wire
from hw_sim.emulators.catalogue import emulated
from stimulator.drivers import (
    devices,
    sciencemode2_check,
    sciencemode2_frame,
    sciencemode4_check,
    sciencemode4_frame,
)
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode4 import ScienceMode4

PROTOCOLS = {
    # wire of the emulator, largest packet number, reader, check, driver
    "ScienceMode 2": (
        rehastim2_wire,
        255,
        sciencemode2_frame.FrameReader(69),
        sciencemode2_check,
        ScienceMode2,
    ),
    "ScienceMode 4": (
        sciencemode_wire,
        63,
        sciencemode4_frame.FrameReader(1200),
        sciencemode4_check,
        ScienceMode4,
    ),
}
COMMANDS = (0, 1, 2, 3, 4, 5, 10, 11, 30, 31, 32, 33, 34, 35, 36, 37, 38, 60, 62, 63, 66, 67, 68, 69, 89, 90)


def stream(rng, wire, number_max):
    """Return some frames and garbage, some of them cut, glued, or with a bit flipped."""
    parts = []
    for _ in range(rng.randint(1, 6)):
        part = bytearray(rng.randbytes(rng.randint(0, 30)))
        if rng.random() < 0.8:
            data = rng.randbytes(rng.choice((0, 0, 1, 1, 2, 3, 4, 6, 12)))
            part = bytearray(wire.encode_frame(rng.randint(0, number_max), rng.choice(COMMANDS), data))
        if part and rng.random() < 0.3:
            part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
        if rng.random() < 0.2:
            del part[rng.randint(0, len(part)) :]
        parts.append(bytes(part))
    return parts


def fuzz(name, n):
    """Feed `n` streams to reader, emulator's splitter, check and a driver in every state that it gets into."""
    wire, number_max, reader, check_module, driver_class = PROTOCOLS[name]
    rng = random.Random(n)
    splitter, check, driver = wire.FrameSplitter(), check_module.FrameCheck(), driver_class()
    found = {"ours": 0, "checked": 0, "pulses": 0, "states": set()}
    for _ in range(n):
        parts = stream(rng, wire, number_max)
        data = b"".join(parts)
        reader.reset()
        splitter.reset()
        ours = []
        for byte in data:
            if reader.feed(byte):
                ours.append((reader.packet_number, reader.command, bytes(reader.data[: reader.data_n])))
        theirs = [(f.packet_number, f.command, f.data) for f in splitter.feed(data) if f.is_sound]
        assert ours == theirs, data.hex()
        found["ours"] += len(ours)
        for part in parts:
            if check.read(bytearray(part), len(part)):
                found["checked"] += 1
                found["pulses"] += check.is_pulse
                assert wire.encode_frame(*heard(wire, part)) == part, part.hex()
        drive(rng, driver, data)
        found["states"].add(driver.state)
    return found


def heard(wire, part):
    (frame,) = wire.FrameSplitter().feed(part)
    return frame.packet_number, frame.command, frame.data


def drive(rng, driver, data):
    """One cycle of a driver that hears nonsense; it must never build a pulse by itself."""
    if rng.random() < 0.3:
        driver.clear_fault()
        driver.start()
    driver.receive(bytearray(data), len(data))
    driver.step(rng.choice((0, 5_000, 100_000, 500_000)))
    assert driver.pulses_acked == 0


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_decoder_agrees_on_3000_streams_of_nonsense_and_breaks_on_none(name):
    found = fuzz(name, 3_000)
    assert found["ours"] > 1_000
    assert found["checked"] > 300
    assert len(found["states"]) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_decoder_agrees_on_40000_streams_of_nonsense_and_breaks_on_none(name):
    assert fuzz(name, 40_000)["ours"] > 12_000


pieces = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"\xf0", b"\x0f", b"\x81", b"\xa5", b"\x5a", bytes(11), b"\xf0" * 70]),
        st.builds(
            sciencemode_wire.encode_frame, st.integers(0, 63), st.integers(0, 255), st.binary(max_size=20)
        ),
        st.builds(
            rehastim2_wire.encode_frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=20)
        ),
    ),
    max_size=8,
)


@pytest.mark.parametrize("name", devices.NAMES)
@given(pieces=pieces, cut=st.integers(0, 60))
def test_any_bytes_in_any_pieces_break_no_decoder_and_make_no_pulse(name, pieces, cut):
    device = devices.choose(name)
    driver, check, stimulator = devices.make_driver(device), devices.make_check(device), emulated(device)
    driver.start()
    for i, piece in enumerate(pieces):
        data = bytearray(piece[cut:] if i == 0 else piece)
        driver.receive(data, len(data))
        driver.step(5_000)
        if check.read(data, len(data)):
            assert check.can_stimulate or not check.is_pulse
        stimulator.feed(5_000 * i, bytes(data))
        stimulator.step(5_000 * i)
    assert driver.pulses_acked == 0
    assert 0 <= driver.state < len(driver.STATE_NAMES)
    assert stimulator.pulses == []
