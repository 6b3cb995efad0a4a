"""The plan of an exercise: immutable, with canonical bytes and a hash, refused in sentences if it must not run.

Strength, width and rate are those of the prescription's channels, or a share of that strength; so a plan can
never ask for more than was prescribed. What the gate would refuse is refused here, before anybody sits down.
"""

import hashlib
import struct
from collections import namedtuple

from safety import limits
from stimulator.parameters import Parameter
from stimulator.prescription import HASH_BYTES, PrescriptionError, channel_name
from stimulator.waveform import recharge_of

MAGIC = b"SWE1"

TOGETHER = 0  # all channels in each repetition
IN_TURN = 1  # one channel after the other, a pause between

BY_TIME = 0
BY_BUTTON = 1
BY_ATTEMPT = 2
TRIGGER_NAMES = ("by time", "by button", "by own attempt")

# fmt: off
EXERCISE_PARAMETERS = (
    Parameter(64, "rise_ms", "ms", 200, 2000, 300, 1000, 10, 500, "Time from nothing to full strength."),
    Parameter(65, "on_ms", "ms", 500, 3500, 1000, 3000, 100, 2500, "Time at full strength in each repetition."),
    Parameter(66, "fall_ms", "ms", 100, 2000, 300, 1000, 10, 500, "Time from full strength to nothing."),
    Parameter(67, "off_ms", "ms", 2000, 60_000, 3000, 15_000, 500, 4000, "Rest after each burst of pulses."),
    Parameter(68, "repetitions", "", 1, 50, 5, 15, 1, 10, "Repetitions of one set."),
    Parameter(69, "sets", "", 1, 10, 1, 5, 1, 3, "How many sets; then the exercise ends by itself."),
    Parameter(70, "set_pause_s", "s", 5, 300, 30, 120, 5, 60, "Rest between two sets."),
    Parameter(71, "countdown_s", "s", 3, 30, 3, 10, 1, 5, "Warning before the first burst, also after a pause."),
    Parameter(72, "order", "", TOGETHER, IN_TURN, TOGETHER, IN_TURN, 1, TOGETHER,
              "0: all channels together; 1: one after the other in each repetition."),
    Parameter(73, "trigger", "", BY_TIME, BY_ATTEMPT, BY_TIME, BY_ATTEMPT, 1, BY_TIME,
              "A repetition begins 0: by time; 1: by the hand button; 2: when the person starts to lift the foot."),
    Parameter(74, "window_ms", "ms", 1000, 20_000, 3000, 10_000, 500, 5000,
              "How long after the cue the button or the movement is waited for."),
    Parameter(75, "helps_anyway", "", 0, 1, 0, 1, 1, 1,
              "1: if nothing came in that time, the repetition begins all the same; 0: it is left out."),
    Parameter(76, "attempt_cdps", "cdps", 500, 20_000, 1500, 6000, 100, 3000,
              "Toe-up rate that counts as an own attempt; lower it for a weaker movement."),
    Parameter(77, "missed_max", "", 1, 20, 3, 10, 1, 5,
              "After so many missed cues on end without help the exercise ends."),
)
EXERCISE_CHANNEL_PARAMETERS = (
    Parameter(96, "channel", "", 0, limits.CHANNELS_MAX - 1, 0, limits.CHANNELS_MAX - 1, 1, 0,
              "Channel of the prescription."),
    Parameter(97, "share_percent", "%", 10, 100, 10, 100, 5, 100, "Share of the prescribed strength."),
)
# fmt: on

ExerciseChannel = namedtuple("ExerciseChannel", tuple([p.name for p in EXERCISE_CHANNEL_PARAMETERS]))
ExercisePlan = namedtuple("ExercisePlan", tuple([p.name for p in EXERCISE_PARAMETERS] + ["channels"]))

# R12 lets a burst last longer only if the foot was on the ground before; a seated person's foot may hang.
BURST_MAX_MS = limits.BURST_LONG_US // 1000
TOTAL_MAX_S = 1_800  # assumed; the guard warns after 30 min and ends the session after 60
# The gate allows the first pulse 7.5 mA and 2.25 uC. A rise from pulse to pulse that leaves it a fifth is
# granted as asked, with the device's step and the control cycle's 5 ms on top.
RISE_STEP_MAX_UA = limits.FIRST_MAX_UA * 4 // 5
RISE_STEP_MAX_NC = limits.FIRST_MAX_NC * 4 // 5
DUTY_WINDOW_MS = 10_250  # the ledger's ten seconds, and one bucket more
# Two control cycles, one pulse and the ledger's rounding lie between what is planned and what is entered.
ON_MAX_MS = limits.ON_MAX_US // 1000 - 150
WEIGHTED_MAX_MS = limits.WEIGHTED_MAX_US // 1000 - 150


def default_plan(channels: int = 2) -> ExercisePlan:
    """Return the defaults of the table for the first `channels` of the prescription."""
    chosen = [ExerciseChannel(index, 100) for index in range(channels)]
    return ExercisePlan(*[p.default for p in EXERCISE_PARAMETERS], tuple(chosen))


