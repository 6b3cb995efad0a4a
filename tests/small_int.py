"""A whole number that refuses to grow beyond what a board holds without the heap."""

SMALL_MAX = 2**30 - 1  # MicroPython's small whole numbers on a 32-bit board: -2**30 to 2**30 - 1


class Small(int):
    """An int whose every result must stay a small whole number; else OverflowError."""


def _checked(name: str):
    ordinary = getattr(int, name)

    def operation(self, *others):
        result = ordinary(self, *others)
        if result is NotImplemented:
            return result
        if not -SMALL_MAX - 1 <= result <= SMALL_MAX:
            raise OverflowError(
                f"{name}: {int(self)} and {others} give {result}, which a board keeps on the heap"
            )
        return Small(result)

    return operation


for _sign in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift"):
    for _name in (f"__{_sign}__", f"__r{_sign}__"):
        setattr(Small, _name, _checked(_name))
Small.__neg__ = _checked("__neg__")
