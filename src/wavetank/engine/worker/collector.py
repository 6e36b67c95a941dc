"""Keeping the garbage collector out of what is measured.

A collection stops the loop, and whatever is received meanwhile is timed too late. Python looks for garbage after 700
new objects and now and then walks through everything there is: 25 ms, once, were found in a run of 5000 messages a
second, 0.6 s where there were 100,000 users. Longer intervals are no cure: users who come and go leave the number of
objects as it is, so that a collection was rare and then walked through all that had come since, for 200 ms.

What the engine makes frees itself, since no cycle is among it. Garbage for the collector is left behind by scripts and
libraries, if at all; so it rests until the number of objects says that there is some.
"""

from __future__ import annotations

import gc
import sys

from wavetank.plan.model import Plan

_UNACCOUNTED = 200_000
"""So many objects that no user accounts for are worth a collection, of 20 ms (0.1 us for each object)."""

_PER_USER = 100
"""A user in a conversation consists of some 30 objects that the collector knows of, and of more with TLS."""

_HABIT = 0.5
"""Where this share of the new objects was garbage, more of it is to come."""

_OFTEN = (10_000, 2, 10**9)
"""Thresholds (`gc.set_threshold`) for who leaves garbage as a habit: 1 ms for 10,000 objects, and soon once more for
what survived, which then is left alone: after twenty young ones, the loop stood still for 80 ms again and again."""

_BLOCKS = 500_000
_BLOCKS_PER_USER = 400
"""Memory in use, in what Python hands out at a time (`sys.getallocatedblocks`, 1 ms where there are 10 million). A user
of the YMERA plan holds some fifty."""


class Collections:
    """When garbage is collected, from `begin` to `end`, in the whole process. What was there before is left out."""

    def __init__(self, *, often: bool) -> None:
        """`often`: from the beginning, for what is known to leave garbage; else from when it was seen to."""
        self._often = often
        self._before: tuple[bool, tuple[int, int, int]] | None = None
        self._young_users = 0
        self._all_users = 0
        self._all_blocks = 0

    def begin(self) -> None:
        """Set what is there now aside."""
        if self._before is None:
            self._before = gc.isenabled(), gc.get_threshold()
            gc.freeze()
            gc.disable()
            if self._often:
                self._collect_often()
            self._all_blocks = sys.getallocatedblocks()

    def look(self, users: int) -> None:
        """Called about once a second, with the number of users under way. Collects where there is need to."""
        if self._before is None:
            return
        # What leaves again may come again without being more than there was.
        self._young_users = min(self._young_users, users)
        self._all_users = min(self._all_users, users)
        blocks = sys.getallocatedblocks()
        allowed = max(_BLOCKS, self._all_blocks // 2) + _BLOCKS_PER_USER * (users - self._all_users)
        if blocks - self._all_blocks > allowed:
            gc.collect()
            self._all_blocks = sys.getallocatedblocks()
            self._all_users = self._young_users = users
        elif not self._often:
            self._look_at_the_young(users)

    def end(self) -> None:
        """Put everything back as it was. Safe to call twice."""
        if self._before is not None:
            was_on, threshold = self._before
            gc.set_threshold(*threshold)
            if was_on:
                gc.enable()
            else:
                gc.disable()
            gc.unfreeze()
            self._before = None

    def _look_at_the_young(self, users: int) -> None:
        """What outlives this is left alone: users who gather much are not walked through again and again."""
        made = gc.get_count()[0]
        if made > _UNACCOUNTED + _PER_USER * (users - self._young_users):
            garbage = gc.collect(1)
            self._young_users = users
            if garbage > _HABIT * made:
                self._collect_often()

    def _collect_often(self) -> None:
        self._often = True
        gc.set_threshold(*_OFTEN)
        gc.enable()


def collections_for(plan: Plan) -> Collections:
    """TLS is known to leave garbage: uvloop's is full of cycles."""
    return Collections(often=plan.target.startswith("wss"))
