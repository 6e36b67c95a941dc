"""A virtual user: one execution of one scenario, from its arrival to its end."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Mapping
from time import perf_counter_ns
from typing import Any, Final, Literal, cast

from wavetank.engine.tasks.driver import Waiter
from wavetank.engine.tasks.waiting import waiter_for
from wavetank.engine.user.owner import OnLoss, Owner
from wavetank.engine.user.rest import Rest
from wavetank.engine.user.services import Services
from wavetank.engine.user.socket import Socket
from wavetank.errors import UserFailure
from wavetank.plan.chance import random_for
from wavetank.plan.steps import ConnectionOptions

_now: Final = perf_counter_ns  # compiled, what is final is not looked up in a map

_KEPT_FOR_WAIT = 256
"""Messages that came before the `wait` step that wants one of them."""


class User(Owner):
    """What a scenario sees. `index` is the number of its arrival in the whole run; `planned_at` is in ns."""

    __slots__ = (
        "_came_to_rendezvous",
        "_idle",
        "_interruption",
        "_random",
        "_services",
        "_sockets",
        "socket",
        "started_at",
    )

    def __init__(
        self,
        index: int,
        scenario_name: str,
        variables: dict[str, object],
        planned_at: int,
        services: Services,
    ) -> None:
        self.index = index
        self.scenario_name = scenario_name
        self.vars = variables
        self.planned_at = planned_at
        self.started_at = perf_counter_ns()
        self.socket: Socket | None = None
        self._services = services
        self._random: random.Random | None = None
        self._sockets: list[Socket] = []  # those that a scenario in Python has opened
        self._idle: Waiter | None = None  # who waits for nothing that a connection brings
        self._interruption: UserFailure | None = None
        self._came_to_rendezvous = False

    @property
    def wire(self) -> Socket:
        """The open connection. Raises UserFailure(`not_connected`) where there is none."""
        if self.socket is None:
            raise UserFailure("not_connected", "a step needs a connection, and the user has none")
        return self.socket

    @property
    def turns(self) -> int:
        """How often it has been resumed: the same number twice says that it did not wait in between."""
        return self.task.turns

    @property
    def may_continue(self) -> bool:
        """Whether endless loops go on: until the last arrival of the run is due, or the run is stopped."""
        return not self._services.stopping and _now() < self._services.last_arrival_ns

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self._services.seed

    @property
    def shared(self) -> dict[str, Any]:
        """What the setup of the script left for all users of the worker."""
        return self._services.shared

    def catch_up(self) -> None:
        """Plan the next step for now if the user has waited for something else since the last one ended.

        What a scenario in Python awaits besides (an HTTP request, a task of its own) is no debt of the generator's.
        """
        task = self.task
        if not task.is_running:
            self.planned_at = perf_counter_ns()
        elif task.woken_at > self.planned_at:
            self.planned_at = task.woken_at

    def keep_to(self, planned_at: int) -> None:
        """Plan the next step for the instant of a schedule, whatever was waited for until now."""
        self.planned_at = planned_at
        self.task.woken_at = 0

    def forgive(self) -> None:
        """The scenario knows that its connection was lost: do not interrupt it for that."""
        self._interruption = None

    def now_ms(self) -> float:
        """Milliseconds since 1970, by the clock that pushes are measured with."""
        return self._services.clock.now_ms()

    def random(self) -> random.Random:
        """The user's own random numbers: the same for the same seed and index, on any worker."""
        if self._random is None:  # made on demand: its state is 2.5 KB, and most users draw nothing
            self._random = random_for(self._services.seed, self.index)
        return self._random

    async def connect(self, url: str, options: ConnectionOptions, headers: Mapping[str, str]) -> None:
        """Open the user's connection; the one that it had is closed first. Raises UserFailure."""
        if self.socket is not None:
            await self.socket.close()
            self.socket.part()
            self.socket = None
        keep = _KEPT_FOR_WAIT if self._services.keep_pushes else 0
        self.socket = await self._open(url, options, headers, inbox=keep)

    async def open(
        self, url: str, options: ConnectionOptions, headers: Mapping[str, str], *, inbox: int, on_loss: OnLoss | None
    ) -> Socket:
        """Open one more connection, which keeps up to `inbox` messages that nothing waits for yet. Raises UserFailure.

        `on_loss` is told when the connection ends while the user counts on it; without it, the user is interrupted.
        """
        socket = await self._open(url, options, headers, inbox=inbox, on_loss=on_loss)
        self._sockets.append(socket)
        return socket

    def discard(self, line: object) -> None:
        """Forget a connection that `open` gave: begin to close it, if it is not closed."""
        for socket in [each for each in self._sockets if each is line]:
            self._sockets.remove(socket)
            socket.part()

    async def _open(
        self,
        url: str,
        options: ConnectionOptions,
        headers: Mapping[str, str],
        *,
        inbox: int,
        on_loss: OnLoss | None = None,
    ) -> Socket:
        recorder = self._services.recorder
        recorder.counts["websocket.connects"] += 1
        begun_at = perf_counter_ns()
        try:
            connection, times = await self._services.connector.connect(url, options, headers)
        except UserFailure:
            recorder.counts["websocket.connect_failed"] += 1
            raise
        recorder.samples("websocket.connect_time").append(connection.opened_at - begun_at)
        for part, length_ns in (
            ("dns", times.dns),
            ("tcp", times.tcp),
            ("tls", times.tls),
            ("upgrade", times.upgrade),
        ):
            if length_ns > 0:
                recorder.samples(f"websocket.connect_time.{part}").append(length_ns)
        self.planned_at = perf_counter_ns()
        return Socket(self, connection, self._services, inbox=inbox, on_loss=on_loss)

    def think_until(self, due_ns: int) -> Awaitable[None]:
        """To be awaited: do nothing until `due_ns`, or the next instant on the grid of so long a wait.

        That is the planned one then. Raises UserFailure when the server closes the connection meanwhile.
        """
        if self._interruption is not None:
            self._raise_interruption()
        due_ns = self._services.timers.on_grid(due_ns, due_ns - self.planned_at)
        waiter = self._idle = waiter_for(self.task)
        rest = Rest(due_ns, self, waiter)
        self._services.timers.add(rest)
        return waiter.park(rest)

    async def pause(self) -> None:
        """Let others run."""
        self._raise_interruption()
        waiter = self._idle = waiter_for(self.task)
        turn = self._services.loop.call_soon(waiter.resume)
        try:
            await waiter.park()
        finally:
            self._idle = None
            turn.cancel()

    async def rendezvous(self) -> None:
        """Wait for all other users of the run. The time waited is nobody's response time."""
        self._raise_interruption()
        if not self._came_to_rendezvous:
            self._came_to_rendezvous = True
            waiter = self._idle = waiter_for(self.task)
            try:
                await self._services.rendezvous.wait(waiter)
            finally:
                self._idle = None
        self.planned_at = perf_counter_ns()

    def late(self, planned_at: int) -> None:
        """Record that a paced step planned for `planned_at` begins now."""
        self._services.recorder.samples("generator.lateness").append(max(0, perf_counter_ns() - planned_at))

    def log(self, text: str) -> None:
        """Write a line to the run's log."""
        self._services.log(text)

    def emit(self, kind: str, name: str, value: float) -> None:
        """Count or record a metric of the script's own. Raises UserFailure(`bad_metric`)."""
        try:
            self._services.recorder.custom(cast("Literal['counter']", kind), name, value)
        except ValueError as error:
            raise UserFailure("bad_metric", str(error)) from error

    def check(self, name: str, passed: bool) -> None:
        """Count a check of the scenario's own."""
        self._services.recorder.check(name, passed)

    def reconnected(self, after_ns: int) -> None:
        """Count a connection that took the place of one that was lost so long before."""
        recorder = self._services.recorder
        recorder.counts["websocket.reconnects"] += 1
        recorder.samples("websocket.reconnect_time").append(after_ns)

    def interrupt(self, failure: UserFailure) -> None:
        """A connection was lost while none of its messages was waited for.

        A user who thinks, or waits for others, fails now; any other when it does so next.
        """
        if self._idle is not None:
            self._idle.throw(failure)
        else:
            self._interruption = failure

    def roused(self) -> None:
        """It rests no longer."""
        self._idle = None

    def depart(self) -> Awaitable[None] | None:
        """Wait for what is under way and close the connection of a script's steps; None where there is none.

        Raises UserFailure(`replies_missing`) where a dispatched request got no reply.
        """
        return None if self.socket is None else _departed(self.socket)

    def leave(self, *, cut: bool) -> None:
        """The user has ended; what it leaves open is closed (at once if `cut`)."""
        if not self._came_to_rendezvous:
            self._came_to_rendezvous = True
            self._services.rendezvous.leave()
        open_ones = self._sockets if self.socket is None else [*self._sockets, self.socket]
        for socket in open_ones:
            if cut:
                socket.abort()
            else:
                socket.part()
        self._sockets.clear()
        self.socket = None

    def _raise_interruption(self) -> None:
        if self._interruption is not None:
            interruption, self._interruption = self._interruption, None
            raise interruption


async def _departed(socket: Socket) -> None:
    await socket.settle()
    await socket.close()
    dispatched, missing = socket.dispatched
    if missing:
        raise UserFailure("replies_missing", f"{missing} of {dispatched} pipelined requests got no reply")
