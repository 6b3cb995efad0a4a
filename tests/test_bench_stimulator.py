"""The stimulator's bench: what it counts, from made-up pulses. Its figures are for docs/stimulators.md, not for CI."""

import pytest

from benchmarks import stimulator as bench
from benchmarks.bench_job import main as bench_job
from benchmarks.guardian_emulator import Pulse
from benchmarks.stimulator import Row, Spread, interval_errors_us, list_errors_us, matched, spread
from benchmarks.stimulator_controller import WIDTH_FIRST_US, Asked
from benchmarks.stimulator_rig import busy_pc, pty_transit_us, wake_ups_us


def asked(number, at_us, channel=0, ahead_us=0):
    return Asked(at_us - 1_000, at_us + ahead_us, at_us, channel, number)


def pulse(number, start_us, channel=0, current_ua=16_000):
    return Pulse(start_us, channel, current_ua, WIDTH_FIRST_US + number % 100, 100)


def test_spread_of_a_hundred_numbers():
    assert spread([]) is None
    assert spread([1_000 * n for n in range(1, 101)]) == Spread(n=100, p50=51.0, p99=99.0, max=100.0)
    assert spread([5_000]) == Spread(n=1, p50=5.0, p99=5.0, max=5.0)


def test_pulses_find_their_requests_by_channel_number_and_time():
    requests = [asked(1, 0), asked(2, 10_000, channel=1), asked(3, 20_000), asked(101, 5_000_000)]
    pulses = [pulse(1, 2_000), pulse(2, 12_000, channel=0), pulse(3, 90_000), pulse(1, 5_003_000)]
    assert [(a.number, p.start_us) for a, p in matched(requests, pulses)] == [(1, 2_000), (101, 5_003_000)]


def test_intervals_count_only_between_neighbours_of_one_train():
    requests = [
        asked(1, 0),
        asked(2, 50_000),
        asked(3, 100_000),
        asked(4, 500_000),
        asked(5, 10_000, channel=1),
    ]
    starts = {1: 2_000, 2: 52_500, 3: 101_000, 4: 503_000}
    pairs = [(a, pulse(a.number, starts.get(a.number, 11_000), a.channel)) for a in requests]
    assert interval_errors_us(pairs, 20) == [500, 1_500]
    assert list_errors_us([p for _, p in pairs[:3]], 50_000) == [500, 1_500]


def test_change_counts_until_the_first_pulse_with_the_new_amplitude():
    pulses = [pulse(0, 5_000), pulse(0, 30_000, current_ua=18_000), pulse(0, 60_000, current_ua=18_000)]
    assert bench.changes_us([(10_000, 18), (20_000, 22)], pulses) == [20_000]


def row(**values):
    good = Spread(n=10, p50=1.0, p99=0.9, max=2.0)
    base = {
        "who": "Swingphase",
        "rate_hz": 20,
        "fifo": True,
        "scheduled": "",
        "stops": 0,
        "asked": 10,
        "pulses": 10,
    }
    spreads = {"sample_to_byte": good, "write_error": good, "interval_error": good}
    merged: dict = base | spreads | values
    return Row(**merged)


def test_each_target_that_is_missed_is_named():
    assert bench.verdicts([row()]) == []
    bad = Spread(n=10, p50=1.0, p99=8.0, max=9.0)
    for field in ("sample_to_byte", "write_error", "interval_error"):
        (said,) = bench.verdicts([row(**{field: bad})])
        assert said.startswith("not met: Swingphase, 20 Hz, with FIFO: ")
        assert "p99 8.00 ms" in said
    assert "stopped 2 times" in bench.verdicts([row(stops=2)])[0]


def test_other_clients_have_no_target():
    slow = Spread(n=10, p50=1.0, p99=50.0, max=90.0)
    assert bench.verdicts([row(sample_to_byte=None, write_error=None, interval_error=slow)]) == []


def test_table_has_a_cell_for_everything():
    lines = bench.table([row(), row(sample_to_byte=None, write_error=None, interval_error=None, fifo=False)])
    assert len({line.count("|") for line in lines}) == 1
    assert "1.0 / 0.9 / 2.0" in lines[2]
    assert "| no | 0 | 10 of 10 | - | - | - | - |" in lines[3]


def test_busy_processes_are_ended_by_whoever_started_them():
    with busy_pc(2) as processes:
        assert [p.poll() for p in processes] == [None, None]
    assert all(p.poll() is not None for p in processes)


def test_pty_alone_is_measured_frame_by_frame():
    found = pty_transit_us(5)
    assert len(found) >= 5
    assert all(value >= 0 for value in found)


def test_wake_ups_of_the_machine_alone_are_counted_from_when_they_were_due():
    found = wake_ups_us(3)
    assert len(found) == 3
    assert all(value >= 0 for value in found)


def test_bench_job_knows_it(capsys):
    with pytest.raises(SystemExit) as ended:
        bench_job(["stimulator", "--help"])
    assert ended.value.code == 0
    assert "--only-fifo" in capsys.readouterr().out


@pytest.mark.slow
def test_walk_with_a_busy_pc_delivers_its_pulses(tmp_path):
    with busy_pc(1):
        found = bench.OURS[0].row(tmp_path, 5.0, fifo=True)
    assert found.pulses > 20
    assert found.sample_to_byte is not None
