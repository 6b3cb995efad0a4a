"""Named ScienceMode 2 commands: golden frames from their parameters, and exactness at every edge."""

import random

import pytest

from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import encode_frame
from stimulator.drivers import sciencemode2_codec as codec
from stimulator.drivers import sciencemode2_frame as frame
from stimulator.drivers.capability import REHASTIM2, rehastim2
from stimulator.drivers.sciencemode2_check import FrameCheck
from stimulator.drivers.sciencemode2_frame import FrameReader, FrameWriter
from stimulator.prescription import default_prescription, problems
from tests.test_sciencemode2_frame import SM2, conformant, read_all


def golden(command, parameters):
    (found,) = [f for f in SM2 if f["command"] == command and f["parameters"].startswith(parameters)]
    return conformant(found)


def plain(command):
    return lambda w, pn: codec.encode_plain(w, pn, command)


def list_init(*args):
    return lambda w, pn: codec.encode_list_init(w, pn, *args)


def list_start(*channels):
    def encode(writer, packet_number):
        codec.begin_list_start(writer, packet_number)
        for group, width_us, current_ma in channels:
            codec.put_list_channel(writer, group, width_us, current_ma * 1000)
        return writer.finish()

    return encode


HOST_FRAMES = [
    ("InitAck", "pn=0", 0, lambda w, pn: codec.encode_init_ack(w, pn, 0)),
    ("Watchdog", "pn=4", 4, plain(codec.WATCHDOG)),
    ("InitChannelListMode", "pn=1 ch{1} t1=25ms", 1, list_init(0b1, 25_000, 10_000, 0, 0)),
    ("InitChannelListMode", "pn=1 ch{1,5}", 1, list_init(0b10001, 25_000, 10_000, 0b10000, 1)),
    ("InitChannelListMode", "pn=2", 2, list_init(0xFF, 40_000, 8_000, 0, 0)),
    ("InitChannelListMode", "pn=3", 3, list_init(1, 1_025_000, 129_000, 0, 0)),
    ("InitChannelListMode", "pn=5", 5, list_init(0x0F, 30_000, 9_000, 0, 0)),
    ("StartChannelListMode", "pn=2", 2, list_start((0, 250, 25))),
    ("StartChannelListMode", "pn=3", 3, list_start((0, 250, 25), (1, 300, 30))),
    ("StartChannelListMode", "pn=6", 6, list_start((0, 240, 15), (2, 385, 129))),
    ("StartChannelListMode", "pn=7", 7, list_start((0, 250, 0))),
    ("StartChannelListMode", "pn=8", 8, list_start((0, 250, 10))),
    ("StopChannelListMode", "pn=9", 9, plain(codec.STOP_CHANNEL_LIST)),
    ("SinglePulse", "pn=11", 11, lambda w, pn: codec.encode_pulse(w, pn, 0, 20_000, 200)),
    ("GetStimulationMode", "pn=1", 1, plain(codec.GET_STIMULATION_MODE)),
]


@pytest.mark.parametrize(("command", "parameters", "packet_number", "encode"), HOST_FRAMES)
def test_every_golden_host_frame_comes_out_of_its_named_command(command, parameters, packet_number, encode):
    writer = FrameWriter(69)
    n = encode(writer, packet_number)
    assert writer.buf[:n].hex() == golden(command, parameters)


def test_every_golden_host_frame_is_in_the_table_above():
    assert len(HOST_FRAMES) == len([f for f in SM2 if f["direction"] == "host_to_device"])


EDGES = [
    # channel, current_ua, width_us, can be expressed
    (0, 0, 20, True),
    (7, 130_000, 500, True),
    (0, 1_000, 250, True),
    (-1, 10_000, 300, False),
    (8, 10_000, 300, False),
    (0, -1_000, 300, False),
    (0, 131_000, 300, False),
    (0, 10_500, 300, False),
    (0, 10_001, 300, False),
    (0, 999, 300, False),
    (0, 10_000, 19, False),
    (0, 10_000, 0, False),
    (0, 10_000, 501, False),
    (0, 10_000, -300, False),
    (0, 10_000, 65_836, False),
]


