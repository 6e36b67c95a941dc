"""What the hot path writes to: it appends and counts, and once a second everything becomes a snapshot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wavetank.metrics import names
from wavetank.metrics.bounded import BoundedNames, printable
from wavetank.metrics.clock import ClockOffset
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import ErrorCount, Flow, Snapshot

MESSAGE_NAMES = 100
ERROR_KINDS = 100
CLOSE_REASONS = 100
CUSTOM_NAMES = 1000
_EXAMPLE_LENGTH = 500
_CUSTOM_LENGTH = 200
_LARGEST = 2.0**53
_WORTH_PACKING = 256
_WORTH_FOLDING = 32


class Series:
    """The messages of one name, since the last snapshot. The hot path appends and counts here directly.

    `response_ns` and `service_ns` get one value each for every reply (DESIGN.md §4 tells them apart). The two
    instants are of the clock that the recorder's origin is of; 0 means that there was none yet.
    """

    __slots__ = ("first_sent_ns", "last_reply_ns", "name", "response_ns", "sent", "service_ns")

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.response_ns: list[int] = []
        self.service_ns: list[int] = []
        self.first_sent_ns = 0
        self.last_reply_ns = 0


class Recorder:
    """Everything that one worker measures. Not for several threads.

    `counts` is written to directly, and so is `clock_offset`, what is known of the server's clock. The
    lists of a series, and those that `samples` gives, are emptied in place by `take`, so that their `append` may be
    bound once and kept.
    """

    def __init__(self, origin_ns: int) -> None:
        """`origin_ns`: the run's start on the clock of all instants given; snapshots hold offsets from it."""
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.clock_offset: ClockOffset | None = None
        self._origin_ns = origin_ns
        self._series: dict[str, Series] = {}
        self._samples: dict[str, list[int]] = {}
        self._folded: dict[str, Histogram] = {}
        self._packed: defaultdict[str, list[NDArray[Any]]] = defaultdict(list)
        self._examples: dict[str, str] = {}
        self._error_counts: defaultdict[str, int] = defaultdict(int)
        self._rates: defaultdict[str, int] = defaultdict(int)
        self._message_names = BoundedNames(MESSAGE_NAMES)
        self._error_kinds = BoundedNames(ERROR_KINDS)
        self._close_reasons = BoundedNames(CLOSE_REASONS)
        self._custom_names = BoundedNames(CUSTOM_NAMES, lambda text: printable(text.strip(), _CUSTOM_LENGTH))

    def series(self, name: str) -> Series:
        """The series of a message name. The name is made safe; the 100th new one goes to `other`."""
        safe = self._message_names.admit(name)
        series = self._series.get(safe)
        if series is None:
            series = self._series[safe] = Series(safe)
        return series

    def samples(self, name: str) -> list[int]:
        """The list (nanoseconds) of a plain histogram such as `websocket.connect_time`; valid for good."""
        return self._samples.setdefault(name, [])

    def error(self, kind: str, reason: str) -> None:
        """Counts `errors.<kind>`, and keeps the first reason since the last snapshot as the example."""
        safe = self._error_kinds.admit(kind)
        self._error_counts[safe] += 1
        if safe not in self._examples:
            self._examples[safe] = printable(reason, _EXAMPLE_LENGTH)

    def closed(self, code: int, reason: str, lifetime_ns: int, *, expected: bool) -> None:
        """Counts the end of a connection: its close code, the reason that the server gave, if it was expected."""
        counts = self.counts
        counts[f"{names.CLOSED}.{code}"] += 1
        if expected:
            counts[names.CLOSED_EXPECTED] += 1
        else:
            counts[names.CLOSED_UNEXPECTED] += 1
            counts[f"{names.CLOSED_UNEXPECTED}.{code}"] += 1
        if reason:
            counts[f"{names.CLOSE_REASON}.{self._close_reasons.admit(reason)}"] += 1
        self.samples(names.LIFETIME).append(lifetime_ns)

    def custom(self, kind: Literal["counter", "histogram", "rate"], name: str, value: object) -> None:
        """A metric of the script's own: Artillery's `events.emit`. Values of a histogram are milliseconds.

        Raises ValueError, with a sentence for the author of the script, for a name or a value that cannot be
        taken.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a metric needs a name, and {name!r} is none")
        if names.known(name) or names.is_histogram(name):
            raise ValueError(f"{name} is a metric of Wavetank itself: choose another name")
        if isinstance(value, bool) or not isinstance(value, Real):
            raise ValueError(f"metric {name} takes a number, and {value!r} is none")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not 0 <= number <= _LARGEST:
            raise ValueError(f"metric {name} takes a number from 0 to 2**53, and got {value!r}")
        safe = self._custom_names.admit(name)
        if kind == "histogram":
            self.samples(safe).append(round(number * 1e6))
        elif kind not in ("counter", "rate"):
            raise ValueError(f"metric {name} is to be a {kind!r}: it can be a counter, a histogram or a rate")
        elif not number.is_integer():
            raise ValueError(f"metric {name} counts whole things, and {value!r} is not whole: use a histogram")
        else:
            (self.counts if kind == "counter" else self._rates)[safe] += int(number)

    def fold(self) -> None:
        """Packs long lists away before their time, so that the next take has little left to do.

        The loop stands still for a take, and whatever is received meanwhile is timed too late: several short
        standstills are worth less than one long one. To be called about a hundred times a second.
        """
        for series in self._series.values():
            if len(series.response_ns) >= _WORTH_PACKING:
                self._pack(f"{names.RESPONSE_TIME}.{series.name}", series.response_ns)
                self._pack(f"{names.SERVICE_TIME}.{series.name}", series.service_ns)
        for name, values in self._samples.items():
            if len(values) >= _WORTH_PACKING:
                self._pack(name, values)

    def take(
        self,
        worker: int,
        start_ns: int,
        end_ns: int,
        gauges: Mapping[str, float],
        health: Mapping[str, float],
    ) -> Snapshot:
        """Turns everything since the last take into a snapshot, and begins anew.

        `start_ns` and `end_ns` are instants, not offsets. `gauges` are the readings at the end. Of `health`,
        `cpu_percent` and `waited_percent` (means over the interval; 100 is one core) become times that add up;
        every reading, such as `rss_mb`, keeps its highest value. Readings that are not finite numbers are left
        out.
        """
        return self.cut(worker, start_ns, end_ns, gauges, health)()

    def cut(
        self,
        worker: int,
        start_ns: int,
        end_ns: int,
        gauges: Mapping[str, float],
        health: Mapping[str, float],
    ) -> Callable[[], Snapshot]:
        """Ends the interval like `take`, but leaves the long part to the function that it gives, to be called once.

        What is recorded in between belongs to the next snapshot.
        """
        flow, overall = self._cut_series()
        for name, values in self._samples.items():
            if values:
                self._pack(name, values)
        errors = {kind: ErrorCount(n, self._examples[kind]) for kind, n in self._error_counts.items()}
        for kind, count in self._error_counts.items():
            self.counts[f"{names.ERRORS}.{kind}"] += count
        highest = {name: float(value) for name, value in health.items() if math.isfinite(value)}
        length_ns = max(end_ns - start_ns, 0)
        part = Health(
            at_ns=end_ns - self._origin_ns,
            observed_ns=length_ns,
            cpu_ns=round(length_ns * highest.get("cpu_percent", 0.0) / 100),
            waited_ns=round(length_ns * highest.get("waited_percent", 0.0) / 100),
            gauges={name: float(value) for name, value in gauges.items() if math.isfinite(value)},
            highest=highest,
            clock=self.clock_offset,
        )
        snapshot = Snapshot(
            worker=worker,
            start_ns=start_ns - self._origin_ns,
            end_ns=end_ns - self._origin_ns,
            counters=dict(self.counts),
            rates=dict(self._rates),
            errors=errors,
            flow=flow,
            workers={worker: part},
        )
        packed, folded = self._packed, self._folded
        self._packed, self._folded = defaultdict(list), {}
        self.counts.clear()
        self._rates.clear()
        self._examples.clear()
        self._error_counts.clear()
        return lambda: _filled(snapshot, part, packed, folded, overall)

    def _cut_series(self) -> tuple[dict[str, Flow], dict[str, str]]:
        """When messages flowed, and for the histogram of each name the one over all names that it is a part of."""
        flow: dict[str, Flow] = {}
        overall: dict[str, str] = {}
        for series in self._series.values():
            if series.sent:
                self.counts[f"{names.MESSAGES_SENT}.{series.name}"] += series.sent
            for metric, values in (
                (names.RESPONSE_TIME, series.response_ns),
                (names.SERVICE_TIME, series.service_ns),
            ):
                name = f"{metric}.{series.name}"
                overall[name] = metric
                if values:
                    self._pack(name, values)
            if series.first_sent_ns or series.last_reply_ns:
                flow[series.name] = Flow(self._offset(series.first_sent_ns), self._offset(series.last_reply_ns))
            series.sent = series.first_sent_ns = series.last_reply_ns = 0
        return flow, overall

    def _pack(self, name: str, values: list[int]) -> None:
        # The numbers of a list become an array in pieces; an array becomes part of a histogram only when it is long,
        # because that costs most of a tenth of a millisecond however short it is.
        arrays = self._packed[name]
        arrays.append(np.asarray(values))
        values.clear()
        if len(arrays) >= _WORTH_FOLDING:
            self._folded.setdefault(name, Histogram()).record_many(np.concatenate(arrays))
            arrays.clear()

    def _offset(self, instant_ns: int) -> int | None:
        return instant_ns - self._origin_ns if instant_ns else None


def _filled(
    snapshot: Snapshot,
    part: Health,
    packed: Mapping[str, list[NDArray[Any]]],
    folded: dict[str, Histogram],
    overall: Mapping[str, str],
) -> Snapshot:
    """The snapshot with its histograms: of what was folded, and of the arrays that were not."""
    histograms = snapshot.histograms
    sums: defaultdict[str, Histogram] = defaultdict(Histogram)
    for name, arrays in packed.items():
        histogram = folded.get(name) or Histogram()
        if arrays:
            histogram.record_many(np.concatenate(arrays))
        histogram.compact()
        histograms[name] = histogram
        if name in overall:
            sums[overall[name]] += histogram
    for metric, total in sums.items():
        total.compact()
        histograms[metric] = total
    if names.RESPONSE_TIME in histograms:
        replies = snapshot.counters.get(names.REPLIES, 0)
        snapshot.counters[names.REPLIES] = replies + histograms[names.RESPONSE_TIME].count
    part.lateness = histograms.get(names.LATENESS, Histogram()).copy()
    part.loop_lag = histograms.get(names.LOOP_LAG, Histogram()).copy()
    part.stalls = histograms.get(names.STALL, Histogram()).copy()
    part.gc_pauses = histograms.get(names.GC_PAUSE, Histogram()).copy()
    return snapshot
