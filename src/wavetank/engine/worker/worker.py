"""A worker: pacer, users and recorder in one event loop; out of it comes a stream of snapshots.

It is told its plan, its share and the start instant, and needs nothing more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any

from wavetank.engine.clock.departures import Departures
from wavetank.engine.clock.timers import Timers
from wavetank.engine.clock.wallclock import WallClock
from wavetank.engine.connecting.connector import Connector
from wavetank.engine.tasks.driver import Driver
from wavetank.engine.tasks.rendezvous import Rendezvous
from wavetank.engine.tasks.task import UserTask
from wavetank.engine.user.pushes import PushMeter
from wavetank.engine.user.services import Services
from wavetank.engine.user.user import User
from wavetank.engine.user.variables import UserVariables
from wavetank.engine.worker.collector import collections_for
from wavetank.engine.worker.health import HealthWatch
from wavetank.engine.worker.pacer import Pacer
from wavetank.engine.worker.population import PopulationKeeper
from wavetank.errors import UserFailure
from wavetank.flow.contract import Performer, PhasesOver
from wavetank.flow.mistake import first_of, let_go, mistake_in, trace_of
from wavetank.flow.python.session import python_session
from wavetank.flow.scenario import compile_session, waits_for_pushes
from wavetank.metrics.assembly import Assembly
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Arrival, Share, arrivals, phase_bounds, population_share, total_arrivals
from wavetank.plan.chance import draw_scenario
from wavetank.plan.cuts import boundaries, cuts
from wavetank.plan.model import Plan
from wavetank.plan.phases import Pause, Phase, Population
from wavetank.plan.processor import Processor
from wavetank.plan.python.lifecycle import Shared
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario

_AFTER_A_BOUNDARY_NS = 100_000
_FOLD_NS = 5_000_000
_LOOK_FOR_FOLDS_NS = 50_000_000
"""Where little comes in, more often would be a wake-up for nothing."""
_BREATH_NS = 500_000
_AT_A_TIME_NS = 100_000
"""To wake costs about as much, where many processes share a core and nothing is in its caches any more."""


@dataclass(frozen=True, slots=True)
class _Session:
    scenario: Scenario
    run: Callable[[Performer], Coroutine[Any, Any, None]]


class Worker:
    """Carries one share of a plan. Use it once: `run`, and from outside `stop` or `cut`."""

    def __init__(
        self,
        plan: Plan,
        share: Share,
        *,
        start_ns: int,
        on_snapshot: Callable[[Snapshot], None],
        on_log: Callable[[str], None],
        on_gathered: Callable[[], None] | None = None,
        processor: Processor | None = None,
        variables: Mapping[str, object] | None = None,
        shared: Shared | None = None,
    ) -> None:
        """Must be made inside the running loop.

        `start_ns`: the instant of the run's start. `on_gathered` is called when all users of this share have come to
        the rendezvous, and `open_rendezvous` is then waited for; without it, it opens at once. `variables`: what the
        script's `before` flow left behind. `shared`: what its setup did.
        """
        loop = asyncio.get_running_loop()
        self._plan = plan
        self._share = share
        self._start_ns = start_ns
        self._on_snapshot = on_snapshot
        self._recorder = Recorder(start_ns)
        self._counts = self._recorder.counts
        self._session_lengths = self._recorder.samples("vusers.session_length")
        self._bounds = phase_bounds(plan.phases)
        last_arrival_ns = start_ns + (self._bounds[-1][1] if self._bounds else 0)
        clock = WallClock()
        timers = Timers(loop, phase=share.index / share.of, departures=Departures(own_code=plan.runs_own_code))
        self._services = Services(
            loop=loop,
            timers=timers,
            connector=Connector(loop, timers, share),
            recorder=self._recorder,
            rendezvous=Rendezvous(loop, population_share(total_arrivals(plan.phases, plan.seed), share), on_gathered),
            log=on_log,
            seed=plan.seed,
            last_arrival_ns=last_arrival_ns,
            least_listening_ns=_least_listening_ns(plan),
            keep_pushes=any(waits_for_pushes(scenario.steps) for scenario in plan.scenarios),
            pushes=PushMeter(plan.push, self._recorder, clock) if plan.push is not None else None,
            clock=clock,
            shared={} if shared is None else shared,
        )
        self._sessions = [
            _Session(scenario, _compiled(scenario, plan, self._recorder, processor)) for scenario in plan.scenarios
        ]
        self._weights = [scenario.weight for scenario in plan.scenarios]
        self._variables = UserVariables(plan, variables or {})
        self._users: set[User] = set()
        self._everybody_left = asyncio.Event()
        self._pacer = Pacer(
            arrivals(plan.phases, share, plan.seed),
            start_ns,
            timers,
            self._start_now,
            self._recorder.samples("generator.lateness"),
        )
        self._keeper = PopulationKeeper(plan.phases, share, start_ns, timers, self._start_soon, plan.seed)
        self._health = HealthWatch(timers, self._recorder, own_code=plan.runs_own_code)
        self._collections = collections_for(plan)
        self._taken_ns = start_ns
        self._assemblies: deque[Assembly] = deque()
        self._is_over = False

    @property
    def ended(self) -> bool:
        """Whether everything is over, and only the last snapshot may still be given out."""
        return self._is_over

    @property
    def active(self) -> int:
        """How many users are under way."""
        return len(self._users)

    async def run(self) -> None:
        """Carry the share to its end: all arrivals started, all users ended, all connections closed."""
        self._collections.begin()
        self._health.start()
        self._fold()
        self._services.rendezvous.begin()
        snapshots = asyncio.ensure_future(self._snapshots())
        try:
            await asyncio.gather(self._pacer.run(), self._keeper.run())
            while self._users:
                self._everybody_left.clear()
                await self._everybody_left.wait()
            await self._connections_closed()
        finally:
            snapshots.cancel()
            self._health.stop()
            self._collections.end()
            self._services.timers.close()
            self._services.connector.close()
            self._is_over = True
            self._cut(perf_counter_ns())
            self._hand_over_all()

    def stop(self) -> None:
        """Start nobody any more; those under way go on."""
        self._services.stopping = True
        self._services.rendezvous.open()
        self._pacer.stop()
        self._keeper.stop()

    def open_rendezvous(self) -> None:
        """Let the users go on who wait for each other: those of the other workers have come, too."""
        self._services.rendezvous.open()

    def cut(self) -> None:
        """End everybody at once."""
        self.stop()
        for user in tuple(self._users):
            user.task.cancel("the run was stopped")

    # -- users ---------------------------------------------------------------------------------------------------

    def _start_now(self, arrival: Arrival, planned_at: int) -> None:
        """Start the user of an arrival. To be called outside of any task."""
        driver = self._arrive(arrival, planned_at)
        if driver is not None:
            driver.start()

    def _start_soon(self, arrival: Arrival, planned_at: int) -> None:
        """Start the user of an arrival; one task cannot run inside another, but this may be called from one."""
        driver = self._arrive(arrival, planned_at)
        if driver is not None:
            self._services.loop.call_soon(driver.start)

    def _arrive(self, arrival: Arrival, planned_at: int) -> Driver | None:
        """The user of an arrival, to be started; None where the phase's cap forbids it."""
        phase = self._plan.phases[arrival.phase]
        if self._taken_ns < self._start_ns + self._bounds[arrival.phase][0]:
            # The phase's first user is here before the snapshot that ends the one before.
            self._take(perf_counter_ns())
        if self._is_full(phase):
            self._counts["vusers.skipped"] += 1
            self._services.rendezvous.leave()
            return None
        session = self._sessions[draw_scenario(self._weights, self._plan.seed, arrival.index)]
        name = session.scenario.name
        user = User(arrival.index, name, self._variables.of(arrival.index), planned_at, self._services)
        user.task = Driver(
            session.run(user),
            self._services.loop,
            partial(self._ended, user, isinstance(phase, Population)),
            UserTask,
            f"user-{arrival.index}",
        )
        self._users.add(user)
        self._counts["vusers.created"] += 1
        self._counts[f"vusers.created_by_name.{name}"] += 1
        return user.task

    def _is_full(self, phase: Phase) -> bool:
        """Whether the phase's cap on users under way, of which this worker has its share, forbids one more."""
        if isinstance(phase, Pause | Population) or phase.max_users is None:
            return False
        return len(self._users) >= population_share(phase.max_users, self._share)

    def _ended(self, user: User, of_population: bool, task: Driver) -> None:
        error = task.exception_raised
        counts = self._counts
        sent_home = isinstance(error, PhasesOver)
        if error is None or sent_home:
            counts["vusers.completed"] += 1
            self._session_lengths.append(perf_counter_ns() - user.started_at)
        elif isinstance(error, asyncio.CancelledError) and self._services.stopping:
            counts["vusers.interrupted"] += 1
        else:
            counts["vusers.failed"] += 1
            self._record_failure(error)
        user.leave(cut=isinstance(error, asyncio.CancelledError) and not sent_home)
        self._users.discard(user)
        if of_population:
            self._keeper.ended()
        if not self._users:
            self._everybody_left.set()

    def _record_failure(self, error: BaseException) -> None:
        failure = first_of(error)
        if isinstance(failure, UserFailure):
            self._recorder.error(failure.kind, failure.reason)
        else:
            mistake = mistake_in(error)
            self._recorder.error(mistake.kind, mistake.reason, partial(trace_of, error))
        if not isinstance(error, KeyboardInterrupt | SystemExit):
            # The user, its task and the exception's frames hold each other, and the garbage collector comes rarely.
            let_go(error)

    async def _connections_closed(self) -> None:
        """Let the close handshakes that are under way end, for as long as a connection may take to close."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.connection.close_timeout_s + 1):
                await self._services.connections.all_closed()

    # -- snapshots -----------------------------------------------------------------------------------------------

    async def _snapshots(self) -> None:
        for cut_ns in cuts(boundaries(self._plan)):
            cut_at = self._start_ns + cut_ns
            if cut_at <= self._taken_ns:  # the loop stood still over it: the snapshot taken then did for both
                continue
            due = asyncio.Event()
            # A moment late, so that a user who is planned for the very end of a phase still is of that phase.
            self._services.timers.at(cut_at + _AFTER_A_BOUNDARY_NS, due.set)
            await due.wait()
            if self._taken_ns < cut_at:
                self._take(perf_counter_ns())

    def _take(self, now_ns: int) -> None:
        """End an interval now; its snapshot is made and handed over bit by bit.

        The loop looks after the sockets in between: many short standstills are less than one long one. With
        `call_soon` there would be no in between, since what is ready is run before the sockets are looked at.
        """
        self._cut(now_ns)
        if len(self._assemblies) == 1:
            self._services.timers.at(perf_counter_ns() + _BREATH_NS, self._assemble)

    def _cut(self, now_ns: int) -> None:
        self._collections.look(len(self._users))
        gauges = self._health.gauges()
        gauges |= {"vusers.active": len(self._users), "websocket.open": self._services.connections.open}
        readings = self._health.readings()
        self._assemblies.append(self._recorder.cut(self._share.index, self._taken_ns, now_ns, gauges, readings))
        self._taken_ns = now_ns

    def _assemble(self) -> None:
        """Go on with the oldest snapshot for a moment; one that is complete is handed over in a turn of its own."""
        assembly = self._assemblies[0]
        if assembly.complete:
            self._assemblies.popleft()
            self._on_snapshot(assembly.finished())
        else:
            # Where many names make it last for longer than to the next cut, more is done at a time.
            until_ns = perf_counter_ns() + _AT_A_TIME_NS * len(self._assemblies)
            while not assembly.complete and perf_counter_ns() < until_ns:
                assembly.step()
        if self._assemblies:
            self._services.timers.at(perf_counter_ns() + _BREATH_NS, self._assemble)

    def _hand_over_all(self) -> None:
        while self._assemblies:
            self._on_snapshot(self._assemblies.popleft().finished())

    def _fold(self) -> None:
        pause_ns = _FOLD_NS if self._recorder.fold() else _LOOK_FOR_FOLDS_NS
        self._services.timers.at(perf_counter_ns() + pause_ns, self._fold)


def _least_listening_ns(plan: Plan) -> int:
    """How long a connection may be listened to at least: users may arrive as the last phase ends, but for held ones."""
    ends_together = bool(plan.phases) and isinstance(plan.phases[-1], Pause | Population)
    return 0 if ends_together else round(plan.reply_timeout_s * 1e9)


def _compiled(
    scenario: Scenario, plan: Plan, recorder: Recorder, processor: Processor | None
) -> Callable[[Performer], Coroutine[Any, Any, None]]:
    if isinstance(scenario, PythonScenario):
        return python_session(scenario, plan, recorder)
    return compile_session(scenario.steps, plan, recorder, processor)
