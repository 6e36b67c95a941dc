"""Functions of the user's own that keep a worker from its work, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wavetank.metrics.bounded import OTHER
from wavetank.metrics.health import Blocked

ADVICE = "await instead of blocking, or move it to a thread (asyncio.to_thread)"

_NAMED = 3
_MINOR = 0.1


def blocked_ns(places: Mapping[str, Blocked]) -> int:
    """For how long in all."""
    return sum(blocked.total_ns for blocked in places.values())


def blockers(places: Mapping[str, Blocked]) -> list[tuple[str, Blocked]]:
    """The functions, the one that took longest in all first, each with the line that took most of it.

    A function that computes is found in another line each time, and all of them are one thing to be mended.
    """
    lines: dict[str, list[tuple[str, Blocked]]] = {}
    for place, blocked in places.items():
        lines.setdefault(place.rpartition(":")[0] or place, []).append((place, blocked))
    functions = []
    for found in lines.values():
        found.sort(key=_worst_first)
        total = found[0][1]
        for _, blocked in found[1:]:
            total += blocked
        functions.append((found[0][0], total))
    return sorted(functions, key=_worst_first)


def told(functions: Iterable[tuple[str, Blocked]]) -> str:
    """`by block() (processor.py:17) for 1.2 s in 9 standstills, the longest 0.29 s`; the few that matter."""
    known = list(functions)
    parts = [
        f"by {'other functions' if place == OTHER else place} for {_seconds(blocked.total_ns)} in {blocked.count:,} "
        f"standstill{'' if blocked.count == 1 else 's'}, the longest {_seconds(blocked.longest_ns)}"
        for place, blocked in known[:_NAMED]
        if blocked.total_ns >= _MINOR * known[0][1].total_ns
    ]
    return ", and ".join(parts)


def _worst_first(entry: tuple[str, Blocked]) -> tuple[int, str]:
    return -entry[1].total_ns, entry[0]


def _seconds(duration_ns: int) -> str:
    seconds = duration_ns / 1e9
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"
