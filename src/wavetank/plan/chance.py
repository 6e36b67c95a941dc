"""Random numbers that belong to a user, not to a worker.

Every number is a pure function of (seed, user index, purpose), so a user draws the same scenario, the same
CSV row and the same variables whether one worker carries the run or a hundred do. No generator is kept.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from itertools import accumulate

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15


def _mix(state: int) -> int:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): each bit in changes half of the bits out."""
    state = ((state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return state ^ (state >> 31)


def bits(seed: int, index: int, purpose: str) -> int:
    """64 random bits for one purpose of one user; any integers are taken, modulo 2**64.

    The purpose goes in as a CRC, because Python's own hash of a text differs from process to process.
    """
    state = _mix((seed + _GOLDEN) & _MASK)
    state = _mix((state + index * _GOLDEN) & _MASK)
    return _mix((state ^ (zlib.crc32(purpose.encode()) * _GOLDEN)) & _MASK)


def uniform(seed: int, index: int, purpose: str) -> float:
    """A float in [0, 1) with all 53 bits random."""
    return (bits(seed, index, purpose) >> 11) * 2.0**-53


def position(count: int, seed: int, index: int, purpose: str) -> int:
    """One of `range(count)`, each as likely as the others; raises ValueError if there is none."""
    if count < 1:
        raise ValueError("There is nothing to draw from.")
    return (bits(seed, index, purpose) * count) >> 64


def pick(weights: Sequence[float], seed: int, index: int, purpose: str) -> int:
    """The position of one weight, drawn in proportion to the weights.

    Raises ValueError if a weight is negative or not finite, or if they are all 0.
    """
    bounds = list(accumulate(weights))
    total = bounds[-1] if bounds else 0
    if not 0 < total < float("inf") or min(weights) < 0:
        raise ValueError("Weights must be 0 or more, finite, and at least one of them must be above 0.")
    drawn = uniform(seed, index, purpose) * total
    for place, bound in enumerate(bounds):
        if drawn < bound:
            return place
    # Rounding can carry drawn up to the total itself: then it belongs to the last weight that is not 0.
    return max(place for place, weight in enumerate(weights) if weight > 0)


def draw_scenario(weights: Sequence[float], seed: int, index: int) -> int:
    """Which scenario the user runs: drawn by weight, with replacement; one that is alone needs no weight.

    Raises ValueError as `pick` does.
    """
    return 0 if len(weights) == 1 else pick(weights, seed, index, "scenario")


def random_for(seed: int, index: int) -> random.Random:
    """The user's own generator, for templates and functions. It weighs 2.5 KB: make it when it is needed."""
    return random.Random(bits(seed, index, "random"))
