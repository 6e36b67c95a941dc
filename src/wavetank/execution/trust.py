"""Whether the generator kept its promise. The rules, and what they rest on: docs/trust.md.

They look at nothing but the timeline, so that a journal gives the same answer years later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wavetank.execution.starvation import Company, Interval, complaint, named, reasons
from wavetank.metrics import names
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.shift import DelayTail
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Trust

QUANTILE = 0.99
MOVED = 0.06
"""The generator may have made the p99 longer by so much of what it was without.

The promise is 10 %. A hundred looks a second are a sample: what they foretold was found to be 7 % where it was 14 %.
"""

BLAME = 0.15
"""And so much of the slowest 1 % must be explained by delays that strike at random, as a generator's mostly do.

To move the p99 of an exponential server by 10 % takes 0.37, of one with a Pareto tail of 1.5 still 0.15. The bound
alone takes each delay to have met the very replies that were slowest: behind a server whose slowest replies are much
slower than the others, a delay of every 200th reply would cost every run its trust.
"""

RESOLUTION_NS = 450_000
"""And by so much in any case.

At 5 ms it is 9 %. Of runs with a core of their own up to 0.22 ms was foretold, of one that was moved by 0.36 ms 0.40.
"""

FAST_NS = 4_000_000
FAST_RESOLUTION_NS = 1_000_000
"""And by so much where the p99 is shorter than that.

A tenth of it is then less than what the other programs of a machine that nobody calls busy cost.
"""

BEHIND_NS = 10_000_000
"""A loop that is later than this most of the time never rests, and what it owes grows."""

SATURATED = 90.0
"""Percent of the time in which a worker ran, or wanted to."""

SUSTAINED_NS = 1_000_000_000
"""For less than this, a worker may be saturated: users who are planned for one instant take a while to start."""

OWN_WORK_NS = 500_000_000
"""For less than this in the whole run, a worker may be late by its own work, for the same reason."""

SHORT_NS = 1_000_000_000
LEAST_NS = 100_000_000
"""A run that measures replies for less than the first is only distrusted where it was late for the second in all."""

LATE_NS = 250_000_000
"""Users who start later than this are a lower load than was planned."""

_SENTENCES = 8


def trust_in(timeline: Iterable[Snapshot]) -> Trust:
    """Judges a run by its snapshots. The reasons name a worker, what it was short of, when, and what to do."""
    snapshots = tuple(timeline)
    reported, metric = Histogram(), names.RESPONSE_TIME
    if not any(metric in snapshot.histograms for snapshot in snapshots):
        metric = names.CONNECT_TIME
    for snapshot in snapshots:
        reported += snapshot.histograms.get(metric, Histogram())
    intervals = tuple(_intervals(snapshots, metric))
    saturated = _saturated(intervals)
    reasons = _late([intervals[place] for place in sorted(saturated)])
    if reported.count:
        reasons = [*_moved(reported, metric, intervals, saturated), *reasons]
    return Trust(ok=not reasons, reasons=tuple(reasons))


def warning_in(snapshot: Snapshot) -> str:
    """What is wrong with the generator in this very interval, in a few words; nothing where all is well."""
    reported = snapshot.histograms.get(names.RESPONSE_TIME)
    longest = reported.quantile(QUANTILE) if reported is not None and reported.count else 0.0
    # One second is little to go by: what is a hint over a whole run is none yet.
    tolerated = max(FAST_RESOLUTION_NS / 2, _tolerated(longest))
    intervals = tuple(_intervals((snapshot,), names.RESPONSE_TIME))
    for interval in sorted(intervals, key=lambda each: each.worker):
        health = interval.health
        late_ns = health.loop_lag.share_above(tolerated) * health.observed_ns
        if is_saturated(health) or (late_ns > LEAST_NS and health.observed_ns >= SHORT_NS / 2):
            return complaint(interval, Company(intervals))
    return ""


def is_saturated(health: Health) -> bool:
    """Whether the loop of a worker had no rest: what it owed grew, and its lag no longer says how much that was."""
    behind = health.loop_lag.count > 0 and health.loop_lag.quantile(0.5) > BEHIND_NS
    return behind or health.cpu_percent + health.waited_percent >= SATURATED


def _intervals(snapshots: Iterable[Snapshot], metric: str) -> Iterator[Interval]:
    for snapshot in snapshots:
        measured = snapshot.histograms.get(metric)
        for index, health in snapshot.workers.items():
            weight = measured.count / len(snapshot.workers) if measured is not None else 0.0
            yield Interval(index, snapshot.start_ns, snapshot.end_ns, weight, health)


def _saturated(intervals: Sequence[Interval]) -> frozenset[int]:
    """The places of the intervals in which a worker had no rest, if it had none for long enough in all."""
    lengths: dict[int, int] = {}
    found = [place for place, interval in enumerate(intervals) if is_saturated(interval.health)]
    for place in found:
        interval = intervals[place]
        lengths[interval.worker] = lengths.get(interval.worker, 0) + interval.health.observed_ns
    return frozenset(place for place in found if lengths[intervals[place].worker] >= SUSTAINED_NS)


def _moved(reported: Histogram, metric: str, intervals: Sequence[Interval], saturated: frozenset[int]) -> list[str]:
    """The first rule: without the generator's own delays, the p99 may have been shorter by too much."""
    own_work_ns = sum(_own_work_ns(interval.health) for interval in intervals)
    tail = DelayTail()
    shares = []
    longest = reported.quantile(QUANTILE)
    for place, interval in enumerate(intervals):
        health = interval.health
        delays = health.loop_lag if own_work_ns >= OWN_WORK_NS else health.stalls
        if place in saturated:
            tail.add_unbounded(interval.weight)
            shares.append(1.0)
        else:
            tail.add(delays, interval.weight)
            shares.append(delays.share_above(_tolerated(longest)))
    without = tail.undelayed(reported, QUANTILE)
    if longest <= (1 + MOVED) * without or longest - without <= _resolution(longest):
        return []
    if tail.blame(reported, QUANTILE, _tolerated(longest)) < BLAME:
        return []
    measured = [(interval, share) for interval, share in zip(intervals, shares, strict=True) if interval.weight]
    late_ns = sum(share * interval.health.observed_ns for interval, share in measured)
    if sum(interval.health.observed_ns for interval, _ in measured) < SHORT_NS and late_ns < LEAST_NS:
        return []
    mean = sum(share * interval.weight for interval, share in measured) / sum(interval.weight for interval in intervals)
    bad = [interval for interval, share in measured if share and share >= mean / 2]
    effect = f"{_ms(longest - without)} of the p99 of {metric}, {_ms(longest)}, may be the generator's own"
    return [*_told(bad, intervals), effect] if bad else []


