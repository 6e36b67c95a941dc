"""The phases of a run as a table, and the part of it that is measured in words."""

from __future__ import annotations

from wavetank.metrics import names
from wavetank.metrics.bounded import printable
from wavetank.metrics.stretches import StretchSummary, collapsed
from wavetank.metrics.summary import Summary
from wavetank.metrics.values import statistic
from wavetank.plan.durations import format_seconds
from wavetank.report.figures import WIDTH, columns, milliseconds, rate

_HEAD = ("name", "started", "active", "sent/s", "replies/s", "p50", "p95", "p99", "errors")
_NONE = "-"


def phase_table(summary: Summary) -> list[str]:
    """A line for each phase, under a title; nothing where there is only one phase.

    `active` are the users at its end. Consecutive phases shorter than a second share a line.
    """
    if sum(phase.phases for phase in summary.phases) < 2:
        return []
    of = "" if summary.headline is None else f" of {printable(summary.headline, 40)}"
    together = list(collapsed(summary.phases))
    title = f"Phases (response times{of} in ms"
    title += "; phases shorter than a second together)" if len(together) < len(summary.phases) else ")"
    return [title, *columns([list(_HEAD), *(_row(phase) for phase in together)])]


def measured_line(summary: Summary) -> list[str]:
    """Which part of the run the figures are about, where it is not the whole run."""
    measured, whole = summary.measured, summary.whole
    if measured is None or whole is None:
        return []
    intervals = measured.until(round(whole.duration_s * 1e9))
    if not intervals:
        return ["Nothing was measured: the run was over before the part began that was to be measured."]
    spans = ", ".join(f"{format_seconds(start / 1e9)} to {format_seconds(end / 1e9)}" for start, end in intervals[:5])
    more = ", ..." if len(intervals) > 5 else ""
    named = ", ".join(printable(name, 40) for name in measured.phases[:5])
    of = f" ({named}{', ...' if len(measured.phases) > 5 else ''})" if named else ""
    length = format_seconds(whole.duration_s)
    return [f"Measured: {spans}{more}{of}, of {length} in all. The phases are those of the whole run."]


def _row(phase: StretchSummary) -> list[str]:
    counters, values = phase.total.counters, phase.values
    sent, replies = counters.get(names.MESSAGES_SENT, 0), counters.get(names.REPLIES, 0)
    duration_s = values.duration_s
    rates = [rate(count / duration_s) if duration_s else _NONE for count in (sent, replies)]
    times = [statistic(phase.response_time, figure) for figure in ("p50", "p95", "p99")]
    return [
        printable(phase.name, WIDTH),
        f"{counters.get(names.USERS_CREATED, 0):,}",
        f"{phase.total.gauges.get(names.USERS_ACTIVE, 0):,.0f}",
        *rates,
        *(_NONE if value is None else milliseconds(value) for value in times),
        f"{sum(error.count for error in phase.total.errors.values()):,}",
    ]
