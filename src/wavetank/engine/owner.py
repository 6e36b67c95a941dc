"""Whose connection it is: what a socket needs of its user."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from wavetank.engine.task import UserTask
from wavetank.errors import UserFailure

OnLoss = Callable[[UserFailure], object]
"""Told how a connection ended that its user counted on. Called from the event loop; must not raise."""


class Owner(Protocol):
    """The user whose connection it is."""

    index: int
    vars: dict[str, object]
    planned_at: int
    task: UserTask

    def random(self) -> random.Random:
        """The user's own random numbers."""

    def interrupt(self, failure: UserFailure) -> None:
        """The connection was lost while no reply was waited for."""
