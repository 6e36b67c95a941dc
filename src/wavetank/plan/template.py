"""Artillery's `{{ … }}` templates, compiled once into callables.

    {{ name }}   {{ user.tags[0]['first name'] }}   {{{ name }}}   {{ $randomNumber(1, 6) }}

A text that is one variable and nothing else becomes the variable's value, with its type. Anywhere else the
value goes into the text as JavaScript would write it: `true`, `null`, `1` for 1.0, JSON for lists and maps.
The result of a function is always text. Values are never expanded a second time, so what a server sent cannot
run as a template; `$template(x)` is how a script asks for that, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

import orjson

from wavetank.errors import UserFailure
from wavetank.plan.expression import (
    MISSING,
    Expand,
    Getter,
    RandomSource,
    TemplateError,
    compile_expression,
    text_of,
)

__all__ = [
    "NOW",
    "JsonTemplate",
    "RandomSource",
    "Template",
    "TemplateError",
    "compile_json",
    "compile_template",
    "text_of",
]

NOW: Final = "$now"
"""The variable that is the time of rendering: milliseconds since 1970, to the microsecond."""

# Three braces are a placeholder only where three close it: in {"a":{{{ x }} the first belongs to the JSON.
_PLACEHOLDER = re.compile(r"\{\{\{([^{}]*)\}\}\}|\{\{([^{}]*)\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template.

    `constant`: rendering always gives the very value that was compiled. `names`: the variables that it reads,
    as first names (`user` for `{{ user.id }}`). `render(variables, random)` gives the value; if it is strict,
    it raises UserFailure("undefined_variable") for a variable that is not there. Not strict, such a
    variable is the text `undefined` within a text, and None on its own.
    """

    constant: bool
    names: frozenset[str]
    render: Callable[[Mapping[str, object], RandomSource], object]


@dataclass(frozen=True, slots=True)
class JsonTemplate:
    """A template compiled to JSON: `render(variables, random)` gives UTF-8 bytes, else as `Template`.

    A value that JSON cannot carry raises UserFailure("not_json").
    """

    constant: bool
    names: frozenset[str]
    render: Callable[[Mapping[str, object], RandomSource], bytes]


def compile_template(value: object, *, strict: bool = True) -> Template:
    """Compiles a value as written in a script: texts, and maps (keys too) and lists down to any depth.

    Raises TemplateError, with a sentence for the script's author, for a placeholder that can never work.
    """
    compiler = _Compiler(strict=strict, expand=_expand)
    try:
        get = compiler.compile(value)
    except RecursionError:
        raise TemplateError("The value contains itself, or is nested too deeply.") from None
    if get is None:
        return Template(True, frozenset(), lambda _variables, _random: value)
    return Template(False, frozenset(compiler.names), get)


def compile_json(value: object, *, strict: bool = True) -> JsonTemplate:
    """Compiles a value to what renders it as JSON: the bytes that orjson makes of `compile_template`'s.

    What is constant is encoded here, once; only the values of placeholders are encoded at each rendering.
    Raises TemplateError as `compile_template` does, and for a constant that JSON cannot carry.
    """
    compiler = _Compiler(strict=strict, expand=_expand)
    try:
        segments = _joined(compiler.segments(value))
    except RecursionError:
        raise TemplateError("The value contains itself, or is nested too deeply.") from None
    return JsonTemplate(
        all(isinstance(segment, bytes) for segment in segments),
        frozenset(compiler.names),
        _json_renderer(segments),
    )


