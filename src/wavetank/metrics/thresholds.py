"""Bounds on metrics, and what a run's figures say about them: ok, warning or critical."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from wavetank.errors import Where
from wavetank.metrics import names
from wavetank.metrics.expressions import Expression, ExpressionError

Verdict = Literal["ok", "warning", "critical"]
Operator = Literal["<", "<=", ">", ">="]

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}

# What a unit in a bound means: the kind of metric that it fits, and the factor to that metric's own unit.
_UNITS: Mapping[str, tuple[str, float]] = {
    "ns": ("ms", 1e-6),
    "us": ("ms", 1e-3),
    "µs": ("ms", 1e-3),
    "ms": ("ms", 1.0),
    "s": ("ms", 1e3),
    "min": ("ms", 60e3),
    "h": ("ms", 3600e3),
    "%": ("%", 1.0),
    "/s": ("/s", 1.0),
}
_THRESHOLD = re.compile(
    r"""\s*(?:'(?P<quoted>[^']+)'|"(?P<quoted2>[^"]+)"|(?P<name>[^<>='"\s][^<>=]*?))\s*(?P<bound>[<>].*)""", re.DOTALL
)
_BOUND = re.compile(r"\s*(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")


@dataclass(frozen=True, slots=True)
class Bound:
    """`< 50` and the like: an operator, and a value in the unit of its metric (times in milliseconds)."""

    op: Operator
    value: float

    @classmethod
    def parse(cls, text: str, unit: str | None = None) -> Bound:
        """Reads `< 50ms`, `>= 99%`, `> 1000/s`, `<0.5s`: units ns, us, ms, s, min, h, %, /s, or none.

        `unit` is the unit of the metric, as `names.unit_of` tells it. Raises ValueError where the text is not
        a bound, or where it is in a unit that does not fit.
        """
        found = _BOUND.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a bound: write an operator and a number, such as '< 50ms'")
        operator, number, suffix = found.groups()
        if suffix and suffix not in _UNITS:
            raise ValueError(f"{text!r} has an unknown unit {suffix!r}: use one of {', '.join(_UNITS)}")
        kind, factor = _UNITS.get(suffix, (unit, 1.0))
        if unit is not None and kind != unit:
            measured_in = f"is measured in {unit}" if unit else "has no unit"
            raise ValueError(f"{text!r} does not fit: this metric {measured_in}")
        return cls(cast("Operator", operator), float(number) * factor)

    def holds(self, value: float) -> bool:
        """Whether `value` lies on the side of the bound that the operator names."""
        return _HOLDS[self.op](value, self.value)

    def __str__(self) -> str:
        return f"{self.op} {self.value:.12g}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound on a metric.

    The verdict is `ok` where `target` holds, `critical` where `critical` holds, and `warning` in between.
    Without a `critical` bound, a missed target is critical (as with Artillery's `ensure`). `warning` is shown
    in reports and decides nothing. `only_if_planned`: judged only if the plan asks for at least as much as
    the target says. `abort`: the run ends early once this is critical; that is judged each second, from `after_s`
    seconds after the run's start on.
    """

    metric: str
    target: Bound
    warning: Bound | None = None
    critical: Bound | None = None
    where: Where | None = None
    only_if_planned: bool = False
    abort: bool = False
    after_s: float = 0.0


def threshold_of(text: str) -> Threshold:
    """Reads `websocket.response_time.p95 < 50ms`: a metric, and the bound that has to hold (`Bound.parse`).

    A missed bound is critical. A metric of the script's own may have a unit of time, which becomes milliseconds; a
    name with `<`, `>` or `=` in it stands in quotes. Raises ValueError, with a sentence, for what is none, and for a
    metric that no run has.
    """
    found = _THRESHOLD.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a threshold: write a metric and a bound, such as 'websocket.response_time.p95 < 50ms'"
        )
    metric = found["quoted"] or found["quoted2"] or found["name"]
    if mistake := mistake_in(metric, own=True):
        raise ValueError(mistake)
    try:
        return Threshold(metric, bound_on(metric, found["bound"]))
    except ValueError as error:
        raise ValueError(f"{metric}: {error}") from error


def bound_on(metric: str, text: str) -> Bound:
    """Reads a bound on this metric. Raises ValueError as `Bound.parse` does; of a metric of the script's own, whose
    unit is not known, any unit is taken.
    """
    return Bound.parse(text, names.unit_of(metric) if names.known(metric) else None)


def mistake_in(metric: str, *, own: bool) -> str:
    """What is wrong with the name of a metric, and what it may have meant; empty where a run can have it.

    `own`: users run code of theirs in the run, which may measure what it likes (`names.may_exist`).
    """
    if names.may_exist(metric, own=own):
        return ""
    near = names.nearest(metric)
    return f"unknown metric {metric!r}" + (f" (did you mean {near!r}?)" if near else "")


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression over metrics that has to be true in the end, as in Artillery's `ensure.conditions`.

    One that is not `strict` warns at most. Raises `ExpressionError` (a ValueError) where it cannot be read.
    """

    expression: str
    strict: bool = True
    where: Where | None = None

    def __post_init__(self) -> None:
        Expression.parse(self.expression)


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """What became of one threshold or condition. `metric` of a condition is its expression.

    `verdict` is `skipped` where the plan never asked for what the threshold is about. `reason` is a sentence
    where the bare value does not explain the verdict. `value` is None where the run has none.
    """

    metric: str
    value: float | None
    target: str
    verdict: Verdict | Literal["skipped"]
    warning: str | None = None
    critical: str | None = None
    reason: str = ""
    where: Where | None = None

    def to_dict(self) -> dict[str, Any]:
        """An entry of `thresholds` in summary.json."""
        entry: dict[str, Any] = {
            "metric": self.metric,
            "value": None if self.value is None else round(self.value, 4),
            "target": self.target,
            "warning": self.warning,
            "critical": self.critical,
            "verdict": self.verdict,
        }
        if self.reason:
            entry["reason"] = self.reason
        return entry


def judge(
    value_of: Callable[[str], float | None],
    thresholds: Iterable[Threshold],
    conditions: Iterable[Condition] = (),
    planned: Mapping[str, float] | None = None,
) -> list[ThresholdResult]:
    """Judges every threshold and condition, in their order; `value_of` is `Summary.value`.

    `planned` says how much of a metric the plan asks for (`{"websocket.throughput": 200.0}`); a threshold
    with `only_if_planned` whose metric is not in it is skipped.
    """
    asked = planned or {}
    results = [_judge_threshold(value_of, threshold, asked) for threshold in thresholds]
    results.extend(_judge_condition(value_of, condition) for condition in conditions)
    return results


def worst(results: Iterable[ThresholdResult]) -> Verdict:
    """The verdict over all: the worst of them; `ok` if there is none."""
    verdicts = {result.verdict for result in results}
    if "critical" in verdicts:
        return "critical"
    return "warning" if "warning" in verdicts else "ok"


def _judge_threshold(
    value_of: Callable[[str], float | None], threshold: Threshold, planned: Mapping[str, float]
) -> ThresholdResult:
    metric, target, critical = threshold.metric, threshold.target, threshold.critical
    value = value_of(metric)
    verdict: Verdict | Literal["skipped"]
    reason = ""
    asked = planned.get(metric)
    if threshold.only_if_planned and (asked is None or asked < target.value):
        verdict = "skipped"
        reason = "the plan asks for less" if asked is None else f"the plan asks for {asked:.6g} only"
    elif value is None:
        verdict = "critical"
        reason = f"nothing was measured as {metric}"
    elif target.holds(value):
        verdict = "ok"
    elif critical is None or critical.holds(value):
        verdict = "critical"
    else:
        verdict = "warning"
    return ThresholdResult(
        metric=metric,
        value=value,
        target=str(target),
        verdict=verdict,
        warning=None if threshold.warning is None else str(threshold.warning),
        critical=None if critical is None else str(critical),
        reason=reason,
        where=threshold.where,
    )


def _judge_condition(value_of: Callable[[str], float | None], condition: Condition) -> ThresholdResult:
    expression = Expression.parse(condition.expression)
    values = {name: value_of(name) for name in expression.names}
    missing = [name for name, value in values.items() if value is None]
    known = {name: value for name, value in values.items() if value is not None}
    holds = False
    if missing:
        reason = f"nothing was measured as {', '.join(missing)}"
    else:
        reason = ", ".join(f"{name} is {value:.6g}" for name, value in known.items())
        try:
            holds = bool(expression.evaluate(known))
        except ExpressionError as error:
            reason = f"{error}; {reason}" if reason else str(error)
    failed: Verdict = "critical" if condition.strict else "warning"
    return ThresholdResult(
        metric=condition.expression,
        value=None,
        target="true",
        verdict="ok" if holds else failed,
        reason="" if holds else reason,
        where=condition.where,
    )
