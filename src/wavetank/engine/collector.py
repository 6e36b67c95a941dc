"""Keeping the garbage collector out of what is measured.

A collection stops the loop, and whatever is received meanwhile is timed too late. Python looks for garbage after 700
new objects and now and then walks through everything there is: 25 ms, once, were found in a run of 5000 messages a
second, 35 ms again and again where 10,000 users rested, 0.6 s where there were 100,000.
"""

from __future__ import annotations

import gc
from typing import Protocol

from wavetank.plan.model import Plan

_NEW_OBJECTS = 2_000
"""A collection of so many young objects takes up to a millisecond. The count goes down as objects are freed, so that a
run in which as many users leave as come reaches it rarely."""

_YOUNG_BEFORE_MIDDLE = 2
"""What survives is walked through once more, whenever that is, and then left alone; soon, and it is little at a time:
after twenty young ones, the loop stood still for 80 ms again and again while users came."""

_MIDDLE_BEFORE_ALL = 30_000
"""What a collection of everything would find is what scripts leave behind in cycles that outlive two others."""

_PER_USER = 100
"""A user in a conversation consists of 30 to 50 objects that the collector knows of."""

_UNACCOUNTED = 200_000
"""So many objects that no user accounts for are worth a collection, of a tenth of a second: some 50 MB."""


class Collections(Protocol):
    """When garbage is collected, from `begin` to `end`, in the whole process. What was there before is left out."""

    def begin(self) -> None:
        """Set what is there now aside."""

    def look(self, users: int) -> None:
        """Called now and then, with the number of users under way."""

    def end(self) -> None:
        """Put everything back as it was. Safe to call twice."""


def collections_for(plan: Plan) -> Collections:
    """Rare ones where the script has code of its own, or TLS is spoken (uvloop's is full of cycles); else none."""
    return RareCollections() if plan.runs_own_code or plan.target.startswith("wss") else CollectionsInNeed()


class RareCollections:
    """For scripts' functions: `Collections` by Python's own rules, at thresholds that make them short and rare."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """See `Collections`."""
        if self._before is None:
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(_NEW_OBJECTS, _YOUNG_BEFORE_MIDDLE, _MIDDLE_BEFORE_ALL)

    def look(self, users: int) -> None:
        """See `Collections`."""

    def end(self) -> None:
        """See `Collections`."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None


class CollectionsInNeed:
    """For everything else: users, connections and timers free themselves, since no cycle is among them.

    What leaves one behind after all, as a library's exception may, shows in the number of objects.
    """

    def __init__(self) -> None:
        self._was_on: bool | None = None

    def begin(self) -> None:
        """See `Collections`."""
        if self._was_on is None:
            self._was_on = gc.isenabled()
            gc.freeze()
            gc.disable()

    def look(self, users: int) -> None:
        """See `Collections`. Collects where there are more new objects than the users can account for.

        What outlives that is left alone from then on: users who gather much are not walked through again and again.
        """
        made_since_the_last = gc.get_count()[0]
        if self._was_on is not None and made_since_the_last > _UNACCOUNTED + _PER_USER * users:
            gc.collect(1)

    def end(self) -> None:
        """See `Collections`."""
        if self._was_on is not None:
            if self._was_on:
                gc.enable()
            gc.unfreeze()
            self._was_on = None