class _Compiler:
    """Compiles one value, and gathers the names that it reads. A getter of None: the piece is constant."""

    def __init__(self, *, strict: bool, expand: Expand) -> None:
        self.strict = strict
        self.expand = expand
        self.names: set[str] = set()

    def compile(self, value: object) -> Getter | None:
        if isinstance(value, str):
            return self._text(value) if "{{" in value else None
        if isinstance(value, Mapping):
            return self._map(value)
        if isinstance(value, list | tuple):
            return self._list(list(value))
        return None

    def segments(self, value: object) -> list[bytes | Getter]:
        """The JSON of the value as bytes that are known now and getters of values to encode later."""
        if isinstance(value, Mapping):
            keys = {key: self.compile(key) for key in value}
            if any(keys.values()):
                # A key that is known only later may be one that is there already: let a dict sort that out.
                return [cast("Getter", self._map(value))]
            parts: list[bytes | Getter] = [b"{"]
            for place, (key, element) in enumerate(value.items()):
                # The JSON of {key: 0} less its "{" and "0}" is the key and its colon, of any type of key.
                parts += [b"," * (place > 0), _constant({key: 0})[1:-2], *self.segments(element)]
            return [*parts, b"}"]
        if isinstance(value, list | tuple):
            parts = [b"["]
            for place, element in enumerate(value):
                parts += [b"," * (place > 0), *self.segments(element)]
            return [*parts, b"]"]
        get = self.compile(value)
        return [_constant(value) if get is None else get]

    def _text(self, text: str) -> Getter:
        pieces: list[str | Getter] = []
        at = 0
        for found in _PLACEHOLDER.finditer(text):
            pieces.append(_literal(text[at : found.start()]))
            source = found[1] if found[1] is not None else found[2]
            expression = compile_expression(source, strict=self.strict, expand=self.expand)
            self.names |= expression.names
            pieces.append(expression.get)
            at = found.end()
        pieces.append(_literal(text[at:]))
        pieces = [piece for piece in pieces if piece != ""]
        if len(pieces) == 1:
            return _whole(cast("Getter", pieces[0]), strict=self.strict)
        return _within_text(pieces)

    def _map(self, value: Mapping[object, object]) -> Getter | None:
        keys = {key: self.compile(key) for key in value}
        values = {key: self.compile(element) for key, element in value.items()}
        if any(keys.values()):

            def render_keys(variables: Mapping[str, object], random: RandomSource) -> object:
                rendered = {}
                for key, element in value.items():
                    get_key, get = keys[key], values[key]
                    name = text_of(get_key(variables, random)) if get_key else key
                    rendered[name] = get(variables, random) if get else element
                return rendered

            return render_keys
        moving = [(key, get) for key, get in values.items() if get]
        if not moving:
            return None
        base = dict(value)

        def render(variables: Mapping[str, object], random: RandomSource) -> object:
            rendered = base.copy()
            for key, get in moving:
                rendered[key] = get(variables, random)
            return rendered

        return render

    def _list(self, base: list[object]) -> Getter | None:
        moving = [(place, get) for place, element in enumerate(base) if (get := self.compile(element))]
        if not moving:
            return None

        def render(variables: Mapping[str, object], random: RandomSource) -> object:
            rendered = base.copy()
            for place, get in moving:
                rendered[place] = get(variables, random)
            return rendered

        return render


def _literal(text: str) -> str:
    if "{{" in text:
        start = text[text.index("{{") :][:20]
        raise TemplateError(f"The placeholder that begins with {start!r} is not closed by }}}}, or has braces in it.")
    return text


def _whole(get: Getter, *, strict: bool) -> Getter:
    if strict:
        return get

    def render(variables: Mapping[str, object], random: RandomSource) -> object:
        value = get(variables, random)
        return None if value is MISSING else value

    return render


def _within_text(pieces: list[str | Getter]) -> Getter:
    getters = [piece for piece in pieces if not isinstance(piece, str)]
    if len(getters) == 1:
        get = getters[0]
        before = pieces[0] if isinstance(pieces[0], str) else ""
        behind = pieces[-1] if isinstance(pieces[-1], str) else ""

        def render_one(variables: Mapping[str, object], random: RandomSource) -> object:
            return f"{before}{text_of(get(variables, random))}{behind}"

        return render_one

    def render(variables: Mapping[str, object], random: RandomSource) -> object:
        return "".join([piece if isinstance(piece, str) else text_of(piece(variables, random)) for piece in pieces])

    return render


def _expand(value: object, strict: bool, variables: Mapping[str, object], random: RandomSource) -> str:
    """`$template`: a variable's value as a template, once. It is compiled each time, for it may change."""
    try:
        get = _Compiler(strict=strict, expand=_expand_no_further).compile(value)
    except (TemplateError, RecursionError) as error:
        raise UserFailure("bad_template", f"$template was given a value that is no template: {error}") from error
    return text_of(value if get is None else get(variables, random))


def _expand_no_further(_value: object, _strict: bool, _variables: Mapping[str, object], _random: RandomSource) -> str:
    raise UserFailure("bad_template", "A template that $template expands must not call $template itself.")


def _constant(value: object) -> bytes:
    try:
        return orjson.dumps(value, _plain, orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise TemplateError(f"{value!r} cannot be sent as JSON: {error}.") from error


def _plain(value: object) -> object:
    """What orjson does not know by itself: maps that are no dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"JSON has no form for a {type(value).__name__}")


def _joined(segments: list[bytes | Getter]) -> list[bytes | Getter]:
    """The same segments, where bytes that stand side by side are one."""
    joined: list[bytes | Getter] = []
    for segment in segments:
        if isinstance(segment, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += segment
        elif segment != b"":
            joined.append(segment)
    return joined


def _json_renderer(segments: list[bytes | Getter]) -> Callable[[Mapping[str, object], RandomSource], bytes]:
    getters = [(place, segment) for place, segment in enumerate(segments) if not isinstance(segment, bytes)]
    if not getters:
        whole = b"".join(cast("list[bytes]", segments))
        return lambda _variables, _random: whole
    base = [segment if isinstance(segment, bytes) else b"" for segment in segments]
    dumps, options = orjson.dumps, orjson.OPT_NON_STR_KEYS

    def render(variables: Mapping[str, object], random: RandomSource) -> bytes:
        parts = base.copy()
        for place, get in getters:
            value = get(variables, random)
            try:
                parts[place] = dumps(value, _plain, options)
            except TypeError as error:
                raise UserFailure("not_json", f"A variable's value cannot be sent as JSON: {error}.") from error
        return b"".join(parts)

    return render
