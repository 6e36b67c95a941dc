"""What may stand between the braces of a template: the path of a variable, or the call of a function.

    path      name   a.b[0].c   a['first name']   $env.HOME        as lodash's `get` reads it
    call      $randomNumber(1, 6)   $randomString(8)   $template(greeting)

The arguments of a call are whole numbers or paths of variables.
"""

from __future__ import annotations

import difflib
import math
import random as random_module
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from wavetank.errors import UserFailure

RandomSource = Callable[[], random_module.Random]
"""Gives the user's own generator; called only where a function needs it, so that most users never own one."""

Getter = Callable[[Mapping[str, object], RandomSource], object]
"""A compiled piece: the user's variables and generator in, the value out."""

Expand = Callable[[object, bool, Mapping[str, object], RandomSource], str]
"""What `$template` does with a value: (value, strict, variables, random) to text."""


class TemplateError(ValueError):
    """A template that can never be rendered; the message is a sentence for the script's author."""


class Missing:
    """The type of `MISSING`, which stands for JavaScript's `undefined` where templates are not strict."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


MISSING: Final = Missing()

_NAME = r"[\w$](?:[\w$\s-]*[\w$-])?"
_FIRST = re.compile(_NAME)
_MEMBER = re.compile(
    rf"\s*(?:\.\s*(?P<dotted>{_NAME})|\[\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<bare>{_NAME}))\s*\])"
)
_CALL = re.compile(r"(?P<name>[\w$]+)\s*\((?P<arguments>[^()]*)\)")
_WHOLE_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_LETTERS = string.ascii_letters + string.digits
_ARGUMENTS = {"$randomNumber": (0, 2), "$randomString": (0, 1), "$template": (1, 1)}


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: how to get its value, and the variables (first names of paths) that it reads."""

    get: Getter
    names: frozenset[str]


def compile_expression(source: str, *, strict: bool, expand: Expand) -> Expression:
    """Compiles what stands between the braces; raises TemplateError if it is neither a path nor a known call.

    The getter of a path gives `MISSING` for a variable that is not there, or, if `strict`, raises
    UserFailure("undefined_variable"). The getter of a call always gives text.
    """
    source = source.strip()
    call = _CALL.fullmatch(source)
    if call is not None:
        return _compile_call(call["name"], call["arguments"], strict=strict, expand=expand)
    parts = _path(source)
    return Expression(_path_getter(source, parts, strict=strict), frozenset(parts[:1]))


