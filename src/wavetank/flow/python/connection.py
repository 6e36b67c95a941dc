"""An open connection, as a Python scenario has it: the face of the `websockets` library, and requests on top."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter
from typing import Any

from websockets.exceptions import ConnectionClosedOK

from wavetank.errors import UserFailure
from wavetank.flow.contract import Line, Performer, PhasesOver
from wavetank.flow.expectation import Message
from wavetank.flow.python.closing import closed_failure
from wavetank.flow.python.matching import Match, Wanted
from wavetank.flow.python.setting import Key, Setting


class Connection:
    """A WebSocket that `user.connect` has opened.

    `send`, `recv`, `async for`, `ping`, `close`, `wait_closed`, `subprotocol`, `close_code` and `close_reason` are
    those of `websockets.asyncio.client.ClientConnection`, and the same exceptions say that the connection is closed.
    `request`, `expect` and `stream` come on top, and speak the scenario's codec (JSON, where it names none).
    """

    __slots__ = ("_is_over", "_line", "_performer", "_reopen", "_setting")

    def __init__(
        self, line: Line, performer: Performer, setting: Setting, reopen: Callable[[], Awaitable[Line]] | None = None
    ) -> None:
        """`reopen` opens another line in place of one that was lost; without it, a lost one stays lost."""
        self._is_over = False
        self._line = line
        self._performer = performer
        self._setting = setting
        self._reopen = reopen

    # -- the face of websockets ----------------------------------------------------------------------------------

    async def send(self, message: Any, *, name: str | None = None) -> None:
        """Send a message, and do not wait for an answer.

        `str` is sent as text, `bytes` as binary, anything else (a map, a list, a model of pydantic or msgspec) as the
        codec says. Its metrics are called `name`, else by its `type` field, else `message`. The next message that
        `recv` gives counts as its answer, and has a response time.

        Raises ConnectionClosed (of `websockets`).

        Example: `await ws.send({"type": "agent_message", "to": "agent_1"})`
        """
        line = await self._open_line()
        data, text = self._setting.packed(message)
        self._performer.catch_up()
        try:
            line.transmit(data, text=text, series=self._setting.series(message, name))
        except UserFailure as failure:
            raise self._told(failure) from None

    async def recv(self, decode: bool | None = None, *, timeout: float | None = None) -> Any:
        """The next message: `str` if it is text, `bytes` if it is binary, as it came.

        `decode=False` gives text as bytes, `decode=True` binary as text. If nothing has answered the last message sent
        yet, this is its answer, and it must come within `timeout` seconds (without it: the plan's reply timeout).
        Otherwise it is a push, and is waited for until the last phase is over, or for `timeout` seconds.

        Raises ConnectionClosed (of `websockets`), UserFailure(`reply_timeout`).

        Example: `greeting = await ws.recv()`
        """
        bounded = timeout is not None or self._line.awaits_answer
        message = await self._next(self._wanted(None, None, timeout, "recv"), bounded=bounded)
        if decode is False and isinstance(message, str):
            return message.encode()
        if decode is True and isinstance(message, bytes):
            return message.decode()
        return message

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Messages as `recv` gives them, until the server closes the connection properly, or the last phase is over."""
        try:
            while True:
                yield await self._next(self._wanted(None, None, None, "recv"), bounded=False)
        except ConnectionClosedOK:
            return
        except PhasesOver:
            self._end_of_listening()

    async def ping(self, data: str | bytes | None = None) -> Awaitable[float]:
        """Send a ping; gives something to await for its pong, which is the time in seconds that it took.

        It is measured as a reply called `ping-frame`. The pong is waited for at once: `data` is not needed to tell it
        apart from others, and is not sent. Raises ConnectionClosed (of `websockets`), UserFailure(`reply_timeout`).

        Example: `latency_s = await (await ws.ping())`
        """
        line = await self._open_line()
        self._performer.catch_up()
        began_at = perf_counter()
        try:
            await line.ping(self._setting.series(None, "ping-frame"), self._setting.nanoseconds(None), "ping")
        except UserFailure as failure:
            raise self._told(failure) from None
        latency: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        latency.set_result(perf_counter() - began_at)
        return latency

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, and wait for the server's answer. Without effect if it is closed.

        Example: `await ws.close(1000, "done")`
        """
        await self._line.close(code, reason)

    async def wait_closed(self) -> None:
        """Wait until the connection is closed, by whomever.

        Example: `await ws.wait_closed()`
        """
        await self._line.closed()

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose, if any."""
        return self._line.subprotocol

    @property
    def close_code(self) -> int | None:
        """The close code (RFC 6455, 7.4); None while the connection is open, 1006 if it broke."""
        lost = self._line.lost
        return None if lost is None else lost.code

    @property
    def close_reason(self) -> str | None:
        """The reason that the server gave; None while the connection is open."""
        lost = self._line.lost
        return None if lost is None else lost.reason

    # -- what measures ---------------------------------------------------------------------------------------------

    async def request(
        self,
        message: Any,
        *,
        match: Match = None,
        key: Key | None = None,
        timeout: float | None = None,
        name: str | None = None,
    ) -> Any:
        """Send a message and wait for its reply; gives what the reply says.

        The reply is the first message that `match` describes: a map of fields that it must have, or a function that is
        asked; without it, the next message. Others that come meanwhile are kept for `recv` and `expect`. With `key`, a
        JSONPath such as `$.id` to what the two have in common, any number of requests can be under way
        (`asyncio.gather`), and their replies may come in any order. `timeout` is in seconds (without it: the plan's
        reply timeout). `name` is as in `send`.

        Raises UserFailure(`reply_timeout`), ConnectionClosed (of `websockets`).

        Example: `await ws.request({"type": "ping"}, match={"type": "pong"})`
        """
        if key is not None:
            return await self._request_by_key(message, match, key, timeout, name)
        line = self._line
        if line.lost is not None:
            line = await self._open_line()
        setting = self._setting
        data, text = setting.packed(message)
        series = setting.series(message, name)
        wanted = self._wanted(match, setting.codec.decode, timeout, series.name)
        self._performer.catch_up()
        try:
            await line.request(data, text=text, series=series, expectation=wanted)
        except UserFailure as failure:
            raise self._told(failure, wanted) from None
        return wanted.value

    async def expect(self, match: Match = None, *, timeout: float | None = None) -> Any:
        """Wait for a message that `match` describes (see `request`); gives what it says.

        Those before it are passed over. It answers the last message sent, if nothing else has, and must come within
        `timeout` seconds (without it: the plan's reply timeout).

        Raises UserFailure(`reply_timeout`), ConnectionClosed (of `websockets`).

        Example: `await ws.expect({"type": "event"}, timeout=5)`
        """
        return await self._next(self._wanted(match, self._setting.codec.decode, timeout, "expect"), bounded=True)

    async def stream(self, match: Match = None) -> AsyncIterator[Any]:
        """What the messages that `match` describes say, until the server closes the connection properly.

        Others are passed over. All are pushes: none of them answers a message sent. It ends, too, when the last phase
        of the plan is over; the scenario goes on behind the loop, to say goodbye.

        Example: `async for event in ws.stream({"type": "event"}): …`
        """
        try:
            while True:
                wanted = self._wanted(match, self._setting.codec.decode, None, "stream")
                yield await self._next(wanted, bounded=False, answers=False)
        except ConnectionClosedOK:
            return
        except PhasesOver:
            self._end_of_listening()

    # -- within ----------------------------------------------------------------------------------------------------

    def _wanted(
        self, match: Match, decode: Callable[[Message], Any] | None, timeout: float | None, label: str
    ) -> Wanted:
        return Wanted(match, decode, self._setting.nanoseconds(timeout), label)

    async def _next(self, wanted: Wanted, *, bounded: bool, answers: bool = True) -> Any:
        while True:
            self._performer.catch_up()
            try:
                await self._line.take(wanted, bounded=bounded, answers=answers)
            except UserFailure as failure:
                told = self._told(failure, wanted)
                if self._reopen is None or self._line.lost is None or isinstance(told, ConnectionClosedOK):
                    raise told from None
                await self._open_line()
            else:
                return wanted.value

    async def _request_by_key(
        self, message: Any, match: Match, key: Key, timeout: float | None, name: str | None
    ) -> Any:
        if match is not None:
            raise ValueError("a request knows its reply by match or by key, not by both")
        line = await self._open_line()
        setting = self._setting
        data, text = setting.packed(message)
        correlator = setting.correlator(key, timeout)
        reply: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        series = setting.series(message, name)
        self._performer.catch_up()
        try:
            line.dispatch(
                data,
                text=text,
                series=series,
                correlator=correlator,
                on_end=lambda answer: None if reply.done() else reply.set_result(answer),
            )
        except UserFailure as failure:
            raise self._told(failure) from None
        answer = await reply
        if answer is None:
            if line.lost is not None:
                raise self._told(
                    UserFailure("connection_lost", f"the connection ended before the reply to {series.name}")
                )
            raise UserFailure("reply_timeout", f"{series.name} got no reply within {correlator.timeout_ns / 1e9:g} s")
        return setting.codec.decode(answer)

    async def _open_line(self) -> Line:
        """The connection; another one in its place if it was lost and is to come back."""
        if self._line.lost is not None and self._reopen is not None:
            lost, self._line = self._line, await self._reopen()
            self._performer.discard(lost)
        return self._line

    def _end_of_listening(self) -> None:
        """The first time it ends a loop; a scenario that listens on all the same is sent home. Raises PhasesOver."""
        if self._is_over:
            raise PhasesOver
        self._is_over = True

    def _told(self, failure: UserFailure, wanted: Wanted | None = None) -> Exception:
        """A failure as the scenario is to see it: by the exceptions of `websockets` where the connection is closed, and
        what its own code raised as it was.
        """
        lost = self._line.lost
        if wanted is not None and wanted.mistake is not None:
            return wanted.mistake
        if failure.kind == "reply_timeout" and wanted is not None:
            return UserFailure(failure.kind, f"{failure.reason}{wanted.passed_over()}")
        if lost is None or failure.kind in ("reply_timeout", "two_readers"):
            return failure
        self._performer.forgive()
        return closed_failure(failure, lost.code, lost.reason)

    def leave(self) -> None:
        """Begin to close it without waiting: the scenario has left the block that it was for."""
        self._performer.forgive()
        self._performer.discard(self._line)
