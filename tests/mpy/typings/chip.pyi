# For the type checker: what tests/mpy/fakes/chip.py gives to the scripts beside it.
from typing import Any

CHIP: Any

def after_us(t_us: int, us: int) -> int: ...
