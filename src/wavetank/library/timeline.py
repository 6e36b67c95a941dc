"""How a run went, second by second: numpy arrays to plot, to compare and to put into a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from wavetank.metrics import names
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.values import statistic

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

_SECOND_NS = 1_000_000_000
_NOTHING = Histogram()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Arrays of one length, with an element for each second of the run, over all workers together.

        timeline = result.timeline
        plt.plot(timeline.seconds, timeline.response_p95)

    Counts are of what happened in that second, gauges as they stood at its end. Times are in milliseconds, and nan
    where nothing was measured. The arrays are not to be changed.
    """

    seconds: Counts
    """Where the second begins, from the run's start: 0, 1, 2, …"""
    measured_s: Numbers
    """How much of the second was measured: 1, but less in the last one. A count divided by it is a rate."""
    users_active: Counts
    users_created: Counts
    users_completed: Counts
    users_failed: Counts
    open: Counts
    """Connections that were open."""
    connects: Counts
    """Attempts to connect, the failed ones included."""
    connect_failed: Counts
    sent: Counts
    """Messages sent."""
    received: Counts
    """Messages received, of whatever kind."""
    bytes_sent: Counts
    bytes_received: Counts
    replies: Counts
    replies_lost: Counts
    pushes: Counts
    errors: Counts
    """Errors of all kinds."""
    connect_p95: Numbers
    response_p50: Numbers
    response_p95: Numbers
    response_p99: Numbers
    response_max: Numbers
    service_p99: Numbers
    lateness_p99: Numbers
    """How late users were started."""
    loop_lag_p99: Numbers
    """How late the workers' event loops were."""
    cpu_percent: Numbers
    """How much of a core the busiest worker used."""
    memory_mb: Numbers
    """What the workers held in memory, in MiB; nan where the system does not tell."""

    @classmethod
    def of(cls, snapshots: Iterable[Snapshot]) -> Self:
        """The timeline of the snapshots of a run, in the order in which they came."""
        rows = list(_rows(snapshots))
        arrays: dict[str, Any] = {}
        for field in fields(cls):
            kind: type[np.generic] = np.int64 if field.type == "Counts" else np.float64
            array = np.array([row[field.name] for row in rows], dtype=kind)
            array.flags.writeable = False
            arrays[field.name] = array
        return cls(**arrays)

    def columns(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, in their order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def to_pandas(self) -> pd.DataFrame:
        """A table with a row for each second. Raises ImportError where pandas is not installed."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(_missing("pandas"), name="pandas") from error
        return pd.DataFrame(self.columns())

    def to_polars(self) -> pl.DataFrame:
        """A table with a row for each second. Raises ImportError where polars is not installed."""
        try:
            import polars as pl
        except ImportError as error:
            raise ImportError(_missing("polars"), name="polars") from error
        return pl.DataFrame(self.columns())

    def __len__(self) -> int:
        return len(self.seconds)

    def __repr__(self) -> str:
        return f"<Timeline of {len(self)} s: {', '.join(self.columns())}>"


def _rows(snapshots: Iterable[Snapshot]) -> Iterable[Mapping[str, float]]:
    by_second: dict[int, list[Snapshot]] = {}
    for snapshot in snapshots:
        by_second.setdefault(max(0, snapshot.start_ns) // _SECOND_NS, []).append(snapshot)
    gauges: dict[int, Mapping[str, float]] = {}
    for second in range(max(by_second, default=-1) + 1):
        # A loop that stood still for seconds has told of them in one: the others are empty, and gauges stay.
        happened = by_second.get(second, [])
        total = Snapshot.total(happened)
        for snapshot in sorted(happened, key=lambda each: each.end_ns):
            gauges |= {index: health.gauges for index, health in snapshot.workers.items()}
        yield _row(second, total, list(gauges.values()))


def _row(second: int, total: Snapshot, gauges: list[Mapping[str, float]]) -> dict[str, float]:
    counters, histograms = total.counters, total.histograms

    def time(name: str, figure: str) -> float:
        return _number(statistic(histograms.get(name, _NOTHING), figure))

    def reading(name: str) -> float:
        readings = [each[name] for each in gauges if name in each]
        return sum(readings) if readings else math.nan

    health = list(total.workers.values())
    return {
        "seconds": second,
        "measured_s": max((each.observed_ns for each in health), default=total.end_ns - total.start_ns) / 1e9,
        "users_active": _whole(reading(names.USERS_ACTIVE)),
        "users_created": counters.get(names.USERS_CREATED, 0),
        "users_completed": counters.get(names.USERS_COMPLETED, 0),
        "users_failed": counters.get(names.USERS_FAILED, 0),
        "open": _whole(reading(names.OPEN)),
        "connects": counters.get(names.CONNECTS, 0),
        "connect_failed": counters.get(names.CONNECT_FAILED, 0),
        "sent": counters.get(names.MESSAGES_SENT, 0),
        "received": counters.get(names.MESSAGES_RECEIVED, 0),
        "bytes_sent": counters.get(names.BYTES_SENT, 0),
        "bytes_received": counters.get(names.BYTES_RECEIVED, 0),
        "replies": counters.get(names.REPLIES, 0),
        "replies_lost": counters.get(names.REPLIES_LOST, 0),
        "pushes": counters.get(names.PUSHES, 0),
        "errors": sum(error.count for error in total.errors.values()),
        "connect_p95": time(names.CONNECT_TIME, "p95"),
        "response_p50": time(names.RESPONSE_TIME, "p50"),
        "response_p95": time(names.RESPONSE_TIME, "p95"),
        "response_p99": time(names.RESPONSE_TIME, "p99"),
        "response_max": time(names.RESPONSE_TIME, "max"),
        "service_p99": time(names.SERVICE_TIME, "p99"),
        "lateness_p99": time(names.LATENESS, "p99"),
        "loop_lag_p99": time(names.LOOP_LAG, "p99"),
        "cpu_percent": max((each.cpu_percent for each in health), default=math.nan),
        "memory_mb": reading(names.MEMORY),
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _whole(value: float) -> int:
    return 0 if math.isnan(value) else round(value)


def _missing(package: str) -> str:
    return f"a timeline becomes a table of {package} where that is installed, and it is not: pip install {package}"
