"""`user.connect(…)`: a connection to be opened, by `async with`, `await` or `async for`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from types import TracebackType
from typing import Any, NoReturn

from wavetank.errors import UserFailure
from wavetank.flow.contract import Line, Performer
from wavetank.flow.python.backoff import Backoff
from wavetank.flow.python.connection import Connection
from wavetank.flow.python.setting import Setting
from wavetank.plan.steps import ConnectionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Where to connect to and how; what `user.connect` was called with."""

    url: str
    options: ConnectionOptions
    headers: Mapping[str, str]
    inbox: int
    backoff: Backoff | None


class Connecting:
    """Opens a connection:

    - `async with user.connect("/ws") as ws:` closes it at the end of the block;
    - `ws = await user.connect("/ws")` leaves that to `ws.close()`, or to the end of the user;
    - `async for ws in user.connect("/ws"):` opens another one whenever the body of the loop continues, as after a
      ConnectionClosed; attempts that fail are repeated with a back-off.
    """

    __slots__ = ("_connection", "_lost_at", "_pause", "_performer", "_request", "_setting")

    def __init__(self, request: Request, performer: Performer, setting: Setting, pause: Callable[[float], Any]) -> None:
        """`pause(seconds)` is a think of the user's."""
        self._request = request
        self._performer = performer
        self._setting = setting
        self._pause = pause
        self._connection: Connection | None = None
        self._lost_at = 0

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"no connection is open yet, to ask for its {name}: write ws = await user.connect(…)")

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._connect().__await__()

    async def __aenter__(self) -> Connection:
        self._connection = await self._connect()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        if kind is None:
            await connection.close()
        connection.leave()

    async def __aiter__(self) -> AsyncIterator[Connection]:
        backoff = self._request.backoff or Backoff()
        while True:
            connection = Connection(await self._persistently(backoff), self._performer, self._setting)
            try:
                yield connection
                await connection.close()
            finally:
                connection.leave()
            self._lost_at = self._lost_at or perf_counter_ns()

    async def _connect(self) -> Connection:
        backoff = self._request.backoff
        if backoff is None:
            return Connection(await self._open(), self._performer, self._setting)

        async def reopen() -> Line:
            self._lost_at = self._lost_at or perf_counter_ns()
            return await self._persistently(backoff)

        return Connection(await self._persistently(backoff), self._performer, self._setting, reopen)

    async def _persistently(self, backoff: Backoff) -> Line:
        failures = 0
        lost_at, self._lost_at = self._lost_at, 0  # the new one may be lost while it is still being opened
        while True:
            try:
                line = await self._open()
            except UserFailure:
                failures += 1
                wait_s = backoff.wait_s(failures, self._performer.random())
                if wait_s is None:
                    raise
                await self._pause(wait_s)
            else:
                if lost_at:
                    self._performer.reconnected(perf_counter_ns() - lost_at)
                return line

    async def _open(self) -> Line:
        request = self._request
        comes_back = self._note_loss if request.backoff is not None else None
        return await self._performer.open(
            request.url, request.options, request.headers, inbox=request.inbox, on_loss=comes_back
        )

    def _note_loss(self, _: UserFailure) -> None:
        self._lost_at = perf_counter_ns()
