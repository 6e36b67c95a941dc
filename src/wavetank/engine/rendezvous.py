"""The place where users wait for each other."""

from __future__ import annotations

import asyncio

from wavetank.engine.task import UserTask, parked


class Rendezvous:
    """Opens once every expected user has come, or has ended without coming.

    `expected` counts the arrivals of this worker's share: with several workers, each waits for its own.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expected: int) -> None:
        self._loop = loop
        self._missing = expected
        self._waiting: set[UserTask] = set()

    async def wait(self, task: UserTask) -> None:
        """Wait, as the user driven by `task`, for the others."""
        if self._missing <= 1:
            self.leave()
            return
        self._missing -= 1
        self._waiting.add(task)
        try:
            await parked()
        finally:
            self._waiting.discard(task)

    def leave(self) -> None:
        """One user less to wait for: it came, was skipped, or ended without coming."""
        self._missing -= 1
        if self._missing <= 0:
            self.open()

    def open(self) -> None:
        """Let everybody go on."""
        self._missing = 0
        waiting, self._waiting = self._waiting, set()
        for task in waiting:
            # Not in place: it is a user who opens it, and one task cannot run inside another.
            self._loop.call_soon(task.resume)