def burst_ms(plan) -> int:
    """Return how long one burst lasts, from nothing to nothing."""
    return plan.rise_ms + plan.on_ms + plan.fall_ms


def bursts_per_repetition(plan) -> int:
    """Return 1, or the number of channels if they come in turn."""
    return len(plan.channels) if plan.order == IN_TURN else 1


def set_s(plan) -> int:
    """Return how long one set lasts at most without its pause, s, rounded up."""
    each_ms = bursts_per_repetition(plan) * (burst_ms(plan) + plan.off_ms)
    if plan.trigger != BY_TIME:
        each_ms += plan.window_ms
    return (plan.repetitions * each_ms + 999) // 1000


def total_s(plan) -> int:
    """Return how long the whole exercise lasts at most if no cue is left out, s."""
    return plan.countdown_s + plan.sets * set_s(plan) + (plan.sets - 1) * plan.set_pause_s


def charge_uc(plan, prescription) -> int:
    """Return the charge of the whole exercise, both phases, all channels, uC, rounded up."""
    bursts = plan.sets * plan.repetitions
    total_uc = 0
    for one in plan.channels:
        setting = prescription.channels[one.channel]
        pulse_uc = (2 * _charge_nc(one, setting) + 999) // 1000  # the ledger rounds each pulse up
        pulses = _weighted_ms(plan, setting) * setting.rate_hz // 1000 + 2
        total_uc += bursts * pulses * pulse_uc
    return total_uc


def problems(plan, prescription, current_step_ua: int = 1) -> list:
    """Return what forbids `plan` with this checked prescription, as sentences; empty if it may be used.

    current_step_ua   of the device: a channel that never reaches one step would be no exercise
    """
    found = []
    for p in EXERCISE_PARAMETERS:
        _range_problem(found, p, getattr(plan, p.name), "")
    count = len(plan.channels)
    if not 1 <= count <= len(prescription.channels):
        found.append(
            f"channels has {count} entries; the prescription allows 1 to {len(prescription.channels)}. "
            "Remove or add channels."
        )
    for one in plan.channels:
        for p in EXERCISE_CHANNEL_PARAMETERS:
            _range_problem(found, p, getattr(one, p.name), "")
    if found:
        return found
    _channel_problems(found, plan, prescription, current_step_ua)
    if not found:
        _time_problems(found, plan, prescription)
    return found


def warnings(plan, prescription) -> list:
    """Return what is allowed but unusual, as sentences, for a plan without problems."""
    found = []
    for p in EXERCISE_PARAMETERS:
        value = getattr(plan, p.name)
        if not p.recommended_min <= value <= p.recommended_max:
            found.append(
                f"{p.name} is {value}; recommended is {p.recommended_min} to {p.recommended_max} {p.unit}. "
                "Go on only if this is meant."
            )
    needed_uc = charge_uc(plan, prescription)
    if needed_uc > limits.HOUR_WARN_UC:
        found.append(
            f"The exercise needs {needed_uc // 1000} mC; from {limits.HOUR_WARN_UC // 1000} mC an hour on the "
            "device warns. Look at the skin, and do not walk with stimulation in the same hour."
        )
    return found


def checked(plan, prescription, current_step_ua: int = 1) -> ExercisePlan:
    """Return `plan` if it may be used, else raise PrescriptionError with every reason."""
    found = problems(plan, prescription, current_step_ua)
    if found:
        raise PrescriptionError(found)
    return plan


def canonical_bytes(plan) -> bytes:
    """Return the values in table order: magic, channel count, then (id u8, place u8, value i32 LE)."""
    parts = [MAGIC, bytes([len(plan.channels)])]
    for p in EXERCISE_PARAMETERS:
        parts.append(struct.pack("<BBi", p.id, 255, getattr(plan, p.name)))
    for index in range(len(plan.channels)):
        for p in EXERCISE_CHANNEL_PARAMETERS:
            parts.append(struct.pack("<BBi", p.id, index, getattr(plan.channels[index], p.name)))
    return b"".join(parts)


def from_bytes(data: bytes) -> ExercisePlan:
    """Return the plan of `canonical_bytes`; PrescriptionError unless every byte is as expected."""
    if len(data) < 5 or data[:4] != MAGIC or not 1 <= data[4] <= limits.CHANNELS_MAX:
        raise PrescriptionError(["This is not an exercise plan of version 1. Send it again, or export anew."])
    row = struct.calcsize("<BBi")
    count = data[4]
    if len(data) != 5 + row * (len(EXERCISE_PARAMETERS) + count * len(EXERCISE_CHANNEL_PARAMETERS)):
        raise PrescriptionError([f"The plan has {len(data)} bytes, which is not whole. Send it again."])
    groups = []
    at = 5
    for owner in [255] + list(range(count)):
        group = []
        for p in EXERCISE_PARAMETERS if owner == 255 else EXERCISE_CHANNEL_PARAMETERS:
            number, place, value = struct.unpack("<BBi", data[at : at + row])
            if number != p.id or place != owner:
                raise PrescriptionError(
                    [f"Where {p.name} should be stands parameter {number}. Send it again."]
                )
            group.append(value)
            at += row
        groups.append(group)
    return ExercisePlan(*groups[0], tuple([ExerciseChannel(*group) for group in groups[1:]]))


