"""Which place of the user's own code keeps the loop from its work?

A function that sleeps, or that asks a server and waits for it, stops every user of its worker, and while it does,
nobody in the loop can look. So a thread does. It needs no signals, which a user's own code or its test runner may have
taken.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import PurePath
from time import perf_counter_ns
from types import FrameType

from wavetank.flow.origin import Origin, function_of, origin_of

ALLOWED_NS = 50_000_000
"""A loop that has not come back for so long is looked at, and then again each time that as much has passed."""

_NEVER_SO_DEEP = sys.maxsize


class BlockingWatch:
    """Looks at the stack of the loop's thread while the loop stands still; wakes about 20 times a second.

    The loop calls `back` every now and then, at least several times as often. Where the call ends a standstill in
    which the thread found the user's own code at work, `on_blocked(place, duration_ns)` is called there and then, in
    the loop's thread; of several places it is the one that was found most often.
    """

    def __init__(self, on_blocked: Callable[[str, int], None]) -> None:
        self._on_blocked = on_blocked
        self._back_ns = 0
        self._found: list[tuple[int, str]] = []
        self._loop_thread = 0
        self._outside = _NEVER_SO_DEEP
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, now_ns: int) -> None:
        """Begin to look. To be called in the running loop, before any user runs in it."""
        self._back_ns = now_ns
        self._loop_thread = threading.get_ident()
        asyncio.get_running_loop().call_soon(self._measure_outside)
        self._thread = threading.Thread(target=self._watch, name="wavetank-blocking-watch", daemon=True)
        self._thread.start()

    def back(self, now_ns: int, late_ns: int, waited_ns: int) -> None:
        """The loop has come back at `now_ns`, so much later than it wanted to; `waited_ns`: for want of a core."""
        since_ns, self._back_ns = self._back_ns, now_ns
        if not self._found:
            return
        found, self._found = self._found, []
        # A look that began just before the loop came back may be told only after it.
        places = Counter(place for back_ns, place in found if back_ns == since_ns)
        blocked_ns = late_ns - waited_ns
        # Code that happened to be under way when its core was taken has blocked nobody.
        if places and blocked_ns > late_ns / 2:
            self._on_blocked(places.most_common(1)[0][0], blocked_ns)

    def stop(self) -> None:
        """Look no more. Safe to call twice, and before `start`."""
        thread, self._thread = self._thread, None
        self._ended.set()
        if thread is not None:
            thread.join()

    def _measure_outside(self) -> None:
        """How many frames there are outside of the loop: those of whoever runs it, which may be the user's own, too."""
        self._outside = _depth(sys._getframe().f_back)  # noqa: SLF001  # the only way to a frame

    def _watch(self) -> None:
        wait_ns = ALLOWED_NS
        while not self._ended.wait(wait_ns / 1e9):
            back_ns = self._back_ns
            away_ns = perf_counter_ns() - back_ns
            if away_ns < ALLOWED_NS:
                wait_ns = ALLOWED_NS - away_ns
                continue
            wait_ns = ALLOWED_NS
            place = self._place()
            if place:
                self._found.append((back_ns, place))

    def _place(self) -> str:
        """The innermost place of the user's own code that the loop's thread is in; empty where it is in none."""
        innermost = sys._current_frames().get(self._loop_thread)  # noqa: SLF001  # documented, for such cases
        inside = _depth(innermost) - self._outside
        frame = innermost
        while frame is not None and inside > 0:
            if origin_of(frame.f_code.co_filename) is Origin.OWN:
                file = PurePath(frame.f_code.co_filename).name
                return f"{function_of(frame.f_code)} ({file}:{frame.f_lineno})"
            frame, inside = frame.f_back, inside - 1
        return ""


def _depth(frame: FrameType | None) -> int:
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth
