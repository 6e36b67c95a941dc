"""What reading a script found out: mistakes, and places where Artillery would behave differently."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from wavetank.errors import Problem, ScriptError, Where


class Findings:
    """Collects the problems of one reading, so that all of them can be told at once."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, where: Where, message: str, hint: str = "") -> None:
        """Notes a mistake: the script cannot be run."""
        self.errors.append(Problem(where, message, hint))

    def warn(self, where: Where, message: str, hint: str = "") -> None:
        """Notes something that runs here, but that the author ought to know of."""
        self.warnings.append(Problem(where, message, hint))

    def unknown(self, where: Where, kind: str, name: str, known: Iterable[str], of: str = "") -> None:
        """Notes a name that nobody knows, with the nearest one that is known, or all that are."""
        self.error(where, f"unknown {kind} {name!r}{of}", suggestion(name, known))

    def raise_errors(self) -> None:
        """Raises ScriptError with every mistake noted so far, if there is one."""
        if self.errors:
            raise ScriptError(self.errors)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be; None if no name is near."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    near = difflib.get_close_matches(name[:100].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, else all of them if they are few enough to read."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known: {listing(names)}" if 0 < len(names) <= 30 else ""


def listing(names: Iterable[str], last: str = "and") -> str:
    """Names in one line for a person: `a, b and c`."""
    items = list(names)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
