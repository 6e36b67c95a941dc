"""Watching processes from outside while they run: how much processor time they took between two instants."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.performance.process_tree import Usage, usage_of

from wavetank.execution.fleets.precedence import Precedence

_PROCESSES = Path("/proc")


class Watch:
    """Looks at a process and all that descend from it every so often, from its start to the end of the block.

    Its thread has normal priority: a look takes some milliseconds, for which an onlooker with the real-time priority of
    what it looks at would keep it off a core.

    Sees nothing where the system does not tell (anything but Linux).
    """

    def __init__(self, process: int, *, every_s: float = 0.1) -> None:
        self._process = process
        self._every_s = every_s
        self._ended = threading.Event()
        self._looks: list[tuple[float, Usage]] = []
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def cpu_s(self, begin: float, end: float) -> float | None:
        """The processor time (seconds) between two instants (Unix time); None where nobody could look."""
        looks = [(at, seen.cpu_s) for at, seen in self._looks]
        return between(looks, begin, end) if looks else None

    def busiest(self, stretch_s: float) -> float | None:
        """The most cores used on the average of any stretch so long; None where nobody could look."""
        looks = [(at, seen.cpu_s) for at, seen in self._looks]
        return max((between(looks, at - stretch_s, at) / stretch_s for at, _ in looks), default=None)

    @property
    def peak_bytes(self) -> int:
        """The most memory (resident, so without what the kernel keeps for sockets) that they have held together.

        0 where nobody could look.
        """
        return max((seen.rss_bytes for _, seen in self._looks), default=0)

    def _watch(self) -> None:
        Precedence().give()
        while _PROCESSES.is_dir():
            seen = usage_of(self._process)
            if seen.rss_bytes:  # else it has ended
                self._looks.append((time.time(), seen))
            if self._ended.wait(self._every_s):
                return


def between(looks: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """How much a quantity grew between two instants, from looks at it (instant, value) in order, at least one.

    Between two looks it is taken to grow evenly, before the first and after the last not at all.
    """
    return _at(looks, end) - _at(looks, begin)


def _at(looks: Sequence[tuple[float, float]], instant: float) -> float:
    place = bisect_left(looks, instant, key=lambda look: look[0])
    if place == 0:
        return looks[0][1]
    if place == len(looks):
        return looks[-1][1]
    (before, low), (after, high) = looks[place - 1], looks[place]
    return low + (high - low) * (instant - before) / (after - before)
