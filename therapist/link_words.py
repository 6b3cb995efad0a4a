"""What the link's jobs print: tables of a prescription, status and history in words, and settings by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from firmware_py.link import history, values
from firmware_py.pi.console import UserError
from firmware_py.pi.words import of_fault, of_state, of_warnings
from stimulator.parameters import CHANNEL_NAMES, CHANNEL_PARAMETERS, WALK_PARAMETERS, Parameter
from stimulator.prescription import Prescription, channel_name
from therapist.client import Kept
from therapist.samples import Sample

ARMED = ("not armed", "armed for walking", "armed for a test", "armed for an exercise")


def settings_of(prescription: Prescription) -> dict[str, int]:
    """Return every setting by its name: `rise_ms`, `tibialis_anterior.current_ua`."""
    found = {p.name: getattr(prescription, p.name) for p in WALK_PARAMETERS}
    for index, channel in enumerate(prescription.channels):
        found |= {f"{channel_name(index)}.{p.name}": getattr(channel, p.name) for p in CHANNEL_PARAMETERS}
    return found


def parameter_of(name: str) -> Parameter:
    """Return the row of the table that `name` belongs to."""
    owner, _, last = name.rpartition(".")
    for p in CHANNEL_PARAMETERS if owner else WALK_PARAMETERS:
        if p.name == last:
            return p
    raise _unknown(name)


def setting_of(text: str) -> tuple[str, int]:
    """Return name and number of "NAME=VALUE"; UserError names the settings, or the range."""
    name, is_set, value = text.partition("=")
    if not is_set:
        raise _unknown(name)
    p = parameter_of(name)
    try:
        number = int(value)
    except ValueError:
        number = p.min - 1
    if not p.min <= number <= p.max:
        raise UserError(
            f"{name} is {value or 'empty'}; allowed is a whole number from {p.min} to {p.max} {p.unit} "
            f"(recommended {p.recommended_min} to {p.recommended_max}). Choose a value inside."
        )
    return name, number


def with_settings(prescription: Prescription, wanted: list[str]) -> Prescription:
    """Return `prescription` with "NAME=VALUE" for each of `wanted`; UserError names the range."""
    known = settings_of(prescription)
    for name, number in map(setting_of, wanted):
        if name not in known:
            raise _unknown(name)
        known[name] = number
    walk = [known[p.name] for p in WALK_PARAMETERS]
    channels = tuple(
        type(c)(*[known[f"{channel_name(i)}.{p.name}"] for p in CHANNEL_PARAMETERS])
        for i, c in enumerate(prescription.channels)
    )
    return Prescription(*walk, channels)


def _unknown(name: str) -> UserError:
    walk = ", ".join(p.name for p in WALK_PARAMETERS)
    channel = ", ".join(p.name for p in CHANNEL_PARAMETERS)
    return UserError(
        f"There is no setting {name or '(empty)'}. Write NAME=VALUE; NAME is one of {walk}, or CHANNEL.NAME with "
        f"CHANNEL one of {', '.join(CHANNEL_NAMES)} and NAME one of {channel}."
    )


def prescription_lines(kept: Kept) -> list[str]:
    """Return the table that `link get` prints."""
    lines = [f"Prescription {kept.hash.hex()}, revision {kept.revision}, {kept.phase}"]
    for name, value in settings_of(kept.prescription).items():
        p = parameter_of(name)
        unusual = "" if p.recommended_min <= value <= p.recommended_max else "  outside the recommended range"
        lines.append(f"  {name:34} {value:>7} {p.unit:3} ({p.min} to {p.max}){unusual}")
    return lines


def change_lines(old: Prescription, new: Prescription) -> list[str]:
    """Return what differs."""
    before, after = settings_of(old), settings_of(new)
    return [
        f"  {name}: {before[name]} -> {after[name]} {parameter_of(name).unit}"
        for name in before
        if before[name] != after[name]
    ]


def outcome_lines(before: Prescription, tried: Prescription, now: Prescription) -> list[str]:
    """Return what became of each setting that somebody wanted to change, or that is not as it was."""
    was, wanted, runs = settings_of(before), settings_of(tried), settings_of(now)
    return [
        f"  {name}: was {was[name]}, tried {wanted[name]}, now {runs[name]} {parameter_of(name).unit}"
        for name in was
        if not was[name] == wanted[name] == runs[name]
    ]


def status_lines(status: Any) -> list[str]:
    """Return how the device stands."""
    lines = [f"{ARMED[min(status.armed, len(ARMED) - 1)]}. {of_state(status.state)}"]
    if status.fault:
        lines.append(f"Fault: {of_fault(status.fault).wearer}")
    if status.held_by:
        lines.append(f"Held: {of_fault(status.held_by).wearer}")
    lines += [f"Note: {said}" for said in of_warnings(status.warnings)]
    phase = values.PHASE_NAMES[status.phase]
    trial = f", {status.trial_left_s} s left" if status.trial_left_s else ""
    waits = "" if status.is_taken_over else ", waits for the end of the step"
    lines.append(f"Prescription {status.hash.hex()}, revision {status.revision}: {phase}{trial}{waits}")
    pause = ", paused" if status.is_paused else ""
    battery = "" if status.battery > 100 else f", battery {status.battery} %"
    lines.append(f"Wearer's level {status.level} %{pause}{battery}")
    return lines


def sample_line(sample: Sample) -> str:
    """Return one line of `link watch`."""
    currents = " ".join(f"{ma:5.1f}" for ma in sample.currents_ma)
    swing = "swing" if sample.is_swing else "     "
    return (
        f"{sample.t_us / 1e6:9.3f} s  {sample.phase:12} {swing}  pitch {sample.pitch_deg:6.1f} deg  "
        f"rate {sample.rate_dps:7.1f} deg/s  level {sample.level:4.0%}  mA {currents}"
    )


def entry_line(entry: Any) -> str:
    """Return one line of `link history`."""
    when = f"{entry.uptime_s} s after power-on {entry.boot}"
    if entry.wall_s:
        when = (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=entry.wall_s)).strftime(
            "%Y-%m-%d %H:%M:%S UTC"
        )
    who = f"{entry.user} ({'therapist' if entry.role == 3 else 'engineer'})" if entry.user else "nobody"
    action = history.ACTION_NAMES[entry.action] if entry.action < len(history.ACTION_NAMES) else "?"
    return f"{when}  {action:9} by {who}: {entry.from_hash.hex()} -> {entry.to_hash.hex()} (revision {entry.revision})"
