"""Named commands: golden frames from their parameters, and the exactness of a pulse at every edge."""

import json
import random
from pathlib import Path

import pytest

from hw_sim.emulators.p24 import P24
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers import sciencemode4_frame as frame
from stimulator.drivers.capability import P24 as CAPABILITY
from stimulator.drivers.sciencemode4_check import FrameCheck
from stimulator.drivers.sciencemode4_frame import FrameWriter

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())


def golden(command, parameters):
    (found,) = [
        f
        for f in GOLDEN["ScienceMode4"]["frames"]
        if f["command"].split(" ")[0] == command and f["parameters"].startswith(parameters)
    ]
    return found["frame_hex"]


def ml_update(writer, packet_number, channels):
    """channels: channel -> (ramp, period_us, points)."""
    codec.begin_ml_update(writer, packet_number, sum(1 << c for c in channels))
    for ramp, period_us, points in channels.values():
        codec.put_ml_channel(writer, len(points), ramp, period_us)
        for duration_us, current_ma in points:
            codec.put_point(writer, duration_us, int(current_ma * 1000))
    return writer.finish()


def plain(command):
    return lambda w, pn: codec.encode_plain(w, pn, command)


def byte(command, value):
    return lambda w, pn: codec.encode_byte(w, pn, command, value)


BIPHASIC_300 = [(300, 32.5), (100, 0), (300, -32.5)]
BIPHASIC_200 = [(200, 15), (100, 0), (200, -15)]
HOST_FRAMES = [
    ("get_device_id", "pn=1", 1, plain(codec.GET_DEVICE_ID)),
    ("get_battery_status", "pn=2", 2, plain(codec.GET_BATTERY_STATUS)),
    ("reset", "pn=3", 3, plain(codec.RESET)),
    ("get_stim_status", "pn=4", 4, plain(codec.GET_STIM_STATUS)),
    ("get_extended_version", "pn=5", 5, plain(codec.GET_EXTENDED_VERSION)),
    ("get_version_main", "pn=6", 6, plain(codec.GET_VERSION_MAIN)),
    ("ll_stop", "pn=7", 7, plain(codec.LL_STOP)),
    ("ml_stop", "pn=8", 8, plain(codec.ML_STOP)),
    ("ml_stop", "pn=60", 60, plain(codec.ML_STOP)),
    ("ml_init", "pn=9 stop_all_channels_on_error=0", 9, byte(codec.ML_INIT, 0)),
    ("ml_init", "pn=9 stop_all_channels_on_error=1", 9, byte(codec.ML_INIT, 1)),
    (
        *("ml_update", "pn=10 ch0", 10),
        lambda w, pn: ml_update(w, pn, {0: (3, 25_000, [(250, 20), (100, 0), (250, -20)])}),
    ),
    (
        *("ml_update", "pn=11", 11),
        lambda w, pn: ml_update(w, pn, {0: (0, 28_500, BIPHASIC_300), 4: (15, 28_500, BIPHASIC_200)}),
    ),
    (
        *("ml_update", "pn=12", 12),
        lambda w, pn: ml_update(w, pn, {0: (0, 60_000, [(240, -86), (3840, -85.5)])}),
    ),
    ("ml_update", "pn=13", 13, lambda w, pn: ml_update(w, pn, {})),
    ("ml_get_current_data", "pn=14 data_selection=2", 14, byte(codec.ML_GET_CURRENT_DATA, 2)),
    ("ml_get_current_data", "pn=14 data_selection=3", 14, byte(codec.ML_GET_CURRENT_DATA, 3)),
    ("ml_get_current_data", "pn=14 data_selection=4", 14, byte(codec.ML_GET_CURRENT_DATA, 4)),
    ("ll_init", "pn=15 measurement=0 high_voltage=0", 15, lambda w, pn: codec.encode_ll_init(w, pn, 0)),
    ("ll_init", "pn=15 measurement=0 high_voltage=6", 15, lambda w, pn: codec.encode_ll_init(w, pn, 6)),
    (
        *("ll_channel_config", "pn=16 execute=1 channel=1(blue)", 16),
        lambda w, pn: codec.encode_pulse(w, pn, 1, 10_000, 300, 100),
    ),
    (
        *("ll_channel_config", "pn=16 execute=1 channel=3(white)", 16),
        lambda w, pn: codec.encode_pulse(w, pn, 7, 10_000, 300, 100),
    ),
]


