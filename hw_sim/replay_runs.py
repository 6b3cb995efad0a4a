"""What `./swingphase replay` prints: one recording with its picture, or a table over all of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from hw_sim.recordings import Recording, pick
from hw_sim.replay import Replay, replay
from hw_sim.tally import charge_per_step_uc, refused_sentences
from stimulator.prescription import Prescription, channel_name

Progress = Callable[[float], None]


def one(
    path: Path, number: int, prescription: Prescription, *, folder: Path, progress: Progress | None
) -> list[str]:
    """Replay recording `number` of `path`; leave picture and black box in `folder`; return what to print."""
    recording = pick(path, number)
    name = f"{path.stem}-{number}"
    result = replay(recording, prescription, log_path=folder / f"{name}.swp", progress=progress)
    from hw_sim.pictures import replay_picture  # drawing costs a second of import: only when needed

    picture = folder / f"{name}.png"
    replay_picture(result, prescription, picture)
    t = result.tally
    lines = [
        "",
        recording.describe(),
        f"Steps: {result.steps_found} found, {result.steps_labelled} labelled; "
        f"{result.reached} of those found reached the stimulator as pulses",
        f"Pulses: {t.requested} asked for, {t.granted} granted ({t.lowered} of them lowered), "
        f"{sum(t.refused.values())} refused, {len(result.pulses)} delivered by the emulated stimulator",
        *[f"  {line}" for line in refused_sentences(t.refused)],
        "Charge per step (one phase, all pulses): "
        + ", ".join(
            f"{channel_name(c).replace('_', ' ')} {charge_per_step_uc(result.pulses, t.swings, c):.0f} uC"
            for c in range(len(prescription.channels))
        ),
        f"Stimulator at the end: {result.device}",
        "",
        f"Picture: {picture}   Black box: {folder / f'{name}.swp'}",
    ]
    return lines


@dataclass(slots=True)
class GroupRow:
    """Sums over the recordings of one data set, place and group."""

    recordings: int = 0
    labelled: int = 0
    found: int = 0
    reached: int = 0
    granted: int = 0
    delivered: int = 0
    refused: Counter[int] = field(default_factory=Counter)

    def add(self, r: Replay) -> None:
        self.recordings += 1
        self.labelled += r.steps_labelled
        self.found += r.steps_found
        self.reached += r.reached
        self.granted += r.tally.granted
        self.delivered += len(r.pulses)
        self.refused += r.tally.refused


def groups(
    recordings: Sequence[Recording], prescription: Prescription, *, jobs: int, progress: Progress | None
) -> dict[str, GroupRow]:
    """Replay every recording; return sums per "dataset/place/group"."""
    rows: dict[str, GroupRow] = {}
    with ProcessPoolExecutor(max_workers=max(1, jobs)) as pool:
        results = pool.map(_replayed, [(r, prescription) for r in recordings], chunksize=4)
        for done, (recording, sums) in enumerate(zip(recordings, results, strict=True), 1):
            key = f"{recording.dataset}/{recording.place}/{recording.group}"
            row = rows.setdefault(key, GroupRow())
            for name in ("recordings", "labelled", "found", "reached", "granted", "delivered", "refused"):
                setattr(row, name, getattr(row, name) + getattr(sums, name))
            if progress:
                progress(done / len(recordings))
    return rows


def _replayed(job: tuple[Recording, Prescription]) -> GroupRow:
    row = GroupRow()
    row.add(replay(*job))
    return row


def table(
    recordings: Sequence[Recording], prescription: Prescription, *, jobs: int, progress: Progress | None
) -> str:
    """Return a table per group: steps found beside labelled, and how many reached the stimulator."""
    rows = groups(recordings, prescription, jobs=jobs, progress=progress)
    lines = [
        "",
        f"{'dataset/place/group':36} {'files':>6} {'labelled':>9} {'found':>7} {'differ':>8} {'reached':>9} "
        f"{'granted':>9} {'refused':>8} {'delivered':>10}",
    ]
    refused: Counter[int] = Counter()
    for key, r in sorted(rows.items()):
        refused += r.refused
        lines.append(
            f"{key:36} {r.recordings:6} {r.labelled:9} {r.found:7} {(r.found - r.labelled) / max(1, r.labelled):+8.1%} "
            f"{r.reached / max(1, r.found):9.1%} {r.granted:9} {sum(r.refused.values()):8} {r.delivered:10}"
        )
    lines += ["", "Refusals by reason:", *(refused_sentences(refused) or ["none"])]
    return "\n".join(lines)
