"""A scenario compiled: from its steps to one coroutine function that a user runs."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from wavetank.errors import Where
from wavetank.flow.actions import (
    compile_close,
    compile_connect,
    compile_log,
    compile_ping,
    compile_send,
    compile_think,
    compile_wait,
)
from wavetank.flow.contract import Action, Actor
from wavetank.flow.hooks import ask_function, call_function
from wavetank.flow.loops import Flow, Steps, compile_loop, compile_pace, sequence
from wavetank.metrics.recorder import Recorder
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor
from wavetank.plan.steps import (
    WEBSOCKET_STEPS,
    Close,
    Connect,
    Function,
    Log,
    Loop,
    Pace,
    Ping,
    Rendezvous,
    Send,
    Settle,
    Step,
    Think,
    Wait,
    every_step,
)


def compile_session(steps: tuple[Step, ...], plan: Plan, recorder: Recorder, processor: Processor | None) -> Flow:
    """What a user runs: all steps, with a connect before them where the script leaves it out.

    Templates are compiled and constant messages encoded here, once for all users of a worker.
    """
    opener = next((step for step in every_step(steps) if isinstance(step, WEBSOCKET_STEPS)), None)
    if not isinstance(opener, Connect):
        steps = (Connect(where=steps[0].where if steps else Where(plan.name)), *steps)
    return sequence((*_compiled(steps, plan, recorder, processor), _depart))


def compile_hook(steps: tuple[Step, ...], plan: Plan, recorder: Recorder, processor: Processor | None) -> Flow:
    """A `before` or `after` flow: its steps as they are; it connects only if it says so."""
    return sequence(_compiled(steps, plan, recorder, processor))


def waits_for_pushes(steps: Iterable[Step]) -> bool:
    """Whether a `wait` step may want a message that came before it was reached."""
    return any(isinstance(step, Wait) for step in every_step(steps))


def _depart(actor: Actor) -> Awaitable[object] | None:
    return actor.depart()


def _compiled(steps: Iterable[Step], plan: Plan, recorder: Recorder, processor: Processor | None) -> Steps:
    return tuple(_compile(step, plan, recorder, processor) for step in steps)


def _compile(step: Step, plan: Plan, recorder: Recorder, processor: Processor | None) -> Action:
    match step:
        case Connect():
            return compile_connect(step, plan, recorder, processor)
        case Send():
            return compile_send(step, plan, recorder)
        case Settle():
            return lambda actor: actor.wire.settle()
        case Wait():
            return compile_wait(step, plan, recorder)
        case Think():
            return compile_think(step, plan)
        case Loop():
            ask = None
            if step.while_true is not None and processor is not None:
                ask = ask_function(processor, step.while_true, recorder)
            return compile_loop(step, _compiled(step.steps, plan, recorder, processor), plan, ask)
        case Pace():
            return compile_pace(step, _compiled(step.steps, plan, recorder, processor))
        case Function():
            assert processor is not None, "the reader refuses a function step without a processor"
            return call_function(processor, step.name, recorder)
        case Log():
            return compile_log(step, plan)
        case Ping():
            return compile_ping(step, plan, recorder)
        case Close():
            return compile_close(step, plan)
        case Rendezvous():
            return lambda actor: actor.rendezvous()
