"""How far delays of the generator's own may have moved a quantile.

A reply passes through the generator twice: its request is sent as late as the loop is then, and it is read as late as
the loop is when it comes. What is reported is R = S + D: the server's time, and the sum of the two delays. For every
y, a reply reported beyond s + y had a server's time beyond s, or else a delay beyond y, so

    P(S > s) ≥ P(R > s + y) − P(D > y)        and hence        S.quantile(q) ≥ R.quantile(q − P(D > y)) − y

whatever the delays have to do with the server's times. The best y gives the bound that is worth most: few long delays
cost a little of the quantile, many short ones a little of the time. The two delays of D are taken to be independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wavetank.metrics.histogram import Histogram

_Floats = NDArray[np.float64]

# 2 % apart, from 10 µs to 100 s.
_GRID_NS: _Floats = np.geomspace(1e4, 1e11, 811)
_GRID_NS.flags.writeable = False


class DelayTail:
    """How likely a reply's delay D is to exceed each duration, over stretches of time that are added with a weight."""

    def __init__(self) -> None:
        self._beyond: _Floats = np.zeros(len(_GRID_NS))
        self._weight = 0.0

    def add(self, lag: Histogram, weight: float) -> None:
        """A stretch in which the loop was as late as `lag` says; `weight` is the number of replies in it."""
        self._weight += weight
        if not lag.count:
            return
        delays, counts = lag.buckets()
        shares = counts / lag.count
        sums = np.add.outer(delays, delays).ravel()
        likelihood = np.bincount(
            np.searchsorted(_GRID_NS, sums), np.multiply.outer(shares, shares).ravel(), minlength=len(_GRID_NS) + 1
        )
        self._beyond += weight * (1 - np.cumsum(likelihood)[:-1])

    def add_unbounded(self, weight: float) -> None:
        """A stretch in which the loop fell behind further and further: its delays may be as long as any reply took."""
        self._weight += weight
        self._beyond += weight

    def undelayed(self, reported: Histogram, q: float) -> float:
        """The least (ns) that the quantile `q` of `reported` can have been without the delays.

        Raises ValueError if nothing was reported.
        """
        longest = reported.quantile(q)
        if not self._weight:
            return longest
        least = 0.0
        for duration, beyond in zip(_GRID_NS.tolist(), (self._beyond / self._weight).tolist(), strict=True):
            if duration >= longest - least:  # no quantile is longer than this one
                break
            if beyond < q:
                least = max(least, reported.quantile(max(0.0, q - max(0.0, beyond))) - duration)
        return least

    def met_again(self, reported: Histogram, q: float) -> float:
        """What the quantile `q` (ns) of `reported` would be if each reply met with such delays once more, at random.

        How much longer that is than the quantile itself tells how much such delays move it, where they strike whatever
        the server is doing. `undelayed` allows for the worst instead: that they strike just where the server is slow.
        Raises ValueError if nothing was reported.
        """
        longest = reported.quantile(q)
        if not self._weight:
            return longest
        beyond = np.append(self._beyond / self._weight, 0.0)
        likelihood = -np.diff(np.concatenate(([1.0], beyond)))
        delays = np.concatenate(([0.0], _GRID_NS))
        values, counts = reported.buckets()
        not_above = np.concatenate(([0], np.cumsum(counts))) / reported.count

        def share_up_to(limit: float) -> float:
            return float(likelihood @ not_above[np.searchsorted(values, limit - delays, side="right")])

        low, high = longest * (1 - 2e-3), longest + float(_GRID_NS[-1])
        while high - low > longest * 1e-3:
            middle = (low + high) / 2
            low, high = (low, middle) if share_up_to(middle) >= q else (middle, high)
        return high
