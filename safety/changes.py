"""How far one change may raise the stimulation of a channel: a therapist's commit, a learned stride.

A rise counts in current, in charge per phase and in charge per second, so that neither a longer
phase nor a higher rate is a way around. Falls are never limited.
"""

RISE_MAX_UA = 5_000  # R11, R24
RISE_MAX_NC = 1_500  # R11, R24


def is_gentle(old, new) -> bool:
    """Whether going from setting `old` to `new` rises by no more than one change may.

    old, new   records with current_ua, width_us and rate_hz
    """
    old_nc = old.current_ua * old.width_us // 1000
    new_nc = (new.current_ua * new.width_us + 999) // 1000
    if new.current_ua > old.current_ua + RISE_MAX_UA or new_nc > old_nc + RISE_MAX_NC:
        return False
    # A higher rate is allowed as far as the rise in charge that is allowed anyway.
    return new.rate_hz <= old.rate_hz or new_nc * new.rate_hz <= (old_nc + RISE_MAX_NC) * old.rate_hz
