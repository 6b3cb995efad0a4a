"""What may be prescribed, how it is named, and how a file of it is read."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.pi.prescription_file import load_prescription, prescription_text
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import (
    ChannelSetting,
    Prescription,
    PrescriptionError,
    canonical_bytes,
    channel_limits,
    checked,
    default_channel,
    default_prescription,
    from_bytes,
    prescription_hash,
    problems,
    warnings,
)


def channel(index=0, **changes):
    """The default prescription with changes in one channel."""
    default = default_prescription()
    channels = list(default.channels)
    channels[index] = channels[index]._replace(**changes)
    return default._replace(channels=tuple(channels))


def alone(**changes):
    """One channel, with changes."""
    made = channel(**changes)
    return made._replace(channels=made.channels[:1])


def values(table):
    return st.tuples(*[st.integers(p.min, p.max) for p in table])


prescriptions = st.builds(
    lambda walk, channels: Prescription(*walk, tuple(ChannelSetting(*c) for c in channels)),
    values(WALK_PARAMETERS),
    st.lists(values(CHANNEL_PARAMETERS), min_size=1, max_size=4),
)


def test_the_default_may_be_used_on_a_p24_without_a_warning():
    assert problems(default_prescription(), P24) == []
    assert warnings(default_prescription()) == []


def test_its_hash_names_the_values():
    # A changed default or layout changes the name of every stored prescription: then change this too.
    assert prescription_hash(default_prescription()) == "9b74114f2603ad02"
    assert prescription_hash(channel(current_ua=25_500)) != prescription_hash(default_prescription())


@given(prescriptions)
def test_bytes_and_back(prescription):
    assert from_bytes(canonical_bytes(prescription)) == prescription


@given(st.binary(max_size=120))
def test_any_other_bytes_are_refused_with_a_sentence(data):
    with pytest.raises(PrescriptionError, match="again"):
        from_bytes(data)


@given(st.integers(5, 300), st.integers(1, 255))
def test_a_changed_name_inside_the_bytes_is_refused_or_changes_only_values(at, flip):
    data = bytearray(canonical_bytes(default_prescription()))
    data[at % len(data)] ^= flip
    try:
        read = from_bytes(bytes(data))
    except PrescriptionError:
        return
    assert canonical_bytes(read) == bytes(data)


@pytest.mark.parametrize("p", WALK_PARAMETERS, ids=lambda p: p.name)
@pytest.mark.parametrize("side", ["min", "max"])
def test_walk_ranges_hold_at_their_edges(p, side):
    edge = getattr(p, side)
    beyond = edge - 1 if side == "min" else edge + 1
    assert problems(default_prescription()._replace(**{p.name: edge})) == []
    (sentence,) = problems(default_prescription()._replace(**{p.name: beyond}))
    assert sentence.startswith(f"{p.name} is {beyond}; allowed is {p.min} to {p.max}")


@pytest.mark.parametrize("p", CHANNEL_PARAMETERS, ids=lambda p: p.name)
@pytest.mark.parametrize("side", ["min", "max"])
def test_channel_ranges_hold_at_their_edges(p, side):
    beyond = p.min - 1 if side == "min" else p.max + 1
    assert any(f"{p.name} is {beyond}; allowed is" in s for s in problems(channel(**{p.name: beyond})))


@pytest.mark.parametrize("value", [1.5, float("nan"), "25000", None, True])
def test_what_is_no_whole_number_is_refused(value):
    assert any("must be a whole number" in s for s in problems(channel(current_ua=value)))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"current_ua": 40_500}, "current_max_ua"),
        ({"current_ua": 60_000, "current_max_ua": 60_000, "width_us": 340}, "20400 nC"),
        ({"current_ua": 25_250}, "steps of 500"),
        ({"gap_us": 5}, "gap_us"),
        ({"rate_hz": 60}, None),
        (
            {"start_percent": 20, "end_percent": 29},
            "end_percent is 29; with start_percent 20 allowed is 30 to 100",
        ),
        ({"start_percent": 20, "end_percent": 30}, None),
        ({"doublet_ms": 4}, "doublet_ms is 4; allowed is 0 or 5 to 16"),
        ({"doublet_ms": 9}, "P24 answers 100 commands a second, so it allows 0 or at least 10"),
        ({"doublet_ms": 10}, None),
        ({"waveform": 1}, "current_ua is 25000; P24 has steps of 2000 uA with this waveform"),
        ({"waveform": 1, "current_ua": 26_000}, None),
        ({"waveform": 2, "current_ua": 25_500}, None),
        ({"controls": 1}, None),
    ],
)
def test_values_are_judged_together_and_against_the_device(changes, word):
    found = problems(channel(**changes), P24)
    assert found == [] if word is None else any(word in s for s in found)


def test_more_pulses_than_the_device_can_answer_are_refused():
    fast = channel(rate_hz=60)
    fast = fast._replace(channels=tuple(c._replace(rate_hz=60) for c in fast.channels))
    slow_device = P24._replace(commands_per_s_max=119)
    assert any("adds up to 120" in s for s in problems(fast, slow_device))
    assert problems(fast, slow_device._replace(commands_per_s_max=120)) == []


@pytest.mark.parametrize(
    ("changes", "waveforms", "words"),
    [
        ({"shape_max": 3}, (1,), "P24 allows 0 (symmetric) and 2 (alternating)"),
        ({"shape_max": 1, "has_polarity": False}, (1, 2), "P24 allows 0 (symmetric). Choose"),
        ({"has_polarity": False}, (2,), "P24 allows 0 (symmetric). Choose"),
        # 2 mA steps are 8 mA here: more than any first pulse may have.
        ({"current_step_ua": 2_000}, (1,), "a first pulse of 8000 uA"),
        ({"width_min_us": 51}, (), ""),
    ],
)
def test_a_waveform_that_the_device_cannot_do_is_refused(changes, waveforms, words):
    for waveform in (0, 1, 2):
        found = problems(alone(waveform=waveform, current_ua=24_000), P24._replace(**changes))
        assert bool(found) == (waveform in waveforms)
        assert not found or words in found[0]


def test_a_first_pulse_that_the_gate_would_lower_to_nothing_is_refused():
    device = P24._replace(current_step_ua=1_500)
    assert problems(alone(waveform=1, current_ua=24_000, width_us=375), device) == []
    (sentence,) = problems(
        alone(waveform=1, current_ua=24_000, width_us=376), device
    )  # 6 mA: 2.25 uC at 375 us
    assert "width_us is 376; a first pulse of 6000 uA, the least of P24 so, allows 50 to 375" in sentence


def test_a_width_that_begins_below_the_devices_least_is_refused():
    assert problems(channel(controls=1), P24._replace(width_min_us=50)) == []
    (sentence,) = problems(channel(controls=1), P24._replace(width_min_us=51))
    assert "begins at 50 us; P24 begins at 51" in sentence


def windows(*pairs, last_ua=20_000):
    """A prescription with these (start, end) per channel."""
    made = [default_channel(i)._replace(current_ua=20_000, rate_hz=20) for i in range(len(pairs))]
    made = [c._replace(start_percent=a, end_percent=b) for c, (a, b) in zip(made, pairs, strict=True)]
    made[-1] = made[-1]._replace(current_ua=last_ua)
    return default_prescription()._replace(channels=tuple(made))


@pytest.mark.parametrize(
    ("prescription", "words"),
    [
        (windows((0, 100)), None),
        (windows((0, 40)), None),
        (
            windows((0, 35)),
            "end_percent is at most 35 over the channels; for the last one allowed is 40 to 100",
        ),
        (windows((0, 30), (30, 100)), None),
        (windows((0, 30), (35, 100)), "tibialis_anterior: end_percent is 30, and no other channel has begun"),
        (windows((35, 100), (0, 30)), "peroneal: end_percent is 30"),
        (windows((0, 30), (35, 100), (20, 50)), None),
        (windows((0, 30), (35, 100), (30, 35)), "plantarflexor_medial: end_percent is 35; with start"),
        (windows((0, 30), (50, 100), (10, 40)), "plantarflexor_medial: end_percent is 40, and no other"),
        (windows((0, 30), (35, 100), (20, 50), last_ua=0), "tibialis_anterior: end_percent is 30"),
        (windows((80, 100), (0, 80)), None),
        (windows((0, 30), last_ua=0), None),
    ],
)
def test_the_windows_of_a_step_follow_each_other_without_a_pause(prescription, words):
    found = problems(prescription, P24)
    assert found == [] if words is None else words in found[0]


def test_muscles_that_work_against_each_other_are_pointed_out():
    push = windows((25, 100), (0, 100), (0, 35))
    (sentence,) = warnings(push)
    assert "plantarflexor_medial works against peroneal from 0 to 35 %" in sentence
    assert warnings(windows((25, 100), (25, 100), (0, 35))) == []
    assert warnings(windows((25, 100), (0, 100), (0, 35), last_ua=0)) == []


def test_a_doublet_counts_in_the_windows_of_charge_and_is_the_gates_to_know():
    edge = channel(current_ua=66_500, current_max_ua=100_000, width_us=450, charge_max_nc=30_000, rate_hz=45)
    edge = edge._replace(channels=edge.channels[:1])
    assert problems(edge, P24) == []
    double = edge._replace(channels=(edge.channels[0]._replace(doublet_ms=10),))
    assert any("uC a second" in s for s in problems(double, P24))
    assert [one.doublet for one in channel_limits(channel(doublet_ms=10), P24)] == [True, False]


def test_bytes_of_version_1_are_refused_with_the_next_step():
    old = bytes([*b"SWP1", 2]) + bytes(6 * 17)
    with pytest.raises(PrescriptionError, match=r"not a prescription of version 2\. Export it anew"):
        from_bytes(old)


def test_the_longest_prescription_fits_into_one_characteristic():
    four = default_prescription()._replace(channels=(default_channel(0),) * 4)
    assert len(canonical_bytes(four)) <= 480


@pytest.mark.parametrize("n", [0, 5])
def test_one_to_four_channels(n):
    one = default_prescription().channels[0]
    assert any("channels has" in s for s in problems(default_prescription()._replace(channels=(one,) * n)))


def test_checked_raises_with_every_sentence():
    bad = default_prescription()._replace(rise_ms=10, fall_ms=-1)
    with pytest.raises(PrescriptionError) as e:
        checked(bad, P24)
    assert len(e.value.sentences) == 2


def test_outside_the_recommended_range_is_only_a_warning():
    (sentence,) = warnings(channel(rate_hz=55))
    assert "recommended is 20 to 50" in sentence
    assert "tibialis_anterior" in sentence


def test_the_gate_gets_the_channels_own_limits():
    limits = channel_limits(channel(current_max_ua=30_000, charge_max_nc=9_000), P24)
    assert limits[0].current_max_ua == 30_000
    assert limits[0].charge_max_nc == 9_000
    assert limits[1].current_max_ua == 40_000


def test_a_prescription_is_read_only():
    with pytest.raises(AttributeError):
        default_prescription().rise_ms = 1000  # pyright: ignore[reportAttributeAccessIssue]


def write(tmp_path, text):
    path = tmp_path / "p.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_the_default(tmp_path):
    assert load_prescription(write(tmp_path, "")) == default_prescription()


def test_a_file_changes_what_it_names(tmp_path):
    got = load_prescription(write(tmp_path, "[walk]\nrise_ms = 300\n[peroneal]\ncurrent_ua = 15000\n"))
    assert got.rise_ms == 300
    assert got.channels[1].current_ua == 15_000
    assert got.channels[0] == default_prescription().channels[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[walk]\nrise_ms = 20\n", "rise_ms in [walk] is 20; allowed is a whole number from 50 to 1000 ms"),
        ("[walk]\nrise_ms = 200.5\n", "allowed is a whole number"),
        ("[walk]\nrise_ms = true\n", "allowed is a whole number"),
        ("[walk]\nraise_ms = 200\n", "there is no setting raise_ms in [walk]"),
        ("[calf]\n", "there is no section [calf]"),
        ("walk = 3\n", "is not a section"),
        ("rise_ms = \n", "is not TOML"),
    ],
)
def test_a_bad_file_gets_a_sentence(tmp_path, text, words):
    with pytest.raises(PrescriptionError) as e:
        load_prescription(write(tmp_path, text))
    assert words in str(e.value)


def test_plantarflexors_are_there_if_they_are_named(tmp_path):
    got = load_prescription(write(tmp_path, "[plantarflexor_medial]\ncurrent_ua = 30000\nrate_hz = 20\n"))
    assert len(got.channels) == 3
    assert got.channels[2] == default_channel(2)._replace(current_ua=30_000, rate_hz=20)
    assert (got.channels[2].start_percent, got.channels[2].end_percent) == (0, 40)
    got = load_prescription(write(tmp_path, "[plantarflexor_lateral]\ncurrent_ua = 500\n"))
    assert [c.current_ua for c in got.channels] == [25_000, 20_000, 0, 500]
    assert problems(load_prescription(write(tmp_path, "[plantarflexor_medial]\n"))) == []


@given(prescriptions)
def test_a_written_file_reads_back_as_it_was(prescription):
    four = len(prescription.channels) >= 2
    expected = prescription if four else prescription._replace(channels=prescription.channels * 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.toml"
        path.write_text(prescription_text(expected, ["Made by a test."]), encoding="utf-8")
        assert load_prescription(path) == expected


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(PrescriptionError, match="cannot be read"):
        load_prescription(tmp_path / "none.toml")


def test_the_page_of_settings_is_the_table():
    from firmware_py.pi import prescription_docs

    assert prescription_docs.PAGE.read_text(encoding="utf-8") == prescription_docs.page(), (
        "run: .venv/bin/python -m firmware_py.pi.prescription_docs"
    )
