"""Real-time priority for the programs of an experiment: no other program can take their cores from them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FIFO = 10
"""Of 99; the kernel's own threads that must come first (its migration and watchdog threads) are at 99."""


def in_words(permitted: bool) -> str:
    """What programs have that were started within `real_time`, which a page may say."""
    if not permitted:
        return "no priority"
    return f"the same real-time priority (`chrt -f {FIFO}`, [on trust](trust.md)): neither interrupts the other"


@contextmanager
def real_time() -> Iterator[bool]:
    """What is started within has real-time priority (SCHED_FIFO), if that is permitted, and this process meanwhile.

    Gives whether it is: root may, and who has a limit for it (`ulimit -r`); no other system than Linux has it.
    """
    if sys.platform != "linux":
        yield False
        return
    before, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO))
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, before, priority)