@pytest.mark.parametrize(("command", "parameters", "packet_number", "encode"), HOST_FRAMES)
def test_every_golden_host_frame_comes_out_of_its_named_command(command, parameters, packet_number, encode):
    writer = FrameWriter(1200)
    n = encode(writer, packet_number)
    assert writer.buf[:n].hex() == golden(command, parameters)


def test_every_golden_host_frame_is_in_the_table_above():
    host = [f for f in GOLDEN["ScienceMode4"]["frames"] if f["direction"] == "host_to_device"]
    assert len(HOST_FRAMES) == len(host)


EDGES = [
    # channel, current_ua, width_us, gap_us, shape, can be expressed
    (0, 0, 10, 0, 1, True),
    (7, 130_000, 4095, 4095, 1, True),
    (0, 500, 10, 10, 1, True),
    (-1, 10_000, 300, 100, 1, False),
    (8, 10_000, 300, 100, 1, False),
    (0, -500, 300, 100, 1, False),
    (0, 130_500, 300, 100, 1, False),
    (0, 10_001, 300, 100, 1, False),
    (0, 10_250, 300, 100, 1, False),
    (0, 499, 300, 100, 1, False),
    (0, 10_000, 9, 100, 1, False),
    (0, 10_000, 4096, 100, 1, False),
    (0, 10_000, 300, 9, 1, False),
    (0, 10_000, 300, 4096, 1, False),
    (0, 10_000, 300, -1, 1, False),
    (0, 10_000, -300, 100, 1, False),
    (0, 10_000, 300, 100, -1, True),
    (0, 10_000, 300, 100, 4, True),
    (0, 10_000, 300, 100, 0, False),
    (0, 10_000, 300, 100, 5, False),
    (0, 10_000, 300, 100, -5, False),
    (0, 10_500, 300, 100, 4, False),  # a quarter is no step
    (0, 9_000, 300, 100, -4, False),
    (0, 130_000, 1023, 0, 4, True),
    (0, 128_000, 1024, 0, 4, False),  # the second phase would last 4096 us
]


@pytest.mark.parametrize(("channel", "current_ua", "width_us", "gap_us", "shape", "is_exact"), EDGES)
def test_pulse_is_encoded_exactly_or_not_at_all(channel, current_ua, width_us, gap_us, shape, is_exact):
    writer = FrameWriter(64)
    assert bool(codec.encode_pulse(writer, 0, channel, current_ua, width_us, gap_us, shape)) is is_exact
    assert writer.finish() == 0, "a refused or finished frame must not be finished again"


def test_no_gap_leaves_its_point_out():
    writer = FrameWriter(64)
    n = codec.encode_pulse(writer, 0, 0, 10_000, 300, 0)
    points = "12c5000012c46000"  # as in the golden frame, without its pause
    assert writer.buf[9:n].hex() == "0002" + "81d4" + points + "0f"  # head 0x81, two points, is escaped


