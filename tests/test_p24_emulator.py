"""The emulated P24 behaves like the device: queue, order, timing, levels that exclude each other, results."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from hw_sim.emulators.load import PlainAnswer, ResistorLoad
from hw_sim.emulators.p24 import P24
from tests.p24_talk import Talk, point, pulse_data

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())
HIGH_VOLTAGE_US = 40_000


@pytest.fixture
def low():
    talk = Talk()
    assert talk.ask(0, b"\x00") == b"\x00"
    return talk


# Answers whose content depends on the peer's made-up device, so only their length is compared.
DEVICE_SPECIFIC = {"get_device_id_ack", "get_battery_status_ack", "get_extended_version_ack"}


def test_golden_host_frames_get_the_golden_answers():
    frames = GOLDEN["ScienceMode4"]["frames"]
    golden = {
        f["command"]: f for f in frames if f["direction"] == "device_to_host" and "00" in f["payload_hex"][:2]
    }
    compared = set()
    for frame in frames:
        name = frame["command"].split(" ")[0] + "_ack"
        if frame["direction"] != "host_to_device" or name not in golden:
            continue
        talk = Talk()
        if name in ("ll_channel_config_ack", "ll_stop_ack"):
            talk.ask(0, b"\x00")
        if name.startswith("ml_") and name != "ml_init_ack":
            talk.ask(30, b"\x00")
        n = len(talk.heard)
        talk.device.feed(talk.now_us, bytes.fromhex(frame["frame_hex"]))
        talk.wait(150_000)
        _, packet_number, command, data = talk.heard[n]
        assert (packet_number, command) == (frame["packet_number"], golden[name]["command_number"])
        payload = bytes.fromhex(golden[name]["payload_hex"])
        if name in DEVICE_SPECIFIC:
            assert len(data) == len(payload)
        elif len(payload) == 1:
            assert data == payload
        compared.add(name)
    assert len(compared) == 12


def test_pulse_runs_after_its_delay_and_its_answer_comes_after_the_pulse():
    talk = Talk(ack_latency_us=(2_000, 2_000), command_delay_us=1_000)
    talk.ask(0, b"\x00")
    start_us = talk.now_us
    assert talk.ask(2, pulse_data(5, 20, 250, 100)) == bytes((0, 0x11, 0))
    (pulse,) = talk.device.pulses
    assert (pulse.start_us, pulse.duration_us, pulse.channel) == (start_us + 1_000, 600, 5)
    assert talk.heard[-1][0] == start_us + 1_000 + 600 + 2_000


def test_answer_latency_is_drawn_from_the_seed_within_its_range():
    def latencies(seed):
        talk = Talk(ack_latency_us=(1_000, 15_000), seed=seed)
        talk.ask(0, b"\x00")
        found = []
        for _ in range(100):
            start_us = talk.now_us
            talk.ask(2, pulse_data())
            found.append(talk.heard[-1][0] - start_us - 600)
        return found

    assert latencies(1) == latencies(1)
    assert latencies(1) != latencies(2)
    assert 1_000 <= min(latencies(1)) < 2_000
    assert 14_000 < max(latencies(1)) <= 15_000


def test_latency_range_upside_down_is_refused():
    with pytest.raises(ValueError, match="ack_latency_us"):
        P24(ack_latency_us=(5, 1))


def test_high_voltage_takes_40_ms_and_commands_wait_for_it():
    talk = Talk()
    talk.say(1, 0, b"\x00")
    talk.say(2, 2, pulse_data())
    talk.wait(100_000)
    assert [(t, n) for t, n, _, _ in talk.heard] == [(HIGH_VOLTAGE_US, 1), (HIGH_VOLTAGE_US + 600, 2)]
    assert talk.device.pulses[0].start_us == HIGH_VOLTAGE_US


def test_stop_lets_the_pulse_under_way_end_and_drops_the_queue(low):
    start_us = low.now_us
    low.say(1, 2, pulse_data(0, 20, 4000, 100))
    low.say(2, 2, pulse_data(1, 20, 4000, 100))
    low.wait(3_000)
    low.say(3, 4)
    low.wait(100_000)
    assert [(n, command, data) for _, n, command, data in low.heard[1:]] == [
        (1, 3, bytes(3)),
        (3, 5, b"\x00"),
    ]
    assert [(p.channel, p.start_us) for p in low.device.pulses] == [(0, start_us)]
    assert not low.device.is_low_level_on
    assert low.heard[-1][0] == start_us + 8_100 + HIGH_VOLTAGE_US
    low.wait(1_000_000)
    assert len(low.device.pulses) == 1


def test_queued_pulses_run_one_after_the_other_and_the_twelfth_command_finds_the_queue_full(low):
    for i in range(12):
        low.say(i, 2, pulse_data(i % 8, 20, 1_000, 0x64))
        low.wait(0)
    low.wait(100_000)
    pulses = low.device.pulses
    assert len(pulses) == 11, "one runs, ten wait"
    for a, b in pairwise(pulses):
        assert b.start_us == a.start_us + a.duration_us
    assert {n: data[0] for _, n, command, data in low.heard if command == 3} == {
        **dict.fromkeys(range(11), 0),
        11: 21,
    }


def test_short_points_become_10_us(low):
    low.ask(2, bytes((0x81,)) + point(3, 20) + point(0, -20))
    (pulse,) = low.device.pulses
    assert (pulse.width_us, pulse.duration_us) == (10, 20)


def test_unbalanced_and_negative_pulses_are_delivered_and_logged_as_they_are(low):
    low.ask(2, bytes((0x82,)) + point(300, -20) + point(50, 0) + point(100, 10))
    (pulse,) = low.device.pulses
    assert (pulse.current_ma, pulse.reached_ma, pulse.gap_us) == (-20, -20, 50)
    assert pulse.net_charge_nc == -5000


def test_pulse_without_current_does_not_ask_the_load():
    class NoLoad:
        def pulse(self, channel, current_ma, width_us):
            raise AssertionError("asked")

    talk = Talk(load=NoLoad())
    talk.ask(0, b"\x00")
    assert talk.ask(2, pulse_data(current_ma=0)) == bytes((0, 0, 0))
    assert talk.device.pulses[0].reached_ma == 0


BAD_CONFIGS = {
    "no data": b"",
    "points missing": pulse_data()[:-1],
    "one point missing": pulse_data()[:-4],
    "one point too many": pulse_data() + bytes(4),
    "above 150 mA": bytes((0x80,)) + (300 << 20 | 601 << 10).to_bytes(4, "big"),
    "a slope": bytes((0x80,)) + (300 << 20 | 340 << 10 | 0x20).to_bytes(4, "big"),
}


@pytest.mark.parametrize("data", BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_pulse_that_makes_no_sense_is_answered_with_result_2(low, data):
    assert low.ask(2, data)[0] == 2
    assert low.device.pulses == []


@pytest.mark.parametrize("data", [b"\x02", pulse_data(head=0)], ids=["without points", "with points"])
def test_without_the_execute_bit_nothing_happens(low, data):
    assert low.ask(2, data)[0] == 0
    assert low.device.pulses == []


@pytest.mark.parametrize(
    ("command", "data"), [(2, pulse_data()), (4, b""), (32, b"\x00"), (34, b""), (36, b"\x04")]
)
def test_stimulation_commands_before_an_init_get_result_7(command, data):
    talk = Talk()
    assert talk.ask(command, data)[0] == 7
    assert talk.device.pulses == []


def test_levels_exclude_each_other(low):
    assert low.ask(30, b"\x00") == b"\x07"
    assert low.ask(32, b"\x00") == b"\x07"
    low.ask(4)
    assert low.ask(30, b"\x00") == b"\x00"
    assert low.ask(0, b"\x00") == b"\x07"
    assert low.ask(2, pulse_data())[0] == 7
    assert low.ask(34) == b"\x00"
    assert low.ask(0, b"\x00") == b"\x00"


@pytest.mark.parametrize(
    ("command", "data"), [(0, b""), (0, b"\x01"), (0, b"\x80"), (30, b""), (30, b"\x02")]
)
def test_init_with_nonsense_is_answered_with_result_2(command, data):
    assert Talk().ask(command, data) == b"\x02"


def test_status_tells_level_and_high_voltage():
    talk = Talk()
    assert talk.ask(62) == bytes((0, 0, 1))
    talk.ask(0, b"\x00")
    assert talk.ask(62) == bytes((0, 1, 6))
    talk.ask(4)
    talk.ask(30, b"\x00")
    assert talk.ask(62) == bytes((0, 2, 6))
    talk.ask(32, bytes((1, 0x10)) + (50 << 1).to_bytes(2, "big") + point(300, 20) + point(300, -20))
    assert talk.ask(62) == bytes((0, 3, 6))


def test_questions_are_answered_with_the_lengths_of_the_protocol():
    talk = Talk()
    lengths = {command: len(talk.ask(command)) for command in (50, 52, 54, 60, 58)}
    assert lengths == {50: 7, 52: 11, 54: 4, 58: 1, 60: 7}
    talk.wait(1_000_000)
    assert len(talk.ask(68)) == 13


def test_unknown_command_is_told_so():
    talk = Talk()
    talk.say(3, 1000)
    talk.wait(10_000)
    assert talk.heard == [(0, 3, 67, b"\x0b")]


def test_damaged_frame_gets_a_general_error_with_result_1(low):
    (bad,) = [f for f in GOLDEN["corrupted"] if f["protocol"] == "ScienceMode4"]
    low.device.feed(low.now_us, bytes.fromhex(bad["frame_hex"]))
    low.wait(1_000)
    assert low.heard[-1][1:] == (8, 66, b"\x01")


def test_reset_answers_and_then_is_deaf_while_it_boots(low):
    assert low.ask(58) == b"\x00"
    n = len(low.heard)
    low.say(1, 62)
    low.wait(100_000)
    assert len(low.heard) == n
    low.wait(1_000_000)
    assert low.ask(62) == bytes((0, 0, 1))


def test_power_cycle_forgets_level_queue_and_answers_under_way(low):
    low.say(1, 2, pulse_data(0, 20, 4000))
    low.say(2, 2, pulse_data(1, 20, 4000))
    low.wait(1_000)
    n = len(low.heard)
    low.device.power_cycle(low.now_us, boot_us=0)
    assert low.device.due_us(low.now_us) is None
    low.wait(1_000_000)
    assert (len(low.device.pulses), len(low.heard)) == (1, n)
    assert low.ask(2, pulse_data())[0] == 7


@pytest.mark.parametrize(
    ("resistance_ohm", "current_ma", "result", "reached_ma"),
    [
        (1_000, 20, 0, 20),
        (7_500, 20, 0, 20),
        (9_000, 20, 0, 150 / 9),
        (10_000, 20, 10, 15),
        (100_000, 20, 10, 1.5),
        (100_000, 15, 10, 1.5),
        (100_000, 14.5, 0, 1.5),
    ],
)
def test_electrode_error_is_reported_from_15_ma_when_the_voltage_does_not_suffice(
    resistance_ohm, current_ma, result, reached_ma
):
    talk = Talk(load=ResistorLoad(resistance_ohm))
    talk.ask(0, b"\x00")
    assert talk.ask(2, pulse_data(3, current_ma)) == bytes((result, 3, 0))
    assert talk.device.pulses[0].reached_ma == pytest.approx(reached_ma)


def test_open_channel_reports_electrode_error_and_others_do_not(low):
    low.device.set_open_channels(1)
    assert low.ask(2, pulse_data(1)) == bytes((10, 1, 0))
    assert low.ask(2, pulse_data(0)) == bytes((0, 0, 0))
    low.device.set_open_channels()
    assert low.ask(2, pulse_data(1)) == bytes((0, 1, 0))
    assert [p.reached_ma for p in low.device.pulses] == [0, 20, 20]


def test_load_that_says_open_is_believed_only_from_15_ma():
    class Open:
        def pulse(self, channel, current_ma, width_us):
            return PlainAnswer(150, current_ma, is_open=True)

    talk = Talk(load=Open())
    talk.ask(0, b"\x00")
    assert talk.ask(2, pulse_data(current_ma=14.5))[0] == 0
    assert talk.ask(2, pulse_data(current_ma=15))[0] == 10


@pytest.mark.parametrize(
    ("resistance_ohm", "compliance_v"), [(0, 150), (-1, 150), (1000, 0), (float("nan"), 150)]
)
def test_resistor_without_sense_is_refused(resistance_ohm, compliance_v):
    with pytest.raises(ValueError, match="above 0"):
        ResistorLoad(resistance_ohm, compliance_v)


def test_on_pulse_hears_of_every_pulse_in_order():
    heard = []
    talk = Talk(on_pulse=heard.append)
    talk.ask(0, b"\x00")
    for channel in range(4):
        talk.ask(2, pulse_data(channel))
    assert heard == talk.device.pulses
    assert [p.channel for p in heard] == [0, 1, 2, 3]
