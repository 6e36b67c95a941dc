"""One thing that was looked at: what is, what is needed, and the command that would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How a finding stands, from good to bad; UNKNOWN is what the system does not tell."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`name` is stable; `title`, `found`, `needed` and `why` are for a person.

    `commands` change it, each by itself or in this order; they are shown, never carried out. `values` are the figures
    behind the words: plain numbers, texts or None for unknown.
    """

    name: str
    title: str
    level: Level
    found: str
    needed: str = ""
    why: str = ""
    commands: tuple[str, ...] = ()
    values: Mapping[str, int | float | str | None] = field(default_factory=dict)


def unknown(name: str, title: str, needed: str = "") -> Finding:
    """What the system does not tell is never taken for good."""
    return Finding(name=name, title=title, level=Level.UNKNOWN, found="the system does not tell", needed=needed)


def worst(levels: list[Level]) -> Level:
    """The verdict of all; what is unknown does not make it worse."""
    for level in (Level.CRITICAL, Level.WARNING):
        if level in levels:
            return level
    return Level.OK
