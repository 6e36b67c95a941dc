"""Who waits: the user itself, or an asyncio task that its scenario has started.

A user's own coroutine is parked and resumed in place. A scenario may have asyncio tasks beside it (`asyncio.gather`,
a `TaskGroup`), which an ordinary future has to wake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from wavetank.engine.tasks.driver import Driver, Waiter
from wavetank.engine.tasks.wait import Wait


class FutureWaiter(Waiter):
    """An asyncio task that waits for a future."""

    __slots__ = ("_future", "_wait")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()
        self._wait: Wait | None = None

    def park(self, wait: Wait | None = None) -> Awaitable[None]:
        """See `Waiter`."""
        self._wait = wait
        return self._parked()

    def resume(self) -> None:
        """See `Waiter`."""
        if not self._future.done():
            self._wait = None
            self._future.set_result(None)

    def throw(self, error: BaseException) -> bool:
        """See `Waiter`."""
        if self._future.done():
            return False
        self._abandon()
        self._future.set_exception(error)
        return True

    async def _parked(self) -> None:
        try:
            await self._future
        except BaseException:
            self._abandon()  # where the task has been cancelled
            raise

    def _abandon(self) -> None:
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.abandon()


def waiter_for(task: Driver) -> Waiter:
    """The one that runs right now, on behalf of the user of `task`: the user itself, or a task that it started."""
    return task if task.is_running else FutureWaiter(asyncio.get_running_loop())
