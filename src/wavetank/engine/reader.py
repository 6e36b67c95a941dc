"""The one who waits for what a connection brings, and for how long."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter_ns

from wavetank.engine.driver import Waiter
from wavetank.engine.owner import Owner
from wavetank.engine.timers import Timer, Timers
from wavetank.engine.waiting import waiter_for, woken
from wavetank.errors import UserFailure


class Reader:
    """One waits at a time. It is woken by `wake` or `fail`, or by the end of its time."""

    __slots__ = ("_deadline", "_owner", "_timer", "_timers", "_waiter")

    def __init__(self, owner: Owner, timers: Timers) -> None:
        self._owner = owner
        self._timers = timers
        self._waiter: Waiter | None = None
        self._deadline = 0
        self._timer: Timer | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody waits."""
        return self._waiter is not None

    def begin(self, timeout_ns: int, label: str) -> Awaitable[int | None]:
        """To be awaited at once: gives what `wake` is called with, None when the time is over; `end` comes afterwards.

        Raises UserFailure(`two_readers`) where a task of the user's waits already, and what `fail` is called with.
        """
        if self._waiter is not None:
            raise UserFailure("two_readers", f"{label} waits for a message, and another task of the user does already")
        waiter = self._waiter = waiter_for(self._owner.task)
        due_ns = self._deadline = perf_counter_ns() + timeout_ns
        # One timer serves all waits of a connection: most end long before it is due, and when it fires it moves on to
        # the deadline of the wait that is then under way. It shares its wake-up with others: a thousand of 10,000 users
        # meet with such an instant in every second.
        if self._timer is None or self._timer.due_ns > due_ns:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._timers.at(self._timers.on_grid(due_ns, timeout_ns), self._expire)
        return woken(waiter)

    def end(self) -> None:
        """The one who began waits no more, however that came."""
        self._deadline = 0
        self._waiter = None

    def wake(self, value: int | None) -> None:
        """Let the one who waits go on. Without effect where nobody waits."""
        if self._waiter is not None:
            self._waiter.resume(value)

    def fail(self, failure: UserFailure) -> None:
        """Raise a failure in the one who waits. Without effect where nobody waits."""
        if self._waiter is not None:
            self._waiter.throw(failure)

    def rest(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self._timer = None
        if not self._deadline:
            return
        left_ns = self._deadline - perf_counter_ns()
        if left_ns <= 0:
            self.wake(None)
        else:
            self._timer = self._timers.at(self._timers.on_grid(self._deadline, left_ns), self._expire)
