"""What became of numbered messages: which are missing, came twice, or came after a later one."""

from __future__ import annotations

from bisect import bisect_right
from enum import Enum

GAPS = 1024
"""So many stretches of missing numbers are known at once; the oldest are forgotten first."""

EARLY = 1024
"""So many numbers below the first one are known, of those that came before them in the count and after in time."""


class Fate(Enum):
    """What a number says about its message."""

    IN_ORDER = "in order"
    LATE = "late"
    """It was missing until now, or is from before the first one seen."""
    REPEATED = "repeated"


class SequenceWatch:
    """Follows one count, such as that of a channel's events, as one subscriber sees it.

    The first number seen is the start. A number beyond the next one makes those between them missing; one of these
    that comes later is late, and missing no more; a number seen before is repeated. A number below the start is late
    at its first coming; nothing is ever missing below the start, since a subscriber may join at any time.

    Memory is bounded by `GAPS` and `EARLY`. A number whose gap has been forgotten stays missing for good, and is taken
    for repeated if it comes after all; a number below the start beyond those remembered is taken for repeated too.
    """

    __slots__ = ("_early", "_firsts", "_highest", "_lasts", "_start", "missing")

    def __init__(self, first: int) -> None:
        """`first` is the first number seen."""
        self.missing = 0
        """How many numbers between the start and the highest one seen have not come."""
        self._start = self._highest = first
        # The gaps, in rising order: the first and the last missing number of each.
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._early: set[int] | None = None

    def see(self, number: int) -> Fate:
        """The next message has this number; `missing` changes accordingly."""
        highest = self._highest
        if number > highest:
            self._highest = number
            skipped = number - highest - 1
            if skipped:
                self.missing += skipped
                self._firsts.append(highest + 1)
                self._lasts.append(number - 1)
                self._forget_oldest()
            return Fate.IN_ORDER
        if number < self._start:
            return self._see_early(number)
        return Fate.LATE if self._fill(number) else Fate.REPEATED

    def _fill(self, number: int) -> bool:
        """Take a number out of the gap that it is in, if it is in one."""
        place = bisect_right(self._firsts, number) - 1
        if place < 0 or number > self._lasts[place]:
            return False
        first, last = self._firsts[place], self._lasts[place]
        self.missing -= 1
        if first == last:
            del self._firsts[place], self._lasts[place]
        elif number == first:
            self._firsts[place] = number + 1
        elif number == last:
            self._lasts[place] = number - 1
        else:
            self._lasts[place] = number - 1
            self._firsts.insert(place + 1, number + 1)
            self._lasts.insert(place + 1, last)
            self._forget_oldest()
        return True

    def _see_early(self, number: int) -> Fate:
        if self._early is None:
            self._early = set()
        if number in self._early or len(self._early) >= EARLY:
            return Fate.REPEATED
        self._early.add(number)
        return Fate.LATE

    def _forget_oldest(self) -> None:
        if len(self._firsts) > GAPS:
            del self._firsts[0], self._lasts[0]
