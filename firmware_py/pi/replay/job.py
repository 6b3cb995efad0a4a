"""What `./swingphase replay --verify` prints."""

from pathlib import Path

from firmware_py.pi.log_paths import logs_at
from firmware_py.pi.replay.handover import compare_processes
from firmware_py.pi.replay.verify import verify


def verify_all(path: Path) -> int:
    """Play every log at `path` and print what came of it; 0 if all decisions are the same, else 1."""
    logs = logs_at(path)
    is_fine = True
    for log in logs:
        verdict = verify(log)
        print(verdict.line())
        is_fine &= not verdict.problem
    by_process = {log.found.about.get("process"): log for log in logs}
    if {"controller", "guardian"} <= set(by_process):
        sentence, is_same = compare_processes(by_process["controller"], by_process["guardian"])
        print(sentence)
        is_fine &= is_same
    return 0 if is_fine else 1
