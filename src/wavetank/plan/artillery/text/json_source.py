"""JSON text as a tree of nodes: what `json` accepts, with the line of every value."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import NoReturn

from wavetank.errors import Problem, ScriptError, Where
from wavetank.plan.artillery.text.node import DEEPEST, Node, as_javascript

_TOO_DEEP = f"the script is nested more than {DEEPEST} levels deep"
_GAP = re.compile(r"[ \t\n\r]*")


def read(text: str, file: str) -> Node:
    """The tree of a JSON text. Raises ScriptError for what is not JSON, and for keys given twice."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ScriptError([Problem(Where(file, error.lineno), f"this is not valid JSON: {error.msg}")]) from None
    except RecursionError:
        raise ScriptError([Problem(Where(file), _TOO_DEEP)]) from None
    except ValueError as error:
        raise ScriptError([Problem(Where(file), f"this is not valid JSON: {error}")]) from None
    walk = _Walk(text, file)
    tree, _ = walk.value(0, 0)
    if walk.problems:
        raise ScriptError(walk.problems)
    return tree


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _Walk:
    """Goes through a text that is known to be valid JSON, so that only places remain to be found."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._decoder = json.JSONDecoder()

    def value(self, index: int, depth: int) -> tuple[Node, int]:
        """The value that begins at or after `index`, and the index after it.

        Raises ScriptError if values are nested too deeply.
        """
        index = self._skip(index)
        if depth > DEEPEST:
            raise ScriptError([Problem(self._where(index), _TOO_DEEP)])
        opening = self._text[index]
        if opening == "{":
            return self._map(index, depth)
        if opening == "[":
            return self._list(index, depth)
        value, end = self._decoder.raw_decode(self._text, index)
        if isinstance(value, str) and not is_unicode(value):
            self.problems.append(Problem(self._where(index), "this text has half a surrogate pair in it"))
        if isinstance(value, float):
            value = as_javascript(value)
        return Node(value=value, where=self._where(index)), end

    def _map(self, index: int, depth: int) -> tuple[Node, int]:
        where = self._where(index)
        entries: dict[str, Node] = {}
        places: dict[str, Where] = {}
        index = self._skip(index + 1)
        while self._text[index] != "}":
            if self._text[index] == ",":
                index = self._skip(index + 1)
            place = self._where(index)
            key, index = self._decoder.raw_decode(self._text, index)
            if not is_unicode(key):
                self.problems.append(Problem(place, "this key has half a surrogate pair in it"))
            if key in places:
                self.problems.append(
                    Problem(place, f"the key {key!r} is given twice, first in line {places[key].line}")
                )
            value, index = self.value(self._skip(index) + 1, depth + 1)
            entries[key], places[key] = value, place
            index = self._skip(index)
        return Node(value=entries, where=where, keys=places), index + 1

    def _list(self, index: int, depth: int) -> tuple[Node, int]:
        where = self._where(index)
        elements: list[Node] = []
        index = self._skip(index + 1)
        while self._text[index] != "]":
            if self._text[index] == ",":
                index += 1
            element, index = self.value(index, depth + 1)
            elements.append(element)
            index = self._skip(index)
        return Node(value=tuple(elements), where=where), index + 1

    def _skip(self, index: int) -> int:
        gap = _GAP.match(self._text, index)
        return gap.end() if gap else index

    def _where(self, index: int) -> Where:
        return Where(self._file, bisect_right(self._line_starts, index))


def is_unicode(text: str) -> bool:
    """Whether a text can be sent and printed: half a surrogate pair, as an escape can make it, cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