def plan_hash(plan) -> str:
    """Return 16 hex digits that name exactly these values (SHA-256, cut)."""
    digest = hashlib.sha256(canonical_bytes(plan)).digest()[:HASH_BYTES]
    return "".join(["%02x" % b for b in digest])


def current_ua(one, setting) -> int:
    """Return the full strength of an ExerciseChannel on its ChannelSetting, uA."""
    return setting.current_ua * one.share_percent // 100


def _charge_nc(one, setting) -> int:
    """Return the charge of one phase at full strength, rounded up."""
    return (current_ua(one, setting) * setting.width_us + 999) // 1000


def _weighted_ms(plan, setting) -> int:
    """Return the time of one burst weighted by its level, and one pulse more, rounded up."""
    return plan.on_ms + (plan.rise_ms + plan.fall_ms + 1) // 2 + 1000 // setting.rate_hz + 1


def _channel_problems(found, plan, prescription, current_step_ua: int) -> None:
    seen = []
    for one in plan.channels:
        if one.channel >= len(prescription.channels):
            found.append(
                f"channel is {one.channel}; the prescription has 0 to {len(prescription.channels) - 1}. "
                "Name one of these."
            )
            continue
        where = f"channel {channel_name(one.channel)}: "
        if one.channel in seen:
            found.append(f"{where}named twice; each channel is allowed once. Remove one entry.")
        seen.append(one.channel)
        setting = prescription.channels[one.channel]
        full_ua = current_ua(one, setting)
        least_ua = current_step_ua * recharge_of(setting.waveform)
        if full_ua == 0:
            found.append(
                f"{where}nothing is prescribed (current_ua is 0). Remove the channel, or prescribe it."
            )
        elif full_ua < least_ua:
            found.append(
                f"{where}share_percent is {one.share_percent}, which is {full_ua} uA; the device allows "
                f"{least_ua} or more. Raise share_percent, or remove the channel."
            )
        period_us = 1_000_000 // setting.rate_hz
        need_ms = full_ua * (period_us // 100) // (RISE_STEP_MAX_UA * 10)
        need_ms = max(need_ms, _charge_nc(one, setting) * (period_us // 100) // (RISE_STEP_MAX_NC * 10))
        if plan.rise_ms <= need_ms:
            found.append(
                f"{where}rise_ms is {plan.rise_ms}; with this strength and rate allowed is {need_ms + 1} to 2000. "
                "Make the rise longer, or raise rate_hz."
            )


def _time_problems(found, plan, prescription) -> None:
    length_ms = burst_ms(plan)
    if length_ms > BURST_MAX_MS:
        found.append(
            f"rise_ms, on_ms and fall_ms add up to {length_ms} ms; allowed is 0 to {BURST_MAX_MS}. "
            "Shorten one of them."
        )
    period_ms = bursts_per_repetition(plan) * (length_ms + plan.off_ms)
    whole, rest_ms = DUTY_WINDOW_MS // period_ms, DUTY_WINDOW_MS % period_ms
    on_ms = whole * length_ms + min(length_ms, rest_ms)
    weighted_ms = 0
    for one in plan.channels:
        area_ms = _weighted_ms(plan, prescription.channels[one.channel])
        weighted_ms = max(weighted_ms, whole * area_ms + min(area_ms, rest_ms))
    if on_ms > ON_MAX_MS or weighted_ms > WEIGHTED_MAX_MS:
        found.append(
            f"off_ms is {plan.off_ms}; a channel would be on for {on_ms} ms of 10 s (allowed 0 to {ON_MAX_MS}), "
            f"{weighted_ms} ms weighted by strength (allowed 0 to {WEIGHTED_MAX_MS}). Make off_ms longer."
        )
    length_s = total_s(plan)
    if length_s > TOTAL_MAX_S:
        found.append(
            f"The exercise lasts {length_s} s; allowed is 0 to {TOTAL_MAX_S}. Lower sets or repetitions."
        )
    needed_uc = charge_uc(plan, prescription)
    if needed_uc > limits.HOUR_MAX_UC:
        found.append(
            f"The exercise needs {needed_uc // 1000} mC; an hour allows 0 to {limits.HOUR_MAX_UC // 1000}. "
            "Lower sets, repetitions, on_ms or the strength."
        )


def _range_problem(found, p, value, where) -> None:
    unit = p.unit if p.unit else "pieces"
    if not isinstance(value, int) or isinstance(value, bool):
        found.append(f"{where}{p.name} is {value!r}; it must be a whole number of {unit}. Write one.")
    elif not p.min <= value <= p.max:
        found.append(f"{where}{p.name} is {value}; allowed is {p.min} to {p.max}. Choose a value inside.")
