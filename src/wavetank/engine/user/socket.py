"""The open connection of a user: which message answers which send, and what was measured of it."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter_ns
from typing import Final

from wavetank.engine.tasks.driver import Waiter
from wavetank.engine.tasks.waiting import waiter_for
from wavetank.engine.user.inbox import Inbox
from wavetank.engine.user.owner import OnLoss, Owner
from wavetank.engine.user.pipeline import OnEnd, Pipeline
from wavetank.engine.user.reader import Reader
from wavetank.engine.user.services import Services
from wavetank.engine.wire.closed import Closed
from wavetank.engine.wire.connection import Connection, Receiver
from wavetank.flow.contract import Line
from wavetank.flow.correlation import Correlator
from wavetank.flow.expectation import Expected
from wavetank.metrics.recorder import Series

_now: Final = perf_counter_ns  # compiled, what is final is not looked up in a map

PARTING: Final = "disconnect"
"""A message of this name says that the server's close is expected."""
PROPER = (1000, 1001)
"""Close codes of a server that has done (RFC 6455, 7.4.1): all is said, or it is going away."""


class Socket(Receiver, Line):
    """What a user does with one connection. One message is waited for at a time; of requests with a key, any number.

    `response_time` counts from the instant at which the send was planned, `service_time` from the send itself
    (DESIGN.md, 4).
    """

    __slots__ = (
        "_closer",
        "_connection",
        "_inbox",
        "_lost",
        "_on_loss",
        "_parting",
        "_pipeline",
        "_pushes",
        "_reader",
        "_services",
        "_traffic",
        "_unanswered",
        "_user",
    )

    def __init__(
        self,
        user: Owner,
        connection: Connection,
        services: Services,
        *,
        inbox: int = 0,
        on_loss: OnLoss | None = None,
    ) -> None:
        """`inbox`: so many messages that nothing waits for yet are kept; beyond, the oldest becomes a push.

        Without `on_loss`, the user is interrupted where the connection ends and nothing waits for a message.
        """
        self._user = user
        self._connection = connection
        self._services = services
        self._traffic = services.recorder.traffic
        self._closer: Waiter | None = None  # who waits for the end
        self._on_loss = on_loss or user.interrupt
        self._lost: Closed | None = None
        self._parting = False
        self._pipeline: Pipeline | None = None
        # The last send that nothing has answered: what it counts for, and when it was planned and sent.
        self._unanswered: tuple[Series, int, int] | None = None
        self._inbox = Inbox(inbox, self._count_push) if inbox else None
        self._pushes = services.pushes.subscriber() if services.pushes is not None else None
        self._reader = Reader(user, services.recorder, services.timers, self._pushes)  # who waits for what comes
        services.connections.opened()
        connection.attach(self)

    # -- what steps do -------------------------------------------------------------------------------------------

    def transmit(self, data: bytes, *, text: bool, series: Series) -> None:
        """Send a message that expects no reply, or one that a later `wait` takes."""
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        self._unanswered = (series, planned_at, sent_at)
        self._user.planned_at = sent_at

    def request(self, data: bytes, *, text: bool, series: Series, expectation: Expected) -> Awaitable[None]:
        """Send a message now; to be awaited for its reply.

        Raises UserFailure: `reply_timeout`, `closed_by_server`, `connection_lost`, or what the server did wrong.
        """
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        self._unanswered = None
        return self._reader.reply(expectation, series, planned_at, sent_at)

    def dispatch(
        self, data: bytes, *, text: bool, series: Series, correlator: Correlator, on_end: OnEnd | None = None
    ) -> None:
        """Send a message whose reply is known by a key, whenever it comes. Raises UserFailure where it has no key."""
        key = correlator.of_sent(data)
        planned_at = self._user.planned_at
        sent_at = self._send(data, text, series)
        if self._pipeline is None:
            self._pipeline = Pipeline(self._services.recorder, self._services.timers, self._pushes)
        self._pipeline.begin(
            correlator,
            key,
            series,
            planned_at=planned_at,
            sent_at=sent_at,
            timeout_ns=correlator.timeout_ns,
            on_end=on_end,
        )
        self._user.planned_at = sent_at

    async def settle(self) -> None:
        """Wait until every dispatched request is answered, or has timed out, or is lost with the connection."""
        pipeline = self._pipeline
        if pipeline is not None and pipeline.under_way:
            waiter = waiter_for(self._user.task)
            pipeline.call_when_settled(waiter.resume)
            try:
                await waiter.park()
            finally:
                pipeline.forget_callback()
        self._user.planned_at = perf_counter_ns()

    @property
    def dispatched(self) -> tuple[int, int]:
        """How many requests have been dispatched, and how many of them have ended without a reply."""
        return (0, 0) if self._pipeline is None else (self._pipeline.begun, self._pipeline.missing)

    async def expect(self, series: Series, expectation: Expected) -> None:
        """Wait for a message. Timed from the last send that nothing has answered yet, else from now."""
        self._refuse_if_lost(keep_inbox=True)
        now = perf_counter_ns()
        _, planned_at, sent_at = self._unanswered or (series, self._user.planned_at, now)
        self._unanswered = None
        received_at = self._from_inbox(expectation)
        if received_at is None:
            self._refuse_if_lost()
            await self._reader.later_reply(expectation, series, planned_at, sent_at)
        else:
            self._traffic.requests += 1
            self._record(series, planned_at, sent_at, received_at)
            self._user.planned_at = now  # the reply came before the step began: the step ended as it began

    async def take(self, expectation: Expected, *, bounded: bool, answers: bool) -> None:
        """Wait for a message: a push, or if it `answers`, the reply to the last send that nothing has answered yet.

        Without `bounded` it waits until the last phase is over, and raises PhasesOver then. Raises UserFailure.
        """
        self._refuse_if_lost(keep_inbox=True)
        received_at = self._from_inbox(expectation)
        if received_at is None:
            self._refuse_if_lost()
            await (self._reader.message(expectation) if bounded else self._listen(expectation))
            received_at = self._reader.received_at
        unanswered = self._unanswered
        if not answers or unanswered is None or received_at < unanswered[2]:
            self._count_push()
            self._user.planned_at = perf_counter_ns()
        else:
            self._unanswered = None
            self._traffic.requests += 1
            self._record(*unanswered, received_at)

    def ping(self, series: Series, timeout_ns: int, label: str) -> Awaitable[None]:
        """Send a ping control frame now; to be awaited for its pong."""
        self._refuse_if_lost()
        planned_at = self._user.planned_at
        payload = self._user.index.to_bytes(8, "big")
        sent_at = perf_counter_ns()
        waiting = self._reader.pong(payload, series, planned_at, sent_at, timeout_ns, label)
        self._connection.send_ping(payload)
        series.first_sent_ns = series.first_sent_ns or sent_at
        return waiting

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close, and wait for the server's answer; the connection's close timeout bounds the wait."""
        self._parting = True
        if self._lost is None:
            self._connection.close(code, reason)
            await self.closed()
        self._user.planned_at = perf_counter_ns()

    async def closed(self) -> Closed:
        """Wait until the connection takes no more messages, whoever closes it; gives how it ended."""
        if self._lost is None:
            self._closer = waiter_for(self._user.task)
            try:
                await self._closer.park()
            finally:
                self._closer = None
        assert self._lost is not None
        return self._lost

    @property
    def awaits_answer(self) -> bool:
        """Whether the last message sent is one that a message to come may answer."""
        return self._unanswered is not None

    @property
    def lost(self) -> Closed | None:
        """How the connection ended; None while it takes messages."""
        return self._lost

    @property
    def subprotocol(self) -> str | None:
        """What was agreed on in the handshake."""
        return self._connection.subprotocol

    def part(self) -> None:
        """Begin to close without waiting: the user has ended."""
        self._parting = True
        if self._inbox is not None:
            self._inbox.clear()
        self._reader.rest()
        if self._lost is None:
            self._connection.close()

    def abort(self) -> None:
        """Close the socket at once: the run has ended."""
        self._parting = True
        self._connection.abort()

    # -- what the connection calls -------------------------------------------------------------------------------

    def receive(self, message: str | bytes, size: int, received_at: int) -> None:
        """A message came: it is the reply waited for, or a push."""
        traffic = self._traffic
        traffic.received += 1
        traffic.bytes_received += size
        if self._pushes is not None:
            self._pushes.receive(message, received_at)
        if self._reader.receive(message, received_at):
            return
        if self._pipeline is not None and self._pipeline.receive(message, received_at):
            return
        inbox = self._inbox
        if inbox is None or self._parting:
            traffic.pushes += 1
            return
        inbox.add(message, received_at)

    def receive_pong(self, payload: bytes, received_at: int) -> None:
        """A pong came."""
        self._reader.receive_pong(payload, received_at)

    def lose(self, closed: Closed, received_at: int) -> None:
        """The connection takes no more messages."""
        self._lost = closed
        expected = self._is_expected(closed)
        lifetime_ns = received_at - self._connection.opened_at
        self._services.recorder.closed(closed.code, closed.reason, lifetime_ns, expected=expected)
        if self._pipeline is not None:
            self._pipeline.lose()
        if self._reader.waits:
            self._reader.fail(closed.as_failure())
        elif not expected and not self._parting:
            self._on_loss(closed.as_failure())
        if self._closer is not None:
            self._closer.resume()

    def gone(self) -> None:
        """The socket is closed."""
        self._inbox = None  # it knows whom to tell of pushes: this
        self._services.connections.closed()

    # -- within --------------------------------------------------------------------------------------------------

    def _is_expected(self, closed: Closed) -> bool:
        """Whether the user has no more need of the connection: it has begun to leave, and waits for nothing else."""
        if self._closer is not None:
            return True
        if self._reader.waits:
            # Whoever listens for as long as the connection lasts takes its proper end for what it is.
            return self._reader.listens and closed.code in PROPER
        if self._inbox and closed.code in PROPER:
            return True  # there is something left to read: what came before the end is the end's reason
        return self._parting and (self._pipeline is None or not self._pipeline.under_way)

    def _send(self, data: bytes, text: bool, series: Series) -> int:
        if self._lost is not None:
            raise self._lost.as_failure()
        sent_at = _now()
        self._connection.send(data, text=text)
        traffic = self._traffic
        traffic.sent += 1
        traffic.bytes_sent += len(data)
        series.sent += 1
        if not series.first_sent_ns:
            series.first_sent_ns = sent_at
        if series.name == PARTING:
            self._parting = True
        return sent_at

    def _listen(self, expectation: Expected) -> Awaitable[None]:
        """Wait for a message until the phases are over. Raises PhasesOver then."""
        services = self._services
        until_ns = max(services.last_arrival_ns, self._connection.opened_at + services.least_listening_ns)
        return self._reader.listen(expectation, until_ns)

    def _record(self, series: Series, planned_at: int, sent_at: int, received_at: int) -> None:
        series.replied(planned_at, sent_at, received_at)
        self._user.planned_at = received_at

    def _from_inbox(self, expectation: Expected) -> int | None:
        """When the first message that is the reply came, if it has come already."""
        if not self._inbox:
            return None
        return self._inbox.take(lambda message: expectation.accepts(message, self._user))

    def _count_push(self) -> None:
        self._traffic.pushes += 1

    def _refuse_if_lost(self, *, keep_inbox: bool = False) -> None:
        if self._lost is not None and not (keep_inbox and self._inbox):
            raise self._lost.as_failure()
