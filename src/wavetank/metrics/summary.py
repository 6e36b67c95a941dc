"""A whole run in figures: what summary.json holds, and what every report is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wavetank.metrics import names
from wavetank.metrics.checks import check_counts
from wavetank.metrics.figures import figures, rounded
from wavetank.metrics.health import Blocked, Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.metrics.stretches import Measured, StretchSummary
from wavetank.metrics.thresholds import Condition, Threshold, ThresholdResult, Verdict, judge, worst
from wavetank.metrics.values import Values, statistic

SCHEMA = 1
"""Version of summary.json. It changes when a reader of the old form would be misled."""

_OF_THE_WHOLE = ("duration_s", "counters", "rates", "gauges", "derived", "histograms", "errors")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the generator kept its promise, so that the figures describe the server; if not, why."""

    ok: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerSummary:
    """How one worker fared. Times in milliseconds; None where nothing was measured.

    `cpu_percent` and `waited_percent` (time in which it could have run and had no core) are means over the run, those
    with `_max` are of the worst interval. `blocked`: the places of the user's own code in which its loop stood still,
    the one that took longest in all first.
    """

    index: int
    cpu_percent: float
    cpu_percent_max: float | None
    waited_percent: float
    waited_percent_max: float | None
    loop_lag_p99: float | None
    loop_lag_max: float | None
    stall_p99: float | None
    lateness_p99: float | None
    gc_pauses: int
    gc_pause_max: float | None
    peak_rss_mb: float | None
    blocked: tuple[tuple[str, Blocked], ...] = ()

    @classmethod
    def of(cls, index: int, health: Health) -> WorkerSummary:
        """Summary of what a worker said about itself."""
        return cls(
            index=index,
            cpu_percent=health.cpu_percent,
            cpu_percent_max=health.highest.get("cpu_percent"),
            waited_percent=health.waited_percent,
            waited_percent_max=health.highest.get("waited_percent"),
            loop_lag_p99=statistic(health.loop_lag, "p99"),
            loop_lag_max=statistic(health.loop_lag, "max"),
            stall_p99=statistic(health.stalls, "p99"),
            lateness_p99=statistic(health.lateness, "p99"),
            gc_pauses=health.gc_pauses.count,
            gc_pause_max=statistic(health.gc_pauses, "max"),
            peak_rss_mb=health.highest.get("rss_mb"),
            blocked=tuple(sorted(health.blocked.items(), key=lambda entry: (-entry[1].total_ns, entry[0]))),
        )

    def to_dict(self) -> dict[str, Any]:
        """An entry of `workers` in summary.json."""
        return {
            "index": self.index,
            "cpu_percent": round(self.cpu_percent, 1),
            "cpu_percent_max": None if self.cpu_percent_max is None else round(self.cpu_percent_max, 1),
            "waited_percent": round(self.waited_percent, 1),
            "waited_percent_max": None if self.waited_percent_max is None else round(self.waited_percent_max, 1),
            "loop_lag_p99": rounded(self.loop_lag_p99),
            "loop_lag_max": rounded(self.loop_lag_max),
            "stall_p99": rounded(self.stall_p99),
            "lateness_p99": rounded(self.lateness_p99),
            "gc_pauses": self.gc_pauses,
            "gc_pause_max": rounded(self.gc_pause_max),
            "peak_rss_mb": None if self.peak_rss_mb is None else round(self.peak_rss_mb, 1),
            "blocked": [
                {
                    "place": place,
                    "count": blocked.count,
                    "total_ms": round(blocked.total_ns / 1e6, 1),
                    "longest_ms": round(blocked.longest_ns / 1e6, 1),
                }
                for place, blocked in self.blocked
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to, or the part of it that is measured.

    `rates` are per second of the run; `gauges` are the highest readings; `derived` are the figures that
    thresholds are put on (percent, or replies per second). `errors` come most frequent first. `complete` is
    False where the run was stopped, or where a part of it was lost. `phases` are the figures of each phase. Where only
    a part of the run is measured, `measured` says which, and `whole` is the summary of all of it. `aborted` is the
    sentence that says why a threshold ended the run early, and `lost` are the workers that were lost on the way.
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
    phases: tuple[StretchSummary, ...] = ()
    measured: Measured | None = None
    whole: Summary | None = None
    aborted: str = ""
    lost: tuple[Loss, ...] = ()

    @property
    def overall(self) -> Summary:
        """The summary of the whole run, even where only a part of it is measured."""
        return self.whole or self

    def value(self, metric: str) -> float | None:
        """The figure that any metric's name means, or None if there is none: `Values.value`."""
        return self.values.value(metric)

    def to_dict(self) -> dict[str, Any]:
        """The contents of summary.json (DESIGN.md §7). Times in milliseconds, rounded to a tenth of a µs."""
        contents: dict[str, Any] = {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "trust": {"ok": self.trust.ok, "reasons": list(self.trust.reasons)},
            "started_at": self.started_at,
            "duration_s": round(self.duration_s, 3),
            "complete": self.complete,
            "aborted": self.aborted or None,
            "lost": [loss.to_dict() for loss in self.lost],
            "counters": dict(self.counters),
            "rates": {name: round(rate, 3) for name, rate in self.rates.items()},
            "gauges": {name: round(value, 3) for name, value in self.gauges.items()},
            "derived": {name: round(value, 4) for name, value in self.derived.items()},
            "histograms": {name: figures(histogram) for name, histogram in self.histograms.items()},
            "thresholds": [result.to_dict() for result in self.thresholds],
            "errors": [_error_entry(kind, error) for kind, error in self.errors.items()],
            "workers": [worker.to_dict() for worker in self.workers],
            "phases": [phase.to_dict() for phase in self.phases],
        }
        if self.measured is not None and self.whole is not None:
            intervals = self.measured.until(round(self.whole.duration_s * 1e9))
            contents["measured"] = {
                "from_s": round(self.measured.stretches[0].start_ns / 1e9, 3),
                "to_s": round(intervals[-1][1] / 1e9, 3) if intervals else None,
                "phases": list(self.measured.phases),
            }
            whole = self.whole.to_dict()
            contents["whole"] = {name: whole[name] for name in _OF_THE_WHOLE}
        return contents


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
    phases: tuple[StretchSummary, ...] = (),
    measured: Measured | None = None,
    whole: Summary | None = None,
    overall: Iterable[Threshold] = (),
    aborted: str = "",
    lost: tuple[Loss, ...] = (),
) -> Summary:
    """Sums a run up and judges it.

    `total` is the sum of all its snapshots. `started_at` is the wall clock's UTC time in ISO 8601, ending in
    Z. `planned` says how much the plan asks for (`thresholds.judge`), `peaks` the highest reading of each
    gauge over the intervals. Without `trust`, the generator is taken to have kept its promise.

    Where only a part of the run is `measured`, `total` is the sum of the snapshots of that part, and `whole` the
    summary of all. `overall` are thresholds on the whole run in any case. A run that was `aborted` (a sentence says
    why) is critical. `lost` workers are shown, and judged by whoever says how `complete` the run is.
    """
    intervals = measured.until(round(whole.duration_s * 1e9)) if measured is not None and whole is not None else ()
    values = Values(total, headline, peaks or {}, intervals)
    results = judge(values.value, thresholds, conditions, planned)
    results += judge((whole.values if whole is not None else values).value, overall)
    rates = {name: values.value(name) for name in (*names.RATES, *sorted(total.rates))}
    of_checks = [f"{names.CHECKS}.{name}.{names.PASS_RATE}" for name in check_counts(total.counters)]
    derived = {name: values.value(name) for name in (*names.DERIVED, *of_checks)}
    return Summary(
        verdict="critical" if aborted else worst(results),
        trust=trust or Trust(),
        started_at=started_at,
        duration_s=values.duration_s,
        complete=complete,
        headline=headline,
        counters={**dict.fromkeys(names.COUNTERS, 0), **dict(sorted(total.counters.items()))},
        rates={name: rate for name, rate in rates.items() if rate is not None},
        gauges={**total.gauges, **(peaks or {})},
        derived={name: value for name, value in derived.items() if value is not None},
        histograms=dict(sorted(total.histograms.items())),
        thresholds=tuple(results),
        errors=_errors(total, whole),
        workers=tuple(WorkerSummary.of(index, total.workers[index]) for index in sorted(total.workers)),
        values=values,
        phases=phases,
        measured=measured,
        whole=whole,
        aborted=aborted,
        lost=lost,
    )


def _errors(total: Snapshot, whole: Summary | None) -> dict[str, ErrorCount]:
    """The errors, the most frequent first. A traceback is in one snapshot, which may be in another part of the run."""
    errors = dict(sorted(total.errors.items(), key=lambda entry: (-entry[1].count, entry[0])))
    if whole is None:
        return errors
    known = whole.errors
    return {
        kind: error if error.trace or kind not in known else replace(error, trace=known[kind].trace)
        for kind, error in errors.items()
    }


def _error_entry(kind: str, error: ErrorCount) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": kind, "count": error.count, "example": error.example}
    return {**entry, "traceback": error.trace} if error.trace else entry
