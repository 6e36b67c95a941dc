"""Steps that hold other steps: `loop` in all its forms, and the paced loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from time import perf_counter_ns
from typing import Any

from wavetank.errors import UserFailure
from wavetank.flow.contract import Action, Actor
from wavetank.plan.model import Plan
from wavetank.plan.steps import Loop, Pace
from wavetank.plan.template import Template, compile_template

Flow = Callable[[Actor], Coroutine[Any, Any, None]]


Steps = tuple[Action, ...]
"""What a loop does in each round. It does so itself: every coroutine around the one who waits is resumed with it."""


def sequence(actions: Iterable[Action]) -> Flow:
    """All actions, one after the other."""
    steps = tuple(actions)

    async def run(actor: Actor) -> None:
        for step in steps:
            if (waiting := step(actor)) is not None:
                await waiting

    return run


def compile_loop(step: Loop, body: Steps, plan: Plan, ask: Callable[[Actor], Awaitable[bool]] | None) -> Action:
    """`count`, `over`, `whileTrue` (asked after each round), or endless: until the last arrival of the run is due."""
    if ask is not None:
        return _while(step, body, ask)
    if step.over is not None:
        return _over(step, body, _elements(step, plan))
    if step.count is not None:
        return _count(step, body, _rounds(step, plan))
    return _endless(step, body)


def _count(step: Loop, body: Steps, rounds: Callable[[Actor], int]) -> Action:
    name, first = step.value_name, step.first

    async def run(actor: Actor) -> None:
        variables = actor.vars
        for number in range(first, first + rounds(actor)):
            variables[name] = number
            for action in body:
                if (waiting := action(actor)) is not None:
                    await waiting

    return run


def _over(step: Loop, body: Steps, elements: Callable[[Actor], Iterable[object]]) -> Action:
    async def run(actor: Actor) -> None:
        variables = actor.vars
        for number, element in enumerate(elements(actor)):
            variables[step.value_name] = number
            variables[step.element_name] = element
            for action in body:
                if (waiting := action(actor)) is not None:
                    await waiting

    return run


def _while(step: Loop, body: Steps, ask: Callable[[Actor], Awaitable[bool]]) -> Action:
    async def run(actor: Actor) -> None:
        number = step.first
        while True:
            turns = actor.turns
            actor.vars[step.value_name] = number
            for action in body:
                if (waiting := action(actor)) is not None:
                    await waiting
            number += 1
            if not await ask(actor):
                return
            if actor.turns == turns:
                await actor.pause()  # a body that never waits must not stop everybody else

    return run


def _endless(step: Loop, body: Steps) -> Action:
    async def run(actor: Actor) -> None:
        number = step.first
        while actor.may_continue:
            turns = actor.turns
            actor.vars[step.value_name] = number
            for action in body:
                if (waiting := action(actor)) is not None:
                    await waiting
            number += 1
            if actor.turns == turns:
                await actor.pause()  # a body that never waits must not stop everybody else

    return run


def _rounds(step: Loop, plan: Plan) -> Callable[[Actor], int]:
    if isinstance(step.count, int):
        count = step.count
        return lambda actor: count
    template: Template = compile_template(step.count, strict=plan.strict)

    def rounds(actor: Actor) -> int:
        value = template.render(actor.vars, actor.random)
        try:
            return int(str(value))
        except ValueError:
            raise UserFailure("bad_count", f"loop count {value!r} is no whole number ({step.where})") from None

    return rounds


def _elements(step: Loop, plan: Plan) -> Callable[[Actor], Iterable[object]]:
    if isinstance(step.over, str):
        name = step.over
        template = compile_template(name if "{{" in name else "{{ " + name + " }}", strict=plan.strict)
    else:
        template = compile_template(list(step.over or ()), strict=plan.strict)

    def elements(actor: Actor) -> Iterable[object]:
        value = template.render(actor.vars, actor.random)
        return value if isinstance(value, list | tuple) else ()

    return elements


def compile_pace(step: Pace, body: Steps) -> Action:
    """Begins each round at its planned instant; a round that is late begins at once, and stays on the schedule.

    What a round is late because of the reply before it is the server's, and shows in the response time; what it is
    late on top of that is the generator's, and is recorded as its lateness.
    """
    interval_ns = round(step.interval_s * 1e9)

    async def run(actor: Actor) -> None:
        begin_at = actor.planned_at
        for number in range(step.count):
            planned_at = begin_at + number * interval_ns
            if perf_counter_ns() < planned_at:
                await actor.think_until(planned_at)
                planned_at = actor.planned_at  # as exactly as can be waited for
            actor.late(max(planned_at, actor.planned_at))
            actor.planned_at = planned_at
            actor.vars["$loopCount"] = number
            for action in body:
                if (waiting := action(actor)) is not None:
                    await waiting

    return run
