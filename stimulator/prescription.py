"""What is prescribed for one leg: immutable, with canonical bytes and a hash that names it.

A prescription is values in the order of the parameter table, nothing else. Two prescriptions with
the same values have the same bytes on every platform, and so the same hash.
"""

import hashlib
import struct
from collections import namedtuple

from safety import limits
from safety.changes import is_gentle
from safety.limits import CHANNELS_MAX, make_limits
from stimulator import prescription_rules as rules
from stimulator.parameters import (
    CHANNEL_PARAMETERS,
    PLANTARFLEXORS,
    WALK_PARAMETERS,
    WAVEFORM_NAMES,
    channel_name,
)

# The last character counts versions. Bytes of another version are refused and not filled up with defaults: their hash
# would name settings that nobody has signed. Files (firmware_py.pi.prescription_file) stay readable.
MAGIC = b"SWP2"
HASH_BYTES = 8
ELECTRODE_AREA_CM2 = 25  # 5 x 5 cm pads; smaller ones come with the profile
WINDOW_SLACK_PERCENT = 110  # a window covers up to 2.5 % more than its second, and one pulse more

ChannelSetting = namedtuple("ChannelSetting", tuple([p.name for p in CHANNEL_PARAMETERS]))
Prescription = namedtuple("Prescription", tuple([p.name for p in WALK_PARAMETERS] + ["channels"]))


class PrescriptionError(ValueError):
    """A prescription that must not be used; `sentences` says what is wrong, one thing each."""

    is_for_people = True

    def __init__(self, sentences) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


def default_prescription() -> Prescription:
    """Return the defaults of the table for tibialis anterior and peroneal (20 mA instead of 25)."""
    return Prescription(*[p.default for p in WALK_PARAMETERS], (default_channel(0), default_channel(1)))


def default_channel(index: int) -> ChannelSetting:
    """Return the defaults of the table for one channel; plantarflexors push off, and give nothing until told."""
    own = {}
    if index == 1:
        own = {"current_ua": 20_000}
    elif index >= PLANTARFLEXORS[0]:
        own = {"current_ua": 0, "end_percent": 40}
    return ChannelSetting(*[own.get(p.name, p.default) for p in CHANNEL_PARAMETERS])


def problems(prescription, capability=None) -> list:
    """Return what forbids `prescription`, as sentences; empty if it may be used.

    capability   record of the stimulator (`stimulator.drivers.capability`), or None for any device
    """
    found = []
    for p in WALK_PARAMETERS:
        _range_problem(found, p, getattr(prescription, p.name), "")
    count_max = CHANNELS_MAX
    if capability is not None:
        count_max = min(count_max, capability.channels)
    count = len(prescription.channels)
    if not 1 <= count <= count_max:
        found.append(f"channels has {count} entries; allowed is 1 to {count_max}. Remove or add channels.")
    for index, setting in enumerate(prescription.channels):
        where = f"channel {channel_name(index)}: "
        before = len(found)
        for p in CHANNEL_PARAMETERS:
            _range_problem(found, p, getattr(setting, p.name), where)
        if len(found) == before:  # joint limits only make sense on values that are in range
            _joint_problems(found, setting, where)
            rules.channel_problems(found, setting, where)
            if capability is not None:
                _device_problems(found, setting, capability, where)
    if not found:
        _window_problems(found, prescription)
        rules.step_problems(found, prescription)
    if capability is not None and not found:
        commands_per_s = sum([s.rate_hz for s in prescription.channels if s.current_ua > 0])
        if commands_per_s > capability.commands_per_s_max:
            found.append(
                f"rate_hz adds up to {commands_per_s} pulses a second over the channels; "
                f"{capability.name} allows 0 to {capability.commands_per_s_max}. Lower rate_hz."
            )
    return found


def warnings(prescription) -> list:
    """Return what is allowed but outside the recommended ranges, as sentences."""
    found = []
    rows = [(p, getattr(prescription, p.name), "") for p in WALK_PARAMETERS]
    for index, setting in enumerate(prescription.channels):
        where = f"channel {channel_name(index)}: "
        rows += [(p, getattr(setting, p.name), where) for p in CHANNEL_PARAMETERS]
    for p, value, where in rows:
        if not p.recommended_min <= value <= p.recommended_max:
            found.append(
                f"{where}{p.name} is {value}; recommended is {p.recommended_min} to {p.recommended_max} "
                f"{p.unit}. Go on only if this is meant."
            )
    return found + rules.warnings(prescription)


