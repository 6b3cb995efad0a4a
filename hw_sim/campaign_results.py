"""Results on disk: Parquet parts, each written whole or not at all, so that a campaign may be killed at any time."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from firmware_py.pi.console import UserError
from hw_sim.campaign import CampaignSettings

SETTINGS = "campaign.json"
SCHEMA = pa.schema(
    [
        *[pa.field(n, pa.int64(), nullable=False) for n in ("trial", "seed")],
        *[pa.field(n, pa.string()) for n in ("severity", "side", "place", "fault", "found", "found_early")],
        pa.field("has_switch", pa.bool_()),
        *[
            pa.field(n, pa.float64())
            for n in (
                *("stride_s", "hip_hike_m", "muscle_gain", "fault_at_s", "clearance_mm_mean"),
                *("clearance_mm_least", "pitch_deg_mean", "roll_deg_mean", "charge_uc_tibialis"),
                *("charge_uc_peroneal", "stance_pulses_s", "longest_burst_s", "strongest_ma", "found_ms"),
            )
        ],
        *[
            pa.field(n, pa.int64())
            for n in (
                *("steps", "missed", "dragged", "steps_after", "missed_after", "dragged_after"),
                *("silent_after", "pulses"),
            )
        ],
        pa.field("refused", pa.map_(pa.string(), pa.int64())),
        pa.field("broken", pa.list_(pa.string())),
    ]
)


class Results:
    """The folder of one campaign: its settings, and parts named after their first trial.

    UserError if the folder holds another campaign.
    """

    def __init__(self, folder: Path, settings: CampaignSettings) -> None:
        self.folder = folder
        file = folder / SETTINGS
        if file.exists():
            kept = file.read_text(encoding="utf-8")
            if kept != settings.text():
                raise UserError(
                    f"{folder} holds another campaign ({' '.join(kept.split())}). Give the same settings to go on "
                    "with it, or another folder with --out."
                )
        else:
            _write_whole(file, settings.text().encode())

    def parts(self) -> list[Path]:
        """Return the parts, in the order of their first trials."""
        return sorted(self.folder.glob("part-*.parquet"))

    def done(self) -> set[int]:
        """Return the trials that have a result."""
        found: set[int] = set()
        for part in self.parts():
            found.update(pq.read_table(part, columns=["trial"])["trial"].to_pylist())
        return found

    def add(self, rows: list[dict]) -> Path:
        """Write one part."""
        rows = sorted(rows, key=lambda row: row["trial"])
        table = pa.Table.from_pylist(
            [row | {"refused": list(row["refused"].items())} for row in rows], SCHEMA
        )
        path = self.folder / f"part-{rows[0]['trial']:08d}-{len(rows)}.parquet"
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        _write_whole(path, sink.getvalue().to_pybytes())
        return path

    def rows(self) -> list[dict]:
        """Return every result, in the order of trials, each once."""
        found: dict[int, dict] = {}
        for part in self.parts():
            for row in pq.read_table(part).to_pylist():
                found[row["trial"]] = row | {"refused": dict(row["refused"])}
        return [found[trial] for trial in sorted(found)]


def _write_whole(path: Path, data: bytes) -> None:
    """Write so that the file is there whole or not at all, whatever is killed or loses power."""
    scrap = path.with_suffix(".tmp")
    with scrap.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scrap.replace(path)
