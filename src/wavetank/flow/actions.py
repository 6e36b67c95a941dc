"""Single steps, compiled: one function for each kind, from the step's data to an action."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns
from typing import Any, TypeVar, overload

from wavetank.errors import UserFailure, Where
from wavetank.flow.contract import Action, Actor
from wavetank.flow.correlation import Correlator
from wavetank.flow.expectation import Expected, compile_expectation
from wavetank.flow.hooks import Context, prepare
from wavetank.metrics.recorder import Recorder, Series
from wavetank.plan.durations import seconds
from wavetank.plan.model import Plan
from wavetank.plan.processor import Processor
from wavetank.plan.steps import Close, Connect, ConnectionOptions, Log, Ping, Send, Think, Wait
from wavetank.plan.template import NOW, JsonTemplate, Template, compile_json, compile_template, text_of
from wavetank.plan.urls import join_url

Render = Callable[[Actor], bytes]
_Value = TypeVar("_Value")


def label(step: str, where: Where) -> str:
    """How a failure names a step."""
    return f"step {step!r} ({where})"


def compile_connect(step: Connect, plan: Plan, recorder: Recorder, processor: Processor | None) -> Action:
    """Opens the connection to the step's URL, or changes the request by a function of the processor first."""
    options = step.options or plan.connection
    subprotocols = tuple(dict.fromkeys((*options.subprotocols, *step.subprotocols)))
    options = replace(options, subprotocols=subprotocols)
    url, headers = _url_of(step, plan), _headers_of({**options.headers, **step.headers}, plan)

    if step.function is None or processor is None:

        def connect(actor: Actor) -> Awaitable[object]:
            return actor.connect(url(actor), options, headers(actor))

        return connect

    change = prepare(processor, step.function)

    async def change_and_connect(actor: Actor) -> None:
        params: dict[str, Any] = {
            "target": url(actor),
            "subprotocols": list(subprotocols),
            "options": {"headers": dict(headers(actor))},
        }
        answer = change(params, Context(actor, recorder))
        if answer is not None:
            await answer
        actor.planned_at = perf_counter_ns()
        await actor.connect(*_changed(params, plan.target, options, step))

    return change_and_connect


def _url_of(step: Connect, plan: Plan) -> Callable[[Actor], str]:
    """Makes the URL of a connection; one that is the same for all users is joined once."""
    template = compile_template(step.url if step.url is not None else "", strict=plan.strict)
    if template.constant:
        with suppress(ValueError):  # which each user is to fail with
            return _constant(join_url(plan.target, text_of(template.render({}, _no_random))))
    render = _renderer(template)
    return lambda actor: _url(plan.target, text_of(render(actor)), step.where)


def _headers_of(wanted: Mapping[str, object], plan: Plan) -> Callable[[Actor], Mapping[str, str]]:
    """Makes the headers of a request; those that are the same for all users are made once, and are one map."""
    template = compile_template(wanted, strict=plan.strict)
    if template.constant:
        return _constant(_texts_of(template.render({}, _no_random)))
    render = _renderer(template)
    return lambda actor: _texts_of(render(actor))


def _texts_of(rendered: object) -> Mapping[str, str]:
    assert isinstance(rendered, dict)
    return {name: text_of(value) for name, value in rendered.items()}


def _url(target: str, url: str, where: Where) -> str:
    try:
        return join_url(target, url)
    except ValueError as error:
        raise UserFailure("bad_url", f"{error} ({where})") from error


def _changed(
    params: dict[str, Any], target: str, options: ConnectionOptions, step: Connect
) -> tuple[str, ConnectionOptions, dict[str, str]]:
    try:
        strange = sorted(set(params["options"]) - {"headers"})
        if strange:
            reason = f"{step.function}() sets {', '.join(strange)}, but of the options only headers are the user's"
            raise UserFailure("function_failed", f"{reason} ({step.where})")
        changed = replace(options, subprotocols=tuple(str(name) for name in params["subprotocols"]))
        headers = {str(name): str(value) for name, value in params["options"].get("headers", {}).items()}
        return _url(target, str(params["target"]), step.where), changed, headers
    except (AttributeError, KeyError, TypeError) as error:
        reason = f"{step.function}() left params that cannot be used: {type(error).__name__}: {error} ({step.where})"
        raise UserFailure("function_failed", reason) from error


def compile_send(step: Send, plan: Plan, recorder: Recorder) -> Action:
    """Sends, and waits for the reply where one is expected."""
    render, text = _payload(step, plan)
    series = recorder.series(step.name)
    if step.correlation is not None:
        name = label(step.name, step.where)
        correlator = Correlator(step.correlation, timeout_s=plan.reply_timeout_s, label=name)
        return lambda actor: actor.wire.dispatch(render(actor), text=text, series=series, correlator=correlator)
    if step.expect is None:

        def send(actor: Actor) -> None:
            actor.wire.transmit(render(actor), text=text, series=series)

        return send

    expectation = compile_expectation(
        step.expect, timeout_s=plan.reply_timeout_s, label=label(step.name, step.where), strict=plan.strict
    )
    return _request(render, text, series, expectation)


