"""A whole run in figures: what summary.json holds, and what every report is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wavetank.metrics import names
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.metrics.thresholds import Condition, Threshold, ThresholdResult, Verdict, judge, worst
from wavetank.metrics.values import Values, statistic

SCHEMA = 1
"""Version of summary.json. It changes when a reader of the old form would be misled."""

FIGURES = ("count", "min", "mean", "p50", "p75", "p90", "p95", "p99", "p999", "max")
"""The figures of each histogram in summary.json, in their order; times in milliseconds."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the generator kept its promise, so that the figures describe the server; if not, why."""

    ok: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerSummary:
    """How one worker fared. Times in milliseconds; None where nothing was measured."""

    index: int
    cpu_percent: float
    loop_lag_p99: float | None
    lateness_p99: float | None
    peak_rss_mb: float | None

    @classmethod
    def of(cls, index: int, health: Health) -> WorkerSummary:
        """Summary of what a worker said about itself."""
        return cls(
            index,
            health.cpu_percent,
            statistic(health.loop_lag, "p99"),
            statistic(health.lateness, "p99"),
            health.highest.get("rss_mb"),
        )

    def to_dict(self) -> dict[str, Any]:
        """An entry of `workers` in summary.json."""
        return {
            "index": self.index,
            "cpu_percent": round(self.cpu_percent, 1),
            "loop_lag_p99": _rounded(self.loop_lag_p99),
            "lateness_p99": _rounded(self.lateness_p99),
            "peak_rss_mb": None if self.peak_rss_mb is None else round(self.peak_rss_mb, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to.

    `rates` are per second of the run; `gauges` are the highest readings; `derived` are the figures that
    thresholds are put on (percent, or replies per second). `errors` come most frequent first. `complete` is
    False where the run was stopped, or where a part of it was lost.
    """

    verdict: Verdict
    trust: Trust
    started_at: str
    duration_s: float
    complete: bool
    headline: str | None
    counters: Mapping[str, int]
    rates: Mapping[str, float]
    gauges: Mapping[str, float]
    derived: Mapping[str, float]
    histograms: Mapping[str, Histogram]
    thresholds: tuple[ThresholdResult, ...]
    errors: Mapping[str, ErrorCount]
    workers: tuple[WorkerSummary, ...]
    values: Values = field(repr=False)

    def value(self, metric: str) -> float | None:
        """The figure that any metric's name means, or None if there is none: `Values.value`."""
        return self.values.value(metric)

    def to_dict(self) -> dict[str, Any]:
        """The contents of summary.json (DESIGN.md §7). Times in milliseconds, rounded to a tenth of a µs."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "trust": {"ok": self.trust.ok, "reasons": list(self.trust.reasons)},
            "started_at": self.started_at,
            "duration_s": round(self.duration_s, 3),
            "complete": self.complete,
            "counters": dict(self.counters),
            "rates": {name: round(rate, 3) for name, rate in self.rates.items()},
            "gauges": {name: round(value, 3) for name, value in self.gauges.items()},
            "derived": {name: round(value, 4) for name, value in self.derived.items()},
            "histograms": {name: figures(histogram) for name, histogram in self.histograms.items()},
            "thresholds": [result.to_dict() for result in self.thresholds],
            "errors": [
                {"kind": kind, "count": error.count, "example": error.example} for kind, error in self.errors.items()
            ],
            "workers": [worker.to_dict() for worker in self.workers],
        }


def summarise(
    total: Snapshot,
    *,
    started_at: str,
    complete: bool,
    headline: str | None = None,
    thresholds: Iterable[Threshold] = (),
    conditions: Iterable[Condition] = (),
    planned: Mapping[str, float] | None = None,
    peaks: Mapping[str, float] | None = None,
    trust: Trust | None = None,
) -> Summary:
    """Sums a run up and judges it.

    `total` is the sum of all its snapshots. `started_at` is the wall clock's UTC time in ISO 8601, ending in
    Z. `planned` says how much the plan asks for (`thresholds.judge`), `peaks` the highest reading of each
    gauge over the intervals. Without `trust`, the generator is taken to have kept its promise.
    """
    values = Values(total, headline, peaks or {})
    results = judge(values.value, thresholds, conditions, planned)
    rates = {name: values.value(name) for name in (*names.RATES, *sorted(total.rates))}
    derived = {name: values.value(name) for name in names.DERIVED}
    return Summary(
        verdict=worst(results),
        trust=trust or Trust(),
        started_at=started_at,
        duration_s=total.duration_s,
        complete=complete,
        headline=headline,
        counters={**dict.fromkeys(names.COUNTERS, 0), **dict(sorted(total.counters.items()))},
        rates={name: rate for name, rate in rates.items() if rate is not None},
        gauges={**total.gauges, **(peaks or {})},
        derived={name: value for name, value in derived.items() if value is not None},
        histograms=dict(sorted(total.histograms.items())),
        thresholds=tuple(results),
        errors=dict(sorted(total.errors.items(), key=lambda entry: (-entry[1].count, entry[0]))),
        workers=tuple(WorkerSummary.of(index, total.workers[index]) for index in sorted(total.workers)),
        values=values,
    )


def figures(histogram: Histogram) -> dict[str, float | None]:
    """The figures of a histogram in summary.json; times in milliseconds, null where it is empty."""
    row: dict[str, float | None] = {figure: _rounded(statistic(histogram, figure)) for figure in FIGURES}
    return {**row, "count": histogram.count}


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 4)
