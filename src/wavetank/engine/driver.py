"""What drives one user's coroutine: the part of its task that runs for every message, and is compiled.

An asyncio task is resumed through the loop's queue: a reply sets a future, the future schedules the task, the loop
gets round to it. A user waits millions of times, mostly for a reply or for a think to end, so that detour is most
of its cost. A driver is resumed in place instead: the coroutine awaits `parked()`, and whoever has what it waits
for (the frame callback, a timer) calls `resume`. Anything else that it awaits is an asyncio future and is waited
for the ordinary way, so asyncio's own tools (`timeout`, `sleep`, streams) and libraries built on it work inside.

The duties of a task towards asyncio are those listed under "Extending" in its documentation.
"""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import _enter_task, _leave_task
from collections.abc import Callable, Coroutine
from time import perf_counter_ns
from typing import Any, cast

from mypy_extensions import mypyc_attr

from wavetank.engine.parking import PARKED


@mypyc_attr(allow_interpreted_subclasses=True)
class Waiter:
    """Somebody who waits. Both calls are without effect once it has been woken.

    No abstract base class: mypyc gives what inherits from one a slot for weak references, and never clears those.
    """

    __slots__ = ()

    def resume(self, value: object = None) -> None:
        """Wake it with a value."""
        raise NotImplementedError

    def throw(self, error: BaseException) -> bool:
        """Wake it by raising an error in it. False, without effect, where it does not wait."""
        raise NotImplementedError


def _nobody(driver: Driver) -> None:
    """Has been told already."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Driver(Waiter):
    """Drives a coroutine; resumed in place by `resume`, and by asyncio futures like any task.

    `on_done(driver)` is called once, when the coroutine has ended; `exception_raised` then says how.
    """

    __slots__ = (
        "_cancel_message",
        "_cancel_requests",
        "_context",
        "_coroutine",
        "_fut_waiter",
        "_is_parked",
        "_loop",
        "_must_cancel",
        "_on_done",
        "done_callbacks",
        "exception_raised",
        "finished",
        "is_running",
        "name",
        "turns",
        "woken_at",
    )

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, None],
        loop: asyncio.AbstractEventLoop,
        on_done: Callable[[Any], None],
        name: str = "user",
    ) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._fut_waiter: asyncio.Future[Any] | None = None  # asyncio's own name: anyio reads it
        self._is_parked = False
        self._must_cancel = False
        self._cancel_message: object = None
        self._cancel_requests = 0
        self.done_callbacks: list[tuple[Callable[[Any], object], contextvars.Context | None]] = []
        self.exception_raised: BaseException | None = None
        self.finished = False
        self.is_running = False
        """Whether it is the one that runs right now, and not a task that its coroutine has started."""
        self.name = name
        self.turns = 0
        """How often it has been resumed."""
        self.woken_at = 0
        """When it last stopped waiting for something that is not the engine's (`time.perf_counter_ns`)."""

    # -- for the engine ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run the coroutine until it first waits. Call it from a loop callback, not from inside a task."""
        self._context.run(self._advance, None, None)

    def resume(self, value: object = None) -> None:
        """Wake a parked coroutine with `value`, in place. Without effect when it is not parked."""
        if self._is_parked:
            self._context.run(self._advance, value, None)

    def throw(self, error: BaseException) -> bool:
        """Wake a parked coroutine by raising `error` in it. False, without effect, when it is not parked."""
        if not self._is_parked:
            return False
        self._context.run(self._advance, None, error)
        return True

    def cancel(self, msg: object = None) -> bool:
        """Ask the coroutine to end by raising CancelledError in it, as `asyncio.Task.cancel` does."""
        if self.finished:
            return False
        self._cancel_requests += 1
        self._cancel_message = msg
        self._interrupt()
        return True

    @property
    def is_parked(self) -> bool:
        """Whether the coroutine awaits `parked()` right now."""
        return self._is_parked

    def _advance(self, value: object, error: BaseException | None) -> None:
        """One step of the coroutine; called in the task's context, where the loop calls `_wake` and `_continue` too."""
        self._is_parked = False
        self._fut_waiter = None
        self.turns += 1
        self.is_running = True
        if self._must_cancel:
            self._must_cancel = False
            error = self._cancelled_error()
        _enter_task(self._loop, self)  # type: ignore[arg-type]  # for task authors
        try:
            waiting_for = self._coroutine.send(value) if error is None else self._coroutine.throw(error)
        except StopIteration:
            self._finish(None)
        except (KeyboardInterrupt, SystemExit) as ending:
            self._finish(ending)
            raise
        except BaseException as failure:  # whatever a user's own code raises ends that user, never the run
            self._finish(failure)
        else:
            self._wait(waiting_for)
        finally:
            self.is_running = False
            _leave_task(self._loop, self)  # type: ignore[arg-type]  # for task authors

    def _wait(self, waiting_for: object) -> None:
        if waiting_for is PARKED:
            self._is_parked = True
        elif waiting_for is None:  # a bare yield: asyncio.sleep(0)
            self._loop.call_soon(self._continue, context=self._context)
        elif getattr(waiting_for, "_asyncio_future_blocking", None):
            future = cast("asyncio.Future[Any]", waiting_for)
            future._asyncio_future_blocking = False  # noqa: SLF001  # how a task takes a future over
            future.add_done_callback(self._wake, context=self._context)
            self._fut_waiter = future
        else:
            error = RuntimeError(f"a user awaited {waiting_for!r}, which is no asyncio awaitable")
            self._loop.call_soon(self._advance, None, error, context=self._context)
            return
        if self._must_cancel:  # asked to cancel itself while it ran
            self._must_cancel = False
            self._interrupt()

    def _continue(self) -> None:
        if not self.finished:
            self.woken_at = perf_counter_ns()
            self._advance(None, None)

    def _wake(self, future: asyncio.Future[Any]) -> None:
        # The future raises its own exception, or its cancellation, inside the coroutine: send(None) is enough.
        if not self.finished:
            self.woken_at = perf_counter_ns()
            self._advance(None, None)

    def _finish(self, error: BaseException | None) -> None:
        self.finished = True
        self.exception_raised = error
        for callback, context in self.done_callbacks:
            self._loop.call_soon(callback, self, context=context)
        self.done_callbacks.clear()
        # Whoever is told mostly holds the user, who holds this task: together they would wait for the collector.
        on_done, self._on_done = self._on_done, _nobody
        on_done(self)

    def _cancelled_error(self) -> asyncio.CancelledError:
        return (
            asyncio.CancelledError() if self._cancel_message is None else asyncio.CancelledError(self._cancel_message)
        )

    def _interrupt(self) -> None:
        if self._fut_waiter is not None and self._fut_waiter.cancel(self._cancel_message):
            return
        if self._is_parked:
            # Not in place: cancel() is often called from inside another task.
            self._loop.call_soon(self.throw, self._cancelled_error())
        else:
            self._must_cancel = True