@pytest.mark.parametrize(("channel", "current_ua", "width_us", "is_exact"), EDGES)
def test_pulse_is_encoded_exactly_or_not_at_all(channel, current_ua, width_us, is_exact):
    writer = FrameWriter(64)
    assert bool(codec.encode_pulse(writer, 0, channel, current_ua, width_us)) is is_exact
    assert writer.finish() == 0, "a refused or finished frame must not be finished again"


LIST_EDGES = [
    # mask, period_us, group_period_us, low_mask, low_factor, can be expressed
    (0, 0, 8_000, 0, 0, True),
    (255, 1_025_000, 129_000, 255, 7, True),
    (1, 8_000, 8_000, 0, 0, True),
    (1, 7_500, 8_000, 0, 0, False),
    (1, 8_000, 7_500, 0, 0, False),
    (1, 1_025_500, 8_000, 0, 0, False),
    (1, 8_000, 129_500, 0, 0, False),
    (1, 8_250, 8_000, 0, 0, False),
    (1, 8_000, 8_250, 0, 0, False),
    (1, 500, 8_000, 0, 0, False),
    (1, -8_000, 8_000, 0, 0, False),
    (256, 8_000, 8_000, 0, 0, False),
    (-1, 8_000, 8_000, 0, 0, False),
    (1, 8_000, 8_000, 256, 0, False),
    (1, 8_000, 8_000, 0, 8, False),
    (1, 8_000, 8_000, 0, -1, False),
]


@pytest.mark.parametrize(("mask", "period_us", "group_us", "low", "factor", "is_exact"), LIST_EDGES)
def test_list_is_prepared_exactly_or_not_at_all(mask, period_us, group_us, low, factor, is_exact):
    writer = FrameWriter(64)
    assert bool(codec.encode_list_init(writer, 0, mask, period_us, group_us, low, factor)) is is_exact


def test_list_that_runs_once_per_start_has_period_code_0():
    writer = FrameWriter(64)
    n = codec.encode_list_init(writer, 1, 3, 0, 8_000, 2, 1)
    assert bytes(writer.buf[:n]) == encode_frame(1, 30, bytes((1, 3, 2, 13, 0, 0, 0)))


@pytest.mark.parametrize(("group", "is_exact"), [(-1, False), (0, True), (2, True), (3, False)])
def test_only_single_pulses_doublets_and_triplets_can_be_listed(group, is_exact):
    assert bool(list_start((group, 300, 10))(FrameWriter(64), 0)) is is_exact


@pytest.mark.parametrize("result", [0, -5, 1, -1, -6, 251])
def test_init_is_accepted_or_refused_for_its_version_and_nothing_else(result):
    writer = FrameWriter(64)
    n = codec.encode_init_ack(writer, 7, result)
    assert bytes(writer.buf[:n]) == (
        encode_frame(7, 2, bytes((result & 0xFF,))) if result in (0, -5) else b""
    )


def test_result_bytes_are_twos_complement():
    assert [codec.signed(b) for b in (0, 1, 127, 128, 0xF8, 0xFB, 0xFD, 0xFE, 0xFF)] == [
        *(0, 1, 127, -128, -8, -5, -3, -2, -1)
    ]