def _late(saturated: Iterable[Interval]) -> list[str]:
    """The second rule: a generator that had no rest started users so late that the load was not the planned one."""
    longest: dict[int, int] = {}
    for interval in saturated:
        lateness = interval.health.lateness
        if lateness.count and lateness.quantile(0.5) > LATE_NS:
            longest[interval.worker] = max(lateness.max, longest.get(interval.worker, 0))
    if not longest:
        return []
    latest = max(longest, key=lambda worker: longest[worker])
    return [
        f"{named(latest, len(longest) - 1)} started users and rounds up to {longest[latest] / 1e9:.1f} s late, because "
        "it had no rest: the load was lower than planned; use more workers, or plan a lower rate"
    ]


def _told(bad: Sequence[Interval], intervals: Sequence[Interval]) -> list[str]:
    told = reasons(bad, intervals)
    more = len(told) - _SENTENCES
    return told if more <= 0 else [*told[:_SENTENCES], f"and {more} more of the kind"]


def _tolerated(longest: float) -> float:
    """The delay (ns) from which on a look at the loop counts as late, beside a p99 of `longest`.

    A delay D that makes the p99 too long is this share of it; one half of D is the loop's lag before the request is
    sent, the other that before the reply is read.
    """
    return max(_resolution(longest), longest * MOVED / (1 + MOVED)) / 2


def _resolution(longest: float) -> float:
    """By how much (ns) a p99 of `longest` must have been moved in any case."""
    return RESOLUTION_NS if longest >= FAST_NS else FAST_RESOLUTION_NS


def _own_work_ns(health: Health) -> float:
    """How long the loop was late by more than a look's length by the worker's own work."""
    late = health.loop_lag.share_above(BEHIND_NS) - health.stalls.share_above(BEHIND_NS)
    return max(0.0, late) * health.observed_ns


def _ms(duration_ns: float) -> str:
    return f"{duration_ns / 1e6:.1f} ms"
