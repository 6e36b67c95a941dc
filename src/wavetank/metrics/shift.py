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

_SEEN_SHORT = 1.3
"""A delay may have been so much longer than a look found it."""


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

    def blame(self, reported: Histogram, q: float, least_ns: float) -> float:
        """How much (0…1) of what `reported` has beyond its quantile `q` is there because of delays over `least_ns`.

        For delays that strike at random, whatever the server is doing: a reply lies beyond r with a delay d if it would
        have lain beyond r − d without. (`undelayed` allows for the worst: that they strike just where the server is
        slow.) The delays are taken to be somewhat longer than they were seen to be, since looks are a sample. Raises
        ValueError if nothing was reported.
        """
        longest = reported.quantile(q)
        if not self._weight:
            return 0.0
        beyond = self._beyond / self._weight
        likelihood = np.append(-np.diff(beyond), beyond[-1])
        values, counts = reported.buckets()
        above = 1 - np.concatenate(([0], np.cumsum(counts))) / reported.count
        reached = above[np.searchsorted(values, longest - _SEEN_SHORT * _GRID_NS, side="right")]
        delayed = float((likelihood * reached)[least_ns <= _GRID_NS].sum())
        return min(1.0, delayed / (1 - q))
