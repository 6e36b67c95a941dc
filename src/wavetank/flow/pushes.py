"""Reading pushes: from a message to its channel, its number and the instant that it was made at."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from wavetank.flow.expectation import Message, compile_selector, json_of, same
from wavetank.plan.pushes import PushRules
from wavetank.plan.steps import JsonSelector, Match

Channel = str | int | float | None
"""The name of a channel; None where the script tells no channels apart."""

_FIELD = re.compile(r"\$\.([A-Za-z_][A-Za-z0-9_]*)")
_DIGITS = re.compile(r"-?[0-9]{1,30}")
_FARTHEST_NS = 2**63
"""Instants beyond the year 2262 are no instants: the wrong unit, or no time at all."""

Get = Callable[[Message, Any], object]
"""From a message and its JSON to the value at a path, or None."""


class Push(NamedTuple):
    """What a push says. `whole` is False where something that ought to be in it is not there, or is of no use.

    `made_at` is in ns since 1970.
    """

    channel: Channel
    sequence: int | None
    made_at: int | None
    whole: bool


class PushReader:
    """Compiled `PushRules`. Strange messages may raise what the JSONPath library raises over them."""

    __slots__ = ("_accepts", "_channel", "_sequence", "_server_time", "_timestamp", "_unit_ns")

    def __init__(self, rules: PushRules) -> None:
        self._unit_ns = rules.unit_ns
        self._accepts = _compile_matches(rules.matches)
        self._timestamp = _compile_path(rules.timestamp)
        self._sequence = _compile_path(rules.sequence)
        self._channel = _compile_path(rules.channel)
        self._server_time = _compile_path(rules.server_time)

    def read(self, message: Message) -> Push | None:
        """What the message says if it is a push, else None."""
        body = json_of(message)
        if not self._accepts(message, body):
            return None
        channel: Channel = None
        sequence = made_at = None
        whole = True
        if self._channel is not None:
            name = self._channel(message, body)
            if isinstance(name, str | int | float) and not isinstance(name, bool):
                channel = name
            else:
                whole = False
        if self._sequence is not None and whole:  # a number tells nothing where its channel is not known
            sequence = _whole_number(self._sequence(message, body))
            whole = sequence is not None
        if self._timestamp is not None:
            made_at = _instant(self._timestamp(message, body), self._unit_ns)
            whole = whole and made_at is not None
        return Push(channel, sequence, made_at, whole)

    def server_time(self, message: Message) -> int | None:
        """The server's time that a reply tells, in ns since 1970, if it tells one."""
        if self._server_time is None:
            return None
        return _instant(self._server_time(message, json_of(message)), self._unit_ns)


def _compile_matches(matches: tuple[Match, ...]) -> Callable[[Message, Any], bool]:
    if len(matches) == 1:
        (match,) = matches
        field = _FIELD.fullmatch(match.selector.path) if isinstance(match.selector, JsonSelector) else None
        if field is not None and isinstance(match.value, str):
            name, wanted = field[1], match.value
            return lambda _message, body: type(body) is dict and body.get(name) == wanted
    pairs = [(compile_selector(match.selector), match.value) for match in matches]

    def accepts(message: Message, body: Any) -> bool:
        return all(any(same(found, value) for found in find(message, body)) for find, value in pairs)

    return accepts


def _compile_path(path: str | None) -> Get | None:
    if path is None:
        return None
    field = _FIELD.fullmatch(path)
    if field is not None:
        name = field[1]
        return lambda _message, body: body.get(name) if type(body) is dict else None
    find = compile_selector(JsonSelector(path=path, multiple=False))

    def first(message: Message, body: Any) -> object:
        found = find(message, body)
        return found[0] if found else None

    return first


def _whole_number(value: object) -> int | None:
    """A sequence number: a whole number, also one that is written as a text or with a fraction of nought."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None


def _instant(value: object, unit_ns: int) -> int | None:
    """An instant in ns since 1970 from so many units since then."""
    if type(value) is int:
        instant = value * unit_ns
    elif isinstance(value, float | str):
        try:
            number = float(value)
        except ValueError:
            return None
        if not math.isfinite(number):
            return None
        # Multiplied as a whole, it would lose a quarter of a microsecond.
        whole = int(number)
        instant = whole * unit_ns + round((number - whole) * unit_ns)
    else:
        return None
    return instant if 0 < instant < _FARTHEST_NS else None
