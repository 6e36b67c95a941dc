from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import Where
from wavetank.metrics.expressions import ExpressionError
from wavetank.metrics.thresholds import Bound, Condition, Threshold, ThresholdResult, judge, threshold_of, worst

WHERE = Where("script.yml", 7)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("< 50ms", Bound("<", 50)),
        (">= 99%", Bound(">=", 99)),
        ("> 1000/s", Bound(">", 1000)),
        ("<0.5s", Bound("<", 500)),
        ("  <=  250 us ", Bound("<=", 0.25)),
        ("<= 250µs", Bound("<=", 0.25)),
        ("< 500ns", Bound("<", 0.0005)),
        ("< 2min", Bound("<", 120_000)),
        ("< 1h", Bound("<", 3_600_000)),
        ("> 3", Bound(">", 3)),
        ("> -.5e1", Bound(">", -5)),
    ],
)
def test_bounds_are_read_with_their_units(text: str, bound: Bound) -> None:
    read = Bound.parse(text)
    assert read.op == bound.op
    assert read.value == pytest.approx(bound.value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "50", "< ", "< fast", "== 5", "<> 5", "< 5 ms ms", "< nan"])
def test_what_is_not_a_bound_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="'< 50ms'"):
        Bound.parse(text)


def test_an_unknown_unit_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown unit 'parsecs': use one of ns, us"):
        Bound.parse("< 5 parsecs")


def test_a_unit_has_to_fit_the_metric() -> None:
    assert Bound.parse("< 50ms", "ms") == Bound.parse("< 50", "ms")
    with pytest.raises(ValueError, match="measured in ms"):
        Bound.parse("< 50%", "ms")
    with pytest.raises(ValueError, match="has no unit"):
        Bound.parse("< 50ms", "")


@given(st.sampled_from(["<", "<=", ">", ">="]), st.integers(-(10**9), 10**9).map(lambda part: part / 1000))
def test_a_bound_reads_back_what_it_prints(operator: str, value: float) -> None:
    bound = Bound(operator, value)  # type: ignore[arg-type]  # drawn from the four operators
    assert Bound.parse(str(bound)) == bound


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("websocket.response_time.p95 < 50ms", Threshold("websocket.response_time.p95", Bound("<", 50))),
        ("  websocket.response_time.p99.9<=0.5s ", Threshold("websocket.response_time.p99.9", Bound("<=", 500))),
        ("checks.pass_rate >= 99%", Threshold("checks.pass_rate", Bound(">=", 99))),
        ("checks.has token.pass_rate > 99 %", Threshold("checks.has token.pass_rate", Bound(">", 99))),
        ("'vusers.created_by_name.a<b' > 3", Threshold("vusers.created_by_name.a<b", Bound(">", 3))),
        ('"orders" > 3', Threshold("orders", Bound(">", 3))),
        ("login.p95 < 0.2s", Threshold("login.p95", Bound("<", 200))),
        ("price.max < 200", Threshold("price.max", Bound("<", 200))),
    ],
)
def test_a_threshold_is_read_from_one_line(text: str, threshold: Threshold) -> None:
    assert threshold_of(text) == threshold


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a threshold: write a metric and a bound, such as 'websocket.response_time.p95 < 50ms'"),
        ("websocket.response_time.p95", "is not a threshold"),
        ("< 50ms", "is not a threshold"),
        ("websocket.response_time.p95 == 50", "is not a threshold"),
        ("websocket.response_time.p95 = 50", "is not a threshold"),
        ("websocket.response_time.p95 < fast", "websocket.response_time.p95: '< fast' is not a bound"),
        ("websocket.response_time.p95 < 50%", "'< 50%' does not fit: this metric is measured in ms"),
        ("vusers.failed < 1ms", "this metric has no unit"),
        ("login.p95 < 3 parsecs", "unknown unit 'parsecs'"),
        ("websocket.response_time < 50", r"did you mean 'websocket.response_time.p95'\?"),
        ("checks.has_token >= 99%", r"did you mean 'checks.has_token.pass_rate'\?"),
    ],
)
def test_what_is_no_threshold_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        threshold_of(text)


def read_or_refused(text: str) -> tuple[Threshold | None, str]:
    try:
        return threshold_of(text), ""
    except ValueError as error:
        return None, str(error)


