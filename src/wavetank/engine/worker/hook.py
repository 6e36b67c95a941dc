"""The flows before and after a run: one user of its own, whose figures are not those of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter_ns

from wavetank.engine.clock.timers import Timers
from wavetank.engine.connecting.connector import Connector
from wavetank.engine.tasks.driver import Driver
from wavetank.engine.tasks.rendezvous import Rendezvous
from wavetank.engine.tasks.task import UserTask
from wavetank.engine.user.services import Services
from wavetank.engine.user.user import User
from wavetank.engine.user.variables import UserVariables
from wavetank.errors import UserFailure
from wavetank.flow.mistake import first_of, mistake_in
from wavetank.flow.scenario import compile_hook, waits_for_pushes
from wavetank.metrics.recorder import Recorder
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor
from wavetank.plan.steps import Step


async def run_hook(
    steps: tuple[Step, ...],
    plan: Plan,
    processor: Processor | None,
    variables: Mapping[str, object],
    on_log: Callable[[str], None],
) -> dict[str, object]:
    """Run `steps` once and give the variables that they leave behind.

    Raises UserFailure when they cannot be carried out, or when a function of the processor raised an exception.
    """
    loop = asyncio.get_running_loop()
    now = perf_counter_ns()
    recorder, timers = Recorder(now), Timers(loop)
    services = Services(
        loop=loop,
        timers=timers,
        connector=Connector(loop, timers),
        recorder=recorder,
        rendezvous=Rendezvous(loop, 1),
        log=on_log,
        seed=plan.seed,
        last_arrival_ns=now,
        keep_pushes=waits_for_pushes(steps),
    )
    user = User(0, "hook", UserVariables(plan, variables).of(0), now, services)
    ended = asyncio.Event()
    flow = compile_hook(steps, plan, recorder, processor)

    async def live() -> None:
        await flow(user)
        if user.socket is not None:
            await user.socket.close()

    user.task = Driver(live(), loop, lambda task: ended.set(), UserTask, "hook")
    loop.call_soon(user.task.start)
    try:
        await ended.wait()
    finally:
        user.leave(cut=True)
        timers.close()
        services.connector.close()
    error = user.task.exception_raised
    if isinstance(error, Exception):
        raise _failure(error)
    if error is not None:
        raise error
    return user.vars


def _failure(error: Exception) -> UserFailure:
    first = first_of(error)
    if isinstance(first, UserFailure):
        return first
    mistake = mistake_in(error)
    failure = UserFailure(mistake.kind, f"{mistake.reason} ({mistake.place})" if mistake.place else mistake.reason)
    failure.__cause__ = error
    return failure
