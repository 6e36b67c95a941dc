from __future__ import annotations

import pytest

from wavetank.execution.abort import AbortWatch
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.thresholds import Bound, Threshold
from wavetank.metrics.values import Values
from wavetank.plan.model import Plan

P95 = "websocket.response_time.p95"


def values(response_ms: float | None = None, **counters: int) -> Values:
    histograms = {} if response_ms is None else {"websocket.response_time": Histogram.of([round(response_ms * 1e6)])}
    named = {name.replace("__", "."): count for name, count in counters.items()}
    return Values(Snapshot(end_ns=10**9, counters=named, histograms=histograms))


def watch(*thresholds: Threshold, planned: dict[str, float] | None = None) -> AbortWatch:
    plan = Plan(name="p", target="ws://localhost", phases=(), scenarios=(), thresholds=thresholds)
    return AbortWatch(plan, planned or {})


def test_a_critical_threshold_ends_the_run_and_says_why() -> None:
    slow = Threshold(P95, Bound("<", 50), critical=Bound(">", 200), abort=True)
    assert watch(slow).reason(values(812.4), 31.0) == f"{P95} was 812 ms after 00:31, critical is > 200"


@pytest.mark.parametrize(
    ("threshold", "value", "sentence"),
    [
        (Threshold(P95, Bound("<", 0.5), abort=True), values(0.75), f"{P95} was 0.75 ms after 61:01, target is < 0.5"),
        (
            Threshold("error_rate", Bound("<", 1), abort=True),
            values(websocket__connects=3, websocket__connect_failed=1),
            "error_rate was 33.333 % after 61:01, target is < 1",
        ),
        (
            Threshold("vusers.failed", Bound("<", 1), abort=True),
            values(vusers__failed=1234),
            "vusers.failed was 1234 after 61:01, target is < 1",
        ),
    ],
)
def test_the_sentence_has_the_unit_of_the_metric(threshold: Threshold, value: Values, sentence: str) -> None:
    assert watch(threshold).reason(value, 3661.7) == sentence


@pytest.mark.parametrize(
    "threshold",
    [
        Threshold(P95, Bound("<", 50), critical=Bound(">", 200)),
        Threshold(P95, Bound("<", 50), critical=Bound(">", 200), abort=True, after_s=5),
        Threshold(P95, Bound("<", 50), critical=Bound(">", 2000), abort=True),
        Threshold("websocket.connect_time.p95", Bound("<", 50), abort=True),
        Threshold("websocket.send_rate", Bound(">", 50), abort=True, only_if_planned=True),
    ],
    ids=["without abort", "too early", "a warning only", "nothing measured", "never asked for"],
)
def test_the_run_goes_on(threshold: Threshold) -> None:
    assert watch(threshold).reason(values(812), 4.9) == ""


def test_it_is_judged_once_a_second_from_its_instant_on() -> None:
    judging = watch(Threshold(P95, Bound("<", 5000), abort=True, after_s=2.5))
    due = []
    for tenth in range(60):
        if judging.is_due(tenth / 10):
            due.append(tenth / 10)
            assert judging.reason(values(1), tenth / 10) == ""
    assert due == [2.5, 3.0, 4.0, 5.0]


def test_a_plan_without_such_thresholds_is_never_judged() -> None:
    assert not watch(Threshold(P95, Bound("<", 1))).is_due(100)


def test_users_under_way_do_not_count_as_failed() -> None:
    nobody_yet = values(vusers__created=100)
    assert nobody_yet.value("vusers.error_rate") is None
    some = values(vusers__created=100, vusers__completed=3, vusers__failed=1)
    assert some.value("vusers.error_rate") == 25
