"""Which of very many sockets can be read? One question to the system answers for all of them.

An event loop asks it, too, but what it does then (a handle, a context, a protocol with a buffer of its own) costs as
much as all the rest of a message. So the sockets of users are in an epoll of their own (epoll(7)), and the loop looks
after that one alone.
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import Final

from mypy_extensions import mypyc_attr

from wavetank.engine.clock.departures import Departures

_AT_A_TIME: Final = 64
"""So many sockets are served before the loop, and with it the timers, has its turn."""
_READABLE: Final = 1
_WRITABLE: Final = 4


@mypyc_attr(allow_interpreted_subclasses=True)
class Watcher:
    """Told what can be done with a socket. Called from the event loop; must not raise."""

    __slots__ = ()

    def readable(self) -> None:
        """There is something to read, an end or an error."""
        raise NotImplementedError

    def writable(self) -> None:
        """There is room to write."""
        raise NotImplementedError


class Poller:
    """Tells for each socket when it can be read or written. Only for Linux.

    The file descriptors that it watches are its own: it closes them, at the latest when it is closed itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, departures: Departures) -> None:
        """`departures`: holds back what is sent in answer. Raises OSError where no file descriptor is left."""
        self.loop = loop
        self.closed = False
        self.departures = departures
        self._epoll = select.epoll()
        self._watchers: dict[int, Watcher] = {}
        self._writers: set[int] = set()
        loop.add_reader(self._epoll.fileno(), self._look)

    def watch(self, descriptor: int, watcher: Watcher) -> None:
        """Tell whenever there is something to read, an end or an error. The second time: tell another one.

        Raises OSError, or ValueError once this is closed; the descriptor is closed then, too.
        """
        if descriptor not in self._watchers:
            try:
                self._epoll.register(descriptor, _READABLE)
            except (OSError, ValueError):  # ValueError: this is closed
                os.close(descriptor)
                raise
        self._watchers[descriptor] = watcher

    def watch_writing(self, descriptor: int, wanted: bool) -> None:
        """Tell whenever there is room to write, too, or no more. For a descriptor that is watched."""
        if wanted and descriptor not in self._writers:
            self._writers.add(descriptor)
            self._epoll.modify(descriptor, _READABLE | _WRITABLE)
        elif not wanted and descriptor in self._writers:
            self._writers.discard(descriptor)
            self._epoll.modify(descriptor, _READABLE)

    def drop(self, descriptor: int) -> None:
        """Close a descriptor that is watched; without effect for any other."""
        if self._watchers.pop(descriptor, None) is not None:
            self._writers.discard(descriptor)
            self._epoll.unregister(descriptor)
            os.close(descriptor)

    def close(self) -> None:
        """Close all that is watched. Safe to call twice."""
        if not self.closed:
            self.closed = True
            self.loop.remove_reader(self._epoll.fileno())
            for descriptor in tuple(self._watchers):
                self.drop(descriptor)
            self._epoll.close()

    def _look(self) -> None:
        if self.closed:
            return
        watchers = self._watchers
        self.departures.begin()
        try:
            for descriptor, events in self._epoll.poll(0, _AT_A_TIME):
                # Each callback may have closed the sockets of those that come after it.
                if events & _WRITABLE and descriptor in self._writers:
                    watchers[descriptor].writable()
                if events != _WRITABLE and (reader := watchers.get(descriptor)) is not None:
                    reader.readable()
        finally:
            self.departures.end()
