"""Whether a run is to end early, because a threshold with `abort` is critical."""

from __future__ import annotations

from collections.abc import Mapping

from wavetank.metrics.names import unit_of
from wavetank.metrics.thresholds import ThresholdResult, judge
from wavetank.metrics.values import Values
from wavetank.plan.model import Plan

_EVERY_S = 1.0


class AbortWatch:
    """Judges the thresholds that may end a run, once a second, against the figures so far.

    One that nothing was measured for yet ends no run: at its beginning that is so for each of them.
    """

    def __init__(self, plan: Plan, planned: Mapping[str, float]) -> None:
        """`planned` is how much of a metric the plan asks for, as in `thresholds.judge`."""
        self._thresholds = [threshold for threshold in plan.thresholds if threshold.abort]
        self._planned = planned
        self._next_s = _EVERY_S

    def is_due(self, elapsed_s: float) -> bool:
        """Whether there is something to judge, so many seconds after the run's start."""
        return elapsed_s >= self._next_s and any(elapsed_s >= each.after_s for each in self._thresholds)

    def reason(self, values: Values, elapsed_s: float) -> str:
        """Why the run is to end, as a sentence without its end; empty if it is to go on."""
        # Of several snapshots in one second, the first is judged.
        self._next_s = elapsed_s // _EVERY_S * _EVERY_S + _EVERY_S
        for threshold in self._thresholds:
            if elapsed_s < threshold.after_s:
                continue
            (result,) = judge(values.value, [threshold], (), self._planned)
            if result.verdict == "critical" and result.value is not None:
                return _sentence(result, elapsed_s)
        return ""


def _sentence(result: ThresholdResult, elapsed_s: float) -> str:
    assert result.value is not None
    unit = unit_of(result.metric)
    space = " " if unit in ("ms", "%") else ""
    minutes, seconds = divmod(int(elapsed_s), 60)
    bound = f"target is {result.target}" if result.critical is None else f"critical is {result.critical}"
    value = f"{result.value:.3f}".rstrip("0").rstrip(".") if abs(result.value) < 100 else f"{result.value:.0f}"
    return f"{result.metric} was {value}{space}{unit} after {minutes:02}:{seconds:02}, {bound}"
