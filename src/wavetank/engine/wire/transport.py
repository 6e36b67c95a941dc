"""What a connection sends through."""

from __future__ import annotations

from abc import ABC, abstractmethod

from mypy_extensions import trait


@trait
class Transport(ABC):
    """Carries the frames of one connection. It tells the connection what comes, and once, that the socket is closed."""

    __slots__ = ()

    @abstractmethod
    def send(self, opcode: int, payload: bytes, compressed: bool = False) -> None:
        """Send one frame, which is a whole message or a control frame. Without effect once the socket is closed."""

    @abstractmethod
    def finish(self) -> None:
        """Close the socket once all has been sent."""

    @abstractmethod
    def drop(self) -> None:
        """Close the socket at once."""


class Nowhere(Transport):
    """What is left once the socket is closed."""

    __slots__ = ()

    def send(self, opcode: int, payload: bytes, compressed: bool = False) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def drop(self) -> None:
        """Nothing."""
