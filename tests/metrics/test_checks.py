"""Checks: counted by name, added up exactly, and told as rates that thresholds can be put on."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.checks import CheckCount, check_counts
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary, summarise
from wavetank.metrics.thresholds import Condition, threshold_of
from wavetank.metrics.values import Values

SECOND = 10**9
results = st.lists(st.tuples(st.sampled_from(["has token", "is fast", "p95", "a.b", "passed"]), st.booleans()))


def snapshot(checks: list[tuple[str, bool]], worker: int = 0) -> Snapshot:
    recorder = Recorder(0)
    for name, passed in checks:
        recorder.check(name, passed)
    return recorder.take(worker, 0, SECOND, {}, {})


def summary(*checks: tuple[str, bool], **more: object) -> Summary:
    return summarise(snapshot(list(checks)), started_at="2026-01-02T03:04:05Z", complete=True, **more)  # type: ignore[arg-type]  # thresholds and conditions


@given(results, st.integers(1, 5))
def test_the_checks_of_all_workers_add_up_to_those_of_one(checks: list[tuple[str, bool]], workers: int) -> None:
    single = snapshot(checks)
    shares = [snapshot(checks[worker::workers], worker) for worker in range(workers)]
    # A snapshot goes over the wire before it is added.
    shares = [Snapshot.from_dict(orjson.loads(orjson.dumps(share.to_dict()))) for share in shares]
    together = Snapshot.total(shares)

    assert together.counters == single.counters
    assert check_counts(together.counters) == check_counts(single.counters)
    metrics = ["checks.pass_rate", *(f"checks.{name}.pass_rate" for name, _ in checks)]
    assert [Values(together).value(metric) for metric in metrics] == [
        Values(single).value(metric) for metric in metrics
    ]


@given(results)
def test_rates_are_those_of_the_counts(checks: list[tuple[str, bool]]) -> None:
    values = Values(snapshot(checks))
    for name in {name for name, _ in checks}:
        outcomes = [passed for each, passed in checks if each == name]
        assert values.value(f"checks.{name}.passed") == sum(outcomes)
        assert values.value(f"checks.{name}.failed") == len(outcomes) - sum(outcomes)
        assert values.value(f"checks.{name}.pass_rate") == 100 * sum(outcomes) / len(outcomes)
    passed = [passed for _, passed in checks]
    assert values.value("checks.pass_rate") == (100 * sum(passed) / len(passed) if passed else None)


def test_of_what_was_never_checked_there_are_counts_and_no_rate() -> None:
    values = Values(snapshot([("a", True)]))
    assert values.value("checks.b.passed") == values.value("checks.b.failed") == 0
    assert values.value("checks.b.pass_rate") is None


def test_names_are_made_safe_and_bounded() -> None:
    counters = snapshot([(f"check {number}", number % 2 == 0) for number in range(300)]).counters
    counts = check_counts(counters)
    assert len(counts) == 100
    assert counts["check_0"] == CheckCount(passed=1)
    assert counts["other"] == CheckCount(passed=100, failed=101)
    [long] = check_counts(snapshot([("x" * 1000, True)]).counters)
    assert len(long) == 64


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_a_check_without_a_name_is_refused_with_a_sentence(name: str) -> None:
    recorder = Recorder(0)
    with pytest.raises(ValueError, match="a check needs a name"):
        recorder.check(name, True)
    assert not recorder.counts


def test_a_metric_of_the_scripts_own_cannot_pass_for_a_check() -> None:
    for name in ("checks.has_token.passed", "checks.has_token.pass_rate", "checks.pass_rate"):
        with pytest.raises(ValueError, match="of Wavetank itself"):
            Recorder(0).custom("counter", name, 1)


def test_summary_json_has_the_rate_of_each_check() -> None:
    derived = summary(("has token", True), ("has token", True), ("has token", False), ("fast", True)).to_dict()[
        "derived"
    ]
    assert derived == {
        "checks.pass_rate": 75.0,
        "checks.fast.pass_rate": 100.0,
        "checks.has_token.pass_rate": 66.6667,
    }
    assert summary().to_dict()["derived"] == {}


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ("checks.pass_rate >= 50%", "ok"),
        ("checks.pass_rate >= 99%", "critical"),
        ("checks.has token.pass_rate >= 99", "critical"),
        ("checks.has_token.failed < 1", "critical"),
        ("checks.fast.pass_rate >= 100%", "ok"),
        ("checks.never.pass_rate >= 0%", "critical"),
    ],
)
def test_thresholds_are_put_on_checks(bound: str, verdict: str) -> None:
    checked = (("has token", True), ("has token", False), ("fast", True))
    assert summary(*checked, thresholds=[threshold_of(bound)]).verdict == verdict


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("checks.pass_rate > 66 and checks.has-token.passed == 1", "ok"),
        ("'checks.is fast.pass_rate' == 100", "ok"),
        ("checks.has-token.pass_rate-checks.pass_rate > 0", "critical"),
    ],
)
def test_expressions_name_checks(expression: str, verdict: str) -> None:
    checked = (("has-token", True), ("has-token", False), ("is fast", True))
    assert summary(*checked, conditions=[Condition(expression)]).verdict == verdict