@given(st.text(st.sampled_from("abw.<>=' 50ms%\"\n"), max_size=20))
def test_any_text_is_a_threshold_or_refused_with_an_explanation(text: str) -> None:
    threshold, refusal = read_or_refused(text)
    assert threshold is not None or refusal
    assert threshold is None or (threshold.metric and threshold.metric in text)


P95 = "websocket.response_time.p95"
LATENCY = Threshold(P95, target=Bound("<", 50), warning=Bound("<", 100), critical=Bound(">", 200), where=WHERE)


def result_of(threshold: Threshold, value: float | None, **planned: float) -> ThresholdResult:
    [result] = judge(lambda metric: value, [threshold], planned=planned)
    return result


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(49.9, "ok"), (50, "warning"), (99, "warning"), (150, "warning"), (200, "warning"), (200.1, "critical")],
)
def test_between_target_and_critical_lies_a_warning(value: float, verdict: str) -> None:
    assert result_of(LATENCY, value).verdict == verdict


def test_without_a_critical_bound_a_missed_target_is_critical() -> None:
    threshold = Threshold(P95, Bound("<", 50))
    assert result_of(threshold, 49).verdict == "ok"
    assert result_of(threshold, 50).verdict == "critical"


def test_a_threshold_on_nothing_measured_fails_and_says_so() -> None:
    result = result_of(LATENCY, None)
    assert result.verdict == "critical"
    assert result.reason == f"nothing was measured as {P95}"
    assert result.to_dict()["value"] is None


def test_a_result_reads_as_in_summary_json() -> None:
    result = result_of(LATENCY, 1.94321)
    assert result.where == WHERE
    assert result.to_dict() == {
        "metric": P95,
        "value": 1.9432,
        "target": "< 50",
        "warning": "< 100",
        "critical": "> 200",
        "verdict": "ok",
    }


def test_throughput_is_judged_only_where_the_plan_asks_for_at_least_that_rate() -> None:
    throughput = Threshold("rate", Bound(">", 1000), critical=Bound("<", 500), only_if_planned=True)
    assert result_of(throughput, 10).verdict == "skipped"
    less = result_of(throughput, 10, rate=20)
    assert (less.verdict, less.reason) == ("skipped", "the plan asks for 20 only")
    assert result_of(throughput, 10, rate=1000).verdict == "critical"
    assert result_of(throughput, 1001, rate=1000).verdict == "ok"
    assert worst([less]) == "ok"


def condition_result(condition: Condition, **values: float) -> ThresholdResult:
    [result] = judge(values.get, [], [condition])
    return result


def test_a_strict_condition_that_fails_is_critical_and_shows_the_values() -> None:
    condition = Condition("p95 < 50 and errors == 0", where=WHERE)
    assert condition_result(condition, p95=10, errors=0).verdict == "ok"
    failed = condition_result(condition, p95=60, errors=0)
    assert failed.verdict == "critical"
    assert failed.reason == "p95 is 60, errors is 0"
    assert failed.where == WHERE
    assert failed.to_dict()["metric"] == "p95 < 50 and errors == 0"


def test_a_condition_that_is_not_strict_warns_at_most() -> None:
    assert condition_result(Condition("p95 < 50", strict=False), p95=60).verdict == "warning"
    assert condition_result(Condition("p95 < 50", strict=False)).verdict == "warning"


def test_a_condition_on_nothing_measured_fails_even_if_another_part_of_it_would_hold() -> None:
    result = condition_result(Condition("p95 < 50 or other < 1"), p95=10)
    assert (result.verdict, result.reason) == ("critical", "nothing was measured as other")


def test_a_condition_without_a_result_fails_and_says_why() -> None:
    result = condition_result(Condition("a / b < 1"), a=1, b=0)
    assert (result.verdict, result.reason) == ("critical", "division by zero; a is 1, b is 0")


def test_a_condition_that_cannot_be_read_is_refused_when_it_is_made() -> None:
    with pytest.raises(ExpressionError, match="position 4"):
        Condition("a <  ")


def test_the_verdict_of_a_run_is_the_worst() -> None:
    warning = result_of(LATENCY, 60)
    critical = result_of(LATENCY, 600)
    fine = result_of(LATENCY, 6)
    assert worst([]) == "ok"
    assert worst([fine, warning]) == "warning"
    assert worst([warning, critical, fine]) == "critical"


def test_results_keep_the_order_thresholds_first() -> None:
    results = judge(lambda metric: 1.0, [LATENCY, Threshold("b", Bound("<", 2))], [Condition("c == 1")])
    assert [result.metric for result in results] == [P95, "b", "c == 1"]