def test_20000_random_commands_come_back_as_they_went():
    """Single pulses through encoder, check and emulator's decoder; list commands through encoder and both readers."""
    rng = random.Random(20)
    writer, check, reader = FrameWriter(69), FrameCheck(), FrameReader(69)
    for i in range(20_000):
        packet_number = rng.randrange(256)
        width_us = rng.choice((rng.randint(20, 500), rng.choice((240, 385, 129, 271))))
        if i % 2:
            channel, current_ma = rng.randrange(8), 2 * rng.randint(0, 63)
            n = codec.encode_pulse(writer, packet_number, channel, 1000 * current_ma, width_us)
            assert check.read(writer.buf, n)
            assert check.is_pulse
            assert (check.packet_number, check.channel, check.current_ua, check.width_us) == (
                *(packet_number, channel, 1000 * current_ma, width_us),
            )
            command, data = 36, bytes((channel, width_us >> 8, width_us & 255, current_ma))
        elif i % 4:
            channels = [(rng.randrange(3), width_us, rng.randint(0, 130)) for _ in range(rng.randint(0, 8))]
            n = list_start(*channels)(writer, packet_number)
            command = 32
            data = b"".join(bytes((g, w >> 8, w & 255, ma)) for g, w, ma in channels)
        else:
            mask, low, factor = rng.randrange(256), rng.randrange(256), rng.randrange(8)
            t1, t2 = rng.randint(14, 2048), rng.randint(13, 255)
            n = codec.encode_list_init(
                writer, packet_number, mask, 500 * t1 + 1000, 500 * t2 + 1500, low, factor
            )
            command, data = 30, bytes((factor, mask, low, t2, t1 >> 8, t1 & 255, 0))
        wire = bytes(writer.buf[:n])
        assert wire == encode_frame(packet_number, command, data)
        assert [f[1:] for f in read_all(reader, wire)] == [(packet_number, command, data)]


def test_500_random_pulses_are_given_by_the_emulated_device_as_asked():
    rng = random.Random(7)
    writer = FrameWriter(64)
    device = RehaStim2(ack_latency_us=(0, 0), command_delay_us=(0, 0))
    device.step(0)
    device.feed(0, encode_frame(0, 2, b"\x00"))
    now_us = 0
    for i in range(500):
        asked = (rng.randrange(8), 2_000 * rng.randint(1, 63), rng.randint(20, 500))
        n = codec.encode_pulse(writer, i & 255, *asked)
        device.feed(now_us, bytes(writer.buf[:n]))
        device.step(now_us)
        pulse = device.pulses[-1]
        assert len(device.pulses) == i + 1
        assert (pulse.channel, round(1000 * pulse.current_ma), pulse.width_us) == asked
        assert pulse.net_charge_nc == 0
        now_us += 20_000


NUMBERS = {
    "INIT": 1,
    "INIT_ACK": 2,
    "UNKNOWN_COMMAND": 3,
    "WATCHDOG": 4,
    "GET_STIMULATION_MODE": 10,
    "INIT_CHANNEL_LIST": 30,
    "START_CHANNEL_LIST": 32,
    "STOP_CHANNEL_LIST": 34,
    "SINGLE_PULSE": 36,
    "STIMULATION_ERROR": 38,
    "MOTOMED_ACTUAL_VALUES": 60,
    "MOTOMED_COMMAND_DONE": 89,
    "MOTOMED_ERROR": 90,
    "ACK": 1,
    "PROTOCOL_VERSION": 1,
    "RESULT_OK": 0,
    "RESULT_TRANSFER": -1,
    "RESULT_PARAMETER": -2,
    "RESULT_WRONG_MODE": -3,
    "RESULT_WRONG_VERSION": -5,
    "RESULT_BUSY": -8,
    "ERROR_QUICK_STOP": -1,
    "ERROR_ELECTRODE": -2,
    "ERROR_MODULE": -3,
    "MODE_START": 0,
    "MODE_INITIALISED": 1,
    "MODE_STARTED": 2,
    "CHANNEL_MAX": 7,
    "CURRENT_STEP_UA": 1_000,
    "CURRENT_FIELD_MAX_UA": 130_000,
    "WIDTH_MIN_US": 20,
    "WIDTH_MAX_US": 500,
    "FACTOR_MAX": 7,
    "GROUP_MAX": 2,
    "PERIOD_MIN_US": 8_000,
    "PULSE_PERIOD_MAX_US": 129_000,
    "LIST_PERIOD_MAX_US": 1_025_000,
    "HALF_MS_US": 500,
}