def checked(prescription, capability=None) -> Prescription:
    """Return `prescription` if it may be used, else raise PrescriptionError with every reason."""
    found = problems(prescription, capability)
    if found:
        raise PrescriptionError(found)
    return prescription


def channel_limits(prescription, capability) -> tuple:
    """Return the gate's `Limits`, one per channel, for a checked prescription on this stimulator."""
    return tuple(
        [
            make_limits(
                current_max_ua=s.current_max_ua if s.current_ua > 0 else 0,  # not in use: nothing at all
                charge_max_nc=s.charge_max_nc,
                plateau_nc=max(1, s.current_ua * s.width_us // 1000),
                current_step_ua=capability.current_step_ua,
                doublet=s.doublet_ms > 0,
            )
            for s in prescription.channels
        ]
    )


def steep_changes(old, new) -> list:
    """Return what rises by more than one commit may, as sentences; empty if the change may be taken over."""
    found = []
    for index in range(len(old.channels)):
        if not is_gentle(old.channels[index], new.channels[index]):
            found.append(
                f"channel {channel_name(index)}: the change raises the stimulation by more than one commit may "
                "(5 mA and 1.5 uC, a higher rate included). Go there in smaller steps, with a walk between."
            )
        before, after = old.channels[index].waveform, new.channels[index].waveform
        if before != after and new.channels[index].current_ua > 0:
            found.append(
                f"channel {channel_name(index)}: waveform is {after} ({WAVEFORM_NAMES[after]}); while it is "
                f"{WAVEFORM_NAMES[before]} only the same is allowed, because the same current may feel much stronger. "
                "Stop, load the prescription as a new profile, and test it."
            )
    return found


def is_no_more(old, new) -> bool:
    """Whether `new` has on no channel more current, width or rate than `old`, nor a second pulse that `old` has not.

    Both have the same channels.
    """
    for index in range(len(old.channels)):
        before, after = old.channels[index], new.channels[index]
        for name in ("current_ua", "width_us", "rate_hz"):
            if getattr(after, name) > getattr(before, name):
                return False
        if after.doublet_ms > 0 and before.doublet_ms == 0:
            return False
    return True


def canonical_bytes(prescription) -> bytes:
    """Return the values in table order: magic, channel count, then (id u8, channel u8, value i32 LE)."""
    parts = [MAGIC, bytes([len(prescription.channels)])]
    for p in WALK_PARAMETERS:
        parts.append(struct.pack("<BBi", p.id, 255, getattr(prescription, p.name)))
    for index, setting in enumerate(prescription.channels):
        for p in CHANNEL_PARAMETERS:
            parts.append(struct.pack("<BBi", p.id, index, getattr(setting, p.name)))
    return b"".join(parts)


def from_bytes(data: bytes) -> Prescription:
    """Return the prescription of `canonical_bytes`; PrescriptionError unless every byte is as expected."""
    if len(data) < 5 or data[:4] != MAGIC or not 1 <= data[4] <= CHANNELS_MAX:
        raise PrescriptionError(
            ["This is not a prescription of version 2. Export it anew, and send it again."]
        )
    count = data[4]
    row = struct.calcsize("<BBi")
    if len(data) != 5 + row * (len(WALK_PARAMETERS) + count * len(CHANNEL_PARAMETERS)):
        raise PrescriptionError(
            [f"The prescription has {len(data)} bytes, which is not whole. Send it again."]
        )
    values = []
    at = 5
    for owner in [255] + list(range(count)):
        table = WALK_PARAMETERS if owner == 255 else CHANNEL_PARAMETERS
        group = []
        for p in table:
            number, channel, value = struct.unpack("<BBi", data[at : at + row])
            if number != p.id or channel != owner:
                raise PrescriptionError(
                    [f"Where {p.name} should be stands parameter {number}. Send it again."]
                )
            group.append(value)
            at += row
        values.append(group)
    return Prescription(*values[0], tuple([ChannelSetting(*group) for group in values[1:]]))


def prescription_hash(prescription) -> str:
    """Return 16 hex digits that name exactly these values (SHA-256, cut)."""
    digest = hashlib.sha256(canonical_bytes(prescription)).digest()[:HASH_BYTES]
    return "".join(["%02x" % b for b in digest])


def _range_problem(found, p, value, where) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        unit = f" of {p.unit}" if p.unit else ""
        found.append(f"{where}{p.name} is {value!r}; it must be a whole number{unit}. Write one.")
    elif not p.min <= value <= p.max:
        unit = f" {p.unit}" if p.unit else ""
        found.append(
            f"{where}{p.name} is {value}; allowed is {p.min} to {p.max}{unit}. Choose a value inside."
        )


def _joint_problems(found, setting, where) -> None:
    if setting.current_ua > setting.current_max_ua:
        found.append(
            f"{where}current_ua is {setting.current_ua}; this channel allows 0 to {setting.current_max_ua}. "
            "Lower it, or ask the prescriber to raise current_max_ua."
        )
    charge_nc = setting.current_ua * setting.width_us // 1000
    if setting.current_ua * setting.width_us > setting.charge_max_nc * 1000:
        found.append(
            f"{where}current_ua times width_us is {charge_nc} nC; this channel allows 0 to "
            f"{setting.charge_max_nc}. Lower one of the two."
        )


def _window_problems(found, prescription) -> None:
    """While all channels are on, the gate's windows of one second must have room (R05 to R07, R14).

    Until the profile names return electrodes, the channels are taken to share one.
    """
    rms_sq_ma2 = 0
    charge_nc = 0
    for s in prescription.channels:
        current_ma = (s.current_ua + 999) // 1000
        pulses = s.rate_hz + (2 if s.doublet_ms > 0 else 0)  # two steps may begin within a second
        rms_sq_ma2 += current_ma * current_ma * 2 * s.width_us // 1000 * pulses // 1000
        charge_nc += 2 * (s.current_ua * s.width_us // 1000) * pulses
    charge_max_nc = limits.SECOND_MAX_NC * 100 // WINDOW_SLACK_PERCENT
    if charge_nc > charge_max_nc:
        found.append(
            f"The channels together give {charge_nc // 1000} uC a second; allowed is 0 to "
            f"{charge_max_nc // 1000}. Lower current_ua, width_us or rate_hz."
        )
    rms_max = limits.rms_sq_max_ma2(ELECTRODE_AREA_CM2) * 100 // WINDOW_SLACK_PERCENT
    if rms_sq_ma2 > rms_max:
        found.append(
            f"The channels together give {rms_sq_ma2} mA2 of heating (rms current squared); allowed is 0 to "
            f"{rms_max}. Lower current_ua, width_us or rate_hz."
        )


def _device_problems(found, setting, capability, where) -> None:
    rules.device_problems(found, setting, capability, where)
    if setting.current_ua > capability.current_max_ua:
        found.append(
            f"{where}current_ua is {setting.current_ua}; {capability.name} allows 0 to "
            f"{capability.current_max_ua}. Lower it."
        )
    if not capability.width_min_us <= setting.width_us <= capability.width_max_us:
        found.append(
            f"{where}width_us is {setting.width_us}; {capability.name} allows {capability.width_min_us} to "
            f"{capability.width_max_us}. Choose a value inside."
        )
    _gap_problem(found, setting.gap_us, capability, where)


def _gap_problem(found, gap_us: int, capability, where) -> None:
    low, high, step = capability.gap_min_us, capability.gap_max_us, capability.gap_step_us
    if gap_us == 0 and capability.has_gap_none:
        return
    if not 0 < low <= gap_us <= high or gap_us % step:
        allowed = ["0"] if capability.has_gap_none else []
        if high > 0:
            allowed.append(f"{low} to {high}" + (f" in steps of {step}" if step > 1 else ""))
        found.append(
            f"{where}gap_us is {gap_us}; {capability.name} allows {' or '.join(allowed)}. Choose one of these."
        )
