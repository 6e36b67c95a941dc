"""The task of one user, as asyncio and the libraries built on it see it.

Not among the modules that are compiled: libraries keep weak references to tasks, for which a compiled object has no
place. What runs for every message is in the `Driver`, which is compiled.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from wavetank.engine.tasks.driver import Driver


class UserTask:
    """The face of a driver: what there is of `asyncio.Task`."""

    __slots__ = ("__weakref__", "_driver")

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def cancel(self, msg: object = None) -> bool:
        """Ask the coroutine to end by raising CancelledError in it."""
        return self._driver.cancel(msg)

    def cancelling(self) -> int:
        """How many cancellations are asked for and not taken back."""
        return self._driver.cancel_requests

    def uncancel(self) -> int:
        """Take one cancellation back (`asyncio.timeout` does so when it was the one who asked)."""
        if self._driver.cancel_requests > 0:
            self._driver.cancel_requests -= 1
        return self._driver.cancel_requests

    def done(self) -> bool:
        """Whether the coroutine has ended."""
        return self._driver.finished

    def cancelled(self) -> bool:
        """Whether the coroutine ended by being cancelled."""
        return self._driver.finished and isinstance(self._driver.exception_raised, asyncio.CancelledError)

    def exception(self) -> BaseException | None:
        """What the coroutine raised, if anything. Raises InvalidStateError while it runs."""
        if not self._driver.finished:
            raise asyncio.InvalidStateError("the user has not ended")
        return self._driver.exception_raised

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that drives the task."""
        return self._driver.loop

    def get_coro(self) -> Coroutine[Any, Any, None]:
        """The coroutine."""
        return self._driver.coroutine

    def get_context(self) -> contextvars.Context:
        """The context that the coroutine runs in: context variables set by one user stay its own."""
        return self._driver.context

    def get_name(self) -> str:
        """The name of the task, for messages."""
        return self._driver.name

    def set_name(self, value: object) -> None:
        """Rename the task."""
        self._driver.name = str(value)

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: contextvars.Context | None = None) -> None:
        """Have `fn(task)` called soon after the end."""
        if self._driver.finished:
            self._driver.loop.call_soon(fn, self, context=context)
        else:
            self._driver.done_callbacks.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object], /) -> int:
        """Take callbacks back; gives how many there were."""
        callbacks = self._driver.done_callbacks
        kept = [(callback, context) for callback, context in callbacks if callback != fn]
        removed = len(callbacks) - len(kept)
        callbacks[:] = kept
        return removed

    # -- what anyio looks at, by asyncio's own names ---------------------------------------------------------------

    @property
    def _fut_waiter(self) -> asyncio.Future[Any] | None:
        return self._driver.waits_for

    @property
    def _must_cancel(self) -> bool:
        return self._driver.must_cancel
