"""One tree of errors; each says who is at fault and what to do about it.

WavetankError
├── ScriptError      the script, or an option, is wrong: nothing was sent (exit code 2)
├── RunError         the run could not be carried out (exit code 3)
└── UserFailure      one virtual user could not go on; counted, never fatal to the run
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class WavetankError(Exception):
    """Everything that Wavetank raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a script: its path as the person wrote it, and a line counted from 1."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a script: where it is, what is wrong, and what would be right."""

    where: Where
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ScriptError(WavetankError):
    """The script cannot be run. Holds every problem found, in the order of the lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class RunError(WavetankError):
    """The run could not be carried out; the sentence says why and what would help."""


class UserFailure(WavetankError):
    """A virtual user's step failed.

    `kind` is a short, stable name, counted as `errors.<kind>`; `reason` is a sentence for a person.
    """

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(kind, reason)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
