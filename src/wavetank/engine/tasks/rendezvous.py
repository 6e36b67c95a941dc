"""The place where users wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wavetank.engine.tasks.driver import Waiter


class Rendezvous:
    """Opens once every expected user has come, or has ended without coming."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, expected: int, on_gathered: Callable[[], None] | None = None
    ) -> None:
        """`expected` counts the arrivals of this worker's share.

        With `on_gathered`, which is called once when all of them have come, somebody else calls `open`: when those of
        the other workers have come, too. Without it, it opens by itself.
        """
        self._loop = loop
        self._missing = expected
        self._on_gathered = on_gathered or self.open
        self._has_gathered = self._is_open = False
        self._waiting: set[Waiter] = set()

    def begin(self) -> None:
        """To be called when the run begins: a worker may have nobody to wait for."""
        self._count()

    async def wait(self, waiter: Waiter) -> None:
        """Wait, as the one that `waiter_for` has just given, for the others."""
        self.leave()
        if self._is_open:
            return
        self._waiting.add(waiter)
        try:
            await waiter.park()
        finally:
            self._waiting.discard(waiter)

    def leave(self) -> None:
        """One user less to wait for: it came, was skipped, or ended without coming."""
        self._missing -= 1
        self._count()

    def open(self) -> None:
        """Let everybody go on."""
        self._is_open = True
        waiting, self._waiting = self._waiting, set()
        for waiter in waiting:
            # Not in place: it is a user who opens it, and one task cannot run inside another.
            self._loop.call_soon(waiter.resume)

    def _count(self) -> None:
        if self._missing <= 0 and not self._has_gathered:
            self._has_gathered = True
            self._on_gathered()
