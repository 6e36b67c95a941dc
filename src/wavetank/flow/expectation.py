"""Which message is the reply: `match` and `capture`, compiled once for each step."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import jsonpath
import orjson
from mypy_extensions import mypyc_attr

from wavetank.plan.steps import Capture, Expect, JsonSelector, Match, RegexpSelector, Selector
from wavetank.plan.template import RandomSource, compile_template

Message = str | bytes
Found = Callable[[Message, Any], list[object]]
"""From a message, and its JSON (or `_NOT_JSON`), to everything that a selector finds in it."""

_loads: Final = orjson.loads  # compiled, what is final is not looked up in a map
_NOT_JSON: Final = object()
_PLAIN_PATH = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*)+)$")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@mypyc_attr(allow_interpreted_subclasses=True)
class Memory(ABC):
    """What a user knows: its variables, and random numbers of its own."""

    __slots__ = ("vars",)

    vars: dict[str, object]

    @abstractmethod
    def random(self) -> Random:
        """The user's own random numbers: the same for the same seed and index, on any worker."""


class Expected(ABC):
    """What a wait wants. `label` says who waits, for the reason of a failure; `timeout_ns` for how long."""

    __slots__ = ("label", "timeout_ns")

    def __init__(self, timeout_ns: int, label: str) -> None:
        self.timeout_ns = timeout_ns
        self.label = label

    @abstractmethod
    def accepts(self, message: Message, memory: Memory) -> bool:
        """Whether a message is the one; what it captures of it is kept in the memory's variables."""


def compile_expectation(expect: Expect, *, timeout_s: float, label: str, strict: bool) -> Expected:
    """Compile what a script expects. `timeout_s` is the plan's reply timeout; the step's own wins.

    `label` names the step and its place in the script.
    """
    own = expect.timeout_s
    timeout_ns = round((timeout_s if own is None else own) * 1e9)
    everyday = _field_and_text(expect)
    if everyday is not None:
        return _Everyday(*everyday, timeout_ns, label)
    return _General(expect, timeout_ns, label, strict=strict)


def _field_and_text(expect: Expect) -> tuple[str, str] | None:
    """The one `$.field` of a message that is to equal a constant text, where that is all that is expected."""
    if expect.captures or len(expect.matches) != 1:
        return None
    match = expect.matches[0]
    selector = match.selector
    if not (match.strict and isinstance(selector, JsonSelector) and isinstance(match.value, str)):
        return None
    plain = _PLAIN_PATH.match(selector.path)
    if plain is None or plain[1].count(".") != 1 or not compile_template(match.value).constant:
        return None
    return plain[1][1:], match.value


class _Everyday(Expected):
    """One field that equals a constant text, without the machinery of the general case."""

    __slots__ = ("_field", "_text")

    def __init__(self, field: str, text: str, timeout_ns: int, label: str) -> None:
        super().__init__(timeout_ns, label)
        self._field = field
        self._text = text

    def accepts(self, message: Message, memory: Memory) -> bool:
        """See `Expected`."""
        try:
            body = _loads(message)
        except orjson.JSONDecodeError:
            return False
        return type(body) is dict and body.get(self._field) == self._text


class _General(Expected):
    """Any number of matches and captures."""

    __slots__ = ("_captures", "_matches", "_needs_json")

    def __init__(self, expect: Expect, timeout_ns: int, label: str, *, strict: bool) -> None:
        super().__init__(timeout_ns, label)
        selectors = [*(match.selector for match in expect.matches), *(capture.selector for capture in expect.captures)]
        self._needs_json = any(isinstance(selector, JsonSelector) for selector in selectors)
        self._matches = [_compile_match(match, strict=strict) for match in expect.matches]
        self._captures = [_compile_capture(capture) for capture in expect.captures]

    def accepts(self, message: Message, memory: Memory) -> bool:
        """See `Expected`."""
        body = json_of(message) if self._needs_json else _NOT_JSON
        variables, random = memory.vars, memory.random
        for matches in self._matches:
            if not matches(message, body, variables, random):
                return False
        captured: dict[str, object] = {}
        for capture in self._captures:
            if not capture(message, body, captured, random):
                return False
        variables.update(captured)
        return True


def _compile_match(match: Match, *, strict: bool) -> Callable[[Message, Any, Mapping[str, object], RandomSource], bool]:
    find = compile_selector(match.selector)
    template = compile_template(match.value, strict=strict)
    wanted = template.render
    if template.constant and match.strict and _is_plain(match.selector):
        return _equals(find, match.value)

    def matches(message: Message, body: Any, variables: Mapping[str, object], random: RandomSource) -> bool:
        found = find(message, body)
        value = wanted(variables, random)
        return any(same(candidate, value) for candidate in found) or not match.strict

    return matches


def _is_plain(selector: Selector) -> bool:
    """Whether it finds one thing at most."""
    return isinstance(selector, JsonSelector) and _PLAIN_PATH.match(selector.path) is not None


def _equals(find: Found, value: object) -> Callable[[Message, Any, Mapping[str, object], RandomSource], bool]:
    def matches(message: Message, body: Any, variables: Mapping[str, object], random: RandomSource) -> bool:
        found = find(message, body)
        return bool(found) and same(found[0], value)

    return matches


def _compile_capture(capture: Capture) -> Callable[[Message, Any, dict[str, object], RandomSource], bool]:
    find = compile_selector(capture.selector)
    draw = isinstance(capture.selector, JsonSelector) and capture.selector.multiple

    def keep(message: Message, body: Any, captured: dict[str, object], random: RandomSource) -> bool:
        found = [value for value in find(message, body) if value is not None and value != ""]
        if not found:
            return not capture.strict
        captured[capture.variable] = random().choice(found) if draw and len(found) > 1 else found[0]
        return True

    return keep


def compile_selector(selector: Selector) -> Found:
    """A function from a message, and what `json_of` makes of it, to everything that the selector finds there."""
    if isinstance(selector, RegexpSelector):
        return _regexp(selector)
    plain = _PLAIN_PATH.match(selector.path)
    if plain is not None:
        return _plain_path(tuple(plain[1][1:].split(".")))
    query = jsonpath.compile(selector.path)

    def find(message: Message, body: Any) -> list[object]:
        # A JSONPath asks for a place inside a map or list; a bare text or number has none.
        return list(query.findall(body)) if isinstance(body, dict | list) else []

    return find


def _plain_path(names: tuple[str, ...]) -> Found:
    """A path of names alone: no need for the JSONPath library on the hot path."""

    def find(message: Message, body: Any) -> list[object]:
        for name in names:
            if not isinstance(body, dict) or name not in body:
                return []
            body = body[name]
        return [body]

    return find


def _regexp(selector: RegexpSelector) -> Found:
    flags = 0
    for letter in selector.flags:
        flags |= _FLAGS.get(letter, 0)
    pattern = re.compile(selector.pattern, flags)

    def find(message: Message, body: Any) -> list[object]:
        text = message if isinstance(message, str) else message.decode(errors="replace")
        hit = pattern.search(text)
        return [] if hit is None else [hit[selector.group]]

    return find


def json_of(message: Message) -> Any:
    """The message as JSON, or an object that no selector finds anything in."""
    try:
        return _loads(message)
    except orjson.JSONDecodeError:
        return _NOT_JSON


def same(found: object, wanted: object) -> bool:
    """Equal as JavaScript's `===` sees it: 1 and 1.0 are one number, but 1 and true are not."""
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted
