"""`ensure` and `targets`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.errors import Where
from wavetank.metrics.thresholds import Bound, Condition, Threshold

AT = Where("script.yml", 1)
SEND = {"send": "x"}


@pytest.mark.parametrize(
    ("ensure", "threshold"),
    [
        ({"thresholds": [{"vusers.failed": 1}]}, Threshold("vusers.failed", Bound("<", 1), where=AT)),
        (
            {"thresholds": [{"websocket.response_time.ping.p99": "50"}]},
            Threshold("websocket.response_time.ping.p99", Bound("<", 50), where=AT),
        ),
        ({"maxErrorRate": 1}, Threshold("vusers.error_rate", Bound("<=", 1), where=AT)),
        ({"p95": 200}, Threshold("websocket.response_time.p95", Bound("<=", 200), where=AT)),
        ({"median": 200}, Threshold("websocket.response_time.median", Bound("<=", 200), where=AT)),
    ],
)
@pytest.mark.parametrize("place", ["config", "plugins"])
def test_ensure_bounds_a_metric(read: Read, place: str, ensure: Any, threshold: Threshold) -> None:
    config = {"ensure": ensure} if place == "config" else {"plugins": {"ensure": ensure}}
    assert read(script_of(SEND, **config)).plan.thresholds == (threshold,)


def test_conditions_are_strict_unless_they_say_otherwise(read: Read) -> None:
    conditions = [
        {"expression": "vusers.failed == 0 and websocket.response_time.p95 < 100"},
        {"expression": "vusers.skipped < 5", "strict": False},
    ]
    assert read(script_of(SEND, ensure={"conditions": conditions})).plan.conditions == (
        Condition("vusers.failed == 0 and websocket.response_time.p95 < 100", where=AT),
        Condition("vusers.skipped < 5", strict=False, where=AT),
    )


def test_a_target_has_bounds_with_units(read: Read) -> None:
    targets = [
        {"metric": "websocket.response_time.p95", "target": "< 0.05s", "warning": "< 100ms", "critical": "> 200"},
        {"metric": "websocket.throughput", "target": "> 1000/s"},
        {"metric": "websocket.throughput", "target": "> 1000/s", "onlyIfPlanned": False},
    ]
    first, second, third = read(script_of(SEND, targets=targets)).plan.thresholds
    assert first == Threshold("websocket.response_time.p95", Bound("<", 50), Bound("<", 100), Bound(">", 200), where=AT)
    assert (second.only_if_planned, third.only_if_planned) == (True, False)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"ensure": {"thresholds": {"a": 1}}}, "'thresholds' of 'ensure' must be a list"),
        ({"ensure": {"thresholds": [5]}}, "a threshold must be a map of a metric and a number"),
        ({"ensure": {"thresholds": [{"vusers.failed": "few"}]}}, "the threshold of 'vusers.failed' must be a number"),
        (
            {"ensure": {"thresholds": [{"vuser.failed": 1}]}},
            "unknown metric 'vuser.failed' (did you mean 'vusers.failed'?)",
        ),
        (
            {"ensure": {"thresholds": [{"http.response_time.p99": 1}]}},
            "unknown metric 'http.response_time.p99' (did you mean 'websocket.response_time.p99'?)",
        ),
        (
            {"ensure": {"thresholds": [{"websocket.response_time": 1}]}},
            "unknown metric 'websocket.response_time' (did you mean 'websocket.response_time.p95'?)",
        ),
        ({"ensure": {"conditions": [{"expression": "a <"}]}}, "the expression 'a <' cannot be read"),
        ({"ensure": {"conditions": [{"expression": "vuser.failed < 1"}]}}, "did you mean 'vusers.failed'?"),
        ({"ensure": {"conditions": [{"strict": True}]}}, "the condition has no expression"),
        ({"ensure": {"conditions": ["vusers.failed < 1"]}}, "the condition must be a map"),
        ({"ensure": {"maxErorRate": 1}}, "unknown key 'maxErorRate' in 'ensure' (did you mean 'maxErrorRate'?)"),
        ({"plugins": {"ensure": {"p95": "x"}}}, "'p95' of 'ensure' must be a number"),
        ({"targets": {"a": 1}}, "'targets' of config must be a list"),
        ({"targets": [{"metric": "error_rate"}]}, "the target has no 'target'"),
        ({"targets": [{"target": "< 5"}]}, "the target has no 'metric'"),
        ({"targets": [{"metric": "error_rate", "target": 5}]}, "'target' of error_rate: '5' is not a bound"),
        ({"targets": [{"metric": "error_rate", "target": "< 5ms"}]}, "does not fit: this metric is measured in %"),
        (
            {"targets": [{"metric": "error_rate", "target": []}]},
            "'target' must be a bound such as '< 50ms', not a list",
        ),
        ({"targets": [{"metric": "eror_rate", "target": "< 5"}]}, "did you mean 'error_rate'?"),
    ],
)
def test_a_mistake_in_a_threshold_is_one_problem(problems: Problems, config: Any, problem: str) -> None:
    found = problems(script_of(SEND, **config))
    assert len(found) == 1, found
    assert problem in found[0]


def test_legacy_bounds_are_read_as_what_they_mean_with_a_warning(read: Read) -> None:
    warnings = read(script_of(SEND, ensure={"p95": 1})).warnings
    assert "http.response_time.p95, which fails here; it is read as websocket.response_time.p95" in warnings[0].message


def test_functions_may_count_what_we_do_not_know(read: Read, problems: Problems, folder: Path) -> None:
    (folder / "f.py").write_text("def f(context): ...\n", encoding="utf-8")
    own = {"thresholds": [{"orders.placed": 5}]}
    assert read(script_of({"function": "f"}, processor="f.py", ensure=own)).plan.thresholds[0].metric == "orders.placed"
    assert "unknown metric 'orders.placed'" in problems(script_of(SEND, ensure=own))[0]
    target = [{"metric": "login.p95", "target": "< 0.2s"}]
    assert read(script_of({"function": "f"}, processor="f.py", targets=target)).plan.thresholds[0].target.value == 200
    ours = {"thresholds": [{"vusers.faild": 5}]}
    assert "did you mean" in problems(script_of({"function": "f"}, processor="f.py", ensure=ours))[0]


def test_a_threshold_may_end_the_run(read: Read) -> None:
    targets = [
        {"metric": "error_rate", "target": "< 1", "abort": True, "after": "30s"},
        {"metric": "error_rate", "target": "< 1", "abort": True},
        {"metric": "error_rate", "target": "< 1", "abort": False, "after": "30s"},
    ]
    ensure = {"thresholds": [{"vusers.failed": 5, "vusers.skipped": 1, "abort": True, "after": 2}]}
    reading = read(script_of(SEND, targets=targets, ensure=ensure, phases=[{"duration": 60, "arrivalRate": 1}]))
    assert [(each.metric, each.abort, each.after_s) for each in reading.plan.thresholds] == [
        ("vusers.failed", True, 2),
        ("vusers.skipped", True, 2),
        ("error_rate", True, 30),
        ("error_rate", True, 0),
        ("error_rate", False, 30),
    ]
    assert "Artillery takes 'abort' for a metric; here it is ours" in [each.message for each in reading.warnings]


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"after": "30s"}, "'after' says from when on a threshold may end the run (add abort: true)"),
        ({"abort": "maybe"}, "'abort' of the target must be true or false, not the text 'maybe'"),
        ({"abort": True, "after": "later"}, "'after' of the target must be a duration"),
    ],
)
def test_what_ends_a_run_has_to_be_clear(problems: Problems, extra: dict[str, object], problem: str) -> None:
    (found,) = problems(script_of(SEND, targets=[{"metric": "error_rate", "target": "< 1", **extra}]))
    assert problem in found


def test_a_threshold_that_can_hardly_end_the_run_in_time_is_worth_a_look(read: Read) -> None:
    targets = [{"metric": "error_rate", "target": "< 1", "abort": True, "after": "2m"}]
    reading = read(script_of(SEND, targets=targets, phases=[{"duration": 60, "arrivalRate": 1}]))
    assert "'after' is 2m, and the last phase ends at 1m: the run may be over by then" in [
        each.message for each in reading.warnings
    ]
