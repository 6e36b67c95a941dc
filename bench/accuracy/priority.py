"""Real-time priority for the programs of an experiment: no other program can take their cores from them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIFO = 10
"""Of 99; the kernel's own threads that must come first (its migration and watchdog threads) are at 99."""

_SETTINGS = Path("/proc/sys/kernel")


def in_words(permitted: bool) -> str:
    """What programs have that were started within `real_time`, which a page may say."""
    if not permitted:
        return "no priority"
    limit = limit_in_words(_setting("sched_rt_runtime_us"), _setting("sched_rt_period_us"))
    return f"the same real-time priority (`chrt -f {FIFO}`, [on trust](trust.md)): neither interrupts the other{limit}"


def limit_in_words(runtime_us: int | None, period_us: int | None) -> str:
    """For how much of the time the kernel lets programs of real-time priority have a core; nothing if it is unknown.

    By the settings kernel.sched_rt_runtime_us and kernel.sched_rt_period_us (microseconds; -1: always). A core that
    they fill stands still for the rest, unless the kernel is newer than such limits.
    """
    if runtime_us is None or not period_us:
        return ""
    if runtime_us < 0:
        return ", and no limit to it (`sysctl -w kernel.sched_rt_runtime_us=-1`)"
    return f", for up to {100 * runtime_us / period_us:g} % of the time (`kernel.sched_rt_runtime_us`)"


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


def _setting(name: str) -> int | None:
    try:
        return int((_SETTINGS / name).read_text(encoding="ascii"))
    except (OSError, ValueError):  # another system, or a kernel without it
        return None
