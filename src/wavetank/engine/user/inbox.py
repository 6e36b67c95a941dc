"""Messages that came before anything waited for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wavetank.flow.expectation import Message


class Inbox:
    """Keeps the newest `size` messages of a connection, in the order in which they came.

    What is not kept any more, because others came or because it was passed over, is a push that nobody waited for:
    `on_push` counts it.
    """

    __slots__ = ("_messages", "_on_push", "_size")

    def __init__(self, size: int, on_push: Callable[[], None]) -> None:
        self._size = size
        self._on_push = on_push
        self._messages: deque[tuple[Message, int]] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Message, received_at: int) -> None:
        """Keep a message that came at `received_at` (ns)."""
        self._messages.append((message, received_at))
        if len(self._messages) > self._size:
            self._messages.popleft()
            self._on_push()

    def take(self, accepts: Callable[[Message], bool]) -> int | None:
        """When the first message came that is accepted; those before it are passed over. None where there is none."""
        while self._messages:
            message, received_at = self._messages.popleft()
            if accepts(message):
                return received_at
            self._on_push()
        return None

    def clear(self) -> None:
        """Keep nothing any more."""
        while self._messages:
            self._messages.popleft()
            self._on_push()
