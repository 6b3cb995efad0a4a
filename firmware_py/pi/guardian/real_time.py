"""Ask the system to let the guardian run at once: real-time priority, and memory that is never paged out.

Both need permission (a service file grants it). Without them the guardian still stops in time when it
runs; it only may run later. Each attempt says in words what came of it. The controller asks in the same way.
"""

import ctypes
import gc
import os

PRIORITY = 50  # above ordinary real-time threads of the kernel's default, below its migration threads
MCL_CURRENT, MCL_FUTURE = 1, 2


def ask_for_real_time(priority: int = PRIORITY) -> list[str]:
    """Return one sentence for each thing asked for."""
    gc.collect()
    gc.freeze()  # what lives now lives for ever: later collections need not walk it
    return [_ask_for_priority(priority), _ask_for_memory()]


def _ask_for_priority(priority: int) -> str:
    try:  # a child that is started later does not inherit it: a program that spins would stop this machine
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as e:
        return f"Ordinary priority: SCHED_FIFO was refused ({e.strerror}). Grant it in the service file."
    return f"Real-time priority {priority} (SCHED_FIFO)."


def _ask_for_memory() -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE) != 0:
        reason = os.strerror(ctypes.get_errno())
        return f"Memory may be paged out: mlockall was refused ({reason}). Grant it in the service file."
    return "Memory is locked."
