"""YAML text as a tree of nodes, read as Artillery's js-yaml reads it: YAML 1.2's core schema.

So `yes`, `on` and `12:30` are texts, as their author sees them, and so is a date; `1e3` is a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import yaml

from wavetank.errors import Problem, ScriptError, Where
from wavetank.plan.artillery.text.json_source import is_unicode
from wavetank.plan.artillery.text.node import DEEPEST, Node, Scalar, as_javascript

_PREFIX = "tag:yaml.org,2002:"
_MOST_VALUES = 1_000_000


class _Composer(yaml.SafeLoader):
    """PyYAML's parser and composer, with the scalars of the core schema instead of YAML 1.1's."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # what PyYAML's loaders are made with, never changed after import


for _name, _form, _starts in (
    ("null", r"|~|null|Null|NULL", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|0b[01]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
):
    _Composer.add_implicit_resolver(_PREFIX + _name, re.compile(rf"^(?:{_form})\Z"), _starts)


def read(text: str, file: str) -> Node:
    """The tree of a YAML text. Raises ScriptError for what is not YAML, and for keys given twice."""
    try:
        root = yaml.compose(text, Loader=_Composer)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(Where(file, line), "there is a character that YAML does not allow") from None
    except yaml.MarkedYAMLError as error:
        raise ScriptError([_syntax(error, file)]) from None
    except RecursionError:
        raise _refused(Where(file), "the script is nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _refused(Where(file), f"this is not valid YAML: {error}") from None
    if root is None:
        raise _refused(Where(file), "the file is empty")
    reading = _Reading(file)
    tree = reading.node(root, 0)
    if reading.problems:
        raise ScriptError(reading.problems)
    return tree


def _refused(where: Where, message: str) -> ScriptError:
    return ScriptError([Problem(where, message)])


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = Where(file, mark.line + 1 if mark is not None else 0)
    reason = (error.problem or error.context or "a mistake in its form").strip()
    if "'\\t'" in reason:
        return Problem(where, "this is not valid YAML: a tab stands where YAML wants spaces", "indent with spaces")
    if "block scalar" in (error.context or ""):
        return Problem(where, f"this is not valid YAML: {reason}", "put quotes around a text that begins with > or |")
    if error.context and error.context_mark is not None and error.context_mark.line + 1 != where.line:
        reason = f"{reason}, {error.context} of line {error.context_mark.line + 1}"
    return Problem(where, f"this is not valid YAML: {reason}")


class _Reading:
    """Turns the composed nodes of PyYAML into ours."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._done: dict[int, tuple[Node, int]] = {}
        self._open: set[int] = set()

    def node(self, source: yaml.Node, depth: int) -> Node:
        """Our node for PyYAML's; what an anchor repeats is read once."""
        return self._sized(source, depth)[0]

    def _sized(self, source: yaml.Node, depth: int) -> tuple[Node, int]:
        # The size counts what aliases repeat: a page of them can stand for more values than any memory holds.
        known = self._done.get(id(source))
        if known is not None:
            return known
        where = self._where(source)
        empty = Node(value=None, where=where)
        if id(source) in self._open:
            self.problems.append(Problem(where, "an alias stands inside the very value that it repeats"))
            return empty, 1
        if depth > DEEPEST:
            self.problems.append(Problem(where, f"the script is nested more than {DEEPEST} levels deep"))
            return empty, 1
        self._open.add(id(source))
        if isinstance(source, yaml.MappingNode):
            result = self._map(source, depth)
        elif isinstance(source, yaml.SequenceNode):
            self._check_tag(source, "seq")
            parts = [self._sized(element, depth + 1) for element in source.value]
            result = (
                Node(value=tuple(part for part, _ in parts), where=where),
                1 + sum(size for _, size in parts),
            )
        elif isinstance(source, yaml.ScalarNode):
            result = Node(value=self._scalar(source), where=where), 1
        else:
            raise TypeError(f"PyYAML composed a {type(source).__name__}")
        self._open.discard(id(source))
        if result[1] > _MOST_VALUES:
            self.problems.append(Problem(where, f"the aliases make more than {_MOST_VALUES:,} values of this"))
            result = empty, 1
        self._done[id(source)] = result
        return result

    def _map(self, source: yaml.MappingNode, depth: int) -> tuple[Node, int]:
        self._check_tag(source, "map")
        entries: dict[str, Node] = {}
        places: dict[str, Where] = {}
        merged: list[Node] = []
        size = 1
        for key_source, value_source in source.value:
            value, value_size = self._sized(value_source, depth + 1)
            size += value_size
            place = self._where(key_source)
            if key_source.tag == _PREFIX + "merge":
                merged.extend(self._merged(value, place))
                continue
            if not isinstance(key_source, yaml.ScalarNode):
                self.problems.append(
                    Problem(place, "a list or a map cannot be a key", "put quotes around a text with {{ … }}")
                )
                continue
            key = self._text(key_source)
            if key in places:
                self.problems.append(
                    Problem(place, f"the key {key!r} is given twice, first in line {places[key].line}")
                )
            entries[key], places[key] = value, place
        for other in merged:
            for key, value in (other.map or {}).items():
                if key not in entries:
                    entries[key], places[key] = value, other.place(key)
        return Node(value=entries, where=self._where(source), keys=places), size

    def _merged(self, value: Node, place: Where) -> Iterator[Node]:
        for other in value.items if value.items is not None else (value,):
            if other.map is None:
                self.problems.append(Problem(place, f"'<<' takes a map or a list of maps, not {other.kind}"))
            else:
                yield other

    def _scalar(self, source: yaml.ScalarNode) -> Scalar:
        tag = source.tag.removeprefix(_PREFIX)
        text = self._text(source)
        try:
            match tag:
                case "str" | "merge" | "timestamp":
                    return text
                case "null":
                    return None
                case "bool":
                    return _BOOLEANS[text.lower()]
                case "int":
                    return _integer(text)
                case "float":
                    return _float(text)
        except (KeyError, ValueError):
            self.problems.append(Problem(self._where(source), f"{text[:60]!r} is not a value of the kind !!{tag}"))
            return None
        self._unknown_tag(source)
        return None

    def _check_tag(self, source: yaml.Node, name: str) -> None:
        if source.tag != _PREFIX + name:
            self._unknown_tag(source)

    def _unknown_tag(self, source: yaml.Node) -> None:
        shown = source.tag.replace(_PREFIX, "!!")
        self.problems.append(Problem(self._where(source), f"the tag {shown} has no meaning in a script"))

    def _text(self, source: yaml.ScalarNode) -> str:
        text: str = source.value
        if is_unicode(text):
            return text
        # JSON's way to write a character above U+FFFF: two escapes that PyYAML leaves as two halves.
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self.problems.append(Problem(self._where(source), "this text has half a surrogate pair in it"))
            return ""

    def _where(self, source: yaml.Node) -> Where:
        return Where(self._file, source.start_mark.line + 1)


_BOOLEANS = {"true": True, "false": False}


def _integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    for prefix, base in (("0x", 16), ("0o", 8), ("0b", 2)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    return sign * int(digits)


def _float(text: str) -> int | float:
    plain = text.lower().replace(".inf", "inf").replace(".nan", "nan")
    number = float(plain)
    if math.isinf(number) and "inf" not in plain:
        raise ValueError(text)
    return as_javascript(number)
