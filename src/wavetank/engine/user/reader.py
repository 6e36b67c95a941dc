"""What a user waits for on a connection, and for how long."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter_ns

from wavetank.engine.clock.timers import Timer, Timers
from wavetank.engine.tasks.driver import Waiter
from wavetank.engine.tasks.wait import Wait
from wavetank.engine.tasks.waiting import waiter_for
from wavetank.engine.user.owner import Owner
from wavetank.engine.user.pushes import Subscriber
from wavetank.errors import UserFailure
from wavetank.flow.contract import PhasesOver
from wavetank.flow.expectation import Expected, Message
from wavetank.metrics.recorder import Recorder, Series


class Reader(Wait):
    """One thing is waited for at a time: a message or a pong, which may be the reply to what was sent.

    A reply is measured when it comes, before the one who waits for it goes on.
    """

    __slots__ = (
        "_asked_at",
        "_counts",
        "_deadline",
        "_expectation",
        "_label",
        "_owner",
        "_planned_at",
        "_pong",
        "_pushes",
        "_sent_at",
        "_series",
        "_timeout_ns",
        "_timer",
        "_timers",
        "_traffic",
        "_waiter",
        "listens",
        "received_at",
    )

    def __init__(self, owner: Owner, recorder: Recorder, timers: Timers, pushes: Subscriber | None) -> None:
        """`pushes` learns the server's clock from replies."""
        self._owner = owner
        self._counts = recorder.counts
        self._traffic = recorder.traffic
        self._timers = timers
        self._pushes = pushes
        self._waiter: Waiter | None = None
        self._expectation: Expected | None = None
        self._pong: bytes | None = None
        self._series: Series | None = None  # what a reply counts for
        self._asked_at = 0  # when the request was sent that is waited for, where its reply may tell the server's time
        self._planned_at = 0
        self._sent_at = 0
        self._label = ""
        self._timeout_ns = 0
        self._deadline = 0
        self._timer: Timer | None = None
        self.listens = False
        """Whether the wait under way is one for whatever comes, until the phases are over."""
        self.received_at = 0
        """When that came which the last wait was for (ns)."""

    @property
    def waits(self) -> bool:
        """Whether somebody waits."""
        return self._waiter is not None

    # -- waiting: to be awaited at once. Raises UserFailure(`two_readers`) where a task of the user's waits already ----

    def reply(self, expectation: Expected, series: Series, planned_at: int, sent_at: int) -> Awaitable[None]:
        """Wait for the reply to a message that was planned for an instant, and has just been sent.

        Raises UserFailure: `reply_timeout`, or what `fail` is called with.
        """
        waiting = self._begin(sent_at, expectation.timeout_ns, expectation.label)
        self._expectation = expectation
        self._measure(series, planned_at, sent_at)
        self._asked_at = sent_at
        return waiting

    def later_reply(self, expectation: Expected, series: Series, planned_at: int, sent_at: int) -> Awaitable[None]:
        """Like `reply`, to a message that was sent a while ago: its time to come begins now."""
        waiting = self._begin(perf_counter_ns(), expectation.timeout_ns, expectation.label)
        self._expectation = expectation
        self._measure(series, planned_at, sent_at)
        return waiting

    def pong(
        self, payload: bytes, series: Series, planned_at: int, sent_at: int, timeout_ns: int, label: str
    ) -> Awaitable[None]:
        """Wait for the pong to a ping, like `reply`."""
        waiting = self._begin(sent_at, timeout_ns, label)
        self._pong = payload
        self._measure(series, planned_at, sent_at)
        return waiting

    def message(self, expectation: Expected) -> Awaitable[None]:
        """Wait for a message, like `reply`; when it came is in `received_at` then."""
        waiting = self._begin(perf_counter_ns(), expectation.timeout_ns, expectation.label)
        self._expectation = expectation
        return waiting

    def listen(self, expectation: Expected, until_ns: int) -> Awaitable[None]:
        """Like `message`, but until an instant, and then it raises PhasesOver."""
        now = perf_counter_ns()
        waiting = self._begin(now, max(0, until_ns - now), expectation.label)
        self._expectation = expectation
        self.listens = True
        return waiting

    # -- what comes ----------------------------------------------------------------------------------------------

    def receive(self, message: Message, received_at: int) -> bool:
        """Whether it is the message that is waited for: the one who waits goes on then, or fails if nobody can tell."""
        expectation = self._expectation
        if expectation is None:
            return False
        try:
            if not expectation.accepts(message, self._owner):
                return False
        except UserFailure as failure:
            self.fail(failure)
            return True
        except Exception as error:  # whatever a JSONPath makes of a strange message must not reach the loop
            reason = f"{expectation.label} could not look into a message: {type(error).__name__}: {error}"
            self.fail(UserFailure("match_failed", reason))
            return True
        if self._pushes is not None and self._asked_at:
            self._pushes.compare_clocks(message, self._asked_at, received_at)
        self._wake(received_at)
        return True

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        """It may be the one that is waited for, or one that nobody asked for, which RFC 6455 allows."""
        if payload == self._pong:
            self._wake(received_at)

    def fail(self, error: BaseException) -> None:
        """Raise it in the one who waits. Without effect where nobody waits."""
        if self._waiter is not None:
            self._waiter.throw(error)

    def abandon(self) -> None:
        """See `Wait`."""
        if self._series is not None:
            self._counts["websocket.replies_lost"] += 1
        self._end()

    def rest(self) -> None:
        """Nobody will wait any more."""
        if self._timer is not None:
            self._timer.cancel()

    # -- within --------------------------------------------------------------------------------------------------

    def _begin(self, now: int, timeout_ns: int, label: str) -> Awaitable[None]:
        if self._waiter is not None:
            raise UserFailure("two_readers", f"{label} waits for a message, and another task of the user does already")
        waiter = self._waiter = waiter_for(self._owner.task)
        self._label = label
        self._timeout_ns = timeout_ns
        due_ns = self._deadline = now + timeout_ns
        # One timer serves all waits of a connection: most end long before it is due, and when it fires it moves on to
        # the deadline of the wait that is then under way. It shares its wake-up with others: a thousand of 10,000 users
        # meet with such an instant in every second.
        if self._timer is None or self._timer.due_ns > due_ns:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._timers.at(self._timers.on_grid(due_ns, timeout_ns), self._expire)
        return waiter.park(self)

    def _measure(self, series: Series, planned_at: int, sent_at: int) -> None:
        self._series = series
        self._planned_at = planned_at
        self._sent_at = sent_at
        self._traffic.requests += 1

    def _wake(self, received_at: int) -> None:
        waiter = self._waiter
        assert waiter is not None
        self.received_at = received_at
        series = self._series
        if series is not None:
            series.replied(self._planned_at, self._sent_at, received_at)
            self._owner.planned_at = received_at
        self._end()
        waiter.resume()

    def _end(self) -> None:
        self._waiter = self._expectation = self._pong = self._series = None
        self._asked_at = 0
        self.listens = False

    def _expire(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        left_ns = self._deadline - perf_counter_ns()
        if left_ns > 0:
            self._timer = self._timers.at(self._timers.on_grid(self._deadline, left_ns), self._expire)
        elif self.listens:
            self.fail(PhasesOver())
        else:
            self._counts["websocket.reply_timeouts"] += 1
            reason = f"{self._label} got no reply within {self._timeout_ns / 1e9:g} s"
            self.fail(UserFailure("reply_timeout", reason))
