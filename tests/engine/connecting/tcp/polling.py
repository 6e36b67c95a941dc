"""A poller in a loop that runs for as long as a test does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from wavetank.engine.clock.departures import Departures
from wavetank.engine.connecting.tcp.poller import Poller, Watcher
from wavetank.engine.worker.loop import new_event_loop


def in_loop(test: Callable[[Poller], Awaitable[None]]) -> None:
    """Runs the test; what it leaves watched is closed."""

    async def main() -> None:
        poller = Poller(asyncio.get_running_loop(), Departures())
        try:
            await asyncio.wait_for(test(poller), 20)
        finally:
            poller.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


class Told(Watcher):
    """Calls these functions."""

    def __init__(self, readable: Callable[[], object], writable: Callable[[], object] = lambda: None) -> None:
        self._readable = readable
        self._writable = writable

    def readable(self) -> None:
        self._readable()

    def writable(self) -> None:
        self._writable()


def pair() -> tuple[int, socket.socket]:
    """Two ends of a connection, neither of which blocks: a descriptor for a poller, and the other one's socket."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    return near.detach(), far
