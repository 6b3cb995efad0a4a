"""The one list of stimulators: every name gives a driver, a check and a record that fit together, or a sentence."""

import pytest

from stimulator.drivers import capability, devices
from stimulator.drivers.devices import DeviceError, check_tail, choose, make_check, make_driver, tail_sentence
from stimulator.drivers.one_pulse import OnePulseDriver

TAIL_MAX_MS = 100


@pytest.mark.parametrize("name", devices.NAMES)
def test_every_device_has_a_driver_whose_pulse_its_own_check_understands(name):
    device = choose(name)
    driver, check = make_driver(device), make_check(device)
    assert isinstance(driver, OnePulseDriver)
    assert driver.capability == device.capability
    assert not driver.is_ready()
    assert make_driver(device) is not driver
    for what in ("read", "can_stimulate", "is_pulse", "channel", "current_ua", "width_us", "gap_us"):
        assert hasattr(check, what)
    assert len(driver.FAULTS) >= 21
    assert driver.STATE_NAMES[0] == "off"


def test_ports_are_opened_as_the_makers_say():
    assert choose("p24").port == (3_000_000, "N", 2, True)
    assert choose("rehamove3").port == (3_000_000, "N", 2, True)
    assert choose("rehastim2").port == (460_800, "E", 1, False)


@pytest.mark.parametrize("name", ["P24", "", "toaster", None, 24])
def test_unknown_name_is_answered_with_the_known_ones(name):
    with pytest.raises(DeviceError, match="known are p24, rehamove3, rehastim2"):
        choose(name)


def test_answer_time_sets_how_many_commands_a_rehastim2_gets():
    assert choose("rehastim2").capability == capability.REHASTIM2
    assert choose("rehastim2").capability.commands_per_s_max == 9
    assert choose("rehastim2", answer_max_ms=20).capability.commands_per_s_max == 40
    assert choose("rehastim2", answer_max_ms=20).answer_max_ms == 20


@pytest.mark.parametrize("answer_max_ms", [-1, 1, 4, 101])
def test_answer_time_out_of_range_is_refused(answer_max_ms):
    with pytest.raises(DeviceError, match=r"answer_max_ms is .*allowed is 5 to 100\. Give what"):
        choose("rehastim2", answer_max_ms=answer_max_ms)


@pytest.mark.parametrize("name", ["p24", "rehamove3"])
def test_answer_time_of_a_device_that_does_not_need_it_is_refused(name):
    with pytest.raises(DeviceError, match="only a rehastim2 needs it"):
        choose(name, answer_max_ms=20)


@pytest.mark.parametrize("name", devices.NAMES)
def test_channel_list_is_refused_and_says_what_it_would_mean(name):
    with pytest.raises(
        DeviceError, match=r"goes on for up to 1200 ms after this computer died.*Remove the key"
    ):
        choose(name, channel_list=True)


# Current after the computer died -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", devices.NAMES)
def test_no_device_of_the_list_goes_on_for_long_and_nothing_need_be_told(name):
    device = choose(name)
    assert device.capability.host_death_tail_ms <= TAIL_MAX_MS
    assert tail_sentence(device.capability) == ""


LONG = capability.P24._replace(name="Long", host_death_tail_ms=1_200, own_timeout_ms=1_200)


def test_long_tail_needs_its_key_and_is_told_at_each_arming():
    with pytest.raises(
        DeviceError, match=r"Long may go on for 1200 ms .*set allow_host_death_tail_ms to 1200"
    ):
        check_tail(LONG)
    with pytest.raises(DeviceError):
        check_tail(LONG, 1_199)
    check_tail(LONG, 1_200)
    assert "1200 ms" in tail_sentence(LONG)


def test_device_that_goes_on_without_an_end_of_its_own_is_refused_whatever_is_allowed():
    with pytest.raises(DeviceError, match="no time-out of its own"):
        check_tail(LONG._replace(own_timeout_ms=0), 2_000)


@pytest.mark.parametrize(("tail_ms", "is_told"), [(100, False), (101, True)])
def test_one_hundred_milliseconds_are_the_border(tail_ms, is_told):
    record = LONG._replace(host_death_tail_ms=tail_ms)
    assert bool(tail_sentence(record)) is is_told
    check_tail(record, 101)
    if is_told:
        with pytest.raises(DeviceError):
            check_tail(record)
    else:
        check_tail(record)


@pytest.mark.parametrize("allowed", [0, 99, 2_001])
def test_key_out_of_range_is_refused(allowed):
    with pytest.raises(DeviceError, match=r"allow_host_death_tail_ms is .*allowed is 100 to 2000"):
        choose("p24", allow_host_death_tail_ms=allowed)
