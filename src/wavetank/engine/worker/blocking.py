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
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import PurePath
from time import perf_counter_ns

from wavetank.engine.worker.stack import DEEPEST, Place, StackReader
from wavetank.flow.origin import Origin, origin_of

ALLOWED_NS = 50_000_000
"""A loop that has not come back for so long is looked at, and then again each time that as much has passed."""


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
        self._outside = DEEPEST  # until it is known: nothing is inside
        self._stacks: StackReader | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, now_ns: int) -> None:
        """Begin to look. To be called in the running loop, before any user runs in it."""
        with suppress(OSError):  # no file to be had: the run is worth more than the name of what blocks it
            self._stacks = StackReader()
        if self._stacks is None:
            return
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
        if self._stacks is not None:
            self._stacks.close()
            self._stacks = None

    def _measure_outside(self) -> None:
        """How many frames there are outside of the loop: those of whoever runs it, which may be the user's own, too."""
        depth, frame = 0, sys._getframe().f_back  # noqa: SLF001  # the only way to a frame
        while frame is not None:
            depth, frame = depth + 1, frame.f_back
        self._outside = depth

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
        assert self._stacks is not None
        stack = self._stacks.read(self._loop_thread)
        # Of a stack deeper than can be read, the end that is missing is the one outside of the loop.
        inside = stack if len(stack) == DEEPEST else stack[: max(0, len(stack) - self._outside)]
        return own_place(inside)


def own_place(stack: Sequence[Place]) -> str:
    """The innermost place in the user's own code, `wait() (scenario.py:4)`; empty where there is none.

    What has no name of its own, such as a comprehension, is called after the function around it.
    """
    own = [place for place in stack if origin_of(place.file) is Origin.OWN]
    if not own:
        return ""
    innermost = own[0]
    names = [place.function for place in own if place.file == innermost.file]
    name = next((name for name in names if not name.startswith("<")), names[0])
    called = name if name.startswith("<") else f"{name}()"
    return f"{called} ({PurePath(innermost.file).name}:{innermost.line})"
