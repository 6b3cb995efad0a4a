"""The electrode load gives the voltages of its table, clips at the compliance and knows an open lead."""

import math

import pytest

from hw_sim.electrode import CASES, ElectrodeLoad

# V at 30, 60 and 100 mA after 300 us, and voltage over current, from the page of facts (no compliance).
TABLE = [
    ("new", (16, 32, 53), 529),
    ("nominal", (32, 64, 107), 1066),
    ("half lifted", (61, 122, 203), 2031),
    ("dry", (83, 166, 277), 2773),
    ("sweaty", (26, 51, 85), 852),
    ("short", (2, 4, 7), 70),
]


@pytest.mark.parametrize(("case", "volts", "impedance_ohm"), TABLE)
def test_voltage_at_the_end_of_a_phase_is_that_of_the_table(case, volts, impedance_ohm):
    load = ElectrodeLoad(case, compliance_v=1000.0)
    for current_ma, expected_v in zip((30.0, 60.0, 100.0), volts, strict=True):
        reading = load.pulse(0, current_ma, 300)
        assert reading.voltage_v == pytest.approx(expected_v, abs=0.51)
        assert reading.reached_ma == current_ma
        assert reading.voltage_v / current_ma * 1e3 == pytest.approx(impedance_ohm, rel=0.005)
        assert not reading.is_open


def test_dry_electrodes_clip_the_current_at_the_compliance_voltage():
    load = ElectrodeLoad("dry")
    assert load.pulse(0, 54.0, 300).reached_ma == 54.0
    clipped = load.pulse(0, 55.0, 300)
    assert clipped.voltage_v == 150.0
    assert 53.0 < clipped.reached_ma < 55.0
    assert not clipped.is_open
    assert load.pulse(0, 90.0, 300).reached_ma == clipped.reached_ma


def test_shorter_phases_need_less_voltage():
    load = ElectrodeLoad("nominal")
    voltages = [load.pulse(0, 30.0, width_us).voltage_v for width_us in (50, 100, 300, 450)]
    assert voltages == sorted(voltages)
    assert voltages[0] >= 30e-3 * 500  # never below the series resistance


def test_lead_off_is_open_and_each_channel_has_its_own_pads():
    load = ElectrodeLoad(("nominal", "nominal"))
    load.set_case(1, "open")
    assert not load.pulse(0, 25.0, 300).is_open
    lost = load.pulse(1, 25.0, 300)
    assert (lost.reached_ma, lost.voltage_v, lost.is_open) == (0.0, 150.0, True)
    load.set_case(1, "new")
    assert load.pulse(1, 25.0, 300).reached_ma == 25.0


def test_no_pulse_no_voltage():
    assert ElectrodeLoad().pulse(0, 0.0, 300).voltage_v == 0.0


def test_wrong_names_and_values_are_refused_with_what_is_known():
    with pytest.raises(ValueError, match="known are new, nominal, sweaty, half lifted, dry, short, open"):
        ElectrodeLoad("wet")
    load = ElectrodeLoad()
    with pytest.raises(ValueError, match="the load has 0 to 7"):
        load.pulse(8, 10.0, 300)
    for current_ma, width_us in ((-1.0, 300.0), (math.nan, 300.0), (10.0, -1.0)):
        with pytest.raises(ValueError, match="0 or more"):
            load.pulse(0, current_ma, width_us)


def test_gel_dries_from_the_third_hour_of_wear_on():
    worn_s = 0.0
    load = ElectrodeLoad("nominal", worn_s=lambda: worn_s)
    fresh_v = load.pulse(0, 20.0, 300).voltage_v
    worn_s = 7200.0
    assert load.pulse(0, 20.0, 300).voltage_v == fresh_v
    worn_s = 7200.0 + 50 * 60.0
    assert load.pulse(0, 20.0, 300).voltage_v == pytest.approx(1.5 * fresh_v)
    assert load.pulse(0, 120.0, 300).reached_ma < 120.0


def test_a_case_says_in_a_sentence_what_it_is():
    assert all(case.sentence.endswith(".") for case in CASES.values())
