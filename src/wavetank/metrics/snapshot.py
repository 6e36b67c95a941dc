"""What one worker measured in one interval. Snapshots add up: over workers, over machines, over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often a kind of error happened, what one of them said, and where it is a mistake in code, a traceback."""

    count: int
    example: str
    trace: str = ""

    def __add__(self, other: ErrorCount) -> ErrorCount:
        """Adds the counts, and keeps one example and one traceback: the same whatever the order of the addition."""
        examples = [example for example in (self.example, other.example) if example]
        traces = [trace for trace in (self.trace, other.trace) if trace]
        return ErrorCount(self.count + other.count, min(examples, default=""), min(traces, default=""))

    def to_list(self) -> list[Any]:
        """A form for JSON."""
        return [self.count, self.example, self.trace] if self.trace else [self.count, self.example]

    @classmethod
    def from_list(cls, data: Sequence[Any]) -> ErrorCount:
        """Restores what `to_list` wrote. Raises ValueError or TypeError for anything else."""
        count, example, *trace = data
        return cls(int(count), str(example), *(str(each) for each in trace))


@dataclass(frozen=True, slots=True)
class Flow:
    """When the messages of a name flowed: first send and last reply, as offsets from the run's start."""

    first_sent_ns: int | None
    last_reply_ns: int | None

    def __add__(self, other: Flow) -> Flow:
        """The stretch that spans both."""
        sent = [instant for instant in (self.first_sent_ns, other.first_sent_ns) if instant is not None]
        replied = [instant for instant in (self.last_reply_ns, other.last_reply_ns) if instant is not None]
        return Flow(min(sent, default=None), max(replied, default=None))


@dataclass(slots=True)
class Snapshot:
    """What was measured between two instants (nanoseconds from the run's start).

    Addition is exact, associative and commutative, and `Snapshot()` is the empty sum of a run. `worker` is
    None once several workers are in it. `rates` counts what a script's functions emitted as a rate: per
    second it becomes only with a duration. What cannot be added, because it says how a worker is and not what
    happened, is in `workers`, by the worker's index.
    """

    worker: int | None = None
    start_ns: int = 0
    end_ns: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    errors: dict[str, ErrorCount] = field(default_factory=dict)
    flow: dict[str, Flow] = field(default_factory=dict)
    workers: dict[int, Health] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """Seconds between the start and the end."""
        return (self.end_ns - self.start_ns) / 1e9

    @property
    def gauges(self) -> dict[str, float]:
        """Each gauge as it stands: the latest reading of every worker, summed up over the workers."""
        total: dict[str, float] = {}
        for index in sorted(self.workers):
            for name, value in self.workers[index].gauges.items():
                total[name] = total.get(name, 0.0) + value
        return total

    def __iadd__(self, other: Snapshot) -> Self:
        if self.worker != other.worker:
            self.worker = None
        self.start_ns = min(self.start_ns, other.start_ns)
        self.end_ns = max(self.end_ns, other.end_ns)
        for name, count in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + count
        for name, count in other.rates.items():
            self.rates[name] = self.rates.get(name, 0) + count
        for name, histogram in other.histograms.items():
            if name in self.histograms:
                self.histograms[name] += histogram
            else:
                self.histograms[name] = histogram.copy()
        for kind, error in other.errors.items():
            self.errors[kind] = self.errors[kind] + error if kind in self.errors else error
        for name, flow in other.flow.items():
            self.flow[name] = self.flow[name] + flow if name in self.flow else flow
        for index, health in other.workers.items():
            if index in self.workers:
                self.workers[index] += health
            else:
                self.workers[index] = health.copy()
        return self

    def __add__(self, other: Snapshot) -> Snapshot:
        total = self.copy()
        total += other
        total.compact()
        return total

    @classmethod
    def total(cls, snapshots: Iterable[Snapshot]) -> Snapshot:
        """The sum of all; much faster than adding one by one with `+`."""
        total: Snapshot | None = None
        for snapshot in snapshots:
            if total is None:
                total = snapshot.copy()
            else:
                total += snapshot
        if total is None:
            return cls()
        total.compact()
        return total

    def copy(self) -> Snapshot:
        """An independent snapshot of the same measurements."""
        return Snapshot(
            self.worker,
            self.start_ns,
            self.end_ns,
            dict(self.counters),
            dict(self.rates),
            {name: histogram.copy() for name, histogram in self.histograms.items()},
            dict(self.errors),
            dict(self.flow),
            {index: health.copy() for index, health in self.workers.items()},
        )

    def compact(self) -> None:
        """Gives back memory that only further addition needs."""
        for histogram in self.histograms.values():
            histogram.compact()
        for health in self.workers.values():
            health.compact()

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON (a line of the journal); `from_dict` restores an equal snapshot."""
        return {
            "worker": self.worker,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "counters": dict(self.counters),
            "rates": dict(self.rates),
            "histograms": {name: histogram.to_dict() for name, histogram in self.histograms.items()},
            "errors": {kind: error.to_list() for kind, error in self.errors.items()},
            "flow": {name: [flow.first_sent_ns, flow.last_reply_ns] for name, flow in self.flow.items()},
            "workers": {str(index): health.to_dict() for index, health in self.workers.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """Restores what `to_dict` wrote. Raises ValueError where `data` is not that."""
        try:
            return cls(
                worker=None if data["worker"] is None else int(data["worker"]),
                start_ns=int(data["start_ns"]),
                end_ns=int(data["end_ns"]),
                counters={name: int(count) for name, count in data["counters"].items()},
                rates={name: int(count) for name, count in data["rates"].items()},
                histograms={name: Histogram.from_dict(part) for name, part in data["histograms"].items()},
                errors={kind: ErrorCount.from_list(part) for kind, part in data["errors"].items()},
                flow={name: Flow(sent, replied) for name, (sent, replied) in data["flow"].items()},
                workers={int(index): Health.from_dict(part) for index, part in data["workers"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is not a snapshot: {error!r}") from error
