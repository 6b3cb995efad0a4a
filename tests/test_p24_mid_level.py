"""The emulated P24's mid level: periods, ramps, the 2 s time-out, errors per channel."""

import pytest

from hw_sim.emulators.load import ResistorLoad
from tests.p24_talk import Talk, point

PERIOD_US = 25_000


def channel_data(current_ma=20.0, period_us=PERIOD_US, ramp=0, width_us=250):
    points = point(width_us, current_ma) + point(100, 0) + point(width_us, -current_ma)
    word = period_us // 500 << 1 if period_us % 500 == 0 else period_us // 250 << 1 | 1
    return bytes((0x20 | ramp,)) + word.to_bytes(2, "big") + points


def update(*channels):
    """channels: (number, data) in ascending order."""
    return bytes((sum(1 << number for number, _ in channels),)) + b"".join(data for _, data in channels)


@pytest.fixture
def mid():
    talk = Talk()
    start_us = talk.now_us
    assert talk.ask(30, b"\x00") == b"\x00"
    assert talk.heard[-1][0] - start_us == 80_000, "high voltage, twice 40 ms"
    return talk


def starts(talk, channel):
    return [p.start_us for p in talk.device.pulses if p.channel == channel]


def test_channels_repeat_with_periods_of_their_own(mid):
    t0_us = mid.now_us
    assert (
        mid.ask(32, update((0, channel_data()), (7, channel_data(period_us=40_250))), wait_us=200_000)
        == b"\x00"
    )
    assert starts(mid, 0) == [t0_us + i * PERIOD_US for i in range(9)]
    assert starts(mid, 7) == [t0_us + 600] + [t0_us + i * 40_250 for i in range(1, 5)]
    assert mid.device.pulses[0].net_charge_nc == 0


def test_it_stops_by_itself_after_2_s_of_silence_and_an_update_starts_it_again(mid):
    t0_us = mid.now_us
    mid.ask(32, update((0, channel_data())), wait_us=5_000_000)
    assert len(starts(mid, 0)) == 80
    assert starts(mid, 0)[-1] < t0_us + 2_000_000
    assert mid.ask(62) == bytes((0, 2, 6))
    n = len(mid.device.pulses)
    assert mid.ask(36, b"\x04") == bytes((0, 4, 0, 0, 0, 0, 0)), "asking does not start it again"
    assert len(mid.device.pulses) == n
    mid.ask(32, update((0, channel_data())))
    assert len(mid.device.pulses) > n


def test_asking_for_data_keeps_it_running(mid):
    mid.ask(32, update((0, channel_data()), (4, channel_data())))
    for _ in range(10):
        assert mid.ask(36, b"\x04", wait_us=1_000_000) == bytes((0, 4, 0x11, 0, 0, 0, 0))
    assert mid.device.is_mid_level_running


@pytest.mark.parametrize(("selection", "data"), [(2, "02 12"), (3, "03 12 10"), (4, "04 11 10 00 00 00")])
def test_running_channels_and_electrode_errors_are_told_per_channel(mid, selection, data):
    mid.device.set_open_channels(1)
    mid.ask(32, update((0, channel_data()), (1, channel_data()), (4, channel_data())))
    assert mid.ask(36, bytes((selection,))) == b"\x00" + bytes.fromhex(data)


@pytest.mark.parametrize("data", [b"", b"\x05", b"\x04\x04"])
def test_unknown_selection_is_answered_with_result_2(mid, data):
    assert mid.ask(36, data) == b"\x02"


def test_electrode_error_stops_its_channel_until_the_next_update(mid):
    mid.device.set_open_channels(1)
    mid.ask(32, update((0, channel_data()), (1, channel_data())), wait_us=300_000)
    assert (len(starts(mid, 0)), len(starts(mid, 1))) == (13, 1)
    mid.device.set_open_channels()
    mid.ask(32, update((0, channel_data()), (1, channel_data())), wait_us=300_000)
    assert len(starts(mid, 1)) > 10
    assert mid.ask(36, b"\x04")[3:] == bytes(4)


