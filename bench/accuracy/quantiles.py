"""Quantiles of true delays, and how near a reported one must come."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
"""The names that summary.json has for them."""

SHARE = 0.02
FLOOR_MS = 0.3


def exact_ms(delays_ns: Sequence[int]) -> dict[str, float]:
    """The quantiles, in milliseconds, by nearest rank (numpy's `inverted_cdf`): each is one of the values."""
    values = np.asarray(delays_ns, dtype=np.int64)
    return {name: float(np.quantile(values, q, method="inverted_cdf")) / 1e6 for name, q in QUANTILES.items()}


def allowed_ms(true_ms: float) -> float:
    """How far a reported quantile may be from the true one: 2 % or 0.3 ms, whichever is more."""
    return max(SHARE * true_ms, FLOOR_MS)


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantile of one round: the truth and what was reported, in milliseconds."""

    true_ms: float
    reported_ms: float

    @property
    def difference_ms(self) -> float:
        """Reported less true: what lies between server and generator, and the generator's own share."""
        return self.reported_ms - self.true_ms

    @property
    def share_of_allowed(self) -> float:
        """1 is just at the bound; above it the promise is missed."""
        return abs(self.difference_ms) / allowed_ms(self.true_ms)

    @property
    def holds(self) -> bool:
        """Whether the promise was kept."""
        return self.share_of_allowed <= 1


def median_reading(readings: Sequence[Reading]) -> Reading:
    """The round that is neither the best nor the worst of them; of an even number, the worse of the two."""
    target = statistics.median_high([reading.share_of_allowed for reading in readings])
    return next(reading for reading in readings if reading.share_of_allowed == target)
