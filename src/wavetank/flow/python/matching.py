"""Which message a Python scenario waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wavetank.flow.expectation import Expected, Memory, Message, same
from wavetank.metrics.bounded import printable

_SHOWN = 100
"""So much of a message is shown."""

Match = Mapping[str, Any] | Callable[[Any], object] | None
"""A map: the message is a map, too, and has these entries, in maps within maps as well. A function: asked with what the
message says, and answers. None: any message.
"""


class Wanted(Expected):
    """One wait for a message. `value` is what it says, once it has come; others that came meanwhile are passed over."""

    __slots__ = ("_decode", "_last", "_match", "_passed_over", "mistake", "value")

    def __init__(self, match: Match, decode: Callable[[Message], Any] | None, timeout_ns: int, label: str) -> None:
        """Without `decode`, the message is taken as it came, and `match` is asked about that."""
        super().__init__(timeout_ns, label)
        self._match = match
        self._decode = decode
        self.value: Any = None
        self.mistake: Exception | None = None  # what the codec or the match raised over a message
        self._passed_over = 0

    def accepts(self, message: Message, memory: Memory) -> bool:
        """Whether this is the message; it is kept if it is. Raises what the codec or the match raises over it."""
        try:
            value = message if self._decode is None else self._decode(message)
            if self._match is not None and not fits(value, self._match):
                self._passed_over += 1
                self._last: Message = message
                return False
        except Exception as error:
            self.mistake = error
            raise
        self.value = value
        return True

    def passed_over(self) -> str:
        """What came instead, as the end of a sentence: mostly it is the match that is wrong. Empty if nothing came."""
        if not self._passed_over:
            return ""
        number = "1 other came" if self._passed_over == 1 else f"{self._passed_over:,} others came"
        return f"; {number}, the last: {printable(str(self._last[: _SHOWN + 1]), _SHOWN)}"


def fits(value: Any, match: Mapping[str, Any] | Callable[[Any], object]) -> bool:
    """Whether a value is one that `match` describes."""
    if callable(match):
        return bool(match(value))
    return _is_map(value) and _has(value, match)


def _has(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for name, entry in wanted.items():
        if name not in value:
            return False
        found = value[name]
        if _is_map(entry):
            if not (_is_map(found) and _has(found, entry)):
                return False
        elif not same(found, entry):
            return False
    return True


def _is_map(value: object) -> bool:
    # What a value's type is, is told several times as fast as what it can do.
    return type(value) is dict or isinstance(value, Mapping)
