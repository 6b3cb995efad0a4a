"""RehaMove3: the frames of its maker's library, its emulated device, and what driver and check do differently."""

import json
from pathlib import Path

import pytest

from hw_sim.emulators.load import ResistorLoad
from hw_sim.emulators.rehamove3 import RehaMove3
from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.capability import REHAMOVE3
from stimulator.drivers.sciencemode4 import REHAMOVE3_PROFILE, ScienceMode4
from stimulator.drivers.sciencemode4_check import RehaMove3Check
from stimulator.drivers.sciencemode4_frame import FrameWriter
from tests.p24_talk import Talk, point, pulse_data
from tests.sciencemode4_bench import Bench, answer, go_to

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())["ScienceMode3"]
FRAMES = {f["command"]: f for f in GOLDEN["frames"]}
HOST = [f for f in GOLDEN["frames"] if f["direction"] == "host_to_device"]


def bench(**device):
    return Bench(kind=RehaMove3, driver=ScienceMode4(REHAMOVE3_PROFILE), check=RehaMove3Check(), **device)


# Golden frames from their meaning; test_sciencemode4_frame has them byte by byte, after noise and with a tail ----


def ml_update(channels, mask_more=0):
    """channels: channel -> (ramp, period in us); every one with the same biphasic pulse."""

    def encode(writer, packet_number):
        codec.begin_ml_update(writer, packet_number, sum(1 << c for c in channels) | mask_more)
        for ramp, period_us in channels.values():
            codec.put_ml_channel(writer, 3, ramp, period_us)
            for duration_us, current_ua in ((300, 10_000), (100, 0), (300, -10_000)):
                codec.put_point(writer, duration_us, current_ua)
        return writer.finish()

    return encode


MEANINGS = {
    "get_version_main pn=1 cmd=50": lambda w, n: codec.encode_plain(w, n, codec.GET_VERSION_MAIN),
    "get_battery_status pn=2 cmd=54": lambda w, n: codec.encode_plain(w, n, codec.GET_BATTERY_STATUS),
    "ll_init pn=3 hv=0": lambda w, n: codec.encode_ll_init(w, n, 0),
    "ll_init pn=3 hv=6": lambda w, n: codec.encode_ll_init(w, n, 6),
    "ll_init pn=3 hv=4(90V)": lambda w, n: codec.encode_ll_init(w, n, 4),
    "ll_channel_config pn=4 en=1 ch=1 300us/10mA,100us/0,300us/-10": lambda w, n: codec.encode_pulse(
        w, n, 1, 10_000, 300, 100
    ),
    "ml_init pn=5": lambda w, n: codec.encode_byte(w, n, codec.ML_INIT, 0),
    "ml_init pn=5 enable_demux=1": lambda w, n: codec.encode_byte(w, n, codec.ML_INIT, 1),
    "ml_update pn=6 ch0 ramp=3 period=25 300us/10mA,100us/0,300us/-10": ml_update({0: (3, 25_000)}),
    "ml_update pn=6 same softstart=1": ml_update({0: (3, 25_000)}, 0x10),
    "ml_update pn=6 ch0+ch3(period 12.5)": ml_update({0: (3, 25_000), 3: (3, 12_500)}),
    "ml_get_current_data pn=7 sel=stimulation(1)": lambda w, n: codec.encode_byte(
        w, n, codec.ML_GET_CURRENT_DATA, 2
    ),
    "ml_stop pn=8": lambda w, n: codec.encode_plain(w, n, codec.ML_STOP),
}
CANNOT_SAY = {"ll_init pn=3 hv=4 denervation=1"}  # long phases: nothing of ours may ask for them


def test_every_golden_host_frame_has_its_meaning_here():
    assert {f["command"] for f in HOST} == set(MEANINGS) | CANNOT_SAY


@pytest.mark.parametrize("command", MEANINGS)
def test_golden_host_frame_comes_out_of_its_named_command(command):
    writer = FrameWriter(1200)
    n = MEANINGS[command](writer, FRAMES[command]["packet_number"])
    assert bytes(writer.buf[:n]).hex() == FRAMES[command]["frame_hex"]


@pytest.mark.parametrize("frame", HOST, ids=lambda f: f["command"][:40])
def test_golden_host_frame_is_read_by_the_check(frame):
    check = RehaMove3Check()
    data = bytearray.fromhex(frame["frame_hex"])
    assert check.read(data, len(data)) is (frame["command"] not in CANNOT_SAY)
    is_harmless = frame["command_number"] in (0, 34, 50, 54) and frame["command"] not in CANNOT_SAY
    assert check.can_stimulate is not is_harmless
    assert check.is_pulse is (frame["command_number"] == 2)
    if check.is_pulse:
        assert (check.channel, check.current_ua, check.width_us, check.gap_us) == (1, 10_000, 300, 100)


def feed(driver, frame_hex):
    data = bytearray.fromhex(frame_hex)
    driver.receive(data, len(data))


def test_golden_answer_to_ll_init_makes_the_driver_ready():
    with bench() as b:
        go_to(b, states.INIT)
        b.driver.step(0)
        assert b.driver._asked_packet == FRAMES["ll_init_ack pn=3"]["packet_number"]
        feed(b.driver, FRAMES["ll_init_ack pn=3"]["frame_hex"])
        assert b.driver.is_ready()


def test_golden_electrode_error_is_one_and_names_the_channel():
    with bench() as b:
        b.connect()
        assert b.pulse(1)
        feed(b.driver, FRAMES["ll_channel_config_ack pn=4 res=10 ch=1"]["frame_hex"])
        assert (b.driver.fault, b.driver.error_channel) == (faults.FAULT_ELECTRODE, 1)


def test_golden_current_data_comes_from_a_device_with_an_open_second_lead():
    """Running on channel 1 alone after channel 2 failed: the device's own byte for byte."""
    talk = Talk(RehaMove3)
    talk.device.set_open_channels(2)
    assert talk.ask(30, b"\x00") == b"\x00"
    update = b"".join(bytes((0x20,)) + (50 << 1).to_bytes(2, "big") + THREE for _ in range(2))
    assert talk.ask(32, b"\x05" + update) == b"\x00"
    golden = FRAMES["ml_get_current_data_ack pn=7 running err_ch2"]
    assert talk.ask(36, b"\x02", packet_number=7).hex() == golden["payload_hex"]


THREE = point(300, 20) + point(100, 0) + point(300, -20)


# Device ------------------------------------------------------------------------------------------------------


def test_device_says_who_it_is_in_its_own_way():
    talk = Talk(RehaMove3)
    assert talk.ask(50) == bytes((0, 1, 2, 3, 3, 2, 4))
    assert talk.ask(52) == b"\x00EMULATEDR3"
    assert talk.ask(54)[:2] == bytes((0, 87))
    talk.say(1, 68)
    talk.wait(10_000)
    assert talk.heard[-1][2:] == (67, b"\x0b"), "it has no get_extended_version"


def test_pulse_is_answered_without_a_channel_and_an_error_with_it():
    talk = Talk(RehaMove3)
    assert talk.ask(0, b"\x00") == bytes(51)
    assert talk.ask(2, pulse_data(3)) == b"\x00\x00"
    talk.device.set_open_channels(3)
    assert talk.ask(2, pulse_data(3)) == b"\x0a\x03"


def test_second_connector_and_denervation_are_refused():
    talk = Talk(RehaMove3)
    assert talk.ask(0, b"\x28") == b"\x02"
    talk.ask(0, b"\x00")
    assert talk.ask(2, pulse_data(4))[0] == 2
    assert talk.device.pulses == []


@pytest.mark.parametrize(("code", "volts"), [(0, 150), (1, 0), (2, 30), (3, 60), (4, 90), (5, 120), (6, 150)])
def test_high_voltage_limits_what_reaches_the_load(code, volts):
    talk = Talk(RehaMove3, load=ResistorLoad(5_000))
    talk.ask(0, bytes((code << 1,)))
    talk.ask(2, pulse_data(0, 20))
    assert talk.device.pulses[0].reached_ma == pytest.approx(min(20, volts / 5))


def test_soft_start_grows_over_twenty_seconds_and_fine_periods_are_refused():
    talk = Talk(RehaMove3)
    talk.ask(30, b"\x00")
    head = bytes((0x20,)) + (50 << 1).to_bytes(2, "big")
    assert talk.ask(32, b"\x01" + bytes((0x20,)) + (50 << 1 | 1).to_bytes(2, "big") + THREE) == b"\x02"
    assert talk.ask(32, b"\x21" + head + THREE) == b"\x02"
    talk.say(1, 32, b"\x11" + head + THREE)
    for _ in range(21):
        talk.wait(1_000_000)
        talk.say(1, 36, b"\x02")
    currents = [p.current_ma for p in talk.device.pulses]
    assert currents[0] == 0
    assert currents[400] == 10
    assert currents[-1] == 20


def test_question_for_anything_but_stimulation_is_refused():
    talk = Talk(RehaMove3)
    talk.ask(30, b"\x00")
    assert talk.ask(36, b"\x04") == b"\x02"


# Driver ------------------------------------------------------------------------------------------------------


def test_driver_connects_in_order_and_gives_pulses_on_its_four_channels():
    with bench() as b:
        b.connect()
        assert b.commands() == [62, 52, 50, 0]
        assert (b.driver.protocol_major, bytes(b.driver.device_id)) == (3, b"EMULATEDR3")
        for channel in range(4):
            assert b.pulse(channel)
            b.cycle(5)
        assert not b.pulse(4)
        assert b.driver.pulses_acked == 4
        assert [p.channel for p in b.device.pulses] == [0, 1, 2, 3]
        assert b.driver.capability is REHAMOVE3


def test_p24_behind_a_rehamove3_driver_and_the_other_way_round_are_refused_before_anything_is_on():
    with Bench(driver=ScienceMode4(REHAMOVE3_PROFILE), check=RehaMove3Check()) as b:
        b.driver.start()
        b.cycle_until(states.FAULT)
        assert (b.driver.fault, b.driver.protocol_major) == (faults.FAULT_WRONG_PROTOCOL, 4)
        assert not b.device.is_low_level_on
    with Bench(kind=RehaMove3) as b:
        b.driver.start()
        b.cycle_until(states.FAULT)
        assert (b.driver.fault, b.driver.protocol_major) == (faults.FAULT_WRONG_PROTOCOL, 0)
        assert not b.device.is_low_level_on


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x00\x00", b""], ids=["short", "long", "empty"])
def test_answer_to_a_pulse_of_another_length_is_a_fault(data):
    with bench() as b:
        b.connect()
        assert b.pulse(0)
        answer(b, 4, 3, data)
        assert b.driver.fault == faults.FAULT_ANSWER_INCOMPLETE


def test_channel_in_a_good_answer_means_nothing():
    with bench() as b:
        b.connect()
        assert b.pulse(0)
        answer(b, 4, 3, b"\x00\x03")
        assert (b.driver.pulses_acked, b.driver.last_ack_channel) == (1, 0)


def test_longest_answer_of_the_device_fits_the_reader():
    with bench() as b:
        go_to(b, states.INIT)
        b.driver.step(0)
        frame = encode_frame(b.driver._asked_packet, 1, b"\x00" + b"\xf0" * 50)
        b.driver.receive(bytearray(frame), len(frame))
        assert b.driver.is_ready()
