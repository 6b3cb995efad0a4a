"""The one list of stimulators: every name gives a driver, a check and a record that fit together, or a sentence."""

import pytest

from stimulator.drivers import capability, devices
from stimulator.drivers.devices import DeviceError, check_tail, choose, make_check, make_driver, tail_sentence
from stimulator.drivers.one_pulse import OnePulseDriver
from stimulator.prescription import default_prescription, problems

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


# What a record promises, the driver does; what it does not, the driver and the validator refuse --------------------


def ready_driver(name):
    """A driver that believes it is connected."""
    driver = make_driver(choose(name))
    driver.state = driver._table.ready
    return driver


@pytest.mark.parametrize("name", devices.NAMES)
@pytest.mark.parametrize("shape", [s for n in range(1, 6) for s in (n, -n)])
def test_driver_can_do_exactly_the_shapes_of_its_record(name, shape):
    driver = ready_driver(name)
    record = driver.capability
    gap_us = 0 if record.has_gap_none else record.gap_min_us
    can = abs(shape) <= record.shape_max and (shape > 0 or record.has_polarity)
    assert bool(driver.encode_pulse(0, 12_000, 100, gap_us, shape)) is can


@pytest.mark.parametrize("name", devices.NAMES)
@pytest.mark.parametrize("gap_us", [0, 1, 9, 10, 15, 20, 25, 100, 330, 340, 500])
def test_driver_can_do_exactly_the_gaps_of_its_record_and_the_validator_knows(name, gap_us):
    driver = ready_driver(name)
    record = driver.capability
    in_range = record.gap_max_us > 0 and record.gap_min_us <= gap_us <= record.gap_max_us
    can = (gap_us == 0 and record.has_gap_none) or (in_range and gap_us % record.gap_step_us == 0)
    assert bool(driver.encode_pulse(0, 12_000, 100, gap_us)) is can
    base = default_prescription()
    channels = tuple(c._replace(current_ua=12_000, gap_us=gap_us, rate_hz=15) for c in base.channels[:1])
    about_gap = [s for s in problems(base._replace(channels=channels), record) if "gap_us" in s]
    assert bool(about_gap) is not can
    for sentence in about_gap:
        assert f"gap_us is {gap_us}; {record.name} allows " in sentence


@pytest.mark.parametrize("name", devices.NAMES)
def test_driver_can_do_exactly_the_channels_widths_and_currents_of_its_record(name):
    driver = ready_driver(name)
    r = driver.capability
    gap_us = 0 if r.has_gap_none else r.gap_min_us
    good = {"channel": 0, "current_ua": r.current_step_ua, "width_us": 100}
    assert driver.encode_pulse(**good, gap_us=gap_us)
    for field, inside, outside in (
        ("channel", r.channels - 1, r.channels),
        ("width_us", r.width_min_us, r.width_min_us - 1),
        ("width_us", r.width_max_us, r.width_max_us + 1),
        ("current_ua", r.current_max_ua, r.current_max_ua + r.current_step_ua),
        ("current_ua", 2 * r.current_step_ua, r.current_step_ua + r.current_step_ua // 2),
    ):
        assert driver.encode_pulse(**(good | {field: inside}), gap_us=gap_us), (field, inside)
        assert not driver.encode_pulse(**(good | {field: outside}), gap_us=gap_us), (field, outside)
    assert driver.quantise_current_ua(r.current_max_ua + 1) == r.current_max_ua
    assert driver.quantise_current_ua(-1) == 0
