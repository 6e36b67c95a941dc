"""The open connection of a user: which message answers which send, and what was measured of it."""

from __future__ import annotations

import random
from collections import deque
from time import perf_counter_ns
from typing import Protocol

from wavetank.engine.connection import Closed, Connection
from wavetank.engine.pipeline import Pipeline
from wavetank.engine.services import Services
from wavetank.engine.task import UserTask, parked
from wavetank.engine.timers import Timer
from wavetank.errors import UserFailure
from wavetank.flow.correlation import Correlator
from wavetank.flow.expectation import Expectation
from wavetank.metrics.recorder import Series

_INBOX = 256
PARTING = "disconnect"
"""A message of this name says that the server's close is expected."""


class Owner(Protocol):
    """The user whose connection it is."""

    index: int
    vars: dict[str, object]
    planned_at: int
    task: UserTask

    def random(self) -> random.Random:
        """The user's own random numbers."""

    def interrupt(self, failure: UserFailure) -> None:
        """The connection was lost while no reply was waited for."""


class Socket:
    """What a user does with one connection. One request is under way at a time.

    `response_time` counts from the instant at which the send was planned, `service_time` from the send itself
    (DESIGN.md, 4).
    """

    __slots__ = (
        "_asked_at",
        "_connection",
        "_counts",
        "_deadline",
        "_expectation",
        "_inbox",
        "_lost",
        "_parting",
        "_pipeline",
        "_pong",
        "_pushes",
        "_services",
        "_timer",
        "_unanswered",
        "_user",
        "_waits_for_close",
    )

    def __init__(self, user: Owner, connection: Connection, services: Services) -> None:
        self._user = user
        self._connection = connection
        self._services = services
        self._counts = services.recorder.counts
        self._expectation: Expectation | None = None
        self._pong: bytes | None = None
        self._waits_for_close = False
        self._deadline = 0
        self._timer: Timer | None = None
        self._lost: Closed | None = None
        self._parting = False
        self._pipeline: Pipeline | None = None
        self._unanswered: tuple[int, int] | None = None  # planned and sent instants of the last send without reply
        self._inbox: deque[tuple[str | bytes, int]] | None = deque() if services.keep_pushes else None
        self._pushes = services.pushes.subscriber() if services.pushes is not None else None
        self._asked_at = 0  # when the request under way was sent, where its reply may tell the server's time
        services.connections.opened()
        connection.attach(self)

    # -- what steps do -------------------------------------------------------------------------------------------

    def transmit(self, data: bytes, *, text: bool, series: Series) -> None:
        """Send a message that expects no reply, or one that a later `wait` takes."""
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        self._unanswered = (planned_at, sent_at)
        self._user.planned_at = sent_at

    async def request(self, data: bytes, *, text: bool, series: Series, expectation: Expectation) -> None:
        """Send a message and wait for its reply.

        Raises UserFailure: `reply_timeout`, `closed_by_server`, `connection_lost`, or what the server did wrong.
        """
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        self._unanswered = None
        if self._pushes is not None:
            self._asked_at = sent_at
        await self._reply(series, expectation, planned_at, sent_at)

    def dispatch(self, data: bytes, *, text: bool, series: Series, correlator: Correlator) -> None:
        """Send a message whose reply is known by a key, whenever it comes. Raises UserFailure where it has no key."""
        key = correlator.of_sent(data)
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        if self._pipeline is None:
            self._pipeline = Pipeline(self._services.recorder, self._services.timers, self._pushes)
        self._pipeline.begin(
            correlator, key, series, planned_at=planned_at, sent_at=sent_at, timeout_ns=correlator.timeout_ns
        )
        self._user.planned_at = sent_at

    async def settle(self) -> None:
        """Wait until every dispatched request is answered, or has timed out, or is lost with the connection."""
        pipeline = self._pipeline
        if pipeline is not None and pipeline.under_way:
            pipeline.call_when_settled(self._user.task.resume)
            try:
                await parked()
            finally:
                pipeline.forget_callback()
        self._user.planned_at = perf_counter_ns()

    @property
    def missing(self) -> int:
        """How many dispatched requests have ended without a reply."""
        return 0 if self._pipeline is None else self._pipeline.missing

    @property
    def dispatched(self) -> int:
        """How many requests have been dispatched."""
        return 0 if self._pipeline is None else self._pipeline.begun

    async def expect(self, series: Series, expectation: Expectation) -> None:
        """Wait for a message. Timed from the last send that nothing has answered yet, else from now."""
        self._refuse_if_lost(keep_inbox=True)
        now = perf_counter_ns()
        planned_at, sent_at = self._unanswered or (self._user.planned_at, now)
        self._unanswered = None
        self._asked_at = 0
        received_at = self._from_inbox(expectation)
        if received_at is None:
            self._refuse_if_lost()
            await self._reply(series, expectation, planned_at, sent_at)
        else:
            self._counts["websocket.requests"] += 1
            self._record(series, planned_at, sent_at, received_at)
            self._user.planned_at = now  # the reply came before the step began: the step ended as it began

    async def ping(self, series: Series, timeout_ns: int, label: str) -> None:
        """Send a ping control frame and wait for its pong."""
        self._refuse_if_lost()
        planned_at = self._user.planned_at
        payload = self._user.index.to_bytes(8, "big")
        sent_at = perf_counter_ns()
        self._connection.send_ping(payload)
        series.first_sent_ns = series.first_sent_ns or sent_at
        self._pong = payload
        self._counts["websocket.requests"] += 1
        try:
            received_at = await self._wait(timeout_ns, label)
        except BaseException:
            self._counts["websocket.replies_lost"] += 1
            raise
        finally:
            self._pong = None
        self._record(series, planned_at, sent_at, received_at)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close, and wait for the server's answer; the connection's close timeout bounds the wait."""
        self._parting = True
        if self._lost is None:
            self._connection.close(code, reason)
            self._waits_for_close = True
            try:
                await parked()
            finally:
                self._waits_for_close = False
        self._user.planned_at = perf_counter_ns()

    def part(self) -> None:
        """Begin to close without waiting: the user has ended."""
        self._parting = True
        self._drop_inbox()
        if self._timer is not None:
            self._timer.cancel()
        if self._lost is None:
            self._connection.close()

    def abort(self) -> None:
        """Close the socket at once: the run has ended."""
        self._parting = True
        self._connection.abort()

    # -- what the connection calls -------------------------------------------------------------------------------

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        """A message came: it is the reply waited for, or a push."""
        counts = self._counts
        counts["websocket.messages_received"] += 1
        counts["websocket.bytes_received"] += size
        if self._pushes is not None:
            self._pushes.receive(message, received_at)
        expectation = self._expectation
        if expectation is not None:
            try:
                is_reply = expectation.accepts(message, self._user.vars, self._user.random)
            except UserFailure as failure:
                self._user.task.throw(failure)
                return
            except Exception as error:  # whatever a JSONPath makes of a strange message must not reach the loop
                reason = f"{expectation.label} could not look into a message: {type(error).__name__}: {error}"
                self._user.task.throw(UserFailure("match_failed", reason))
                return
            if is_reply:
                self._expectation = None
                if self._pushes is not None and self._asked_at:
                    self._pushes.compare_clocks(message, self._asked_at, received_at)
                self._user.task.resume(received_at)
                return
        if self._pipeline is not None and self._pipeline.receive(message, received_at):
            return
        inbox = self._inbox
        if inbox is None or self._parting:
            counts["websocket.pushes"] += 1
            return
        inbox.append((message, received_at))
        if len(inbox) > _INBOX:
            inbox.popleft()
            counts["websocket.pushes"] += 1

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        """A pong came: the one waited for, or one that nobody asked for, which RFC 6455 allows."""
        if self._pong is not None and payload == self._pong:
            self._pong = None
            self._user.task.resume(received_at)

    def lose(self, closed: Closed, received_at: int) -> None:
        """The connection takes no more messages."""
        self._lost = closed
        lifetime_ns = received_at - self._connection.opened_at
        self._services.recorder.closed(closed.code, closed.reason, lifetime_ns, expected=not self._is_needed())
        if self._pipeline is not None:
            self._pipeline.lose()
        if self._waits_for_close:
            self._user.task.resume(received_at)
        elif self._expectation is not None or self._pong is not None:
            self._user.task.throw(closed.as_failure())
        elif not self._parting:
            self._user.interrupt(closed.as_failure())

    def gone(self) -> None:
        """The socket is closed."""
        self._services.connections.closed()

    # -- within --------------------------------------------------------------------------------------------------

    def _is_needed(self) -> bool:
        """Whether the user counts on the connection: it waits for something, or has not begun to leave."""
        if self._waits_for_close:
            return False
        waiting = self._expectation is not None or self._pong is not None
        return waiting or not self._parting or (self._pipeline is not None and self._pipeline.under_way > 0)

    def _send(self, data: bytes, text: bool, series: Series) -> int:
        self._refuse_if_lost()
        sent_at = perf_counter_ns()
        self._connection.send(data, text=text)
        counts = self._counts
        counts["websocket.messages_sent"] += 1
        counts["websocket.bytes_sent"] += len(data)
        series.sent += 1
        if not series.first_sent_ns:
            series.first_sent_ns = sent_at
        if series.name == PARTING:
            self._parting = True
        return sent_at

    async def _reply(self, series: Series, expectation: Expectation, planned_at: int, sent_at: int) -> None:
        counts = self._counts
        counts["websocket.requests"] += 1
        self._expectation = expectation
        try:
            received_at = await self._wait(expectation.timeout_ns, expectation.label)
        except BaseException:
            counts["websocket.replies_lost"] += 1
            raise
        finally:
            self._expectation = None
        self._record(series, planned_at, sent_at, received_at)

    async def _wait(self, timeout_ns: int, label: str) -> int:
        """Park until the reply comes; raises UserFailure(`reply_timeout`) when it does not."""
        due_ns = self._deadline = perf_counter_ns() + timeout_ns
        # One timer serves all requests of a connection: most are answered long before it is due, and when it fires
        # it moves on to the deadline of the request then under way.
        if self._timer is None or self._timer.due_ns > due_ns:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._services.timers.at(due_ns, self._expire)
        try:
            received_at = await parked()
        finally:
            self._deadline = 0
        if received_at is None:
            self._counts["websocket.reply_timeouts"] += 1
            raise UserFailure("reply_timeout", f"{label} got no reply within {timeout_ns / 1e9:g} s")
        return int(received_at)

    def _expire(self) -> None:
        self._timer = None
        if not self._deadline:
            return
        if perf_counter_ns() >= self._deadline:
            self._user.task.resume(None)
        else:
            self._timer = self._services.timers.at(self._deadline, self._expire)

    def _record(self, series: Series, planned_at: int, sent_at: int, received_at: int) -> None:
        series.response_ns.append(received_at - planned_at)
        series.service_ns.append(received_at - sent_at)
        series.last_reply_ns = received_at
        self._user.planned_at = received_at

    def _from_inbox(self, expectation: Expectation) -> int | None:
        """When the first message that is the reply came, if it has come already."""
        inbox = self._inbox
        while inbox:
            message, received_at = inbox.popleft()
            if expectation.accepts(message, self._user.vars, self._user.random):
                return received_at
            self._counts["websocket.pushes"] += 1
        return None

    def _drop_inbox(self) -> None:
        if self._inbox:
            self._counts["websocket.pushes"] += len(self._inbox)
            self._inbox.clear()

    def _refuse_if_lost(self, *, keep_inbox: bool = False) -> None:
        if self._lost is not None and not (keep_inbox and self._inbox):
            raise self._lost.as_failure()
