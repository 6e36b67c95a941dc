"""Stretches of a run's time, and which snapshots belong to each: phases, and the window that is measured.

A worker takes a snapshot at every boundary of a stretch (`plan.cuts`), so that a snapshot lies in one stretch and the
sum of its snapshots is what happened in it. A worker whose loop stood still at a boundary takes the snapshot late; it
belongs to the stretch in which it was begun.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from wavetank.metrics import names
from wavetank.metrics.bounded import safe_name
from wavetank.metrics.figures import figures
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.values import Values

_SHORT_NS = 1_000_000_000
_MANY = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start_ns` up to, and without, `end_ns` (offsets from the run's start); None: as long as the run lasts.

    `phases` is how many phases of the plan it spans: 0 for what comes after the last one.
    """

    name: str
    start_ns: int
    end_ns: int | None = None
    phases: int = 1

    def holds(self, instant_ns: int) -> bool:
        """Whether the instant (an offset from the run's start) lies in it."""
        return self.start_ns <= instant_ns and (self.end_ns is None or instant_ns < self.end_ns)


@dataclass(frozen=True, slots=True)
class Measured:
    """The part of a run that its figures are about: `stretches` in order of time, and the phases that were named."""

    stretches: tuple[Stretch, ...]
    phases: tuple[str, ...] = ()

    def holds(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot was begun in this part."""
        return any(stretch.holds(snapshot.start_ns) for stretch in self.stretches)

    def until(self, end_ns: int) -> tuple[tuple[int, int], ...]:
        """Where the stretches begin and end in a run that lasted `end_ns`; without those that it never reached."""
        return tuple(
            (stretch.start_ns, end_ns if stretch.end_ns is None else min(stretch.end_ns, end_ns))
            for stretch in self.stretches
            if stretch.start_ns < end_ns
        )


@dataclass(frozen=True, slots=True)
class StretchSummary:
    """What happened in one stretch, which began and ended so many nanoseconds after the run's start."""

    name: str
    start_ns: int
    end_ns: int
    total: Snapshot = field(repr=False)
    phases: int = 1
    headline: str | None = None

    @property
    def values(self) -> Values:
        """Answers for any metric of this stretch."""
        return Values(self.total, self.headline, intervals=((self.start_ns, self.end_ns),))

    @property
    def response_time(self) -> Histogram:
        """The response times of the headline where there is one, else of all messages."""
        metric = names.RESPONSE_TIME if self.headline is None else f"{names.RESPONSE_TIME}.{safe_name(self.headline)}"
        return self.total.histograms.get(metric, Histogram())

    def to_dict(self) -> dict[str, Any]:
        """An entry of `phases` in summary.json: the counters that are not 0, and the histograms that tell most."""
        values = self.values
        rates = {name: values.value(name) for name in names.RATES}
        shown = [names.CONNECT_TIME, names.RESPONSE_TIME, names.SERVICE_TIME, names.LATENESS]
        if self.headline is not None:
            shown.append(f"{names.RESPONSE_TIME}.{safe_name(self.headline)}")
        histograms = self.total.histograms
        return {
            "name": self.name,
            "from_s": round(self.start_ns / 1e9, 3),
            "to_s": round(self.end_ns / 1e9, 3),
            "counters": {name: count for name, count in sorted(self.total.counters.items()) if count},
            "rates": {name: round(rate, 3) for name, rate in rates.items() if rate is not None},
            "gauges": {name: round(value, 3) for name, value in self.total.gauges.items()},
            "histograms": {name: figures(histograms[name]) for name in sorted(shown) if name in histograms},
            "errors": {kind: error.count for kind, error in sorted(self.total.errors.items())},
        }


def divide(snapshots: Iterable[Snapshot], stretches: Sequence[Stretch]) -> list[Snapshot]:
    """The sum of the snapshots of each stretch; the empty sum where there are none.

    The stretches follow one another without a gap from 0 on, so that each snapshot belongs to exactly one.
    """
    starts = [stretch.start_ns for stretch in stretches]
    parts: list[list[Snapshot]] = [[] for _ in stretches]
    for snapshot in snapshots:
        parts[max(bisect_right(starts, snapshot.start_ns) - 1, 0)].append(snapshot)
    return [Snapshot.total(part) for part in parts]


def summarise_stretches(
    snapshots: Sequence[Snapshot], stretches: Sequence[Stretch], headline: str | None = None
) -> tuple[StretchSummary, ...]:
    """What happened in each stretch that the run reached. `headline`: the message name that its reports are about.

    What comes after the last phase is left out if nothing was counted in it.
    """
    end_ns = max((snapshot.end_ns for snapshot in snapshots), default=0)
    summaries = []
    for stretch, total in zip(stretches, divide(snapshots, stretches), strict=True):
        is_empty = not any(total.counters.values())
        if stretch.start_ns >= end_ns or (stretch.phases == 0 and is_empty):
            continue
        end = end_ns if stretch.end_ns is None else min(stretch.end_ns, end_ns)
        summaries.append(StretchSummary(stretch.name, stretch.start_ns, end, total, stretch.phases, headline))
    return tuple(summaries) if len(summaries) <= _MANY else tuple(collapsed(summaries))


def collapsed(summaries: Iterable[StretchSummary]) -> Iterator[StretchSummary]:
    """The summaries with each run of consecutive ones shorter than a second put together as one."""
    for is_short, group in groupby(summaries, key=_is_short):
        parts = list(group)
        if not is_short or len(parts) == 1:
            yield from parts
            continue
        yield StretchSummary(
            f"{parts[0].name} ... {parts[-1].name}",
            parts[0].start_ns,
            parts[-1].end_ns,
            Snapshot.total(part.total for part in parts),
            sum(part.phases for part in parts),
            parts[0].headline,
        )


def _is_short(summary: StretchSummary) -> bool:
    return summary.end_ns - summary.start_ns < _SHORT_NS and summary.phases > 0
