"""Expressions over metrics, as in Artillery's `ensure.conditions`: a small parser and no `eval`.

The grammar is the part of filtrex that makes sense for numbers, from the loosest binding to the tightest:

    or · and · not · == != < <= > >= · + - · * / % · ^ · unary - · numbers, names, functions, ( … )

`not a < b` is `not (a < b)`. A comparison may be chained: `1 < a <= 5`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wavetank.metrics import names

_Values = Mapping[str, float]
_Node = Callable[[_Values], float]

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": math.pow,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
_OF_ANY_NUMBER = ("max", "min")
_FOREIGN = {"=": "==", "&&": "and", "||": "or", "!": "not", "===": "==", "!==": "!="}
_DEEPEST = 30

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>{_NUMBER}(?![\w.]))
    | (?P<name>[^\W\d][\w.$]*(?:-[\w.$]+)*)
    | '(?P<quoted>[^']+)' | "(?P<quoted2>[^"]+)"
    | (?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%^()<>,=!])
    )""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """An expression cannot be read, or has no value. `position` counts characters from 1; 0: none."""

    def __init__(self, message: str, position: int = 0) -> None:
        self.position = position
        super().__init__(message)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression, and the names of the metrics in it, in the order in which they come."""

    text: str
    names: tuple[str, ...]
    _node: _Node

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Compiles an expression. Raises `ExpressionError`, with the position, where it cannot be read.

        A name may hold dots and dashes; one with spaces stands in quotes. A dash inside a name is a minus
        only if the part before it or the part after it is a metric that every run has: write spaces around a
        minus.
        """
        parser = _Parser(text)
        node = parser.whole()
        return cls(text, tuple(dict.fromkeys(parser.names)), node)

    def evaluate(self, values: _Values) -> float:
        """The value; what is compared or negated gives True or False.

        `values` has every name in `names`. Raises `ExpressionError` for arithmetic that has no result.
        """
        try:
            return self._node(values)
        except ZeroDivisionError as error:
            raise ExpressionError("division by zero") from error
        except (ArithmeticError, ValueError) as error:
            raise ExpressionError(f"the expression has no value: {error}") from error


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"cannot read {text[start : start + 10]!r} at position {start + 1}", start + 1)
        kind = found.lastgroup or ""
        position = found.start(kind) + 1
        if kind == "name":
            tokens.extend(_split_at_minus(found.group(kind), position))
        else:
            tokens.append(_Token("quoted" if kind == "quoted2" else kind, found.group(kind), position))
        at = found.end()
    return [*tokens, _Token("end", "", end + 1)]


def _split_at_minus(name: str, position: int) -> list[_Token]:
    """Tokens of a name with dashes in it, each either a part of the name or a minus."""
    parts = name.split("-")
    tokens: list[_Token] = []
    current, start = parts[0], position
    for part in parts[1:]:
        if names.is_fixed(current) or names.is_fixed(part):
            minus = start + len(current)
            tokens += [_operand(current, start), _Token("operator", "-", minus)]
            current, start = part, minus + 1
        else:
            current = f"{current}-{part}"
    return [*tokens, _operand(current, start)]


def _operand(text: str, position: int) -> _Token:
    number = re.fullmatch(_NUMBER, text)
    return _Token("number" if number else "name", text, position)


class _Parser:
    """Recursive descent, one method for each level of the grammar."""

    def __init__(self, text: str) -> None:
        self.names: list[str] = []
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> _Node:
        if self._next.kind == "end":
            raise ExpressionError("the expression is empty", 1)
        node = self._either()
        if self._next.kind != "end":
            raise self._unexpected("an operator")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, kind: str, *texts: str) -> _Token | None:
        token = self._next
        if token.kind != kind or (texts and token.text not in texts):
            return None
        self._at += 1
        return token

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._next
        if token.kind == "end":
            return ExpressionError(
                f"the expression ends at position {token.position}, where {wanted} is missing", token.position
            )
        hint = f"; write {_FOREIGN[token.text]!r}" if token.text in _FOREIGN else ""
        return ExpressionError(f"{token.text!r} at position {token.position}: expected {wanted}{hint}", token.position)

    def _either(self) -> _Node:
        nodes = [self._both()]
        while self._take("name", "or"):
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else lambda values: any(node(values) for node in nodes)

    def _both(self) -> _Node:
        nodes = [self._negation()]
        while self._take("name", "and"):
            nodes.append(self._negation())
        return nodes[0] if len(nodes) == 1 else lambda values: all(node(values) for node in nodes)

    def _negation(self) -> _Node:
        if self._take("name", "not"):
            node = self._deeper(self._negation)
            return lambda values: not node(values)
        return self._comparison()

    def _comparison(self) -> _Node:
        first = left = self._sum()
        links: list[_Node] = []
        while (token := self._take("operator", *_COMPARISONS)) is not None:
            right = self._sum()
            links.append(_fold(left, [(_COMPARISONS[token.text], right)]))
            left = right
        return (lambda values: all(link(values) for link in links)) if links else first

    def _sum(self) -> _Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> _Node:
        return self._chain(self._power, "*", "/", "%")

    def _power(self) -> _Node:
        return self._chain(self._unary, "^")

    def _chain(self, operand: Callable[[], _Node], *operators: str) -> _Node:
        """Operands joined by operators of one level, reckoned from left to right."""
        first = operand()
        rest: list[tuple[Callable[[float, float], float], _Node]] = []
        while (token := self._take("operator", *operators)) is not None:
            rest.append((_ARITHMETIC[token.text], operand()))
        return _fold(first, rest) if rest else first

    def _unary(self) -> _Node:
        if self._take("operator", "-"):
            node = self._deeper(self._unary)
            return lambda values: -node(values)
        return self._atom()

    def _atom(self) -> _Node:
        if (token := self._take("number")) is not None:
            return _constant(float(token.text))
        if (token := self._take("quoted")) is not None:
            return self._metric(token.text)
        if self._next.kind == "name" and self._next.text not in ("and", "or", "not"):
            name = self._tokens[self._at].text
            self._at += 1
            if self._next.text == "(" and self._next.kind == "operator":
                return self._call(name)
            return self._metric(name)
        if self._take("operator", "("):
            node = self._deeper(self._either)
            self._close()
            return node
        raise self._unexpected("a number, a metric or '('")

    def _metric(self, name: str) -> _Node:
        self.names.append(name)
        return lambda values: values[name]

    def _call(self, name: str) -> _Node:
        if name not in _FUNCTIONS:
            position = self._tokens[self._at - 1].position
            known = ", ".join(_FUNCTIONS)
            raise ExpressionError(f"no function {name!r} at position {position}: there are {known}", position)
        self._take("operator", "(")
        arguments = [self._deeper(self._either)]
        while name in _OF_ANY_NUMBER and self._take("operator", ","):
            arguments.append(self._deeper(self._either))
        self._close()
        function = _FUNCTIONS[name]
        if len(arguments) == 1 and name in _OF_ANY_NUMBER:
            return arguments[0]
        return lambda values: function(*(argument(values) for argument in arguments))

    def _close(self) -> None:
        if not self._take("operator", ")"):
            raise self._unexpected("')'")

    def _deeper(self, parse: Callable[[], _Node]) -> _Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"the expression is nested more than {_DEEPEST} deep", self._next.position)
        node = parse()
        self._depth -= 1
        return node


def _constant(value: float) -> _Node:
    return lambda values: value


def _fold(first: _Node, rest: list[tuple[Callable[[float, float], float], _Node]]) -> _Node:
    # A loop and not nested calls: a sum of a thousand terms must not exhaust the stack.
    def evaluate(values: _Values) -> float:
        result = first(values)
        for function, node in rest:
            result = function(result, node(values))
        return result

    return evaluate
