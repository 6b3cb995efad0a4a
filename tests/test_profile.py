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


@pytest.mark.parametrize("change", [{"current_max_ua": 55_000}, {"charge_max_nc": 12_000}, {"current_ua": 0}])
def test_other_limits_or_another_set_of_channels_is_another_profile(change):
    assert profile_hash(PROFILE, with_channel(**change)) != NAME


@pytest.mark.parametrize("change", [{"current_ua": 10_000}, {"width_us": 200}, {"rate_hz": 30}])
def test_tuning_inside_the_limits_is_the_same_profile(change):
    assert profile_hash(PROFILE, with_channel(**change)) == NAME
    assert profile_hash(PROFILE, PRESCRIPTION._replace(rise_ms=200)) == NAME


def test_the_check_counts_for_the_profile_it_was_made_with_and_outlives_a_restart():
    disk = Disk()
    store = SettingsStore(disk)
    assert not was_checked(store, NAME)
    keep_checked(store, NAME)
    store = SettingsStore(disk)
    assert was_checked(store, NAME)
    assert not was_checked(store, profile_hash(PROFILE._replace(side="left"), PRESCRIPTION))
    forget_checked(store)
    assert not was_checked(SettingsStore(disk), NAME)
    assert not was_checked(SettingsStore(disk), "")


def test_a_damaged_store_means_not_checked():
    disk = Disk()
    store = SettingsStore(disk)
    keep_checked(store, NAME)
    disk.files = {name: data[:-1] for name, data in disk.files.items()}
    assert not was_checked(SettingsStore(disk), NAME)
