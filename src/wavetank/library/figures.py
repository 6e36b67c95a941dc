"""The figures of a histogram, typed: what summary.json says of it, and any other quantile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from wavetank.metrics import names
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.values import statistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How many times were measured, and how long they were: milliseconds, None where nothing was measured.

    connecting = result.histograms["websocket.connect_time"]
    print(connecting.count, connecting.p95, connecting.quantile(0.9999))
    """

    count: int
    min: float | None
    mean: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    max: float | None
    histogram: Histogram = field(repr=False)
    """All that was measured, in nanoseconds. Histograms add up."""

    @classmethod
    def of(cls, histogram: Histogram) -> Self:
        """The figures of a histogram."""
        return cls(
            count=histogram.count,
            min=statistic(histogram, "min"),
            mean=statistic(histogram, "mean"),
            p50=statistic(histogram, "p50"),
            p75=statistic(histogram, "p75"),
            p90=statistic(histogram, "p90"),
            p95=statistic(histogram, "p95"),
            p99=statistic(histogram, "p99"),
            p999=statistic(histogram, "p999"),
            max=statistic(histogram, "max"),
            histogram=histogram,
        )

    def quantile(self, share: float) -> float | None:
        """The time (ms) that a `share` of all, 0 to 1, do not exceed, within 0.1 %. Raises ValueError for any other."""
        if not 0 <= share <= 1:
            raise ValueError(f"{share} is no share of all: give 0 to 1, such as 0.95")
        return self.histogram.quantile(share) / 1e6 if self.count else None

    def value(self, figure: str) -> float | None:
        """One figure by its name: `p99.9`, `median`, `mean`, `count`. Raises ValueError where there is no such one."""
        if figure not in ("min", "mean", "max", "count") and names.quantile_of(figure) is None:
            raise ValueError(f"{figure!r} is no figure of a histogram: write min, mean, max, count, or p95, p99.9 …")
        return statistic(self.histogram, figure)
