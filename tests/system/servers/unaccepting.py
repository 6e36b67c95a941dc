"""A server that accepts nobody: connections are asked for, and never answered."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_MORE_THAN_WAIT_IN_LINE = 16


@contextmanager
def unaccepting() -> Iterator[int]:
    """The port of a server whose queue of those who wait to be accepted is full: the next one gets no answer."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        port: int = listener.getsockname()[1]
        for _ in range(_MORE_THAN_WAIT_IN_LINE):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(("127.0.0.1", port))
        yield port
