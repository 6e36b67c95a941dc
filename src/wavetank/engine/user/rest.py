"""The rest between two steps, where a user thinks."""

from __future__ import annotations

from wavetank.engine.clock.timers import Timer
from wavetank.engine.tasks.driver import Waiter
from wavetank.engine.user.owner import Owner


class Rest(Timer):
    """One who rests until an instant, which then is the one that its next step was planned for."""

    __slots__ = ("_owner", "_waiter")

    def __init__(self, due_ns: int, owner: Owner, waiter: Waiter) -> None:
        super().__init__(due_ns)
        self._owner: Owner | None = owner
        self._waiter = waiter

    def fire(self) -> None:
        """See `Timer`."""
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.roused()
            owner.planned_at = self.due_ns
            self._waiter.resume()

    def abandon(self) -> None:
        """See `Wait`."""
        self.cancel()
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.roused()