def test_the_protocols_numbers_are_as_the_maker_prints_them():
    assert {k: v for k, v in vars(codec).items() if k.isupper()} == NUMBERS
    assert (frame.START, frame.STOP, frame.STUFF, frame.KEY) == (0xF0, 0x0F, 0x81, 0x55)
    assert (frame.FRAME_MIN_N, frame.FRAME_MAX_N, frame.HEADER_N) == (8, 69, 5)
    assert (frame.PACKET_NUMBER_MAX, frame.COUNT_MAX) == (255, 1_048_575)


def test_capability_says_what_the_device_can_do():
    assert (REHASTIM2.channels, REHASTIM2.current_step_ua, REHASTIM2.current_max_ua) == (8, 2_000, 126_000)
    assert (REHASTIM2.width_min_us, REHASTIM2.width_max_us, REHASTIM2.width_step_us) == (20, 500, 1)
    assert (REHASTIM2.has_gap_none, REHASTIM2.gap_max_us, REHASTIM2.commands_per_s_max) == (True, 0, 9)
    assert (REHASTIM2.host_death_tail_ms, REHASTIM2.own_timeout_ms) == (26, 1_200)
    assert (REHASTIM2.name, REHASTIM2.reports_electrode_from_ua) == ("RehaStim2", 15_000)


def one_channel(**changes):
    prescription = default_prescription()
    setting = prescription.channels[0]._replace(
        **({"gap_us": 0, "rate_hz": 15, "current_ua": 20_000} | changes)
    )
    return prescription._replace(channels=(setting,))


@pytest.mark.parametrize(
    ("answer_max_ms", "commands_per_s"), [(5, 100), (20, 40), (45, 20), (60, 15), (100, 9)]
)
def test_the_slowest_answer_sets_the_rate(answer_max_ms, commands_per_s):
    record = rehastim2(answer_max_ms)
    assert record == REHASTIM2._replace(commands_per_s_max=commands_per_s)


@pytest.mark.parametrize("answer_max_ms", [4, 101, 0, -20])
def test_answers_slower_than_the_maker_allows_or_impossibly_fast_are_refused(answer_max_ms):
    with pytest.raises(
        ValueError, match=f"^answer_max_ms is {answer_max_ms}; allowed is 5 to 100. Give what"
    ):
        rehastim2(answer_max_ms)


def test_no_prescription_fits_a_rehastim2_whose_answers_were_not_measured():
    """rate_hz begins at 15."""
    (sentence,) = problems(one_channel(rate_hz=15), REHASTIM2)
    assert sentence.startswith(
        "rate_hz adds up to 15 pulses a second over the channels; RehaStim2 allows 0 to 9."
    )


@pytest.mark.parametrize(("answer_max_ms", "rate_hz"), [(20, 40), (20, 30), (45, 20), (60, 15)])
def test_one_channel_fits_a_measured_rehastim2_up_to_the_rate_of_its_answers(answer_max_ms, rate_hz):
    assert problems(one_channel(rate_hz=rate_hz), rehastim2(answer_max_ms)) == []
    (sentence,) = problems(
        one_channel(rate_hz=rehastim2(answer_max_ms).commands_per_s_max + 1), rehastim2(answer_max_ms)
    )
    assert sentence.startswith("rate_hz adds up to ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gap_us": 100}, "gap_us is 100; RehaStim2 allows 0"),
        ({"current_ua": 21_000}, "RehaStim2 has steps of 2000 uA"),
    ],
)
def test_pulse_that_a_rehastim2_cannot_give_is_refused_with_a_sentence(changes, words):
    (sentence,) = problems(one_channel(**changes), rehastim2(20))
    assert words in sentence


def test_two_channels_fit_a_fast_rehastim2_at_20_hz_and_not_at_the_usual_40():
    usual = default_prescription()
    for rate_hz, n in ((20, 0), (40, 1)):
        channels = tuple(c._replace(gap_us=0, current_ua=20_000, rate_hz=rate_hz) for c in usual.channels)
        assert len(problems(usual._replace(channels=channels), rehastim2(20))) == n
