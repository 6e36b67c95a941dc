"""Figures by their names: what a person asks of a run, of a part of it, or of a phase."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from wavetank.errors import WavetankError
from wavetank.library.figures import Figures
from wavetank.metrics import names
from wavetank.metrics.bounded import printable
from wavetank.metrics.stretches import StretchSummary
from wavetank.metrics.summary import Summary
from wavetank.metrics.values import Values

_QUOTED = 200


@dataclass(frozen=True, slots=True)
class CountedError:
    """A kind of error: how often it happened, what one of them said, and a traceback where code of yours raised it.

    `kind` is counted as `errors.<kind>`. `traceback` holds the frames of your own code only; empty for errors that
    are no mistake in code.
    """

    kind: str
    count: int
    example: str
    traceback: str = ""


class Answers:
    """What can be asked of anything that was measured."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def value(self, metric: str) -> float:
        """The figure that a metric's name means (docs/metrics.md): milliseconds, percent, per second, or a count.

            result.value("websocket.response_time.ping.p99.9")
            result.value("vusers.failed")

        Raises ValueError for a name that no metric of this run has, with the nearest one that it has; and
        WavetankError where nothing was measured, such as a response time without a reply.
        """
        value = self._values.value(metric)
        if value is not None:
            return value
        known = names.known(metric) or self._is_own(metric)
        near = self._nearest(metric)
        meant = f" (did you mean {near!r}?)" if near is not None else ""
        if not known:
            raise ValueError(f"this run has no metric {printable(metric, _QUOTED)!r}{meant}")
        raise WavetankError(f"nothing was measured as {metric}{meant}: {self._what_happened()}")

    @property
    def p50(self) -> float:
        """The median response time of all messages, in milliseconds. Raises WavetankError if no reply came."""
        return self._response_time("p50")

    @property
    def p90(self) -> float:
        """The response time (ms) that 90 % of all replies do not exceed. Raises WavetankError if no reply came."""
        return self._response_time("p90")

    @property
    def p95(self) -> float:
        """The response time (ms) that 95 % of all replies do not exceed. Raises WavetankError if no reply came."""
        return self._response_time("p95")

    @property
    def p99(self) -> float:
        """The response time (ms) that 99 % of all replies do not exceed. Raises WavetankError if no reply came."""
        return self._response_time("p99")

    def _response_time(self, figure: str) -> float:
        value = self._values.value(f"{names.RESPONSE_TIME}.{figure}")
        if value is None:
            raise WavetankError(
                f"there is no {figure} of the response time, because no reply came: {self._what_happened()}"
            )
        return value

    def _is_own(self, metric: str) -> bool:
        """Whether the script measured something by that name, which then is an empty histogram."""
        split = names.split_statistic(metric)
        return split is not None and split[0] in self._values.snapshot.histograms

    def _nearest(self, metric: str) -> str | None:
        """Of this run's own names one that is like it, else of those that every run has."""
        snapshot = self._values.snapshot
        if metric in snapshot.histograms:
            return f"{metric}.p95"
        split = names.split_statistic(metric)
        measured = [name for name, histogram in snapshot.histograms.items() if histogram.count]
        if split is not None:
            close = difflib.get_close_matches(split[0], measured, n=1, cutoff=0.75)
            return f"{close[0]}.{split[1]}" if close else names.nearest(metric)
        close = difflib.get_close_matches(metric, [*snapshot.counters, *snapshot.rates, *measured], n=1, cutoff=0.75)
        if not close:
            return names.nearest(metric)
        return f"{close[0]}.p95" if close[0] in measured else close[0]

    def _what_happened(self) -> str:
        snapshot = self._values.snapshot
        counts = snapshot.counters
        created, completed = counts.get(names.USERS_CREATED, 0), counts.get(names.USERS_COMPLETED, 0)
        text = (
            f"{completed:,} of {created:,} users completed, {counts.get(names.MESSAGES_SENT, 0):,} messages were sent"
        )
        if not snapshot.errors:
            return text
        kind, error = max(snapshot.errors.items(), key=lambda entry: (entry[1].count, entry[0]))
        example = f", such as {printable(error.example, _QUOTED)!r}" if error.example else ""
        return f"{text}, and there were errors, {kind} {error.count:,} times{example}"


class Measurements(Answers):
    """What was measured in a run, or in the part of it that its figures are about."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary.values)
        self._summary = summary

    @property
    def duration_s(self) -> float:
        """How long was measured, in seconds."""
        return self._summary.duration_s

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted: `counters["websocket.replies"]`. Our own counters are all there, also those of 0."""
        return self._summary.counters

    @property
    def rates(self) -> Mapping[str, float]:
        """Per second of the run: `rates["websocket.send_rate"]`."""
        return self._summary.rates

    @property
    def gauges(self) -> Mapping[str, float]:
        """The highest reading of each gauge: `gauges["vusers.active"]`."""
        return self._summary.gauges

    @property
    def derived(self) -> Mapping[str, float]:
        """Shares in percent, and the throughput in replies per second: `derived["error_rate"]`."""
        return self._summary.derived

    @cached_property
    def histograms(self) -> Mapping[str, Figures]:
        """The figures of each histogram, in milliseconds: `histograms["websocket.connect_time"].p95`."""
        return {name: Figures.of(histogram) for name, histogram in self._summary.histograms.items()}

    @cached_property
    def errors(self) -> tuple[CountedError, ...]:
        """The errors by kind, the most frequent first."""
        return tuple(
            CountedError(kind, error.count, error.example, error.trace) for kind, error in self._summary.errors.items()
        )


class PhaseMeasurements(Answers):
    """What was measured in one phase of the plan, or in what came after the last one."""

    def __init__(self, phase: StretchSummary) -> None:
        super().__init__(phase.values)
        self._phase = phase

    @property
    def name(self) -> str:
        """The phase's name."""
        return self._phase.name

    @property
    def from_s(self) -> float:
        """When it began, in seconds from the run's start."""
        return self._phase.start_ns / 1e9

    @property
    def to_s(self) -> float:
        """When it ended, in seconds from the run's start."""
        return self._phase.end_ns / 1e9

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted in it; without the counters of 0."""
        return {name: count for name, count in sorted(self._phase.total.counters.items()) if count}

    @cached_property
    def histograms(self) -> Mapping[str, Figures]:
        """The figures of each histogram, in milliseconds."""
        return {name: Figures.of(histogram) for name, histogram in sorted(self._phase.total.histograms.items())}

    @property
    def errors(self) -> Mapping[str, int]:
        """How often each kind of error happened in it."""
        return {kind: error.count for kind, error in sorted(self._phase.total.errors.items())}

    def __repr__(self) -> str:
        return f"<phase {self.name!r}, {self.from_s:g} s to {self.to_s:g} s>"