def test_electrode_error_stops_all_channels_if_asked_so_at_init():
    talk = Talk()
    talk.ask(30, b"\x01")
    talk.device.set_open_channels(1)
    talk.ask(32, update((0, channel_data()), (1, channel_data())), wait_us=300_000)
    assert (len(starts(talk, 0)), len(starts(talk, 1))) == (1, 1)


def test_poor_contact_below_15_ma_is_not_noticed():
    talk = Talk(load=ResistorLoad(100_000))
    talk.ask(30, b"\x00")
    talk.ask(32, update((0, channel_data(14.5))), wait_us=300_000)
    assert len(talk.device.pulses) == 13


def test_ramp_grows_pulse_by_pulse_each_time_the_channel_is_enabled(mid):
    mid.ask(32, update((0, channel_data(20, ramp=3))), wait_us=140_000)
    assert [p.current_ma for p in mid.device.pulses] == [5, 10, 15, 20, 20, 20]
    assert all(p.net_charge_nc == 0 for p in mid.device.pulses)
    mid.ask(32, update((0, channel_data(10, ramp=3))), wait_us=30_000)
    assert mid.device.pulses[-1].current_ma == 10, "a change does not ramp again"
    mid.ask(32, b"\x00")
    n = len(mid.device.pulses)
    mid.wait(100_000)
    assert len(mid.device.pulses) == n, "mask 0 switches off and stays initialised"
    mid.ask(32, update((0, channel_data(20, ramp=3))), wait_us=60_000)
    assert [p.current_ma for p in mid.device.pulses[n:]] == [5, 10, 15]


def test_change_of_period_counts_from_the_last_pulse(mid):
    t0_us = mid.now_us
    mid.ask(32, update((0, channel_data(period_us=100_000))), wait_us=30_000)
    mid.ask(32, update((0, channel_data(period_us=50_000))), wait_us=60_000)
    assert starts(mid, 0) == [t0_us, t0_us + 50_000]
    mid.ask(32, update((0, channel_data(period_us=10_000))), wait_us=5_000)
    assert starts(mid, 0)[2] == t0_us + 90_000, "not in the past"


BAD_UPDATES = {
    "no mask": b"",
    "channel missing": b"\x01",
    "head cut": b"\x01\x20\x00",
    "points cut": update((0, channel_data()))[:-1],
    "one byte more": update((0, channel_data())) + b"\x00",
    "second channel missing": bytes((3,)) + channel_data(),
    "no period": bytes((1, 0x00, 0, 0)) + point(300, 20),
    "more than all the time": update(*((i, channel_data(width_us=3000)) for i in range(5))),
    "above 150 mA": bytes((1, 0x00, 0, 100)) + (300 << 20 | 700 << 10).to_bytes(4, "big"),
}


@pytest.mark.parametrize("data", BAD_UPDATES.values(), ids=BAD_UPDATES)
def test_update_that_makes_no_sense_is_refused_and_changes_nothing(mid, data):
    mid.ask(32, update((2, channel_data())))
    assert mid.ask(32, data) == b"\x02"
    assert mid.ask(36, b"\x04")[2] == 4


def test_period_that_cannot_be_kept_is_told(mid):
    short = bytes((0x00,)) + (1_000 // 500 << 1).to_bytes(2, "big") + point(10, 5)
    long = bytes((0x10,)) + (40_000 // 500 << 1).to_bytes(2, "big") + point(4000, 5) + point(4000, -5)
    mid.ask(32, update((0, short), (1, long)))
    states = mid.ask(36, b"\x04")[3]
    assert states & 15 == 2
    assert states >> 4 == 0


def test_mid_stop_switches_off_and_a_pulse_under_way_ends(mid):
    mid.ask(32, update((0, channel_data(width_us=4000))), wait_us=1_000)
    t_us = mid.now_us
    assert mid.ask(34) == b"\x00"
    assert mid.heard[-1][0] == t_us - 1_000 + 8_100 + 40_000
    assert mid.ask(62) == bytes((0, 0, 1))
    mid.wait(1_000_000)
    assert len(mid.device.pulses) == 1
