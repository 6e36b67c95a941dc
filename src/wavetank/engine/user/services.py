"""What the users of one worker share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wavetank.engine.clock.timers import Timers
from wavetank.engine.clock.wallclock import WallClock
from wavetank.engine.connecting.connector import Connector
from wavetank.engine.tasks.rendezvous import Rendezvous
from wavetank.engine.user.pushes import PushMeter
from wavetank.metrics.recorder import Recorder


class OpenConnections:
    """Counts the connections whose socket is open."""

    def __init__(self) -> None:
        self.open = 0
        self._none = asyncio.Event()
        self._none.set()

    def opened(self) -> None:
        """One more."""
        self.open += 1
        self._none.clear()

    def closed(self) -> None:
        """One less."""
        self.open -= 1
        if not self.open:
            self._none.set()

    async def all_closed(self) -> None:
        """Wait until none is open."""
        await self._none.wait()


@dataclass(slots=True, kw_only=True)
class Services:
    """The loop, its timers, the connector and the recorder of one worker.

    `last_arrival_ns` is the instant until which endless loops go on, and connections are listened to with no other end
    in sight; each of them is for `least_listening_ns`. `keep_pushes`: whether messages that nothing
    waits for yet are kept for a later `wait`. `pushes` is there only if the script asks for pushes to be measured.
    `shared` is what the setup of a script in Python left for all users.
    """

    loop: asyncio.AbstractEventLoop
    timers: Timers
    connector: Connector
    recorder: Recorder
    rendezvous: Rendezvous
    log: Callable[[str], None]
    seed: int
    last_arrival_ns: int
    keep_pushes: bool
    least_listening_ns: int = 0
    stopping: bool = False
    pushes: PushMeter | None = None
    clock: WallClock = field(default_factory=WallClock)
    connections: OpenConnections = field(default_factory=OpenConnections)
    shared: dict[str, Any] = field(default_factory=dict)
