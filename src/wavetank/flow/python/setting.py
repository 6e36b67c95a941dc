"""What all users of one Python scenario share: how they connect, what their messages are called and how they look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from wavetank.errors import UserFailure
from wavetank.flow.contract import Performer
from wavetank.flow.correlation import Correlator
from wavetank.metrics.recorder import Recorder, Series
from wavetank.plan.model import Plan
from wavetank.plan.phases import Population
from wavetank.plan.python.codec import Codec, JsonCodec
from wavetank.plan.steps import Correlation
from wavetank.plan.template import compile_template, text_of
from wavetank.plan.urls import join_url

Key = str | tuple[str, str]
"""A JSONPath (`$.id`) to what a message and its reply have in common; a pair where it is elsewhere in the reply."""

_NAMELESS = "message"
_KNOWN = 1000


class Setting:
    """The plan, the codec and the recorder, with what was worked out once for all users of a worker."""

    __slots__ = (
        "_correlators",
        "_headers",
        "_pack",
        "_recorder",
        "_series",
        "codec",
        "is_held",
        "plan",
        "reply_timeout_s",
    )

    def __init__(self, plan: Plan, codec: Codec, recorder: Recorder) -> None:
        self.plan = plan
        self.codec = codec
        self.reply_timeout_s = plan.reply_timeout_s
        self.is_held = any(isinstance(phase, Population) for phase in plan.phases)
        self._recorder = recorder
        self._series: dict[str, Series] = {}
        self._pack = codec.pack if isinstance(codec, JsonCodec) else None
        self._correlators: dict[tuple[Key, float], Correlator] = {}
        self._headers = compile_template(dict(plan.connection.headers), strict=plan.strict)

    def headers(self, performer: Performer) -> dict[str, str]:
        """The plan's headers, filled in for a user."""
        if not self.plan.connection.headers:
            return {}
        rendered = self._headers.render(performer.vars, performer.random)
        assert isinstance(rendered, dict)
        return {name: text_of(value) for name, value in rendered.items()}

    def url(self, url: str) -> str:
        """Where to connect to. Raises UserFailure(`bad_url`)."""
        try:
            return join_url(self.plan.target, url)
        except ValueError as error:
            raise UserFailure("bad_url", str(error)) from error

    def packed(self, message: Any) -> tuple[bytes, bool]:
        """The bytes of a message, and whether it is a text: text and bytes as they are, else what the codec makes."""
        if type(message) is dict and self._pack is not None:  # nearly all messages: without a detour by a text
            return self._pack(message), True
        if not isinstance(message, str | bytes | bytearray | memoryview):
            message = self.codec.encode(message)
        if isinstance(message, str):
            return message.encode(), True
        return bytes(message), False

    def series(self, message: Any, name: str | None) -> Series:
        """What a message counts for: its name, else its `type` (of a map, of a model, in JSON text), else `message`."""
        if name is None:
            name = _type_of(message)
        known = self._series.get(name)
        if known is None:
            known = self._recorder.series(name)
            if len(self._series) < _KNOWN:  # names from the wire may be any number
                self._series[name] = known
        return known

    def correlator(self, key: Key, timeout_s: float | None) -> Correlator:
        """What tells replies apart by a key. Raises ValueError for a path that is none."""
        timeout_s = self.reply_timeout_s if timeout_s is None else timeout_s
        known = self._correlators.get((key, timeout_s))
        if known is None:
            sent, received = (key, key) if isinstance(key, str) else key
            known = Correlator(
                Correlation(sent=sent, received=received), timeout_s=timeout_s, label=f"request by {sent}"
            )
            self._correlators[key, timeout_s] = known
        return known

    def nanoseconds(self, timeout_s: float | None) -> int:
        """A timeout; the plan's where none is given."""
        return round((self.reply_timeout_s if timeout_s is None else timeout_s) * 1e9)


def _type_of(message: Any) -> str:
    if isinstance(message, str):
        if not message.startswith("{"):
            return _NAMELESS
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            return _NAMELESS
    is_map = type(message) is dict or isinstance(message, Mapping)  # what a type is, is told faster than what it can
    kind = message.get("type") if is_map else getattr(message, "type", None)
    return kind if isinstance(kind, str) and kind else _NAMELESS
