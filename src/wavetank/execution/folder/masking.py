"""Secrets masked, so that a run folder can be mailed: by the names they go under, and by how they look in a text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import Any

from wavetank.errors import Where
from wavetank.plan.payload import Payload
from wavetank.plan.python.lifecycle import Lifecycle
from wavetank.plan.python.scenario import PythonScenario

MASK = "***"

_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|pwd|credential|cookie|authorization|key|jwt|bearer|signature|session_?id"
    r"|(?:^|[^a-z])auth(?:$|[^a-z])",
    re.IGNORECASE,
)
_SECRET_FIELDS = ("passphrase",)

_USERINFO = re.compile(r"(?<=://)[^/\s?#\"'<>]*@")
_QUERY = re.compile(r"([?&;])([^=&;#\s?\"']+)=([^&;#\s\"']+)")
_JSON_ENTRY = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,{}\[\]"]+)')
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


def is_secret_name(name: str) -> bool:
    """Whether what goes under this name (of a variable, a header, a field) is taken for a secret.

    Rather one too many: a masked `keyboard` does no harm.
    """
    return _SECRET_NAME.search(name) is not None


def mask_text(text: str) -> str:
    """The text without what looks like a secret: a URL's userinfo, query values, JSON fields and tokens.

    What UTF-8 cannot carry (a lone surrogate, as in a file name of undecodable bytes) becomes a question mark.
    """
    text = text.encode("utf-8", "replace").decode()
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(lambda found: _masked_entry(found[0], found[2], f"{found[1]}{found[2]}={MASK}"), text)
    text = _JSON_ENTRY.sub(lambda found: _masked_entry(found[0], found[1], f'"{found[1]}"{found[2]}"{MASK}"'), text)
    text = _SCHEME.sub(lambda found: f"{found[1]} {MASK}", text)
    return _JWT.sub(MASK, text)


def masked(value: object) -> Any:
    """The value as plain data for JSON, its secrets masked.

    A dataclass becomes a map with its class in `kind`; a path or a place in a script becomes text; of a CSV payload
    only its columns and its number of rows are kept, since the rows may hold the passwords of a thousand people.
    """
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)  # JSON writers take 64 bits
        case str():
            return mask_text(value)
        case PurePath():
            return mask_text(value.as_posix())
        case PythonScenario():
            return {"kind": "PythonScenario", "name": value.name, "weight": value.weight, "function": str(value)}
        case Lifecycle():
            return f"@{value.kind} {value}"
        case Where():
            return mask_text(str(value))
        case date():
            return value.isoformat()
        case Payload():
            return {**_fields(dataclasses.replace(value, rows=())), "rows": len(value.rows)}
        case Mapping():
            return {
                mask_text(str(name)): _hidden(entry) if is_secret_name(str(name)) else masked(entry)
                for name, entry in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [masked(entry) for entry in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _fields(value)
        case _:
            return f"<{type(value).__name__}>"


def _fields(value: Any) -> dict[str, Any]:
    entries = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    return {
        "kind": type(value).__name__,
        **{name: _hidden(entry) if name in _SECRET_FIELDS else masked(entry) for name, entry in entries.items()},
    }


def _hidden(value: object) -> Any:
    """The mask in place of a secret. That there is none, or that there are several to draw from, may be seen."""
    if value is None or value == "":
        return value
    if isinstance(value, list | tuple):
        return [_hidden(entry) for entry in value]
    return MASK


def _masked_entry(whole: str, name: str, hidden: str) -> str:
    return hidden if is_secret_name(name) else whole