def _request(render: Render, text: bool, series: Series, expectation: Expected) -> Action:
    def request(actor: Actor) -> Awaitable[object]:
        return actor.wire.request(render(actor), text=text, series=series, expectation=expectation)

    return request


def _payload(step: Send, plan: Plan) -> tuple[Render, bool]:
    """How to make the bytes of a message, and whether it is a text. What is constant is encoded here, once."""
    if step.encoding == "file":
        return _constant(Path(str(step.payload)).read_bytes()), False
    if step.encoding == "json":
        json = compile_json(step.payload, strict=plan.strict)
        if json.constant:
            return _constant(json.render({}, _no_random)), True
        return _renderer(json), True
    template = compile_template(step.payload, strict=plan.strict)
    encode = _from_base64 if step.encoding == "base64" else _to_bytes
    if template.constant:
        return _constant(encode(template.render({}, _no_random))), step.encoding == "text"
    to_value = _renderer(template)
    return lambda actor: encode(to_value(actor)), step.encoding == "text"


@overload
def _renderer(template: JsonTemplate) -> Callable[[Actor], bytes]: ...
@overload
def _renderer(template: Template) -> Callable[[Actor], object]: ...
def _renderer(template: Template | JsonTemplate) -> Callable[[Actor], object]:
    """What renders the template for a user; `$now` is the time at which that happens."""
    render = template.render
    if NOW not in template.names:
        return lambda actor: render(actor.vars, actor.random)

    def render_now(actor: Actor) -> object:
        actor.vars[NOW] = actor.now_ms()
        return render(actor.vars, actor.random)

    return render_now


def _constant(value: _Value) -> Callable[[Actor], _Value]:
    return lambda actor: value


def _no_random() -> Any:
    raise AssertionError("a constant draws no random numbers")


def _to_bytes(value: object) -> bytes:
    return text_of(value).encode()


def _from_base64(value: object) -> bytes:
    try:
        return base64.b64decode(text_of(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserFailure("bad_payload", f"the binary payload is no base64: {error}") from error


def compile_wait(step: Wait, plan: Plan, recorder: Recorder) -> Action:
    """Waits for a message without sending."""
    series = recorder.series(step.name)
    expectation = compile_expectation(
        step.expect, timeout_s=plan.reply_timeout_s, label=label(step.name, step.where), strict=plan.strict
    )
    return lambda actor: actor.wire.expect(series, expectation)


def compile_think(step: Think, plan: Plan) -> Action:
    """Does nothing for a while, counted from the instant at which the step before ended."""
    if isinstance(step.duration, int | float):
        constant: float | None = float(step.duration)
        render = None
    else:
        template = compile_template(step.duration, strict=plan.strict)
        render = None if template.constant else template.render
        constant = seconds(step.duration) if render is None else None
    jitter, is_share = step.jitter, step.jitter_is_share

    def think(actor: Actor) -> Awaitable[object]:
        length = constant or 0.0 if render is None else _seconds(render(actor.vars, actor.random), step)
        if jitter:
            spread = length * jitter if is_share else jitter
            length = max(0.0, length + actor.random().uniform(-spread, spread))
        if length == 0:
            return actor.pause()
        return actor.think_until(actor.planned_at + round(length * 1e9))

    return think


def _seconds(value: object, step: Think) -> float:
    try:
        if isinstance(value, int | float | str):
            return seconds(value)
        raise ValueError(f"{value!r} is no duration")
    except ValueError as error:
        raise UserFailure("bad_duration", f"think cannot wait: {error} ({step.where})") from error


def compile_log(step: Log, plan: Plan) -> Action:
    """Writes a line to the run's log."""
    render = _renderer(compile_template(step.text, strict=plan.strict))

    def log(actor: Actor) -> None:
        actor.log(text_of(render(actor)))

    return log


def compile_ping(step: Ping, plan: Plan, recorder: Recorder) -> Action:
    """Sends a ping control frame and waits for its pong."""
    series = recorder.series(step.name)
    timeout_s = plan.reply_timeout_s if step.timeout_s is None else step.timeout_s
    timeout_ns, name = round(timeout_s * 1e9), label(step.name, step.where)
    return lambda actor: actor.wire.ping(series, timeout_ns, name)


def compile_close(step: Close, plan: Plan) -> Action:
    """Closes the connection with the step's code and reason."""
    render = _renderer(compile_template(step.reason, strict=plan.strict))
    return lambda actor: actor.wire.close(step.code, text_of(render(actor)))
