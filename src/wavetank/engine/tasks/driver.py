"""What drives one user's coroutine: the part of its task that runs for every message, and is compiled.

An asyncio task is resumed through the loop's queue: a reply sets a future, the future schedules the task, the loop
gets round to it. A user waits millions of times, mostly for a reply or for a think to end, so that detour is most
of its cost. A driver is resumed in place instead: the coroutine awaits `park()`, and whoever has what it waits for
(the frame callback, a timer) calls `resume`. Anything else that it awaits is an asyncio future and is waited
for the ordinary way, so asyncio's own tools (`timeout`, `sleep`, streams) and libraries built on it work inside.

The duties of a task towards asyncio are those listed under "Extending" in its documentation.
"""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import _enter_task, _leave_task
from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter_ns
from typing import Any, Final, cast, final

from wavetank.engine.tasks.parking import PARKED, PARKING
from wavetank.engine.tasks.wait import Wait

# For authors of tasks; compiled, what is final is not looked up in a map.
_enter: Final = _enter_task
_leave: Final = _leave_task


class Waiter:
    """Somebody who waits. Once it has been woken, to wake it again is without effect.

    No abstract base class: mypyc gives what inherits from one a slot for weak references, and never clears those.
    """

    __slots__ = ()

    def park(self, wait: Wait | None = None) -> Awaitable[None]:
        """To be awaited until it is woken. If that is by an error, whoever raises it, `wait` is told first."""
        raise NotImplementedError

    def resume(self) -> None:
        """Wake it."""
        raise NotImplementedError

    def throw(self, error: BaseException) -> bool:
        """Wake it by raising an error in it. False, without effect, where it does not wait."""
        raise NotImplementedError


def _nobody(driver: Driver) -> None:
    """Has been told already."""


@final
class Driver(Waiter):
    """Drives a coroutine; resumed in place by `resume`, and by asyncio futures like any task.

    `on_done(driver)` is called once, when the coroutine has ended; `exception_raised` then says how. To asyncio, and to
    libraries built on it, the task that runs is what `face(driver)` gives.
    """

    __slots__ = (
        "_cancel_message",
        "_face",
        "_on_done",
        "_parked_for",
        "cancel_requests",
        "context",
        "coroutine",
        "done_callbacks",
        "exception_raised",
        "finished",
        "is_parked",
        "is_running",
        "loop",
        "must_cancel",
        "name",
        "turns",
        "waits_for",
        "woken_at",
    )

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, None],
        loop: asyncio.AbstractEventLoop,
        on_done: Callable[[Driver], object],
        face: Callable[[Driver], object],
        name: str = "user",
    ) -> None:
        self.coroutine = coroutine
        self.loop = loop
        self._on_done = on_done
        self.context = contextvars.copy_context()
        self.waits_for: asyncio.Future[Any] | None = None
        self.is_parked = False
        """Whether the coroutine awaits `park()` right now."""
        self._parked_for: Wait | None = None
        self.must_cancel = False
        self._cancel_message: object = None
        self.cancel_requests = 0
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
        self._face: object = face(self)

    # -- for the engine ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run the coroutine until it first waits. Call it from a loop callback, not from inside a task."""
        self.context.run(self._advance, None)

    def park(self, wait: Wait | None = None) -> Awaitable[None]:
        """See `Waiter`. Only the coroutine that is driven may await it, and at once."""
        self._parked_for = wait
        return PARKING

    def resume(self) -> None:
        """Wake a parked coroutine, in place. Without effect when it is not parked."""
        if self.is_parked:
            self.context.run(self._advance, None)

    def throw(self, error: BaseException) -> bool:
        """Wake a parked coroutine by raising `error` in it. False, without effect, when it is not parked."""
        if not self.is_parked:
            return False
        if self._parked_for is not None:
            self._parked_for.abandon()
        self.context.run(self._advance, error)
        return True

    def cancel(self, msg: object = None) -> bool:
        """Ask the coroutine to end by raising CancelledError in it, as `asyncio.Task.cancel` does."""
        if self.finished:
            return False
        self.cancel_requests += 1
        self._cancel_message = msg
        self._interrupt()
        return True

    def _advance(self, error: BaseException | None) -> None:
        """One step of the coroutine; called in the task's context, where the loop calls `_wake` and `_continue` too."""
        self.is_parked = False
        self._parked_for = self.waits_for = None
        self.turns += 1
        self.is_running = True
        if self.must_cancel:
            self.must_cancel = False
            error = self._cancelled_error()
        face = self._face
        _enter(self.loop, face)  # type: ignore[arg-type]
        try:
            waiting_for = self.coroutine.send(None) if error is None else self.coroutine.throw(error)
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
            _leave(self.loop, face)  # type: ignore[arg-type]

    def _wait(self, waiting_for: object) -> None:
        if waiting_for is PARKED:
            self.is_parked = True
        elif waiting_for is None:  # a bare yield: asyncio.sleep(0)
            self.loop.call_soon(self._continue, context=self.context)
        elif getattr(waiting_for, "_asyncio_future_blocking", None):
            future = cast("asyncio.Future[Any]", waiting_for)
            future._asyncio_future_blocking = False  # noqa: SLF001  # how a task takes a future over
            future.add_done_callback(self._wake, context=self.context)
            self.waits_for = future
        else:
            error = RuntimeError(f"a user awaited {waiting_for!r}, which is no asyncio awaitable")
            self.loop.call_soon(self._advance, error, context=self.context)
            return
        if self.must_cancel:  # asked to cancel itself while it ran
            self.must_cancel = False
            self._interrupt()

    def _continue(self) -> None:
        if not self.finished:
            self.woken_at = perf_counter_ns()
            self._advance(None)

    def _wake(self, future: asyncio.Future[Any]) -> None:
        # The future raises its own exception, or its cancellation, inside the coroutine: send(None) is enough.
        if not self.finished:
            self.woken_at = perf_counter_ns()
            self._advance(None)

    def _finish(self, error: BaseException | None) -> None:
        self.finished = True
        self.exception_raised = error
        # What is told holds this mostly, as the face does: together they would wait for the collector.
        face, self._face = self._face, None
        for callback, context in self.done_callbacks:
            self.loop.call_soon(callback, face, context=context)
        self.done_callbacks.clear()
        on_done, self._on_done = self._on_done, _nobody
        on_done(self)

    def _cancelled_error(self) -> asyncio.CancelledError:
        return (
            asyncio.CancelledError() if self._cancel_message is None else asyncio.CancelledError(self._cancel_message)
        )

    def _interrupt(self) -> None:
        # Not every future says whether it could be cancelled as its type has it: those of uvloop's sockets give None.
        future: Any = self.waits_for
        if future is not None and future.cancel(self._cancel_message):
            return
        if self.is_parked:
            # Not in place: cancel() is often called from inside another task.
            self.loop.call_soon(self._throw_cancelled)
        else:
            self.must_cancel = True

    def _throw_cancelled(self) -> None:
        if self.finished:
            return
        if self.is_parked:
            self.woken_at = perf_counter_ns()  # what ends the wait is not the engine's: a timeout of the scenario's own
            self.throw(self._cancelled_error())
        else:
            self._interrupt()  # it has been resumed since, and waits for something else now
