"""Which cores the tool and the server run on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """Sets of cores, by the numbers that the system gives them."""

    tool: frozenset[int]
    server: frozenset[int]

    @staticmethod
    def pin(cores: frozenset[int]) -> Callable[[], None]:
        """What a new process calls before it becomes its program (Linux)."""
        return lambda: os.sched_setaffinity(0, cores)


def apart() -> Placement:
    """The tool on one core, the server on another. Raises RuntimeError on a machine that has one only."""
    first, second = _two_cores()
    return Placement(tool=frozenset({first}), server=frozenset({second}))


def together(cores: int) -> Placement:
    """Tool and server share 1 core or 2, so that twice the cores are twice as much of everything."""
    shared = frozenset(_two_cores()[:cores])
    return Placement(tool=shared, server=shared)


def _two_cores() -> tuple[int, int]:
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise RuntimeError("two cores are needed: one for the tool, one for the server")
    return usable[0], usable[1]
