"""What a run is judged by, taken from its plan. The journal carries it, so that a killed run can be judged, too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wavetank.errors import Where
from wavetank.execution.trust import trust_in
from wavetank.metrics.loss import Loss
from wavetank.metrics.names import THROUGHPUT
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import Measured, Stretch, summarise_stretches
from wavetank.metrics.summary import Summary, Trust, summarise
from wavetank.metrics.tally import Tally
from wavetank.metrics.thresholds import Bound, Condition, Threshold
from wavetank.plan.forecast import forecast
from wavetank.plan.measure import measured_part
from wavetank.plan.model import Plan
from wavetank.plan.stretches import phase_stretches

USERS_FAILED = Threshold("vusers.error_rate", Bound("<=", 0.0), critical=Bound(">=", 100.0))
"""Judged in every run: it is critical that nobody came through, and worth a warning that somebody did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Turns the snapshots of a run into its summary.

    `name` is the plan's, `headline` the message name that the results are about. `thresholds` and `conditions` are on
    the part of the run that is `measured` (None: all of it), `overall` on the whole run in any case. `planned` is how
    much of a metric the plan asks for (`thresholds.judge`). `stretches` are the phases, which follow one another from
    0 on; without any, no figures of phases are given.
    """

    name: str
    headline: str | None = None
    thresholds: tuple[Threshold, ...] = ()
    conditions: tuple[Condition, ...] = ()
    overall: tuple[Threshold, ...] = (USERS_FAILED,)
    planned: Mapping[str, float] = field(default_factory=dict)
    measured: Measured | None = None
    stretches: tuple[Stretch, ...] = ()

    @classmethod
    def of(cls, plan: Plan) -> Judge:
        """What the plan's runs are judged by. Raises ValueError where it measures phases that it has not got."""
        return cls(
            name=plan.name,
            headline=plan.headline,
            thresholds=plan.thresholds,
            conditions=plan.conditions,
            planned={THROUGHPUT: forecast(plan).peak_replies_per_s},
            measured=None if plan.measure is None else measured_part(plan.measure, plan.phases),
            stretches=phase_stretches(plan.phases),
        )

    def summary(
        self,
        timeline: Sequence[Snapshot],
        *,
        started_at: str,
        complete: bool,
        aborted: str = "",
        lost: Sequence[Loss] = (),
    ) -> Summary:
        """The summary of the run that left these snapshots, in the order in which they came.

        `started_at` is UTC in ISO 8601, `aborted` says why a threshold ended the run early, and `lost` which workers
        were lost on the way: with any of them the run is neither complete nor to be trusted.
        """
        complete = complete and not lost
        total, peaks = _sum(timeline)
        whole: Summary | None = None
        judged = timeline
        if self.measured is not None:
            whole = summarise(total, started_at=started_at, complete=complete, headline=self.headline, peaks=peaks)
            # What the generator did before may not taint these figures, nor may much of it hide what it did to them.
            judged = [snapshot for snapshot in timeline if self.measured.holds(snapshot)]
            tally = Tally()
            for snapshot in judged:
                tally.add(snapshot)
            total, peaks = tally.total, tally.peaks
        return summarise(
            total,
            started_at=started_at,
            complete=complete,
            headline=self.headline,
            thresholds=self.thresholds,
            conditions=self.conditions,
            planned=self.planned,
            peaks=peaks,
            trust=_trust(judged, lost),
            phases=summarise_stretches(timeline, self.stretches, self.headline) if self.stretches else (),
            measured=self.measured,
            whole=whole,
            overall=self.overall,
            aborted=aborted,
            lost=tuple(lost),
        )

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON; `from_dict` restores an equal judge. Nothing is masked in it."""
        return {
            "name": self.name,
            "headline": self.headline,
            "thresholds": [_threshold_to_dict(each) for each in self.thresholds],
            "conditions": [
                {"expression": each.expression, "strict": each.strict, "where": _where_to_list(each.where)}
                for each in self.conditions
            ],
            "overall": [_threshold_to_dict(each) for each in self.overall],
            "planned": {metric: _number(value) for metric, value in self.planned.items()},
            "measured": None
            if self.measured is None
            else {
                "stretches": [_stretch_to_list(each) for each in self.measured.stretches],
                "phases": list(self.measured.phases),
            },
            "stretches": [_stretch_to_list(each) for each in self.stretches],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Judge:
        """Restores what `to_dict` wrote. Raises ValueError where `data` is not that."""
        try:
            measured = data["measured"]
            return cls(
                name=str(data["name"]),
                headline=None if data["headline"] is None else str(data["headline"]),
                thresholds=tuple(_threshold_of(each) for each in data["thresholds"]),
                conditions=tuple(
                    Condition(str(each["expression"]), bool(each["strict"]), _where_of(each["where"]))
                    for each in data["conditions"]
                ),
                overall=tuple(_threshold_of(each) for each in data["overall"]),
                planned={str(metric): float(value) for metric, value in data["planned"].items()},
                measured=None
                if measured is None
                else Measured(
                    tuple(_stretch_of(each) for each in measured["stretches"]),
                    tuple(str(name) for name in measured["phases"]),
                ),
                stretches=tuple(_stretch_of(each) for each in data["stretches"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is not what a run is judged by: {error!r}") from error


def _sum(timeline: Sequence[Snapshot]) -> tuple[Snapshot, dict[str, float]]:
    """The sum over the whole run, which begins at 0, and the highest reading of each gauge."""
    total, peaks = Snapshot(), dict[str, float]()
    for snapshot in timeline:
        total += snapshot
        for name, value in total.gauges.items():
            peaks[name] = max(value, peaks.get(name, value))
    return total, peaks


def _trust(timeline: Sequence[Snapshot], lost: Sequence[Loss]) -> Trust:
    trust = trust_in(timeline)
    if not lost:
        return trust
    return Trust(ok=False, reasons=(*(loss.sentence for loss in lost), *trust.reasons))


def _threshold_to_dict(threshold: Threshold) -> dict[str, Any]:
    return {
        "metric": threshold.metric,
        "target": _bound_to_list(threshold.target),
        "warning": _bound_to_list(threshold.warning),
        "critical": _bound_to_list(threshold.critical),
        "where": _where_to_list(threshold.where),
        "only_if_planned": threshold.only_if_planned,
        "abort": threshold.abort,
        "after_s": _number(threshold.after_s),
    }


def _threshold_of(data: Mapping[str, Any]) -> Threshold:
    target = _bound_of(data["target"])
    if target is None:
        raise ValueError("a threshold without a target")
    return Threshold(
        metric=str(data["metric"]),
        target=target,
        warning=_bound_of(data["warning"]),
        critical=_bound_of(data["critical"]),
        where=_where_of(data["where"]),
        only_if_planned=bool(data["only_if_planned"]),
        abort=bool(data["abort"]),
        after_s=float(data["after_s"]),
    )


def _bound_to_list(bound: Bound | None) -> list[Any] | None:
    return None if bound is None else [bound.op, _number(bound.value)]


def _bound_of(data: Sequence[Any] | None) -> Bound | None:
    if data is None:
        return None
    operator, value = data
    if operator not in ("<", "<=", ">", ">="):
        raise ValueError(f"{operator!r} is no operator of a bound")
    return Bound(operator, float(value))


def _where_to_list(where: Where | None) -> list[Any] | None:
    return None if where is None else [where.file, where.line]


def _where_of(data: Sequence[Any] | None) -> Where | None:
    if data is None:
        return None
    file, line = data
    return Where(str(file), int(line))


def _stretch_to_list(stretch: Stretch) -> list[Any]:
    return [stretch.name, stretch.start_ns, stretch.end_ns, stretch.phases]


def _stretch_of(data: Sequence[Any]) -> Stretch:
    name, start_ns, end_ns, phases = data
    return Stretch(str(name), int(start_ns), None if end_ns is None else int(end_ns), int(phases))


def _number(value: float) -> float | str:
    """JSON has no infinity, and a bound may be one; `float` reads its name."""
    return value if math.isfinite(value) else str(value)
