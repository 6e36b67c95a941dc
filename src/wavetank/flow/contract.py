"""What a flow needs from the user who lives it; the engine's `User` has it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from wavetank.flow.correlation import Correlator
from wavetank.flow.expectation import Expectation
from wavetank.metrics.recorder import Series
from wavetank.plan.steps import ConnectionOptions


class Wire(Protocol):
    """The open connection of a user."""

    def transmit(self, data: bytes, *, text: bool, series: Series) -> None:
        """Send a message that expects no reply."""

    def request(self, data: bytes, *, text: bool, series: Series, expectation: Expectation) -> Awaitable[object]:
        """Send a message and wait for its reply."""

    def dispatch(self, data: bytes, *, text: bool, series: Series, correlator: Correlator) -> None:
        """Send a message whose reply is known by a key, and do not wait for it."""

    def settle(self) -> Awaitable[object]:
        """Wait until nothing that was dispatched is under way."""

    def expect(self, series: Series, expectation: Expectation) -> Awaitable[object]:
        """Wait for a message without sending."""

    def ping(self, series: Series, timeout_ns: int, label: str) -> Awaitable[object]:
        """Send a ping control frame and wait for its pong."""

    def close(self, code: int = 1000, reason: str = "") -> Awaitable[object]:
        """Close, and wait for the server's answer."""


class Actor(Protocol):
    """One execution of a scenario, as its steps see it.

    `planned_at` is the instant (ns) at which the next step was planned to begin.
    """

    vars: dict[str, object]
    planned_at: int
    scenario_name: str

    @property
    def wire(self) -> Wire:
        """The open connection. Raises UserFailure where there is none."""

    @property
    def may_continue(self) -> bool:
        """Whether endless loops go on: true until the last arrival of the run is due."""

    def now_ms(self) -> float:
        """Milliseconds since 1970: what `$now` is in templates."""

    def random(self) -> random.Random:
        """The user's own random numbers: the same for the same seed and index, on any worker."""

    def connect(self, url: str, options: ConnectionOptions, headers: Mapping[str, str]) -> Awaitable[object]:
        """Open the user's connection; the one that it had is closed first."""

    def think_until(self, due_ns: int) -> Awaitable[object]:
        """Do nothing until the instant `due_ns`; `planned_at` then is the instant at which the wait was to end."""

    def pause(self) -> Awaitable[object]:
        """Let others run."""

    def late(self, planned_at: int) -> None:
        """Record that a paced step planned for `planned_at` begins now."""

    def rendezvous(self) -> Awaitable[object]:
        """Wait for all other users of the run."""

    def log(self, text: str) -> None:
        """Write a line to the run's log."""

    def emit(self, kind: str, name: str, value: float) -> None:
        """Count or record a metric of the script's own."""


Action = Callable[[Actor], Awaitable[object] | None]
"""A compiled step: done at once, or giving something to wait for."""
