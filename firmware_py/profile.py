"""Who wears what: the profile. Another one needs the check of leg and channels again; another tuning does not."""

import hashlib
from collections import namedtuple

CHECKED = "checked"  # name in the settings store: the profile whose leg and channels were checked
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
    text = "".join(["%d:%s" % (len(word), word) for word in words])
    return "".join(["%02x" % b for b in hashlib.sha256(text.encode("utf-8")).digest()[:8]])


def was_checked(store, name: str) -> bool:
    """Say whether leg and channels were checked with the profile called `name`; no if the store is damaged."""
    try:
        return name != "" and store.load(CHECKED) == name.encode("utf-8")
    except (ValueError, OSError):
        return False


def keep_checked(store, name: str) -> None:
    """Remember that they were. OSError if it cannot be kept."""
    store.save(CHECKED, name.encode("utf-8"))


def forget_checked(store) -> None:
    """From now on they have to be checked again."""
    store.save(CHECKED, b"")
