"""The task of one user, with the face of `asyncio.Task` that libraries look at.

Not among the modules that are compiled: libraries keep weak references to tasks, for which a compiled object has no
place. What runs for every message is in its `Driver`, which is compiled.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from wavetank.engine.driver import Driver


class UserTask(Driver):
    """A driver that asyncio and the libraries built on it take for a task."""

    __slots__ = ("__weakref__",)

    def cancelling(self) -> int:
        """How many cancellations are asked for and not taken back."""
        return self._cancel_requests

    def uncancel(self) -> int:
        """Take one cancellation back (`asyncio.timeout` does so when it was the one who asked)."""
        if self._cancel_requests > 0:
            self._cancel_requests -= 1
        return self._cancel_requests

    def done(self) -> bool:
        """Whether the coroutine has ended."""
        return self.finished

    def cancelled(self) -> bool:
        """Whether the coroutine ended by being cancelled."""
        return self.finished and isinstance(self.exception_raised, asyncio.CancelledError)

    def exception(self) -> BaseException | None:
        """What the coroutine raised, if anything. Raises InvalidStateError while it runs."""
        if not self.finished:
            raise asyncio.InvalidStateError("the user has not ended")
        return self.exception_raised

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that drives the task."""
        return self._loop

    def get_coro(self) -> Coroutine[Any, Any, None]:
        """The coroutine."""
        return self._coroutine

    def get_context(self) -> contextvars.Context:
        """The context that the coroutine runs in: context variables set by one user stay its own."""
        return self._context

    def get_name(self) -> str:
        """The name of the task, for messages."""
        return self.name

    def set_name(self, value: object) -> None:
        """Rename the task."""
        self.name = str(value)

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: contextvars.Context | None = None) -> None:
        """Have `fn(task)` called soon after the end."""
        if self.finished:
            self._loop.call_soon(fn, self, context=context)
        else:
            self.done_callbacks.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object], /) -> int:
        """Take callbacks back; gives how many there were."""
        kept = [(callback, context) for callback, context in self.done_callbacks if callback != fn]
        removed = len(self.done_callbacks) - len(kept)
        self.done_callbacks[:] = kept
        return removed
