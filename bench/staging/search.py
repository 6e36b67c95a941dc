"""Finding the largest share that holds, with as few runs as steps of 10 % allow."""

from __future__ import annotations

from collections.abc import Mapping

STEP = 10


def next_percent(held: Mapping[int, bool], start: int) -> int | None:
    """Which share to try after these (percent: did it hold), begun at `start`; None when there is nothing left to ask.

    Up while it holds, down while it does not: a share that holds stands for every smaller one.
    """
    if not held:
        return start
    best = max((percent for percent, holds in held.items() if holds), default=None)
    if best is None:
        lower = min(held) - STEP
        return lower if lower >= STEP else None
    higher = best + STEP
    return higher if higher <= 100 and higher not in held else None


def best_percent(held: Mapping[int, bool]) -> int | None:
    """The largest share that held; None where none did."""
    return max((percent for percent, holds in held.items() if holds), default=None)
