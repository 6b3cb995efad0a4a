"""Every number of the safety layer, written down a second time: whoever changes one signs twice.

That each of them does what it says is shown elsewhere; here stands only that none drifts, appears or goes unseen.
"""

import ast

import pytest

from safety import changes, clock, gate, ledger, limits, plausibility, supervisor
from tests.house import REPO

NUMBERS = {
    clock: {"WRAP_MASK_US": 2**30 - 1, "HALF_WRAP_US": 2**29, "AGE_MAX_US": 2**29},
    gate: {"SEQUENCE_MASK": 2**20 - 1, "SEQUENCE_AHEAD_MAX": 2**19},
    ledger: {"SUM_MAX": 2**29 - 1},
    changes: {"RISE_MAX_UA": 5_000, "RISE_MAX_NC": 1_500},
    limits: {
        "CHANNELS_MAX": 4,
        "CURRENT_ABS_UA": 100_000,
        "WIDTH_MIN_US": 50,
        "WIDTH_ABS_US": 450,
        "GAP_ABS_US": 500,
        "RECHARGE_MAX": 4,
        "CHARGE_ABS_NC": 30_000,
        "CHARGE_DEFAULT_NC": 20_000,
        "INTERVAL_MIN_US": 16_600,
        "DOUBLET_MIN_US": 5_000,
        "DOUBLET_MAX_US": 16_000,
        "RISE_MAX_UA": 15_000,
        "RISE_MAX_NC": 4_500,
        "FIRST_MAX_UA": 7_500,
        "FIRST_MAX_NC": 2_250,
        "RISE_UA_PER_MS": 500,
        "RISE_NC_PER_MS": 150,
        "PAUSE_US": 80_000,
        "RMS_SQ_ABS_MA2": 400,
        "AREA_MIN_CM2": 20,
        "AREA_MAX_CM2": 200,
        "SECOND_MAX_NC": 3_000_000,
        "HOUR_WARN_UC": 2_500_000,
        "HOUR_MAX_UC": 3_600_000,
        "ON_MAX_US": 9_200_000,
        "WEIGHTED_MAX_US": 7_500_000,
        "BURST_MAX_US": 5_100_000,
        "BURST_LONG_US": 4_000_000,
        "CONTACT_US": 200_000,
        "BURSTS_MAX": 2,
        "SESSION_MAX_S": 3_600,
        "VIOLATIONS_MAX": 3,
        "PERMIT_MAX_US": 100_000,
        "LATE_MAX_US": 10_000,
    },
    supervisor: {
        "CAUSE": 7,
        "____": -1,
        "SOUND_NONE": 0,
        "SOUND_HELD": 1,
        "SOUND_LOST": 2,
        "SOUND_US": 10_000_000,
        "LANDED_MAX_US": 1_500_000,
        "TEST_BURST_MAX_US": 2_000_000,
        "TEST_WAIT_MAX_US": 10_000_000,
    },
    plausibility: {
        "IMU_AGE_MAX_US": 50_000,
        "FROZEN_US": 250_000,
        "GYRO_SANE_CDPS": 190_000,
        "ACC_SANE_MIN_MG": 200,
        "ACC_SANE_MAX_MG": 16_000,
        "DEAD_US": 250_000,
        "FROZEN_REST_US": 2_000_000,
        "LEAP_CDPS": 70_000,
        "WILD_MAX": 2,
        "REVERSED_MAX": 2,
        "RAIL_MIN_CDPS": 6_000,
        "RAIL_HELD": 3,
        "RAIL_MAX": 2,
        "RAIL_US": 1_000_000,
        "BAD_MAX_US": 75_000,
        "STILL_CDPS": 1_720,
        "FORWARD_CDPS": 2_900,
        "TURN_CDPS": 12_600,
        "STILL_US": 100_000,
        "EDGE_APART_US": 50_000,
        "EDGES_MAX": 4,
        "SWITCH_AGE_MAX_US": 100_000,
        "UP_MAX_US": 4_000_000,
        "NO_EDGE_MAX_US": 5_000_000,
        "NO_EDGE_SWINGS": 3,
        "DISAGREE_US": 1_000_000,
        "UP_MIN_US": 150_000,
        "WALKING_US": 5_000_000,
        "CONTACT_WAIT_US": 1_000_000,
        "FALSE_WITHIN_US": 5_000_000,
        "FALSE_STEPS": 2,
        "NO_STEP": 0,
        "LIFTED": 1,
        "FORWARD": 2,
    },
}


@pytest.mark.parametrize("module", NUMBERS, ids=lambda m: m.__name__)
def test_every_number_is_the_one_that_was_signed(module):
    path = REPO / (module.__name__.replace(".", "/") + ".py")
    names = [
        target.id
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    found = {name: value for name in names if isinstance(value := getattr(module, name), int)}
    assert found == NUMBERS[module]
