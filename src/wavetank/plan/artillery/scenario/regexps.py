"""JavaScript's regular expressions in Python's syntax."""

from __future__ import annotations

import re
import warnings

_FLAGS = {
    "i": re.IGNORECASE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "u": re.NOFLAG,
    "g": re.NOFLAG,
    "y": re.NOFLAG,
}
_ESCAPE_TO_REFUSE = {
    "p": r"\p{…} (a Unicode property)",
    "P": r"\P{…} (a Unicode property)",
    "c": r"\c… (a control character)",
}
_TOKEN = re.compile(
    r"""(?P<group>\(\?<(?![=!]))            # (?<name>
    | \\k<(?P<reference>\w+)>               # \k<name>
    | \\u\{(?P<code>[0-9a-fA-F]{1,6})\}     # \u{1F600}
    | \\(?P<escape>.)
    | (?P<any>\[\^\]) | (?P<none>\[\])
    | (?P<opening>\[\^?) | (?P<closing>\]) | (?P<end>\$) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def python_pattern(pattern: str, flags: str = "") -> str:
    """The same expression for `re`: named groups, code points in braces, `[^]` and `$` are translated.

    Raises ValueError, with a sentence, for an unknown flag, for syntax that exists in JavaScript alone, and
    for what is no regular expression at all.
    """
    unknown = [flag for flag in flags if flag not in _FLAGS]
    if unknown:
        raise ValueError(f"the flag {unknown[0]!r} is not one of {', '.join(_FLAGS)}")
    translated = "".join(_translated(pattern, multiline="m" in flags))
    value = re.NOFLAG
    for flag in flags:
        value |= _FLAGS[flag]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(translated, value)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"{pattern!r} is not a regular expression that Python can read: {error}") from None
    return translated


def _translated(pattern: str, *, multiline: bool) -> list[str]:
    parts: list[str] = []
    in_class = False
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        match token.lastgroup:
            case "group" if not in_class:
                parts.append("(?P<")
            case "reference" if not in_class:
                parts.append(f"(?P={token['reference']})")
            case "code":
                parts.append(_character(token["code"]))
            case "escape":
                if token["escape"] in _ESCAPE_TO_REFUSE:
                    raise ValueError(f"{_ESCAPE_TO_REFUSE[token['escape']]} exists in JavaScript alone")
                parts.append(text)
            case "any" if not in_class:
                parts.append(r"[\s\S]")
            case "none" if not in_class:
                parts.append("(?!)")
            case "opening" if not in_class:
                in_class = True
                parts.append(text)
            case "closing":
                in_class = False
                parts.append(text)
            case "end" if not in_class and not multiline:
                # Python's $ also matches before a line break at the end of the text.
                parts.append(r"\Z")
            case _:
                # In a class, "[" opens nothing in JavaScript, while Python warns that it might one day.
                parts.append(text.replace("[", r"\[") if in_class else text)
    return parts


def _character(code: str) -> str:
    number = int(code, 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ValueError(rf"\u{{{code}}} is not a character")
    return f"\\U{number:08x}"