def text_of(value: object) -> str:
    """The value as JavaScript puts it into a text: `true`, `null`, `1` for 1.0, JSON for lists and maps."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Mapping | list | tuple):
        plain = dict(value) if isinstance(value, Mapping) else value
        return orjson.dumps(plain, str, orjson.OPT_NON_STR_KEYS).decode()
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def _path(source: str) -> tuple[str, ...]:
    first = _FIRST.match(source)
    member = None if first else _MEMBER.match(source)
    if first is not None:
        parts, at = [first[0]], first.end()
    elif member is not None and member["dotted"] is None:
        parts, at = [_part(member)], member.end()
    else:
        raise _not_an_expression(source)
    while at < len(source):
        member = _MEMBER.match(source, at)
        if member is None:
            raise _not_an_expression(source)
        parts.append(_part(member))
        at = member.end()
    return tuple(parts)


def _part(member: re.Match[str]) -> str:
    return next(group for group in member.groups() if group is not None)


def _not_an_expression(source: str) -> TemplateError:
    if not source:
        return TemplateError("A placeholder is empty; write the name of a variable between {{ and }}.")
    return TemplateError(
        f"{{{{ {source} }}}} is neither a variable such as user.name or list[0], "
        "nor a call such as $randomNumber(1, 6)."
    )


def _path_getter(source: str, parts: tuple[str, ...], *, strict: bool) -> Getter:
    root, members = parts[0], parts[1:]

    def missing() -> object:
        if not strict:
            return MISSING
        raise UserFailure(
            "undefined_variable",
            f"The variable {source} is not defined; define or capture it earlier, or set strict: false.",
        )

    if not members:

        def get_name(variables: Mapping[str, object], _random: RandomSource) -> object:
            try:
                return variables[root]
            except KeyError:
                return missing()

        return get_name

    def get_path(variables: Mapping[str, object], _random: RandomSource) -> object:
        try:
            value = variables[root]
        except KeyError:
            # lodash takes a variable whose very name has dots before it looks at the dots.
            return variables[source] if source in variables else missing()
        for part in members:
            value = _member(value, part)
        return missing() if value is MISSING else value

    return get_path


def _member(value: object, part: str) -> object:
    """One step of a path: a map's key (texts in JSON, maybe numbers in YAML), a list's element or length."""
    if isinstance(value, Mapping):
        if part in value:
            return value[part]
        return value.get(int(part), MISSING) if _is_index(part) else MISSING
    if isinstance(value, list | tuple | str):
        if _is_index(part):
            return value[int(part)] if int(part) < len(value) else MISSING
        if part == "length":
            return len(value)
    return MISSING


def _is_index(part: str) -> bool:
    # More digits than that are no place in any list, and int() would take its time over millions of them.
    return part.isascii() and part.isdecimal() and len(part) < 19


def _compile_call(name: str, arguments: str, *, strict: bool, expand: Expand) -> Expression:
    if name not in _ARGUMENTS:
        near = difflib.get_close_matches(name, _ARGUMENTS, n=1, cutoff=0.5) or [", ".join(_ARGUMENTS)]
        raise TemplateError(f"There is no template function {name}; did you mean {near[0]}?")
    sources = [argument.strip() for argument in arguments.split(",")] if arguments.strip() else []
    least, most = _ARGUMENTS[name]
    if not least <= len(sources) <= most:
        count = f"{most}" if least == most else f"at most {most}"
        raise TemplateError(f"{name} takes {count} argument{'s' * (most > 1)}, not {len(sources)}.")
    values: list[int | Getter] = []
    names: set[str] = set()
    for source in sources:
        if _WHOLE_NUMBER.fullmatch(source):
            values.append(int(source))
        elif source[:1].isdecimal():
            raise TemplateError(f"{name} takes whole numbers and names of variables, and {source} is neither.")
        else:
            parts = _path(source)
            names.add(parts[0])
            values.append(_path_getter(source, parts, strict=strict))
    get = {"$randomNumber": _random_number, "$randomString": _random_string}.get(name)
    return Expression(get(values) if get else _template(values[0], strict, expand), frozenset(names))


def _random_number(values: list[int | Getter]) -> Getter:
    """As `random` of lodash: both bounds are in the range, in any order; one is from 0, none is 0 or 1."""
    lower: int | Getter = values[0] if len(values) == 2 else 0
    upper: int | Getter = values[-1] if values else 1

    def get(variables: Mapping[str, object], random: RandomSource) -> str:
        low = lower if isinstance(lower, int) else _whole(lower(variables, random), "$randomNumber")
        high = upper if isinstance(upper, int) else _whole(upper(variables, random), "$randomNumber")
        if low > high:
            low, high = high, low
        span = high - low + 1
        if span >= 2**53:
            return str(random().randint(low, high))
        # Three times as fast as randint, and as even: a float has 53 random bits.
        return str(low + int(random().random() * span))

    return get


def _random_string(values: list[int | Getter]) -> Getter:
    """So many of the 62 ASCII letters and digits; 10 if the script does not say."""
    length: int | Getter = values[0] if values else 10
    if isinstance(length, int) and length < 0:
        raise TemplateError(f"$randomString({length}) asks for a negative length.")

    def get(variables: Mapping[str, object], random: RandomSource) -> str:
        count = length if isinstance(length, int) else _whole(length(variables, random), "$randomString")
        return "".join(random().choices(_LETTERS, k=max(count, 0)))

    return get


def _template(value: int | Getter, strict: bool, expand: Expand) -> Getter:
    if isinstance(value, int):
        raise TemplateError(f"$template({value}) needs the name of a variable that holds a template.")

    def get(variables: Mapping[str, object], random: RandomSource) -> str:
        return expand(value(variables, random), strict, variables, random)

    return get


def _whole(value: object, function: str) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        raise UserFailure(
            "bad_template_argument", f"{function} needs a whole number, and a variable gave it {value!r}."
        ) from None
