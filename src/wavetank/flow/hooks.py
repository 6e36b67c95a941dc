"""The functions of a script's processor: `def f(context, events)`, plain or async.

The face is Artillery's (`context.vars`, `context.ws`, `context.scenario`; `events.emit`), in Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any

import orjson

from wavetank.flow.contract import Action, Actor
from wavetank.metrics.recorder import Recorder
from wavetank.plan.processor import Processor, ProcessorFunction

_GIVEN = 2
"""So many arguments a step has for a function: its context and events, or params and its context."""


class Events:
    """What `events.emit` of a function reaches."""

    __slots__ = ("_actor",)

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def emit(self, kind: str, name: str, value: float = 1) -> None:
        """Add to a metric: kind `counter`, `rate` or `histogram` (milliseconds). Raises ValueError for another kind."""
        self._actor.emit("counter" if kind == "customStat" else kind, name, value)


class ContextSocket:
    """The user's connection, as a function sees it."""

    __slots__ = ("_actor", "_recorder")

    def __init__(self, actor: Actor, recorder: Recorder) -> None:
        self._actor = actor
        self._recorder = recorder

    def send(self, message: object, name: str | None = None) -> None:
        """Send a message: text as it is, bytes as binary, anything else as JSON.

        `name` names its metric; without it the `type` field of a map does. A `wait` step takes the reply.
        """
        if isinstance(message, bytes | bytearray):
            data, text = bytes(message), False
        elif isinstance(message, str):
            data, text = message.encode(), True
        else:
            data, text = orjson.dumps(message), True
        if name is None:
            kind = message.get("type") if isinstance(message, dict) else None
            name = kind if isinstance(kind, str) else "function"
        self._actor.wire.transmit(data, text=text, series=self._recorder.series(name))


class Context:
    """The user, as a function sees it. `vars` is the user's own map: what is put in is there for later steps."""

    __slots__ = ("_actor", "_recorder", "vars")

    def __init__(self, actor: Actor, recorder: Recorder) -> None:
        self._actor = actor
        self._recorder = recorder
        self.vars = actor.vars

    @property
    def ws(self) -> ContextSocket:
        """The user's connection."""
        return ContextSocket(self._actor, self._recorder)

    @property
    def scenario(self) -> dict[str, str]:
        """What the user carries out: its `name`."""
        return {"name": self._actor.scenario_name}

    @property
    def random(self) -> Any:
        """The user's own `random.Random`: the same numbers for the same seed, on any worker."""
        return self._actor.random()

    def now_ms(self) -> float:
        """Milliseconds since 1970, by the clock that pushes are measured with: what `$now` is in templates."""
        return self._actor.now_ms()


def call_function(processor: Processor, name: str, recorder: Recorder) -> Action:
    """The action that calls the processor's function `name`."""
    call = prepare(processor, name)

    def run(actor: Actor) -> Awaitable[object] | None:
        waiting = call(Context(actor, recorder), Events(actor))
        if waiting is not None:
            return finish(actor, waiting)
        actor.planned_at = perf_counter_ns()
        return None

    async def finish(actor: Actor, waiting: Awaitable[object]) -> None:
        await waiting
        actor.planned_at = perf_counter_ns()

    return run


def ask_function(processor: Processor, name: str, recorder: Recorder) -> Callable[[Actor], Awaitable[bool]]:
    """A question that the processor's function `name` answers, by returning a value or through `done(value)`."""
    call = prepare(processor, name, wants_answer=True)
    parameters = processor.function(name).parameters
    # Artillery's own form is f(context, done): told from f(context, events) by the name.
    takes_done_second = len(parameters) == 2 and parameters[1] in ("done", "next", "callback")

    async def ask(actor: Actor) -> bool:
        context = Context(actor, recorder)
        answer = call(context) if takes_done_second else call(context, Events(actor))
        return bool(await answer if inspect.isawaitable(answer) else answer)

    return ask


def prepare(processor: Processor, name: str, *, wants_answer: bool = False) -> Callable[..., Any]:
    """The function `name`, taking as many of its arguments as it has. What it raises goes through as it is.

    The legacy last argument `done` is accepted: calling it is not needed. Where an answer is wanted and the function
    returns none, the value given to `done` is the answer.
    """
    function = processor.function(name)
    if not wants_answer and function.accepts <= _GIVEN:
        return _without_done(function)

    def call(*arguments: object) -> Any:
        told: list[object] = []

        def done(*values: object) -> None:
            told.extend(values)

        given = (*arguments, done)[: function.accepts]
        result = function.call(*given)
        if inspect.isawaitable(result):
            return finish(result, told)
        return told[-1] if wants_answer and result is None and told else (result if wants_answer else None)

    async def finish(result: Awaitable[object], told: list[object]) -> object:
        answer = await result
        return told[-1] if answer is None and told else answer

    return call


def _without_done(function: ProcessorFunction) -> Callable[..., Any]:
    """Most functions are of this kind, and most return nothing: with no more around them than they need."""
    function_itself, accepts = function.call, function.accepts

    def call(*arguments: object) -> Awaitable[object] | None:
        result = function_itself(*arguments[:accepts])
        return result if result is not None and inspect.isawaitable(result) else None

    return call
