"""What tests of the safety layer share: a person who arms on purpose."""

from firmware_py.guard import Guard


def arm_on_purpose(guard: Guard) -> bool:
    """Do what a person does to arm; True if the guard is armed then."""
    guard.acknowledge()
    guard.channels_checked()
    return guard.arm()
