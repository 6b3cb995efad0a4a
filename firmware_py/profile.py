"""Who wears what: the profile. Another one needs the check of leg and channels again; another tuning does not."""

import hashlib
from collections import namedtuple

CHECKED = (
    "checked"  # name in the settings store: the profile whose leg and channels were checked, and how strongly
)
GROWTH_MAX = 2  # a test burst counts from half of what is prescribed on
LIMITS = ("current_max_ua", "charge_max_nc")  # a therapist's limits belong to the profile, not to the tuning

# wearer      text that tells wearers apart, a code rather than a name
# side        "right" or "left";  place  "foot" or "shank", of the IMU;  has_switch  bool
# device      name of the stimulator
# electrodes  text: pads and places, so that other pads mean another profile
Profile = namedtuple("Profile", ("wearer", "side", "place", "has_switch", "device", "electrodes"))


def profile_hash(profile, prescription) -> str:
    """Return 16 hex digits that name the profile with the limits that `prescription` holds for its channels."""
    words = [str(value) for value in profile]
    for setting in prescription.channels:
        for name in LIMITS:
            words.append(str(getattr(setting, name)))
        words.append("used" if setting.current_ua > 0 else "unused")
        words.append("waveform %d" % setting.waveform)
        if setting.doublet_ms > 0:
            words.append("doublet")
    text = "".join(["%d:%s" % (len(word), word) for word in words])
    return "".join(["%02x" % b for b in hashlib.sha256(text.encode("utf-8")).digest()[:8]])


def was_checked(store, name: str, prescription) -> bool:
    """Say whether leg and channels were checked with the profile called `name`; no if the store is damaged.

    No also if a pulse of `prescription` carries more than twice the charge of what was prescribed then: such a
    burst would not have counted as a test.
    """
    try:
        words = (store.load(CHECKED) or b"").decode("utf-8").split()
        charges_nc = [int(word) for word in words[1:]]
    except (ValueError, OSError):  # UnicodeError is a ValueError
        return False
    now_nc = _charges_nc(prescription)
    if words[:1] != [name] or len(charges_nc) != len(now_nc):
        return False
    for i in range(len(now_nc)):
        if now_nc[i] > GROWTH_MAX * charges_nc[i]:
            return False
    return True


def keep_checked(store, name: str, prescription) -> None:
    """Remember that they just were, with `prescription`. OSError if it cannot be kept."""
    words = [name] + ["%d" % charge_nc for charge_nc in _charges_nc(prescription)]
    store.save(CHECKED, " ".join(words).encode("utf-8"))


def forget_checked(store) -> None:
    """From now on they have to be checked again."""
    store.save(CHECKED, b"")


def _charges_nc(prescription) -> list:
    return [setting.current_ua * setting.width_us // 1000 for setting in prescription.channels]
