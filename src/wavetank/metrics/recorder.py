"""What the hot path writes to: it appends and counts, and once a second everything becomes a snapshot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from numbers import Real
from typing import Literal

from wavetank.metrics import names
from wavetank.metrics.assembly import Assembly
from wavetank.metrics.bounded import BoundedNames, printable, printable_lines
from wavetank.metrics.clock import ClockOffset
from wavetank.metrics.health import Blocked, Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import ErrorCount, Flow, Snapshot
from wavetank.metrics.traffic import Traffic

MESSAGE_NAMES = 100
ERROR_KINDS = 100
MISTAKES = 100
BLOCKING_PLACES = 50
CLOSE_REASONS = 100
CUSTOM_NAMES = 1000
CHECK_NAMES = 100
_EXAMPLE_LENGTH = 500
_TRACE_LENGTH = 4000
_CUSTOM_LENGTH = 200
_LARGEST = 2.0**53
_WORTH_FOLDING = 1000
"""So many values take 60 µs where nothing is in a cache any more, and hardly less if they are half as many."""


class Series:
    """The messages of one name, since the last snapshot. The hot path appends and counts here directly.

    `response_ns` and `service_ns` get one value each for every reply (DESIGN.md §4 tells them apart). The two
    instants are of the clock that the recorder's origin is of; 0 means that there was none yet.
    """

    __slots__ = (
        "first_sent_ns",
        "last_reply_ns",
        "name",
        "response_name",
        "response_ns",
        "sent",
        "service_name",
        "service_ns",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.response_name = f"{names.RESPONSE_TIME}.{name}"
        self.service_name = f"{names.SERVICE_TIME}.{name}"
        self.sent = 0
        self.response_ns: list[int] = []
        self.service_ns: list[int] = []
        self.first_sent_ns = 0
        self.last_reply_ns = 0

    def replied(self, planned_at: int, sent_at: int, received_at: int) -> None:
        """A reply came to a message that was planned and sent at these instants."""
        self.response_ns.append(received_at - planned_at)
        self.service_ns.append(received_at - sent_at)
        self.last_reply_ns = received_at


class Recorder:
    """Everything that one worker measures. Not for several threads.

    `counts` and `traffic` are written to directly, and so is `clock_offset`, what is known of the server's clock. The
    lists of a series, and those that `samples` gives, are emptied in place by `fold` and `cut`, so that their `append`
    may be bound once and kept.
    """

    def __init__(self, origin_ns: int) -> None:
        """`origin_ns`: the run's start on the clock of all instants given; snapshots hold offsets from it."""
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.traffic = Traffic()
        self.clock_offset: ClockOffset | None = None
        self._origin_ns = origin_ns
        self._series: dict[str, Series] = {}
        self._samples: dict[str, list[int]] = {}
        self._folded: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._examples: dict[str, str] = {}
        self._error_counts: defaultdict[str, int] = defaultdict(int)
        self._traces: dict[str, str] = {}
        self._blocked: dict[str, Blocked] = {}
        self._rates: defaultdict[str, int] = defaultdict(int)
        self._message_names = BoundedNames(MESSAGE_NAMES)
        self._error_kinds = BoundedNames(ERROR_KINDS)
        self._mistakes = BoundedNames(MISTAKES, lambda text: printable(text.strip(), _CUSTOM_LENGTH))
        self._traced: set[str] = set()
        self._blocking_places = BoundedNames(BLOCKING_PLACES, lambda text: printable(text.strip(), _CUSTOM_LENGTH))
        self._close_reasons = BoundedNames(CLOSE_REASONS)
        self._check_names = BoundedNames(CHECK_NAMES)
        self._own_names: dict[str, str] = {}  # those that are known to be allowed
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

    def error(self, kind: str, reason: str, trace: Callable[[], str] | None = None) -> None:
        """Counts `errors.<kind>`, and keeps the first reason since the last snapshot as the example.

        With `trace` it is a mistake in code, whose kind may have dots and spaces (`ValueError at scenario.py:12`). The
        traceback is asked for once for each kind, since it takes long to make, and is in one snapshot.
        """
        safe = (self._error_kinds if trace is None else self._mistakes).admit(kind)
        self._error_counts[safe] += 1
        if safe not in self._examples:
            self._examples[safe] = printable(reason, _EXAMPLE_LENGTH)
        if trace is not None and safe not in self._traced:
            self._traced.add(safe)
            self._traces[safe] = printable_lines(trace(), _TRACE_LENGTH)

    def blocked(self, place: str, duration_ns: int) -> None:
        """The loop stood still for so long in this place of the user's own code: `block() (processor.py:17)`."""
        safe = self._blocking_places.admit(place)
        known = self._blocked.get(safe, Blocked(0, 0, 0))
        self._blocked[safe] = known + Blocked(1, duration_ns, duration_ns)

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

    def check(self, name: str, passed: bool) -> None:
        """Counts `checks.<name>.passed` or `checks.<name>.failed`. The name is made safe; the 100th new one is `other`.

        Raises ValueError, with a sentence for the author of the scenario, for a name that is none.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a check needs a name, and {name!r} is none")
        figure = names.PASSED if passed else names.FAILED
        self.counts[f"{names.CHECKS}.{self._check_names.admit(name)}.{figure}"] += 1

    def custom(self, kind: Literal["counter", "histogram", "rate"], name: str, value: object) -> None:
        """A metric of the script's own: Artillery's `events.emit`. Values of a histogram are milliseconds.

        Raises ValueError, with a sentence for the author of the script, for a name or a value that cannot be
        taken.
        """
        safe = self._own_names.get(name) if isinstance(name, str) else None
        if safe is None:
            safe = self._own_name(name)
        if type(value) is not float:  # what most of them are, and no more has to be asked
            value = _number(name, value)
        if not 0 <= value <= _LARGEST:
            raise ValueError(f"metric {name} takes a number from 0 to 2**53, and got {value!r}")
        if kind == "histogram":
            self.samples(safe).append(round(value * 1e6))
        elif kind not in ("counter", "rate"):
            raise ValueError(f"metric {name} is to be a {kind!r}: it can be a counter, a histogram or a rate")
        elif not value.is_integer():
            raise ValueError(f"metric {name} counts whole things, and {value!r} is not whole: use a histogram")
        else:
            (self.counts if kind == "counter" else self._rates)[safe] += int(value)

    def _own_name(self, name: object) -> str:
        """The name under which a metric of the script's own is kept. Raises ValueError for one that it cannot have."""
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a metric needs a name, and {name!r} is none")
        if names.known(name) or names.is_histogram(name):
            raise ValueError(f"{name} is a metric of Wavetank itself: choose another name")
        safe = self._custom_names.admit(name)
        if len(self._own_names) < CUSTOM_NAMES:
            self._own_names[name] = safe
        return safe

    def fold(self) -> bool:
        """Does a little of what the next cut would leave to do: the longest list becomes part of its histogram.

        False where it is not long enough to be worth it yet. To be called up to two hundred times a second; where more
        comes in, each time does more.
        """
        name, values = max(self._lists(), key=_length, default=("", []))
        if len(values) < _WORTH_FOLDING:
            return False
        self._folded[name].record_many(values)
        values.clear()
        return True

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
        return self.cut(worker, start_ns, end_ns, gauges, health).finished()

    def cut(
        self,
        worker: int,
        start_ns: int,
        end_ns: int,
        gauges: Mapping[str, float],
        health: Mapping[str, float],
    ) -> Assembly:
        """Ends the interval like `take`, but leaves the long part of the work to whoever has the time for it.

        What is recorded in between belongs to the next snapshot.
        """
        left: dict[str, list[int]] = {}
        for name, values in self._lists():
            if values:
                left[name] = values.copy()  # in a microsecond
                values.clear()
        self.traffic.move_to(self.counts)
        flow, overall = self._cut_series()
        errors = {
            kind: ErrorCount(count, self._examples[kind], self._traces.get(kind, ""))
            for kind, count in self._error_counts.items()
        }
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
            blocked=dict(self._blocked),
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
        folded, self._folded = self._folded, defaultdict(Histogram)
        self.counts.clear()
        self._rates.clear()
        self._examples.clear()
        self._error_counts.clear()
        self._traces.clear()
        self._blocked.clear()
        return Assembly(snapshot, part, folded, left, overall)

    def _lists(self) -> Iterator[tuple[str, list[int]]]:
        """Every list of values that the hot path appends to, with the name of its histogram."""
        yield from self._samples.items()
        for series in self._series.values():
            yield series.response_name, series.response_ns
            yield series.service_name, series.service_ns

    def _cut_series(self) -> tuple[dict[str, Flow], dict[str, str]]:
        """When messages flowed, and for the histogram of each name the one over all names that it is a part of."""
        flow: dict[str, Flow] = {}
        overall: dict[str, str] = {}
        for series in self._series.values():
            if series.sent:
                self.counts[f"{names.MESSAGES_SENT}.{series.name}"] += series.sent
            overall[series.response_name] = names.RESPONSE_TIME
            overall[series.service_name] = names.SERVICE_TIME
            if series.first_sent_ns or series.last_reply_ns:
                flow[series.name] = Flow(self._offset(series.first_sent_ns), self._offset(series.last_reply_ns))
            series.sent = series.first_sent_ns = series.last_reply_ns = 0
        return flow, overall

    def _offset(self, instant_ns: int) -> int | None:
        return instant_ns - self._origin_ns if instant_ns else None


def _number(name: str, value: object) -> float:
    """Raises ValueError where it is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"metric {name} takes a number, and {value!r} is none")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _length(named: tuple[str, list[int]]) -> int:
    return len(named[1])
