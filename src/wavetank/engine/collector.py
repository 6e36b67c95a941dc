"""Keeping the garbage collector out of what is measured.

A collection stops the loop, and whatever is received meanwhile is timed too late. Python looks for garbage after 700
new objects and now and then walks through everything there is: 25 ms, once, were found in a run of 5000 messages a
second, and some of 1 ms in every second. Users, connections and timers free themselves without the collector, since no
cycle is among them; it is for the scripts' own functions that it stays on, at a threshold that they hardly reach.
"""

from __future__ import annotations

import gc

_NEW_OBJECTS = 10_000
"""A collection of so many young objects takes a millisecond. The count goes down as objects are freed, so that a run in
which as many users leave as come reaches it rarely."""

_YOUNG_BEFORE_MIDDLE = 20
_MIDDLE_BEFORE_ALL = 1_000
"""A collection of everything walks through all users: where there are 100,000 of them, the loop stood still for 0.6 s.
What it would find is what a script's functions leave behind in cycles that outlive two other collections."""


class RareCollections:
    """Between `begin` and `end`, collections are rare, and do not walk through what was there before."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """Sets what is there now aside, and raises the thresholds. They hold for the whole process."""
        if self._before is None:
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(_NEW_OBJECTS, _YOUNG_BEFORE_MIDDLE, _MIDDLE_BEFORE_ALL)

    def end(self) -> None:
        """Puts everything back as it was. Safe to call twice."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
