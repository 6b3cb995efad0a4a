# For the type checker: the part of MicroPython's `rp2` that firmware_py/boards uses.
from collections.abc import Callable
from typing import Any, Final

from machine import Pin

class PIO:
    IN_LOW: Final[int]
    OUT_LOW: Final[int]
    SHIFT_LEFT: Final[int]
    SHIFT_RIGHT: Final[int]
    def __init__(self, id: int, /) -> None: ...
    def remove_program(self, program: Any = ..., /) -> None: ...

def asm_pio(
    *,
    set_init: tuple[int, ...] | int | None = ...,
    out_init: tuple[int, ...] | int | None = ...,
    out_shiftdir: int = ...,
) -> Callable[[Callable[[], None]], list[Any]]: ...

class StateMachine:
    def __init__(
        self,
        id: int,
        program: list[Any] = ...,
        freq: int = ...,
        *,
        set_base: Pin = ...,
        out_base: Pin = ...,
        in_base: Pin = ...,
    ) -> None: ...
    def active(self, value: int = ..., /) -> bool: ...
    def restart(self) -> None: ...
    def exec(self, instr: int, /) -> None: ...
    def put(self, value: int, shift: int = ..., /) -> None: ...
    def get(self) -> int: ...
    def tx_fifo(self) -> int: ...
    def rx_fifo(self) -> int: ...
