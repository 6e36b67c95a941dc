"""Where a run stands: the figures of a live display, from the plan and its snapshots. Time comes from these alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wavetank.execution.trust import warning_in
from wavetank.metrics import names
from wavetank.metrics.bounded import printable, safe_name
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.values import statistic
from wavetank.plan.arrivals import phase_bounds, population_at, rate_at
from wavetank.plan.model import Plan
from wavetank.plan.phases import Pause, Phase, Population
from wavetank.report.figures import ABSENT, clock, milliseconds, rate
from wavetank.report.labels import error_label

_WINDOW_NS = 5_000_000_000
_TOP_ERRORS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A run at one instant.

    Times are seconds from the run's start. Rates (per second) and response times (milliseconds; None: no reply)
    are of the last few seconds, the other counts of the whole run. `phase` is empty once the last one is over;
    `goal` says what the phase plans for this instant. `errors` are labels and counts, most frequent first.
    `generator` says what is wrong with the generator itself right now, if anything.
    """

    elapsed_s: float
    planned_s: float
    phase: str = ""
    phase_number: int = 0
    phase_count: int = 0
    goal: str = ""
    active: int = 0
    started: int = 0
    failed: int = 0
    open: int = 0
    sent_rate: float = 0.0
    received_rate: float = 0.0
    reply_rate: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    error_count: int = 0
    errors: tuple[tuple[str, int], ...] = field(default=())
    generator: str = ""

    @property
    def stage(self) -> str:
        """The phase and its number, or what the run waits for after the last one."""
        if self.phase:
            return f"phase {self.phase} {self.phase_number}/{self.phase_count}"
        if self.active:
            return f"waiting for {self.active:,} user{'' if self.active == 1 else 's'} to end"
        return "all users have ended"

    @property
    def top_errors(self) -> str:
        """`Reply timeout 3, Connection refused 1`: the most frequent ones."""
        shown = ", ".join(f"{label} {count:,}" for label, count in self.errors[:_TOP_ERRORS])
        return f"{shown}, ..." if len(self.errors) > _TOP_ERRORS else shown


class Progress:
    """Follows a run: takes a snapshot at a time, and says where the run stands."""

    def __init__(self, plan: Plan) -> None:
        self._phases = plan.phases
        self._bounds = phase_bounds(plan.phases)
        self._latency = names.RESPONSE_TIME
        if plan.headline is not None:
            self._latency += f".{safe_name(plan.headline)}"
        self._recent: deque[Snapshot] = deque()
        self._now_ns = 0

    @property
    def planned_s(self) -> float:
        """Seconds from the run's start to the end of the last phase."""
        return self._bounds[-1][1] / 1e9 if self._bounds else 0.0

    def add(self, snapshot: Snapshot, total: Snapshot) -> Moment:
        """Where the run stands after `snapshot`, an interval of one worker or of all; `total` is the run until then."""
        self._recent.append(snapshot)
        now_ns = self._now_ns = max(self._now_ns, snapshot.end_ns)
        while self._recent[0].end_ns <= now_ns - _WINDOW_NS:
            self._recent.popleft()
        phase, number = self._phase_at(now_ns)
        latency = Histogram()
        for each in self._recent:
            latency += each.histograms.get(self._latency, Histogram())
        gauges, counters = total.gauges, total.counters
        errors = sorted(total.errors.items(), key=lambda entry: (-entry[1].count, entry[0]))
        return Moment(
            elapsed_s=now_ns / 1e9,
            planned_s=self.planned_s,
            phase="" if phase is None else printable(phase.name, 40) or f"{number}",
            phase_number=number,
            phase_count=len(self._phases),
            goal="" if phase is None else self._goal(phase, number, now_ns),
            active=round(gauges.get(names.USERS_ACTIVE, 0)),
            started=counters.get(names.USERS_CREATED, 0),
            failed=counters.get(names.USERS_FAILED, 0),
            open=round(gauges.get(names.OPEN, 0)),
            sent_rate=self._rate(names.MESSAGES_SENT),
            received_rate=self._rate(names.MESSAGES_RECEIVED),
            reply_rate=self._rate(names.REPLIES),
            p50=statistic(latency, "p50"),
            p95=statistic(latency, "p95"),
            p99=statistic(latency, "p99"),
            error_count=sum(error.count for _, error in errors),
            errors=tuple((error_label(kind), error.count) for kind, error in errors),
            generator=next(filter(None, map(warning_in, reversed(self._recent))), ""),
        )

    def _rate(self, counter: str) -> float:
        length_ns = self._now_ns - min(each.start_ns for each in self._recent)
        count = sum(each.counters.get(counter, 0) for each in self._recent)
        return count * 1e9 / length_ns if length_ns > 0 else 0.0

    def _phase_at(self, offset_ns: int) -> tuple[Phase | None, int]:
        for number, (phase, (_, end)) in enumerate(zip(self._phases, self._bounds, strict=True), start=1):
            if offset_ns < end:
                return phase, number
        return None, len(self._phases)

    def _goal(self, phase: Phase, number: int, offset_ns: int) -> str:
        match phase:
            case Pause():
                return "nobody arrives"
            case Population():
                wanted = population_at(phase, offset_ns - self._bounds[number - 1][0])
                return f"{wanted:,} users at once"
            case _:
                return f"{rate(rate_at(self._phases, offset_ns / 1e9))} users/s"


def line(moment: Moment) -> str:
    """The moment on one plain line, for a log."""
    parts = [
        f"{clock(moment.elapsed_s)}",
        moment.stage,
        f"users {moment.active:,} active, {moment.started:,} started",
        f"open {moment.open:,}",
        f"sent {rate(moment.sent_rate)}/s",
        f"replies {rate(moment.reply_rate)}/s",
        *(
            f"{figure} {brief(value)}"
            for figure, value in (("p50", moment.p50), ("p95", moment.p95), ("p99", moment.p99))
        ),
        f"errors {moment.error_count:,}",
    ]
    text = "  ".join(parts)
    if moment.errors:
        text += f" ({moment.top_errors})"
    return f"{text}  generator: {moment.generator}" if moment.generator else text


def brief(value: float | None) -> str:
    """A response time with its unit, in as few digits as a glance takes in: `1.2 ms`."""
    if value is None:
        return ABSENT
    if value < 1 or value >= 10_000:
        return f"{milliseconds(value)} ms"
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"
