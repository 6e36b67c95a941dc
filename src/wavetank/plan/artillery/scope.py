"""What the readers of steps share: where to note findings, and what the script's config says about steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wavetank.errors import Where
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.steps import ConnectionOptions

Role = Literal["step", "connect", "while"]


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A place that names a function of the processor, and what the function is for there."""

    where: Where
    name: str
    role: Role = "step"


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """A place whose template reads a variable of the user."""

    where: Where
    name: str


@dataclass(frozen=True, slots=True)
class Jitter:
    """How much a think step varies: ± a share of its duration, or ± seconds."""

    amount: float = 0.0
    is_share: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One script's surroundings for its steps.

    `folder` is where relative paths start. `node_options` are the options of `config.ws` that Artillery drops
    where a connect step is a map. `calls` gathers the functions that steps name, `reads` the variables that
    templates read, and `writes` those that steps set.
    """

    findings: Findings
    folder: Path
    connection: ConnectionOptions = field(default_factory=ConnectionOptions)
    node_options: tuple[str, ...] = ()
    jitter: Jitter = Jitter()
    calls: list[Call] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    writes: set[str] = field(default_factory=set)