def test_5000_random_pulses_mean_the_same_to_encoder_check_and_emulated_device():
    rng = random.Random(20)
    writer, check = FrameWriter(64), FrameCheck()
    device = P24(ack_latency_us=(0, 0), command_delay_us=0)
    device.feed(0, bytes.fromhex(golden("ll_init", "pn=15 measurement=0 high_voltage=0")))
    now_us = 1_000_000
    device.step(now_us)
    for i in range(5000):
        channel = rng.randrange(8)
        shape = rng.choice((1, 1, -1, rng.choice((2, 3, 4, -2, -3, -4))))
        times = abs(shape)
        current_ua = 500 * times * rng.randint(1, 260 // times)
        width_us = rng.choice((rng.randint(10, 4095 // times), rng.randint(240, 255)))
        gap_us = rng.choice((0, rng.randint(10, 4095), rng.randint(240, 255)))
        asked = (channel, current_ua, width_us, gap_us, shape)
        n = codec.encode_pulse(writer, i & 63, *asked)
        assert check.read(writer.buf, n), asked
        assert check.is_pulse
        assert check.can_stimulate
        assert (check.packet_number, check.command, check.net_charge_pc) == (i & 63, 2, 0)
        assert (check.channel, check.current_ua, check.width_us, check.gap_us, check.shape) == asked
        device.feed(now_us, bytes(writer.buf[:n]))
        device.step(now_us)
        assert len(device.pulses) == i + 1, asked
        pulse = device.pulses[-1]
        signed_ua = current_ua if shape > 0 else -current_ua
        got = (pulse.channel, round(pulse.current_ma * 1000), pulse.width_us, pulse.gap_us)
        assert got == (channel, signed_ua, width_us, gap_us)
        assert pulse.duration_us == width_us + gap_us + times * width_us
        assert pulse.net_charge_nc == 0
        now_us += 20_000


@pytest.mark.parametrize("width_us", range(240, 256))
def test_widths_whose_bytes_look_like_a_stop_are_escaped(width_us):
    writer, check = FrameWriter(64), FrameCheck()
    n = codec.encode_pulse(writer, 0, 0, 20_000, width_us, 100)
    assert bytes(writer.buf[9 : n - 1]).count(0x0F) == 0
    assert check.read(writer.buf, n)
    assert check.width_us == width_us


@pytest.mark.parametrize("value", [-1, 256, 1000])
def test_command_byte_out_of_range_is_refused(value):
    assert codec.encode_byte(FrameWriter(64), 0, codec.ML_INIT, value) == 0


def test_largest_high_voltage_fills_its_three_bits():
    writer = FrameWriter(64)
    n = codec.encode_ll_init(writer, 0, 7)
    assert writer.buf[n - 2] == 0x0E


NUMBERS = {
    "LL_INIT": 0,
    "LL_CHANNEL_CONFIG": 2,
    "LL_STOP": 4,
    "ML_INIT": 30,
    "ML_UPDATE": 32,
    "ML_STOP": 34,
    "ML_GET_CURRENT_DATA": 36,
    "GET_VERSION_MAIN": 50,
    "GET_DEVICE_ID": 52,
    "GET_BATTERY_STATUS": 54,
    "RESET": 58,
    "GET_VERSION_STIM": 60,
    "GET_STIM_STATUS": 62,
    "GENERAL_ERROR": 66,
    "UNKNOWN_COMMAND": 67,
    "GET_EXTENDED_VERSION": 68,
    "ACK": 1,
    "RESULT_OK": 0,
    "RESULT_TRANSFER": 1,
    "RESULT_PARAMETER": 2,
    "RESULT_PROTOCOL": 3,
    "RESULT_STIM_TIMEOUT": 4,
    "RESULT_NOT_INITIALISED": 7,
    "RESULT_HIGH_VOLTAGE": 8,
    "RESULT_DEMUX_TIMEOUT": 9,
    "RESULT_ELECTRODE": 10,
    "RESULT_INVALID_COMMAND": 11,
    "RESULT_PULSE_TIMEOUT": 16,
    "RESULT_BUSY": 21,
    "RESULT_LOW_CURRENT": 28,
    "RESULT_MAX": 28,
    "ACTIVE_NONE": 0,
    "ACTIVE_LOW_LEVEL": 1,
    "ACTIVE_MID_LEVEL": 2,
    "ACTIVE_MID_LEVEL_RUNNING": 3,
    "HIGH_VOLTAGE_STANDARD": 0,
    "HIGH_VOLTAGE_OFF": 1,
    "CHANNEL_MAX": 7,
    "CURRENT_STEP_UA": 500,
    "CURRENT_FIELD_MAX_UA": 150_000,
    "CURRENT_PULSE_MAX_UA": 130_000,
    "CURRENT_ZERO_CODE": 300,
    "SHAPE_MAX": 4,
    "DURATION_MIN_US": 10,
    "DURATION_MAX_US": 4095,
    "POINTS_MAX": 16,
    "PERIOD_CODE_MAX": 32_767,
    "EXECUTE": 0x80,
}


def test_the_protocols_numbers_are_as_the_maker_prints_them():
    ours = {k: v for k, v in vars(codec).items() if k.isupper()}
    assert ours == NUMBERS
    assert (frame.START, frame.STOP, frame.STUFF, frame.KEY) == (0xF0, 0x0F, 0x81, 0x55)
    assert (frame.FRAME_MIN_N, frame.FRAME_MAX_N, frame.HEADER_N) == (12, 1200, 9)
    assert (frame.PACKET_NUMBER_MAX, frame.COMMAND_MAX, frame.COUNT_MAX) == (63, 1023, 1_048_575)


@pytest.mark.parametrize("high_voltage", [-1, 8])
def test_high_voltage_outside_its_three_bits_is_refused(high_voltage):
    assert codec.encode_ll_init(FrameWriter(64), 0, high_voltage) == 0


POINTS = [(0, 0, True), (4095, 150_000, True), (10, -150_000, True)]
NO_POINTS = [(-1, 0, False), (4096, 0, False), (10, 150_500, False), (10, -150_500, False), (10, 250, False)]


@pytest.mark.parametrize(("duration_us", "current_ua", "is_exact"), POINTS + NO_POINTS)
def test_point_is_expressed_exactly_or_spoils_its_frame(duration_us, current_ua, is_exact):
    writer = FrameWriter(64)
    writer.begin(0, codec.ML_UPDATE)
    codec.put_point(writer, duration_us, current_ua)
    assert bool(writer.finish()) is is_exact


ML_CHANNELS = [
    # n_points, ramp, period_us, is_exact
    (1, 0, 500, True),
    (16, 15, 16_383_500, True),
    (3, 0, 250, True),
    (3, 0, 8_191_750, True),
    (3, 0, 16_384_000, False),
    (3, 0, 8_192_250, False),
    (3, 0, 0, False),
    (3, 0, -500, False),
    (3, 0, 25_100, False),
    (0, 0, 500, False),
    (17, 0, 500, False),
    (3, -1, 500, False),
    (3, 16, 500, False),
]


@pytest.mark.parametrize(("n_points", "ramp", "period_us", "is_exact"), ML_CHANNELS)
def test_mid_level_channel_is_expressed_exactly_or_spoils_its_frame(n_points, ramp, period_us, is_exact):
    writer = FrameWriter(64)
    codec.begin_ml_update(writer, 0, 1)
    codec.put_ml_channel(writer, n_points, ramp, period_us)
    assert bool(writer.finish()) is is_exact


def test_fine_period_is_told_by_its_lowest_bit():
    writer = FrameWriter(64)
    codec.begin_ml_update(writer, 0, 1)
    codec.put_ml_channel(writer, 3, 0, 25_250)
    writer.finish()
    assert int.from_bytes(writer.buf[13:15], "big") == (101 << 1 | 1)


def test_whole_half_millisecond_period_is_told_in_coarse_steps():
    for period_us, code in ((500, 1), (25_000, 50), (16_383_500, 32_767)):
        writer = FrameWriter(64)
        codec.begin_ml_update(writer, 0, 1)
        codec.put_ml_channel(writer, 3, 0, period_us)
        n = writer.finish()
        assert writer.buf[13 : n - 1] == (code << 1).to_bytes(2, "big")


def test_every_byte_of_an_answer_names_one_of_eight_channels_or_none():
    named = {b: codec.ack_channel(b) for b in range(256)}
    assert set(named.values()) == set(range(-1, 8))
    assert {b: c for b, c in named.items() if c >= 0} == {
        b: i for i, b in enumerate((0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13))
    }


def test_capability_says_the_numbers_that_the_codec_can_express():
    assert (CAPABILITY.channels, CAPABILITY.current_step_ua, CAPABILITY.current_max_ua) == (8, 500, 130_000)
    assert (CAPABILITY.width_min_us, CAPABILITY.width_max_us, CAPABILITY.width_step_us) == (10, 4095, 1)
    assert (CAPABILITY.gap_min_us, CAPABILITY.commands_per_s_max) == (10, 100)
    assert (CAPABILITY.host_death_tail_ms, CAPABILITY.own_timeout_ms) == (28, 0)
    assert (CAPABILITY.name, CAPABILITY.reports_electrode_from_ua) == ("P24", 15_000)
