"""Whose connection it is: what a socket needs of its user."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from wavetank.engine.tasks.driver import Driver
from wavetank.errors import UserFailure
from wavetank.flow.contract import Performer

OnLoss = Callable[[UserFailure], object]
"""Told how a connection ended that its user counted on. Called from the event loop; must not raise."""


class Owner(Performer):
    """The user whose connection it is."""

    __slots__ = ("task",)

    task: Driver

    @abstractmethod
    def interrupt(self, failure: UserFailure) -> None:
        """The connection was lost while no reply was waited for."""

    @abstractmethod
    def roused(self) -> None:
        """It rests no longer."""
