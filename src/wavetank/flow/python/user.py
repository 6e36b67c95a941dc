"""What a Python scenario is given: the virtual user whose life it tells."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter_ns
from types import TracebackType
from typing import Any, NoReturn, Self

from wavetank.errors import UserFailure
from wavetank.flow.contract import Performer
from wavetank.flow.python.backoff import Backoff
from wavetank.flow.python.connecting import Connecting, Request
from wavetank.flow.python.setting import Setting
from wavetank.plan.durations import seconds
from wavetank.plan.python.feeder import Feeder
from wavetank.plan.steps import ConnectionOptions

Duration = float | str
"""Seconds, or a text such as `"250ms"`, `"5s"`, `"2m"`."""


_LATE_ROUNDS = 32


class User:
    """A virtual user: one execution of a scenario, from its arrival to its end.

    Everything that asyncio offers works inside a scenario: tasks, timeouts, HTTP clients. What blocks the event loop
    holds all users of the worker up, and is named in the report.
    """

    __slots__ = ("_performer", "_setting")

    def __init__(self, performer: Performer, setting: Setting) -> None:
        self._performer = performer
        self._setting = setting

    # -- who it is -------------------------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        """The number of its arrival in the whole run, from 0, whichever worker carries it."""
        return self._performer.index

    @property
    def id(self) -> str:
        """A name that no other user of the run has: `user_0`, `user_1`, …"""
        return f"user_{self._performer.index}"

    @property
    def random(self) -> random.Random:
        """Its own random numbers: the same ones for the same seed of the run, whatever others do."""
        return self._performer.random()

    @property
    def vars(self) -> dict[str, Any]:
        """Its variables: those of the plan, and what the scenario puts there."""
        return self._performer.vars

    @property
    def shared(self) -> dict[str, Any]:
        """What `@setup` left for all users of a worker."""
        return self._performer.shared

    @property
    def is_wanted(self) -> bool:
        """Whether the phases of the plan are still going on: what a scenario that goes round and round asks."""
        return self._performer.may_continue

    def feed(self, feeder: Feeder) -> dict[str, Any]:
        """Its row of a feeder, by the names of the columns: the same one each time that it asks.

        Example: `row = user.feed(accounts)`, with `accounts = csv("accounts.csv")` at the top of the module.
        """
        return feeder.row(self._performer.index, self._performer.seed)

    # -- what it does ----------------------------------------------------------------------------------------------

    def connect(
        self,
        url: str = "",
        *,
        additional_headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] | None = None,
        origin: str | None = None,
        open_timeout: Duration | None = None,
        close_timeout: Duration | None = None,
        max_size: int | None = None,
        max_queue: int = 256,
        reconnect: Backoff | bool = False,
    ) -> Connecting:
        """Open a connection; a user may have several at once.

        `url` may be relative to the plan's target; without it, it is the target. The other arguments are those of
        `websockets.connect`; what is not given is the plan's. `max_size` is in bytes. Of messages that nothing waits
        for yet, the newest `max_queue` are kept. With `reconnect` (True: a `Backoff()`), attempts to connect that fail
        are repeated, and a connection that was lost is opened again by the next call that needs it; what was under way
        is lost, and fails with ConnectionClosed.

        Raises UserFailure (`connect_refused`, `connect_timeout`, `http_403`, …) once it is awaited or entered.

        Example: `async with user.connect("/ws", subprotocols=["chat"]) as ws: …`
        """
        options = self._options(subprotocols, origin, open_timeout, close_timeout, max_size)
        request = Request(
            url=self._setting.url(url),
            options=options,
            headers={**self._setting.headers(self._performer), **(additional_headers or {})},
            inbox=max(1, max_queue),
            backoff=(Backoff() if reconnect else None) if isinstance(reconnect, bool) else reconnect,
        )
        return Connecting(request, self._performer, self._setting, self.think)

    async def think(self, duration: Duration) -> None:
        """Do nothing for a while, counted from the end of the last step. Seconds, or a text such as `"250ms"`.

        Raises UserFailure when a connection is lost meanwhile, and ValueError for what is no duration.

        Example: `await user.think("250ms")`
        """
        self._performer.catch_up()
        length_s = seconds(duration)
        if length_s == 0:
            await self._performer.pause()
        else:
            await self._performer.think_until(self._performer.planned_at + round(length_s * 1e9))

    async def paced(self, count: int | None = None, *, every: Duration) -> AsyncIterator[int]:
        """Go round `count` times, on a schedule that nothing moves: a round begins every so often, numbered from 0.

        A round that is late begins at once, its messages count as planned for their place in the schedule, and the
        lateness shows in `generator.lateness` and in `response_time`. Without `count` it goes on until the last phase
        of the plan is over.

        Example: `async for _ in user.paced(20, every=8): …`
        """
        performer = self._performer
        performer.catch_up()
        interval_ns = round(seconds(every) * 1e9)
        begin_at = performer.planned_at
        number = 0
        while (number < count) if count is not None else performer.may_continue:
            planned_at = begin_at + number * interval_ns
            if perf_counter_ns() < planned_at:
                await performer.think_until(planned_at)
                planned_at = performer.planned_at  # as exactly as can be waited for
            elif number % _LATE_ROUNDS == 0:
                await performer.pause()  # a body that never waits must not stop everybody else
            performer.late(max(planned_at, performer.planned_at))
            performer.keep_to(planned_at)
            yield number
            performer.catch_up()
            number += 1

    async def meet(self) -> None:
        """Wait for all other users of the run to come here, or to end.

        Raises ValueError in a held population: who is still to come is not planned there.

        Example: `await user.meet()`
        """
        if self._setting.is_held:
            raise ValueError(
                "meet() waits for all users of the run, and nobody knows who is still to come to a held population: "
                "let them come once (-u without -d), or at a rate"
            )
        await self._performer.rendezvous()

    # -- what it measures ------------------------------------------------------------------------------------------

    def measure(self, name: str) -> Measure:
        """Time a block: `async with user.measure("login"):`. It becomes the histogram `login`, in milliseconds.

        Thresholds and reports have it under that name: `login.p95`. A block that raises is not counted.

        Example: `async with user.measure("login"): …`, and `--threshold "login.p95 < 500ms"`
        """
        return Measure(self._performer, name)

    def check(self, name: str, condition: object) -> bool:
        """Count whether something is as it should be; gives whether it is. The user goes on in any case.

        `checks.<name>.pass_rate` and `checks.pass_rate` are percentages, for thresholds and reports.

        Example: `user.check("is fresh", reply["age"] < 5)`
        """
        passed = bool(condition)
        try:
            self._performer.check(name, passed)
        except ValueError as error:
            raise UserFailure("bad_metric", str(error)) from error
        return passed

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter of the scenario's own. Raises UserFailure(`bad_metric`) where name or number is none.

        Example: `user.count("orders")`
        """
        self._performer.emit("counter", name, number)

    def record(self, name: str, milliseconds: float) -> None:
        """Add a value to a histogram of the scenario's own. Raises UserFailure(`bad_metric`), as `count` does.

        Example: `user.record("order.price", 12.5)`
        """
        self._performer.emit("histogram", name, milliseconds)

    def fail(self, reason: str, *, kind: str = "failed") -> NoReturn:
        """End the user here, as failed; counted as `errors.<kind>`, with the reason as an example.

        Example: `user.fail("no stock left", kind="sold_out")`
        """
        raise UserFailure(kind, reason)

    def now_ms(self) -> float:
        """Milliseconds since 1970, for the timestamp of a message: by the clock that pushes are measured with.

        Example: `await ws.send({"type": "publish", "timestamp": user.now_ms()})`
        """
        return self._performer.now_ms()

    def log(self, text: str) -> None:
        """Write a line to the run's log.

        Example: `user.log(f"{user.id} is here")`
        """
        self._performer.log(text)

    # -- within ----------------------------------------------------------------------------------------------------

    def _options(
        self,
        subprotocols: Sequence[str] | None,
        origin: str | None,
        open_timeout: Duration | None,
        close_timeout: Duration | None,
        max_size: int | None,
    ) -> ConnectionOptions:
        options = self._setting.plan.connection
        given: dict[str, Any] = {}
        if subprotocols is not None:
            given["subprotocols"] = tuple(subprotocols)
        if origin is not None:
            given["origin"] = origin
        if open_timeout is not None:
            given["handshake_timeout_s"] = seconds(open_timeout)
        if close_timeout is not None:
            given["close_timeout_s"] = seconds(close_timeout)
        if max_size is not None:
            given["max_message_bytes"] = max_size
        return replace(options, **given) if given else options


class Measure:
    """A block that is timed; see `User.measure`."""

    __slots__ = ("_began_at", "_name", "_performer")

    def __init__(self, performer: Performer, name: str) -> None:
        self._performer = performer
        self._name = name
        self._began_at = 0

    async def __aenter__(self) -> Self:
        self._began_at = perf_counter_ns()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._performer.emit("histogram", self._name, (perf_counter_ns() - self._began_at) / 1e6)
