"""Waking the event loop at an instant: one alarm, set again for each next instant.

The timers of event loops count in milliseconds, because `epoll_wait` does: they come up to a millisecond late, which
would be most of what is measured of a fast server. Linux has timer file descriptors of nanosecond resolution, on the
very clock that `time.perf_counter_ns` reads there; elsewhere the loop's own timers have to do.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter_ns

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_NEVER = 2**62


class Alarm(ABC):
    """Calls back once for each `set`; a later `set` replaces an earlier one."""

    @abstractmethod
    def set(self, due_ns: int) -> None:
        """Call back at `due_ns` (`time.perf_counter_ns`), or soon after; at once if it is past."""

    @abstractmethod
    def close(self) -> None:
        """Never call back again."""


def make_alarm(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Alarm:
    """The most exact alarm that this system has."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a libc without timerfd, or no file descriptor left
            return TimerfdAlarm(loop, callback)
    return LoopAlarm(loop, callback)


class LoopAlarm(Alarm):
    """An alarm by the loop's own timers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._due_ns = 0

    def set(self, due_ns: int) -> None:
        """See `Alarm`."""
        self.close()
        self._due_ns = due_ns
        delay_ns = max(0, due_ns - perf_counter_ns())
        self._handle = self._loop.call_later(delay_ns / 1e9, self._ring)

    def close(self) -> None:
        """See `Alarm`."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        if perf_counter_ns() < self._due_ns:
            # uvloop counts whole milliseconds, rounds, and so wakes a little early now and then.
            self._handle = self._loop.call_later(0.001, self._ring)
        else:
            self._handle = None
            self._callback()


class TimerfdAlarm(Alarm):
    """An alarm by a timer file descriptor of Linux. Raises OSError where there can be none."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._descriptor = int(libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "no timer file descriptor")
        self._loop = loop
        self._callback = callback
        self._due_ns = _NEVER
        # `struct itimerspec` of timerfd_settime(2): seconds and nanoseconds of the interval, and those of the instant.
        self._spec = (ctypes.c_long * 4)()
        loop.add_reader(self._descriptor, self._ring)

    def set(self, due_ns: int) -> None:
        """See `Alarm`."""
        self._due_ns = due_ns
        # An instant of 0 would mean "never".
        self._spec[2], self._spec[3] = divmod(max(1, due_ns), 1_000_000_000)
        self._settime(self._descriptor, _TFD_TIMER_ABSTIME, self._spec, None)

    def close(self) -> None:
        """See `Alarm`."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ring(self) -> None:
        if perf_counter_ns() < self._due_ns:  # set anew between the loop's look and ours
            return
        self._due_ns = _NEVER
        self._callback()
        # To set it anew makes the descriptor unreadable again (timerfd_create(2)), and nearly every alarm is: only the
        # last one has to be read, or the loop would come back here without end.
        if self._due_ns == _NEVER and self._descriptor >= 0:
            with suppress(BlockingIOError):
                os.read(self._descriptor, 8)
