"""The figures in which a histogram is told: the same in every part of summary.json."""

from __future__ import annotations

from wavetank.metrics.histogram import Histogram
from wavetank.metrics.values import statistic

FIGURES = ("count", "min", "mean", "p50", "p75", "p90", "p95", "p99", "p999", "max")
"""The figures of each histogram in summary.json, in their order; times in milliseconds."""


def figures(histogram: Histogram) -> dict[str, float | None]:
    """The figures of a histogram in summary.json; times in milliseconds, null where it is empty."""
    row: dict[str, float | None] = {figure: rounded(statistic(histogram, figure)) for figure in FIGURES}
    return {**row, "count": histogram.count}


def rounded(milliseconds: float | None) -> float | None:
    """Milliseconds to a tenth of a microsecond."""
    return None if milliseconds is None else round(milliseconds, 4)
