"""What a flow needs from the user who lives it; the engine's `User` has it.

Base classes and traits, no protocols: where the engine is compiled, what is known of a class costs no look at objects.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from mypy_extensions import trait

from wavetank.errors import UserFailure
from wavetank.flow.correlation import Correlator
from wavetank.flow.expectation import Expected, Memory, Message
from wavetank.metrics.recorder import Series
from wavetank.plan.steps import ConnectionOptions


class PhasesOver(asyncio.CancelledError):
    """The last phase of the plan is over: raised in a user who listens with no end in sight, and is sent home."""


@trait
class Wire(ABC):
    """The open connection of a user."""

    __slots__ = ()

    @abstractmethod
    def transmit(self, data: bytes, *, text: bool, series: Series) -> None:
        """Send a message that expects no reply."""

    @abstractmethod
    def request(self, data: bytes, *, text: bool, series: Series, expectation: Expected) -> Awaitable[object]:
        """Send a message and wait for its reply."""

    @abstractmethod
    def dispatch(self, data: bytes, *, text: bool, series: Series, correlator: Correlator) -> None:
        """Send a message whose reply is known by a key, and do not wait for it."""

    @abstractmethod
    def settle(self) -> Awaitable[object]:
        """Wait until nothing that was dispatched is under way."""

    @abstractmethod
    def expect(self, series: Series, expectation: Expected) -> Awaitable[object]:
        """Wait for a message without sending."""

    @abstractmethod
    def ping(self, series: Series, timeout_ns: int, label: str) -> Awaitable[object]:
        """Send a ping control frame and wait for its pong."""

    @abstractmethod
    def close(self, code: int = 1000, reason: str = "") -> Awaitable[object]:
        """Close, and wait for the server's answer."""


class Actor(Memory):
    """One execution of a scenario, as its steps see it.

    `planned_at` is the instant (ns) at which the next step was planned to begin.
    """

    __slots__ = ("planned_at", "scenario_name")

    planned_at: int
    scenario_name: str

    @property
    @abstractmethod
    def wire(self) -> Wire:
        """The open connection. Raises UserFailure where there is none."""

    @property
    @abstractmethod
    def turns(self) -> int:
        """How often the actor has been resumed: the same number twice says that it did not wait in between."""

    @property
    @abstractmethod
    def may_continue(self) -> bool:
        """Whether endless loops go on: true until the last arrival of the run is due."""

    @abstractmethod
    def now_ms(self) -> float:
        """Milliseconds since 1970: what `$now` is in templates."""

    @abstractmethod
    def connect(self, url: str, options: ConnectionOptions, headers: Mapping[str, str]) -> Awaitable[object]:
        """Open the user's connection; the one that it had is closed first."""

    @abstractmethod
    def think_until(self, due_ns: int) -> Awaitable[object]:
        """Do nothing until the instant `due_ns`; `planned_at` then is the instant at which the wait was to end."""

    @abstractmethod
    def pause(self) -> Awaitable[object]:
        """Let others run."""

    @abstractmethod
    def late(self, planned_at: int) -> None:
        """Record that a paced step planned for `planned_at` begins now."""

    @abstractmethod
    def rendezvous(self) -> Awaitable[object]:
        """Wait for all other users of the run."""

    @abstractmethod
    def depart(self) -> Awaitable[object] | None:
        """Wait for what is under way and close the connection; None where there is none. All has been done then.

        Raises UserFailure(`replies_missing`) where a dispatched request got no reply.
        """

    @abstractmethod
    def log(self, text: str) -> None:
        """Write a line to the run's log."""

    @abstractmethod
    def emit(self, kind: str, name: str, value: float) -> None:
        """Count or record a metric of the script's own."""


class Ended(Protocol):
    """How a connection ended: the close code (RFC 6455, 7.4) and what the server gave as its reason."""

    @property
    def code(self) -> int:
        """1005 for a close frame without a code, 1006 where none came."""

    @property
    def reason(self) -> str:
        """Empty where there was none."""


@trait
class Line(Wire):
    """A connection that a scenario in Python has opened; it may have several."""

    __slots__ = ()

    @abstractmethod
    def dispatch(
        self,
        data: bytes,
        *,
        text: bool,
        series: Series,
        correlator: Correlator,
        on_end: Callable[[Message | None], object] | None = None,
    ) -> None:
        """As above; `on_end` is told the reply, or that there is none."""

    @abstractmethod
    def take(self, expectation: Expected, *, bounded: bool, answers: bool) -> Awaitable[object]:
        """Wait for a message: a push, or if it `answers`, the reply to the last send that nothing has answered yet."""

    @property
    @abstractmethod
    def awaits_answer(self) -> bool:
        """Whether the last message sent is one that a message to come may answer."""

    @property
    @abstractmethod
    def lost(self) -> Ended | None:
        """How the connection ended; None while it takes messages."""

    @property
    @abstractmethod
    def subprotocol(self) -> str | None:
        """What was agreed on in the handshake."""

    @abstractmethod
    def closed(self) -> Awaitable[Ended]:
        """Wait until the connection takes no more messages."""


class Performer(Actor):
    """An actor whose scenario is in Python. `index` is the number of its arrival in the whole run."""

    __slots__ = ("index",)

    index: int

    @property
    @abstractmethod
    def seed(self) -> int:
        """The seed of the run."""

    @property
    @abstractmethod
    def shared(self) -> dict[str, Any]:
        """What the setup of the script left for all users of the worker."""

    @abstractmethod
    def open(
        self,
        url: str,
        options: ConnectionOptions,
        headers: Mapping[str, str],
        *,
        inbox: int,
        on_loss: Callable[[UserFailure], object] | None,
    ) -> Awaitable[Line]:
        """Open one more connection."""

    @abstractmethod
    def discard(self, line: Line) -> None:
        """Begin to close a connection that `open` gave, and forget it."""

    @abstractmethod
    def catch_up(self) -> None:
        """Plan the next step for now, if something else was waited for since the last one ended."""

    @abstractmethod
    def keep_to(self, planned_at: int) -> None:
        """Plan the next step for the instant of a schedule."""

    @abstractmethod
    def forgive(self) -> None:
        """The scenario knows that its connection was lost: do not interrupt it for that."""

    @abstractmethod
    def check(self, name: str, passed: bool) -> None:
        """Count a check."""

    @abstractmethod
    def reconnected(self, after_ns: int) -> None:
        """Count a connection that took the place of one that was lost so long before."""


Action = Callable[[Actor], Awaitable[object] | None]
"""A compiled step: done at once, or giving something to wait for."""
