"""Which of very many sockets can be read? One question to the system answers for all of them.

An event loop asks it, too, but what it does then (a handle, a context, a protocol with a buffer of its own) costs as
much as all the rest of a message. So the sockets of users are in an epoll of their own (epoll(7)), and the loop looks
after that one alone.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from typing import Final

_AT_A_TIME: Final = 64
"""So many sockets are served before the loop, and with it the timers, has its turn."""
_READABLE: Final = 1
_WRITABLE: Final = 4


class Poller:
    """Calls back for each socket that can be read or written. The callbacks must not raise. Only for Linux.

    The file descriptors that it watches are its own: it closes them, at the latest when it is closed itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError where no file descriptor is left."""
        self.loop = loop
        self.closed = False
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._writers: dict[int, Callable[[], None]] = {}
        loop.add_reader(self._epoll.fileno(), self._look)

    def watch(self, descriptor: int, on_readable: Callable[[], None]) -> None:
        """Call back whenever there is something to read, an end or an error. The second time: call another one back.

        Raises OSError, or ValueError once this is closed; the descriptor is closed then, too.
        """
        if descriptor not in self._readers:
            try:
                self._epoll.register(descriptor, _READABLE)
            except (OSError, ValueError):  # ValueError: this is closed
                os.close(descriptor)
                raise
        self._readers[descriptor] = on_readable

    def watch_writing(self, descriptor: int, on_writable: Callable[[], None] | None) -> None:
        """Call back whenever there is room to write, too; None: no more. For a descriptor that is watched."""
        if on_writable is not None:
            self._writers[descriptor] = on_writable
            self._epoll.modify(descriptor, _READABLE | _WRITABLE)
        elif self._writers.pop(descriptor, None) is not None:
            self._epoll.modify(descriptor, _READABLE)

    def drop(self, descriptor: int) -> None:
        """Close a descriptor that is watched; without effect for any other."""
        if self._readers.pop(descriptor, None) is not None:
            self._writers.pop(descriptor, None)
            self._epoll.unregister(descriptor)
            os.close(descriptor)

    def close(self) -> None:
        """Close all that is watched. Safe to call twice."""
        if not self.closed:
            self.closed = True
            self.loop.remove_reader(self._epoll.fileno())
            for descriptor in tuple(self._readers):
                self.drop(descriptor)
            self._epoll.close()

    def _look(self) -> None:
        if self.closed:
            return
        readers = self._readers
        for descriptor, events in self._epoll.poll(0, _AT_A_TIME):
            # Each callback may have closed the sockets of those that come after it.
            if events & _WRITABLE and (on_writable := self._writers.get(descriptor)) is not None:
                on_writable()
            if events != _WRITABLE and (on_readable := readers.get(descriptor)) is not None:
                on_readable()
