"""Heel switch and IMU as one row of samples: in the order of time, with true edge times, never silent by mistake."""

import os

import pytest

from firmware_py.cycle import SAMPLES_PER_CYCLE_MAX
from firmware_py.messages import SAMPLES_MAX
from firmware_py.pi.sensors.contacts import EDGE, EdgeList, EdgePipe
from firmware_py.pi.sensors.leg_sensors import EDGES_MAX, LegSensors
from gait_detect.detector import GaitDetector
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

START_US = 3 * 2**30 - 200_000  # the wrapping clock wraps during the test


class Clock:
    def __init__(self):
        self.us = START_US

    def __call__(self):
        return self.us


class ListedImu:
    """Readings that become known `late_us` after they were measured."""

    def __init__(self, clock, times_us, late_us=2_000):
        self.clock, self.waiting, self.late_us, self.is_gone = clock, list(times_us), late_us, False

    def read(self):
        found = [t for t in self.waiting if t + self.late_us <= self.clock.us]
        self.waiting = self.waiting[len(found) :]
        return [(t, 10, 20, 30, 0, 0, 1000) for t in found]

    def mend(self):
        self.waiting = [self.clock.us]

    def close(self):
        self.is_gone = True


def cycles(sensors, clock, n, dt_us=5_000):
    """Read as the control cycle does; return (t_us, heel, has_imu) of each sample, cycle by cycle."""
    sample, rows = Sample(), []
    for _ in range(n):
        clock.us += dt_us
        row = []
        while len(row) < SAMPLES_PER_CYCLE_MAX and sensors.read(sample):
            row.append((sample.t_us, sample.heel, sample.has_imu))
        rows.append(row)
    return rows


def leg(clock, edges=(), imu_late_us=2_000, imu_until_us=10**9, **more):
    times = [START_US + i * 4_808 for i in range(400) if i * 4_808 < imu_until_us]
    return LegSensors(
        ListedImu(clock, times, imu_late_us),
        EdgeList([(START_US + t, c) for t, c in edges], clock),
        clock,
        **more,
    )


def flat(rows):
    return [one for row in rows for one in row]


def since_start(t_us):
    return (t_us - START_US) & WRAP_MASK_US


def test_an_edge_is_a_sample_of_its_own_with_the_kernels_time():
    clock = Clock()
    rows = flat(cycles(leg(clock, [(51_234, False), (151_777, True)]), clock, 60))
    edges = [(since_start(t), heel) for t, heel, has_imu in rows if not has_imu]
    assert edges == [(51_234, HEEL_UP), (151_777, HEEL_DOWN)]
    levels = {since_start(t): heel for t, heel, has_imu in rows if has_imu}
    assert all(heel == (HEEL_UP if 51_234 < t < 151_777 else HEEL_DOWN) for t, heel in levels.items())


@pytest.mark.parametrize("late_us", [0, 2_000, 9_000, 18_000])
def test_samples_are_in_the_order_of_their_time_however_late_the_imu_speaks(late_us):
    clock = Clock()
    edges = [(7_000 * i, bool(i % 2)) for i in range(1, 40)]
    rows = flat(cycles(leg(clock, edges, late_us), clock, 90))
    times = [since_start(t) for t, _, _ in rows]
    assert times == sorted(set(times))
    assert sum(not has_imu for _, _, has_imu in rows) == 39


def test_the_samples_of_a_bouncing_switch_fit_into_a_cycle_and_end_at_its_true_level():
    clock = Clock()
    edges = [(50_000 + 150 * i, bool(i % 2)) for i in range(31)]  # 31 edges in 5 ms; ends open
    sensors = leg(clock, edges)
    rows = cycles(sensors, clock, 40)
    assert max(len(row) for row in rows) <= min(SAMPLES_MAX, SAMPLES_PER_CYCLE_MAX)
    assert flat(rows)[-1][1] == HEEL_UP
    assert sensors.thinned > 0
    assert 1 <= sum(not has_imu for _, _, has_imu in flat(rows)) <= 2 * EDGES_MAX + 2


def test_when_the_imu_falls_silent_the_switch_speaks_alone_in_every_cycle():
    clock = Clock()
    rows = cycles(leg(clock, [(300_123, False)], imu_until_us=200_000), clock, 80)
    late = rows[50:]
    assert all(len(row) >= 1 for row in late)
    assert not any(has_imu for _, _, has_imu in flat(late))
    assert (300_123, HEEL_UP) in [(since_start(t), heel) for t, heel, _ in flat(rows)]


