"""The profile: what makes another wearer, leg or set of electrodes, and what is only a change of tuning."""

import pytest

from firmware_py.profile import Profile, forget_checked, keep_checked, profile_hash, was_checked
from firmware_py.settings import SettingsStore
from stimulator.prescription import default_prescription
from tests.torn_disk import Disk

PROFILE = Profile("W17", "right", "foot", True, "P24", "5 x 5 cm")
PRESCRIPTION = default_prescription()
NAME = profile_hash(PROFILE, PRESCRIPTION)


def with_channel(**values):
    first, second = PRESCRIPTION.channels
    return PRESCRIPTION._replace(channels=(first._replace(**values), second))


@pytest.mark.parametrize(
    "change",
    [
        {"wearer": "W18"},
        {"side": "left"},
        {"place": "shank"},
        {"has_switch": False},
        {"device": "RehaStim2"},
        {"electrodes": "4 x 4 cm"},
        {"wearer": "W17r", "side": "ight"},
    ],
)
def test_another_wearer_leg_sensor_device_or_pad_is_another_profile(change):
    assert profile_hash(PROFILE._replace(**change), PRESCRIPTION) != NAME


@pytest.mark.parametrize(
    "change",
    [
        {"current_max_ua": 55_000},
        {"charge_max_nc": 12_000},
        {"current_ua": 0},
        {"doublet_ms": 6},
        {"waveform": 1},
    ],
)
def test_other_limits_waveform_or_set_of_channels_is_another_profile(change):
    assert profile_hash(PROFILE, with_channel(**change)) != NAME


@pytest.mark.parametrize("change", [{"current_ua": 10_000}, {"width_us": 200}, {"rate_hz": 30}])
def test_tuning_inside_the_limits_is_the_same_profile(change):
    assert profile_hash(PROFILE, with_channel(**change)) == NAME
    assert profile_hash(PROFILE, PRESCRIPTION._replace(rise_ms=200)) == NAME


def test_the_check_counts_for_the_profile_it_was_made_with_and_outlives_a_restart():
    disk = Disk()
    store = SettingsStore(disk)
    assert not was_checked(store, NAME, PRESCRIPTION)
    keep_checked(store, NAME, PRESCRIPTION)
    store = SettingsStore(disk)
    assert was_checked(store, NAME, PRESCRIPTION)
    assert not was_checked(store, profile_hash(PROFILE._replace(side="left"), PRESCRIPTION), PRESCRIPTION)
    forget_checked(store)
    assert not was_checked(SettingsStore(disk), NAME, PRESCRIPTION)
    assert not was_checked(SettingsStore(disk), "", PRESCRIPTION)


def test_a_damaged_store_means_not_checked():
    disk = Disk()
    store = SettingsStore(disk)
    keep_checked(store, NAME, PRESCRIPTION)
    disk.files = {name: data[:-1] for name, data in disk.files.items()}
    assert not was_checked(SettingsStore(disk), NAME, PRESCRIPTION)


@pytest.mark.parametrize(("times", "counts"), [(0.5, True), (1.0, True), (2.0, True), (2.001, False)])
def test_a_check_counts_for_twice_its_charge_at_most(times, counts):
    store = SettingsStore(Disk())
    keep_checked(store, NAME, PRESCRIPTION)
    stronger = with_channel(current_ua=round(PRESCRIPTION.channels[0].current_ua * times))
    assert profile_hash(PROFILE, stronger) == NAME
    assert was_checked(store, NAME, stronger) == counts


@pytest.mark.parametrize("kept", [b"\xff\xfe", b"", b"name", b"name x 1", b"name 1", b"name 1 2 3"])
def test_a_kept_check_that_says_something_else_does_not_count(kept):
    store = SettingsStore(Disk())
    store.save("checked", kept.replace(b"name", NAME.encode()))
    assert not was_checked(store, NAME, PRESCRIPTION)
