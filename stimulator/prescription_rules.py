"""What a prescription must keep to beside the range of each value: its windows, its waveform, its doublet.

With these rules no valid prescription is ever held up by the safety layer while a person walks
(tests/test_walk_never_trips.py); each sentence says the fact, what is allowed, and what to do.
"""

from safety import limits
from stimulator.parameters import ALTERNATING, PLANTARFLEXORS, WIDTH, channel_name
from stimulator.waveform import recharge_of

WINDOW_MIN_PERCENT = 10
# After the last pulse a contact must follow within a second, or the guard takes the burst for a false one (R17). The
# longest stretch from heel-off to contact that is reckoned with is 1.5 s (`stimulator.pace`).
LAST_END_MIN_PERCENT = 40
OVERLAP_PERCENT = 10  # of muscles that work against each other: more is pointed out


def channel_problems(found, setting, where) -> None:
    """Add what forbids one channel by itself."""
    if setting.end_percent - setting.start_percent < WINDOW_MIN_PERCENT:
        found.append(
            f"{where}end_percent is {setting.end_percent}; with start_percent {setting.start_percent} allowed is "
            f"{min(100, setting.start_percent + WINDOW_MIN_PERCENT)} to 100. Raise it, or begin earlier."
        )
    if 0 < setting.doublet_ms * 1000 < limits.DOUBLET_MIN_US:
        found.append(
            f"{where}doublet_ms is {setting.doublet_ms}; allowed is 0 or {limits.DOUBLET_MIN_US // 1000} to "
            f"{limits.DOUBLET_MAX_US // 1000}. Choose one of these."
        )


def step_problems(found, prescription) -> None:
    """Add what forbids the windows of all channels together: one step is one burst, without a pause in it.

    A pause would end the burst, and whatever holds the next one back would take the help away in mid-swing.
    """
    used = [c for c in prescription.channels if c.current_ua > 0]
    if not used:
        return
    last = max([c.end_percent for c in used])
    if last < LAST_END_MIN_PERCENT:
        found.append(
            f"end_percent is at most {last} over the channels; for the last one allowed is {LAST_END_MIN_PERCENT} to "
            "100. Let a channel go on for longer."
        )
    for index in range(len(prescription.channels)):
        one = prescription.channels[index]
        if one.current_ua == 0 or one.end_percent == last:
            continue
        if not [c for c in used if c.start_percent <= one.end_percent < c.end_percent]:
            found.append(
                f"channel {channel_name(index)}: end_percent is {one.end_percent}, and no other channel has begun by "
                f"then to go on. Raise end_percent, or let another channel begin at {one.end_percent} or earlier."
            )


def device_problems(found, setting, capability, where) -> None:
    """Add what this stimulator cannot do of waveform, controlled quantity and doublet."""
    recharge = recharge_of(setting.waveform)
    step_ua = capability.current_step_ua * recharge
    if recharge > capability.shape_max or (setting.waveform == ALTERNATING and not capability.has_polarity):
        found.append(
            f"{where}waveform is {setting.waveform}; {capability.name} allows 0 (symmetric)"
            + (" and 2 (alternating)" if capability.has_polarity else "")
            + ". Choose one of these."
        )
    elif setting.current_ua % step_ua:
        found.append(
            f"{where}current_ua is {setting.current_ua}; {capability.name} has steps of {step_ua} uA"
            + (" with this waveform" if recharge > 1 else "")
            + ". Choose a multiple."
        )
    elif step_ua * setting.width_us > limits.FIRST_MAX_NC * 1000 or step_ua > limits.FIRST_MAX_UA:
        found.append(
            f"{where}width_us is {setting.width_us}; a first pulse of {step_ua} uA, the least of {capability.name} "
            f"so, allows 50 to {limits.FIRST_MAX_NC * 1000 // step_ua}. Shorten it, or choose waveform 0."
        )
    if setting.controls == WIDTH and capability.width_min_us > limits.WIDTH_MIN_US:
        found.append(
            f"{where}controls is 1 (width), which begins at {limits.WIDTH_MIN_US} us; {capability.name} begins at "
            f"{capability.width_min_us}. Choose 0 (current)."
        )
    answer_ms = (1000 + capability.commands_per_s_max - 1) // capability.commands_per_s_max
    if 0 < setting.doublet_ms < answer_ms:
        found.append(
            f"{where}doublet_ms is {setting.doublet_ms}; {capability.name} answers {capability.commands_per_s_max} "
            f"commands a second, so it allows 0 or at least {answer_ms}. Choose one of these."
        )


def warnings(prescription) -> list:
    """Return what is allowed but probably not meant: muscles that work against each other."""
    found = []
    channels = prescription.channels
    for index in PLANTARFLEXORS:
        if index >= len(channels) or channels[index].current_ua == 0:
            continue
        for other in range(PLANTARFLEXORS[0]):
            start = channels[other].start_percent
            end = channels[index].end_percent
            if channels[other].current_ua > 0 and end - start > OVERLAP_PERCENT:
                found.append(
                    f"channel {channel_name(index)} works against {channel_name(other)} from {start} to {end} %; "
                    f"recommended are {OVERLAP_PERCENT} % or less. Let {channel_name(other)} begin later, or go on "
                    "only if this is meant."
                )
    return found
