"""The workers of a run, wherever they are: what a coordinator asks of them, and what it hears from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.model import Plan
from wavetank.plan.python.lifecycle import Shared


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told; all of it must be picklable.

    The plan, what the script's `before` flow left behind, and what a setup of the whole run has put into `shared`.
    """

    plan: Plan
    variables: Mapping[str, object] = field(default_factory=dict)
    shared: Shared = field(default_factory=dict)


class Listener(Protocol):
    """Who hears what the workers have to say. Called from the coordinator's event loop."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """A worker has ended an interval."""

    def log(self, text: str) -> None:
        """What a `log` step of the script says."""

    def notice(self, text: str) -> None:
        """Something that whoever started the run should know, as a sentence."""

    def lost(self, loss: Loss) -> None:
        """A worker is gone before its time: from now on its share of the plan is missing."""


class Fleet(Protocol):
    """The workers of one run. Use it once, as an asynchronous context: to enter it makes the workers ready."""

    @property
    def size(self) -> int:
        """How many workers there are at the start."""

    @property
    def active(self) -> int:
        """How many users are under way, as far as the workers have told."""

    @property
    def ended(self) -> bool:
        """Whether every worker has come to its end, and only last snapshots may still come in."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def carry(self, orders: Orders, listener: Listener) -> None:
        """Give out the orders, let all workers start at one instant, and wait until each has ended or is lost.

        Raises RunError where they cannot even begin.
        """

    def stop(self) -> None:
        """Start no more users; those under way go on. Safe to call at any time."""

    def cut(self) -> None:
        """End every user at once. Safe to call at any time."""
