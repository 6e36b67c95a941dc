"""Names that come from outside, made safe and bounded in number and length."""

from __future__ import annotations

from collections.abc import Callable

_LINE = "\n"
_GAP = "\n[...]\n"

OTHER = "other"
"""Where everything goes once there are too many names."""


def safe_name(text: str, length: int = 64) -> str:
    """A name fit to be a part of a metric's: no dots, no whitespace, nothing unprintable, not over `length`.

    A lone surrogate counts as unprintable: no JSON writer would take it.
    """
    cut = text.strip()[:length]
    name = "".join("_" if mark in ". " or not mark.isprintable() else mark for mark in cut)
    return name or "unnamed"


def printable(text: str, length: int) -> str:
    """The text on one line: what is not printable becomes a space, and what exceeds `length` an ellipsis."""
    line = "".join(mark if mark.isprintable() else " " for mark in text[: length + 1])
    return line if len(line) <= length else line[: length - 1] + "…"


def printable_lines(text: str, length: int) -> str:
    """The text on its lines: what is not printable becomes a space. What exceeds `length` is left out in the middle.

    The end of a traceback says what happened, so more is kept of it than of the beginning.
    """
    text = text.strip("\n")
    if len(text) > length:
        head, tail = text[: length // 3], text[len(_GAP) + length // 3 - length :]
        text = f"{head.rpartition(_LINE)[0] or head}{_GAP}{tail.partition(_LINE)[2] or tail}"
    lines = ("".join(mark if mark.isprintable() else " " for mark in line) for line in text.split(_LINE))
    return _LINE.join(line.rstrip() for line in lines)


class BoundedNames:
    """Lets `limit` - 1 different names in; every new one after that becomes `other`."""

    def __init__(self, limit: int, clean: Callable[[str], str] = safe_name) -> None:
        self._limit = limit
        self._clean = clean
        self._names = {OTHER}
        self._admitted: dict[str, str] = {}

    def admit(self, raw: str) -> str:
        """The name under which `raw` is to be counted. The same answer for the same text, always."""
        name = self._admitted.get(raw)
        if name is not None:
            return name
        name = self._clean(raw)
        if name not in self._names:
            if len(self._names) >= self._limit:
                return OTHER
            self._names.add(name)
        # Many texts can have one name; only so many are remembered, the rest is cleaned again each time.
        if len(self._admitted) < 4 * self._limit:
            self._admitted[raw] = name
        return name
