"""Watching processes from outside while they run: how much processor time they took between two instants."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from bench.footprint import Footprint, footprint

_EVERY_S = 0.1


class Watch:
    """Looks at a process group ten times a second, from its start to the end of the block."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._ended = threading.Event()
        self._looks: list[tuple[float, Footprint]] = []
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

    @property
    def peak_bytes(self) -> int:
        """The most memory that they have held together; 0 where nobody could look."""
        return max((seen.peak_bytes for _, seen in self._looks), default=0)

    def _watch(self) -> None:
        while True:
            seen = footprint(self._group)
            if seen is not None and seen.processes:
                self._looks.append((time.time(), seen))
            if self._ended.wait(_EVERY_S):
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