def test_readings_of_an_imu_that_comes_back_late_are_dropped_and_counted():
    clock = Clock()
    imu = ListedImu(clock, [START_US + 5_000, START_US + 70_000, START_US + 101_000])
    imu.waiting = [START_US + 101_000]
    sensors = LegSensors(imu, EdgeList([], clock), clock)
    cycles(sensors, clock, 10)
    imu.waiting = [START_US + 30_000, START_US + 45_000, START_US + 60_000]
    rows = flat(cycles(sensors, clock, 12))
    assert sensors.late == 2, "only what is newer than the last word counts"
    times = [since_start(t) for t, _, _ in rows]
    assert times == sorted(set(times))


def test_without_a_switch_the_heel_is_not_known_and_without_an_imu_every_sample_is_the_switchs():
    clock = Clock()
    alone = LegSensors(ListedImu(clock, [START_US + i * 5_000 for i in range(40)]), None, clock)
    assert {(h, i) for _, h, i in flat(cycles(alone, clock, 30))} == {(HEEL_NONE, 1)}
    clock = Clock()
    switch = LegSensors(None, EdgeList([(START_US + 20_500, False)], clock), clock)
    rows = flat(cycles(switch, clock, 30))
    assert {i for _, _, i in rows} == {0}
    assert (20_500, HEEL_UP) in [(since_start(t), h) for t, h, _ in rows]


def test_a_switch_that_is_gone_is_not_known_any_more():
    clock = Clock()
    contact = EdgeList([], clock)
    sensors = LegSensors(ListedImu(clock, [START_US + i * 5_000 for i in range(40)]), contact, clock)
    cycles(sensors, clock, 5)
    contact.is_gone = True
    assert {h for _, h, _ in flat(cycles(sensors, clock, 5))} == {HEEL_NONE}


def test_an_edge_that_the_kernel_lost_is_found_by_looking_at_the_line():
    clock = Clock()
    contact = EdgeList([], clock)
    contact.level = lambda: False
    sensors = LegSensors(ListedImu(clock, [START_US + i * 5_000 for i in range(100)]), contact, clock)
    rows = flat(cycles(sensors, clock, 30))
    assert rows[0][1] == HEEL_DOWN
    assert rows[-1][1] == HEEL_UP


def test_the_detector_debounces_by_edge_times_and_sees_the_swing():
    """Two seconds of stance, then a heel that bounces for 15 ms: one swing, 25 ms after the last bounce."""
    clock = Clock()
    bounces = [(2_000_000 + 1_500 * i, bool(i % 2)) for i in range(11)]
    sensors = LegSensors(None, EdgeList([(START_US + t, c) for t, c in bounces], clock), clock)
    detector, sample, began_us = GaitDetector(), Sample(), None
    for _ in range(440):
        clock.us += 5_000
        while sensors.read(sample):
            if detector.step(sample).swing and began_us is None:
                began_us = since_start(sample.t_us)
    assert began_us is not None
    assert 2_015_000 + 25_000 <= began_us <= 2_015_000 + 25_000 + 5_000


def test_closing_lets_go_of_both():
    clock = Clock()
    imu = ListedImu(clock, [])
    LegSensors(imu, EdgeList([], clock), clock).close()
    assert imu.is_gone


# A pipe in place of a line ---------------------------------------------------------------------------------


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "heel"
    os.mkfifo(path)
    contact = EdgePipe(path)
    fd = os.open(path, os.O_WRONLY)
    yield contact, fd
    contact.close()
    contact.close()


def test_edges_come_through_a_pipe_whole_and_in_pieces(pipe):
    contact, fd = pipe
    assert contact.read() == []
    assert not contact.is_gone
    data = EDGE.pack(5, False) + EDGE.pack(2**40, True)
    os.write(fd, data[:13])
    assert contact.read() == [(5, False)]
    assert not contact.level()
    os.write(fd, data[13:])
    assert contact.read() == [(2**40, True)]
    assert contact.is_closed
    os.close(fd)


def test_the_end_of_a_pipe_is_a_contact_that_is_gone(pipe):
    contact, fd = pipe
    os.write(fd, EDGE.pack(5, True))
    contact.read()
    os.close(fd)
    assert contact.read() == []
    assert contact.is_gone


def test_what_is_gone_is_mended_when_it_is_asked_for():
    clock = Clock()
    imu = ListedImu(clock, [], late_us=0)
    sensors = LegSensors(imu, None, clock)
    assert not sensors.read(Sample())
    sensors.mend()
    clock.us += 5_000
    assert sensors.read(Sample())
    LegSensors(None, EdgeList([], clock), clock).mend()
