"""A virtual user: one execution of one scenario, from its arrival to its end."""

from __future__ import annotations

import random
from collections.abc import Mapping
from time import perf_counter_ns
from typing import Literal, cast

from wavetank.engine.services import Services
from wavetank.engine.socket import Socket
from wavetank.engine.task import UserTask, parked
from wavetank.engine.timers import on_grid
from wavetank.errors import UserFailure
from wavetank.plan.chance import random_for
from wavetank.plan.steps import ConnectionOptions


class User:
    """What a scenario sees. `index` is the number of its arrival in the whole run; `planned_at` is in ns."""

    __slots__ = (
        "_came_to_rendezvous",
        "_interruption",
        "_random",
        "_services",
        "index",
        "planned_at",
        "scenario_name",
        "socket",
        "started_at",
        "task",
        "vars",
    )

    task: UserTask

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
        self._interruption: UserFailure | None = None
        self._came_to_rendezvous = False

    @property
    def wire(self) -> Socket:
        """The open connection. Raises UserFailure(`not_connected`) where there is none."""
        if self.socket is None:
            raise UserFailure("not_connected", "a step needs a connection, and the user has none")
        return self.socket

    @property
    def may_continue(self) -> bool:
        """Whether endless loops go on: until the last arrival of the run is due, or the run is stopped."""
        return not self._services.stopping and perf_counter_ns() < self._services.last_arrival_ns

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
        self.socket = Socket(self, connection, self._services)

    async def think_until(self, due_ns: int) -> None:
        """Do nothing until `due_ns`, or the next instant on the grid of the timers, which is the planned one then.

        Raises UserFailure when the server closes the connection meanwhile.
        """
        self._raise_interruption()
        due_ns = on_grid(due_ns)
        timer = self._services.timers.at(due_ns, self.task.resume)
        try:
            await parked()
        finally:
            timer.cancel()
        self.planned_at = due_ns

    async def pause(self) -> None:
        """Let others run."""
        self._raise_interruption()
        turn = self._services.loop.call_soon(self.task.resume)
        try:
            await parked()
        finally:
            turn.cancel()

    async def rendezvous(self) -> None:
        """Wait for all other users of the run. The time waited is nobody's response time."""
        self._raise_interruption()
        if not self._came_to_rendezvous:
            self._came_to_rendezvous = True
            await self._services.rendezvous.wait(self.task)
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

    def interrupt(self, failure: UserFailure) -> None:
        """The connection was lost while no reply was waited for.

        A thinking user fails now, any other at its next step.
        """
        self._interruption = failure
        self.task.throw(failure)

    def leave(self, *, cut: bool) -> None:
        """The user has ended; what it leaves open is closed (at once if `cut`)."""
        if not self._came_to_rendezvous:
            self._came_to_rendezvous = True
            self._services.rendezvous.leave()
        if self.socket is not None:
            if cut:
                self.socket.abort()
            else:
                self.socket.part()

    def _raise_interruption(self) -> None:
        if self._interruption is not None:
            raise self._interruption
