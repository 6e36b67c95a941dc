"""What a metric's name means in figures: counts, rates, gauges, derived values, any quantile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wavetank.metrics import names
from wavetank.metrics.bounded import safe_name
from wavetank.metrics.checks import CheckCount, check_counts
from wavetank.metrics.clock import ClockOffset, better
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Values:
    """Answers for metrics of one snapshot: of a whole run, or of an interval for a live display.

    `headline` is the message name that `websocket.throughput` is about; None: all. `peaks` holds the highest
    reading of each gauge, which only somebody who saw every interval can know; without it a gauge is as it
    stands. `intervals` are the parts of the run (offsets in nanoseconds, one after another) that the snapshot was
    measured in; without any, it is all the time from the snapshot's start to its end.
    """

    snapshot: Snapshot
    headline: str | None = None
    peaks: Mapping[str, float] = field(default_factory=dict)
    intervals: tuple[tuple[int, int], ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds in which the snapshot was measured."""
        if not self.intervals:
            return self.snapshot.duration_s
        return sum(end - start for start, end in self.intervals) / 1e9

    def value(self, metric: str) -> float | None:
        """The figure that `metric` names: milliseconds, percent, per second or a plain number.

        A counter that nothing was counted for is 0. None where there is nothing to tell: a histogram without
        samples, a rate or share of nothing, a name that nobody measured.
        """
        counters = self.snapshot.counters
        if metric in names.RATES:
            return self._per_second(counters.get(names.RATES[metric], 0))
        if metric in names.DERIVED:
            return self._derived(metric)
        if metric in counters:
            return float(counters[metric])
        if metric in self.snapshot.rates:
            return self._per_second(self.snapshot.rates[metric])
        check = names.split_check(metric)
        if check is not None:
            return self._of_a_check(*check)
        gauges = {**self.snapshot.gauges, **self.peaks}
        if metric in gauges:
            return gauges[metric]
        split = names.split_statistic(metric)
        if split is not None and (histogram := self._histogram(split[0])) is not None:
            return statistic(histogram, split[1])
        if names.is_counter(metric):
            return float(counters.get(_safe(metric, (names.MESSAGES_SENT,)), 0))
        return None

    def _histogram(self, name: str) -> Histogram | None:
        histograms = self.snapshot.histograms
        if name in histograms:
            return histograms[name]
        name = _safe(name, names.HISTOGRAMS_BY_NAME)
        return histograms.get(name, Histogram() if names.is_histogram(name) else None)

    def _per_second(self, count: float) -> float | None:
        duration_s = self.duration_s
        return count / duration_s if duration_s > 0 else None

    def _derived(self, metric: str) -> float | None:
        counters = self.snapshot.counters
        connects = counters.get(names.CONNECTS, 0)
        failed = counters.get(names.CONNECT_FAILED, 0)
        if metric == names.CONNECT_SUCCESS:
            return _percent(connects - failed, connects)
        if metric == names.ERROR_RATE:
            lost = counters.get(names.REPLIES_LOST, 0)
            return _percent(failed + lost, connects + counters.get(names.MESSAGES_SENT, 0))
        if metric == names.USERS_ERROR_RATE:
            # Not of those created: while a run lasts, and in a part of it, most of them are still under way.
            completed = counters.get(names.USERS_COMPLETED, 0)
            lost = counters.get(names.USERS_FAILED, 0) + counters.get(names.USERS_INTERRUPTED, 0)
            return _percent(lost, completed + lost)
        if metric == names.CHECKS_PASS_RATE:
            return sum(check_counts(counters).values(), CheckCount()).pass_rate
        if metric == names.CLOCK_OFFSET:
            return self._clock_offset()
        return self._throughput()

    def _of_a_check(self, name: str, figure: str) -> float | None:
        # A threshold may spell the name as the scenario does.
        count = check_counts(self.snapshot.counters).get(safe_name(name), CheckCount())
        if figure == names.PASS_RATE:
            return count.pass_rate
        return float(count.passed if figure == names.PASSED else count.failed)

    def _clock_offset(self) -> float | None:
        best: ClockOffset | None = None
        for health in self.snapshot.workers.values():
            best = better(best, health.clock)
        return None if best is None else best.offset_ns / 1e6

    def _throughput(self) -> float | None:
        """Replies per second from the first send to the last reply: no waiting before or after counts.

        Names that never got a reply do not stretch the time.
        """
        flow = self.snapshot.flow
        wanted = list(flow) if self.headline is None else [safe_name(self.headline)]
        spans = [flow[name] for name in wanted if name in flow and flow[name].last_reply_ns is not None]
        first = min((span.first_sent_ns for span in spans if span.first_sent_ns is not None), default=None)
        last = max((span.last_reply_ns for span in spans if span.last_reply_ns is not None), default=None)
        if first is None or last is None or last <= first:
            return None
        histograms = self.snapshot.histograms
        replies = sum(
            histograms[metric].count
            for metric in (f"{names.RESPONSE_TIME}.{name}" for name in wanted)
            if metric in histograms
        )
        flowing_ns = self._measured_between(first, last)
        return replies * 1e9 / flowing_ns if flowing_ns > 0 else None

    def _measured_between(self, first_ns: int, last_ns: int) -> int:
        if not self.intervals:
            return last_ns - first_ns
        return sum(max(0, min(end, last_ns) - max(start, first_ns)) for start, end in self.intervals)


def statistic(histogram: Histogram, figure: str) -> float | None:
    """One figure of a histogram, in milliseconds: `min`, `mean`, `max`, `median`, `p95`…, or its `count`.

    None where the histogram is empty (its count is 0), or where there is no such figure.
    """
    if figure == "count":
        return float(histogram.count)
    if histogram.count == 0:
        return None
    if figure == "min":
        return histogram.min / 1e6
    if figure == "max":
        return histogram.max / 1e6
    if figure == "mean":
        return histogram.mean / 1e6
    share = names.quantile_of(figure)
    return None if share is None else histogram.quantile(share) / 1e6


def _safe(metric: str, families: tuple[str, ...]) -> str:
    # A threshold may spell a message name as the script does, while it is counted under the name made safe.
    for family in families:
        if metric.startswith(f"{family}."):
            return f"{family}.{safe_name(metric.removeprefix(f'{family}.'))}"
    return metric


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None
