"""Asyncio tasks that wait beside their user: woken once, and what they waited for is told where that is by an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from wavetank.engine.clock.timers import Call
from wavetank.engine.tasks.waiting import FutureWaiter
from wavetank.engine.worker.loop import new_event_loop


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(), 10)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


def parked() -> tuple[FutureWaiter, Call, asyncio.Task[None]]:
    """A task that waits for a timer, which is abandoned when it is no longer set."""
    waiter = FutureWaiter(asyncio.get_running_loop())
    timer = Call(0, lambda: None)

    async def wait() -> None:
        await waiter.park(timer)

    return waiter, timer, asyncio.create_task(wait())


def test_a_task_that_is_resumed_has_not_abandoned_what_it_waited_for() -> None:
    async def test() -> None:
        waiter, timer, task = parked()
        await asyncio.sleep(0)
        waiter.resume()
        waiter.resume()  # without effect
        await task
        assert timer.is_set

    run(test)


def test_an_error_is_raised_in_a_task_and_what_it_waited_for_is_told_at_once() -> None:
    async def test() -> None:
        waiter, timer, task = parked()
        await asyncio.sleep(0)
        assert waiter.throw(ConnectionError("gone"))
        assert not timer.is_set
        assert not waiter.throw(ConnectionError("again"))
        waiter.resume()  # without effect
        with pytest.raises(ConnectionError, match="gone"):
            await task

    run(test)


def test_a_task_that_is_cancelled_abandons_what_it_waited_for() -> None:
    async def test() -> None:
        waiter, timer, task = parked()
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not timer.is_set
        waiter.resume()  # too late

    run(test)


def test_a_task_that_is_cancelled_when_it_had_been_resumed_already_abandons_nothing() -> None:
    # What it waited for has an end of its own by then, and may be waited for by another one.
    async def test() -> None:
        waiter, timer, task = parked()
        await asyncio.sleep(0)
        waiter.resume()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert timer.is_set

    run(test)
