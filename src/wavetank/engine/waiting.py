"""Who waits for what a connection brings: the user itself, or an asyncio task that its scenario has started.

A user's own coroutine is parked and resumed in place. A scenario may have asyncio tasks beside it (`asyncio.gather`,
a `TaskGroup`), which an ordinary future has to wake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from wavetank.engine.driver import Driver, Waiter
from wavetank.engine.parking import parked


class FutureWaiter(Waiter):
    """An asyncio task that waits for `future`."""

    __slots__ = ("future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Any] = loop.create_future()

    def resume(self, value: object = None) -> None:
        """See `Waiter`."""
        if not self.future.done():
            self.future.set_result(value)

    def throw(self, error: BaseException) -> bool:
        """See `Waiter`."""
        if self.future.done():
            return False
        self.future.set_exception(error)
        return True


def waiter_for(task: Driver) -> Waiter:
    """The one that runs right now, on behalf of the user of `task`: the user itself, or a task that it started."""
    return task if task.is_running else FutureWaiter(asyncio.get_running_loop())


def woken(waiter: Waiter) -> Awaitable[Any]:
    """To be awaited, by the one that `waiter_for` has just given, until it is woken; gives the value of `resume`."""
    return waiter.future if isinstance(waiter, FutureWaiter) else parked()
