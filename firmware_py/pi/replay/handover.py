"""Whether what the controller's log says it made is what the guardian's log says it heard, cycle by cycle."""

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_py import blackbox
from firmware_py.frames import FrameReader
from firmware_py.messages import CycleFrame
from firmware_py.pi.log_paths import OneLog
from firmware_py.pi.log_rows import Row, pieces_of

Numbers = tuple[int, ...]
BEYOND_MAX = 200  # cycles, one second: no more of a log is lost when its process or its writer is killed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What one control cycle hands over.

    samples    (t_us, three rates, three forces, heel, has_imu) each
    requests   (channel, sequence, fire_at_us, current_ua, width_us, gap_us, shape) each
    """

    sequence: int
    swing: int
    samples: tuple[Numbers, ...]
    requests: tuple[Numbers, ...]

    def difference(self, heard: "Cycle") -> str:
        """Return the first thing in which `heard` differs, in words; "" if nothing does."""
        for what, made, got in (
            ("swing", self.swing, heard.swing),
            ("samples", self.samples, heard.samples),
            ("requests", self.requests, heard.requests),
        ):
            if made != got:
                return f"{what} are {made} in the controller's log and {got} in the guardian's"
        return ""


def made_cycles(rows: list[Row]) -> Iterator[Cycle]:
    """Yield what the controller's log says that it made."""
    swing, samples, requests = 0, [], []
    for row in rows:
        if row.kind == blackbox.STATE:
            swing = row.values[1]
        elif row.kind == blackbox.SAMPLE:
            heel_and_imu = row.values[6]
            samples.append((row.t_us, *row.values[:6], heel_and_imu >> 1, heel_and_imu & 1))
        elif row.kind == blackbox.REQUEST:
            requests.append(row.values)
        elif row.kind == blackbox.CYCLE:
            yield Cycle(sequence=row.values[0], swing=swing, samples=tuple(samples), requests=tuple(requests))
            samples, requests = [], []


def heard_cycles(rows: list[Row]) -> Iterator[Cycle]:
    """Yield what the guardian's log says that it heard; packets that are no cycle are the guardian's to refuse."""
    frame, reader = CycleFrame(), FrameReader()
    for row in rows:
        if row.kind != blackbox.CONTROLLER:
            continue
        reader.reset()
        reader.feed(row.data, 0, len(row.data))
        while reader.next():
            if frame.decode(reader):
                yield Cycle(
                    sequence=frame.sequence,
                    swing=frame.swing,
                    samples=tuple(_sample(s) for s in frame.samples[: frame.samples_n]),
                    requests=tuple(_request(r) for r in frame.requests[: frame.requests_n]),
                )


def compare_processes(controller: OneLog, guardian: OneLog) -> tuple[str, bool]:
    """Return in words whether the guardian heard what the controller made, and True if it did."""
    made = list(made_cycles(pieces_of(controller.found.rows)))
    heard = list(heard_cycles(pieces_of(guardian.found.rows)))
    at = lost = same = 0
    for number, cycle in enumerate(heard):
        start = at
        while at < len(made) and made[at].sequence != cycle.sequence:
            at += 1
        if at == len(made):
            text = f"The guardian heard cycle {cycle.sequence}, which the controller's log does not hold"
            beyond = len(heard) - number
            if start == len(made) and beyond <= BEYOND_MAX:  # the controller's log ends before: it was killed
                said = f"that log ends before, by {beyond} cycles"
                return f"{same} cycles the same on both sides. {text}: {said}.", True
            return f"{same} cycles the same. {text}.", False
        lost += at - start
        said = made[at].difference(cycle)
        if said:
            return f"{same} cycles the same on both sides; in cycle {cycle.sequence} {said}.", False
        same += 1
        at += 1
    more = f"; {lost} that the controller made were never heard" if lost else ""
    if at < len(made):
        more += f"; {len(made) - at} that it made after these are not in the guardian's log"
    return f"controller to guardian: {same} cycles the same on both sides{more}.", True


def _sample(s) -> Numbers:
    rates = (s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps)
    return (s.t_us, *rates, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg, s.heel, s.has_imu)


def _request(r) -> Numbers:
    return (r.channel, r.sequence, r.fire_at_us, r.current_ua, r.width_us, r.gap_us, r.shape)
