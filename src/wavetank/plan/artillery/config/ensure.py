"""What a run must hold to: Artillery's `ensure`, and `config.targets`, which is ours."""

from __future__ import annotations

from collections.abc import Sequence

from wavetank.errors import Where
from wavetank.metrics import names
from wavetank.metrics.expressions import Expression, ExpressionError
from wavetank.metrics.thresholds import Bound, Condition, Threshold, bound_on
from wavetank.plan.artillery.fields import Fields, number_of, scalar_text
from wavetank.plan.artillery.findings import Findings
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.durations import format_seconds

_OURS = ("abort", "after")
_LEGACY = ("min", "max", "median", "p95", "p99")


class Ensuring:
    """Gathers thresholds and conditions, for a plan whose phases last `planned_s` seconds.

    With `custom`, the script has functions or scenarios in Python, which may count things of their own, so that a
    metric that we do not know can exist nevertheless.
    """

    def __init__(self, findings: Findings, *, custom: bool, planned_s: float) -> None:
        self.thresholds: list[Threshold] = []
        self.conditions: list[Condition] = []
        self._findings = findings
        self._custom = custom
        self._planned_s = planned_s

    def read_ensure(self, node: Node) -> None:
        """`config.ensure`, or `config.plugins.ensure`."""
        fields = Fields(node, "'ensure'", ("thresholds", "conditions", "maxErrorRate", *_LEGACY), self._findings)
        for element in fields.list("thresholds") or ():
            self._plain_threshold(element)
        for element in fields.list("conditions") or ():
            self._condition(element)
        rate = fields.number("maxErrorRate")
        if rate is not None:
            place = fields.place("maxErrorRate")
            self.thresholds.append(Threshold(names.USERS_ERROR_RATE, Bound("<=", rate), where=place))
        for key in fields.present(*_LEGACY):
            self._legacy(fields, key)

    def read_targets(self, nodes: Sequence[Node]) -> None:
        """`config.targets`: for each metric a target, and the bounds of warning and critical."""
        for node in nodes:
            self._target(node)

    def _plain_threshold(self, node: Node) -> None:
        if node.map is None:
            self._findings.error(node.where, f"a threshold must be a map of a metric and a number, not {node.kind}")
            return
        ours = Fields(
            Node(value={key: node.map[key] for key in _OURS if key in node.map}, where=node.where, keys=node.keys),
            "the threshold",
            _OURS,
            self._findings,
        )
        for key in ours.present(*_OURS):
            self._findings.warn(node.place(key), f"Artillery takes {key!r} for a metric; here it is ours")
        abort, after_s = self._abort(ours)
        for metric, value in node.map.items():
            if metric in _OURS:
                continue
            where = node.place(metric)
            number = number_of(value)
            if number is None:
                self._findings.error(where, f"the threshold of {metric!r} must be a number, not {value.kind}")
            if self._is_metric(metric, where) and number is not None:
                self.thresholds.append(Threshold(metric, Bound("<", number), where=where, abort=abort, after_s=after_s))

    def _legacy(self, fields: Fields, key: str) -> None:
        number = fields.number(key)
        metric = f"{names.RESPONSE_TIME}.{key}"
        place = fields.place(key)
        self._findings.warn(
            place,
            f"Artillery takes {key!r} for http.response_time.{key}, which fails here; it is read as {metric}",
        )
        if number is not None:
            self.thresholds.append(Threshold(metric, Bound("<=", number), where=place))

    def _condition(self, node: Node) -> None:
        fields = Fields(node, "the condition", ("expression", "strict"), self._findings)
        text = fields.text("expression")
        strict = fields.flag("strict")
        if text is None:
            if node.map is not None and "expression" not in fields:
                self._findings.error(node.where, "the condition has no expression")
            return
        where = fields.place("expression")
        try:
            expression = Expression.parse(text)
        except ExpressionError as error:
            self._findings.error(where, f"the expression {text!r} cannot be read: {error}")
            return
        known = [self._is_metric(metric, where) for metric in expression.names]
        if all(known):
            self.conditions.append(Condition(text, strict=strict is not False, where=where))

    def _target(self, node: Node) -> None:
        known = ("metric", "target", "warning", "critical", "onlyIfPlanned", *_OURS)
        fields = Fields(node, "the target", known, self._findings)
        metric = fields.text("metric")
        missing = [key for key in ("metric", "target") if key not in fields]
        if missing:
            self._findings.error(node.where, f"the target has no {missing[0]!r}")
        if metric is None or not self._is_metric(metric, fields.place("metric")):
            return
        bounds = {key: self._bound(fields, key, metric) for key in ("target", "warning", "critical")}
        target = bounds["target"]
        only_if_planned = fields.flag("onlyIfPlanned")
        abort, after_s = self._abort(fields)
        if target is None:
            return
        self.thresholds.append(
            Threshold(
                metric,
                target,
                warning=bounds["warning"],
                critical=bounds["critical"],
                where=node.where,
                only_if_planned=metric == names.THROUGHPUT if only_if_planned is None else only_if_planned,
                abort=abort,
                after_s=after_s,
            )
        )

    def _abort(self, fields: Fields) -> tuple[bool, float]:
        """`abort`: whether the run ends once this is critical; `after`: so long after its start at the earliest."""
        abort, after_s = fields.flag("abort"), fields.duration("after")
        where = fields.place("after")
        if "after" in fields and "abort" not in fields:
            self._findings.error(where, "'after' says from when on a threshold may end the run", "add abort: true")
        if after_s is not None and after_s >= self._planned_s:
            self._findings.warn(
                where,
                f"'after' is {format_seconds(after_s)}, and the last phase ends at {format_seconds(self._planned_s)}: "
                "the run may be over by then",
            )
        return abort is True, after_s or 0.0

    def _bound(self, fields: Fields, key: str, metric: str) -> Bound | None:
        node = fields.get(key)
        text = None if node is None else scalar_text(node)
        if node is None or text is None:
            if node is not None:
                self._findings.error(fields.place(key), f"{key!r} must be a bound such as '< 50ms', not {node.kind}")
            return None
        try:
            return bound_on(metric, text)
        except ValueError as error:
            self._findings.error(fields.place(key), f"{key!r} of {metric}: {error}")
            return None

    def _is_metric(self, metric: str, where: Where) -> bool:
        if names.may_exist(metric, own=self._custom):
            return True
        near = names.nearest(metric)
        self._findings.error(where, f"unknown metric {metric!r}", f"did you mean {near!r}?" if near else "")
        return False
