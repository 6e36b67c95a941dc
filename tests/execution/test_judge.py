from __future__ import annotations

import math
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.summaries import a_plan, a_snapshot
from wavetank.errors import Where
from wavetank.execution.folder.masking import masked
from wavetank.execution.judge import Judge
from wavetank.metrics.loss import Loss
from wavetank.metrics.stretches import Measured, Stretch
from wavetank.metrics.thresholds import Bound, Condition, Threshold
from wavetank.plan.measure import Measure
from wavetank.plan.phases import Rate

START = "2026-01-02T03:04:05Z"
TWO_PHASES = (Rate(name="Warm-up", duration_s=10, rate=100), Rate(name="Steady", duration_s=10, rate=100))
SLOW = Threshold("websocket.response_time.p95", Bound("<", 0.5), critical=Bound(">", 5), where=Where("script.yml", 9))

_texts = st.text(st.characters(exclude_categories=["Cs"]))
_numbers = st.floats(allow_nan=False)
_ns = st.integers(0, 2**62)
_places = st.none() | st.builds(Where, _texts, st.integers(0, 10**6))
_bounds = st.builds(Bound, st.sampled_from(["<", "<=", ">", ">="]), _numbers)
_thresholds = st.builds(
    Threshold,
    _texts,
    _bounds,
    warning=st.none() | _bounds,
    critical=st.none() | _bounds,
    where=_places,
    only_if_planned=st.booleans(),
    abort=st.booleans(),
    after_s=_numbers,
)
_conditions = st.builds(Condition, st.sampled_from(["1 < 2", "vusers.failed == 0"]), st.booleans(), _places)
_stretches = st.builds(Stretch, _texts, _ns, st.none() | _ns, st.integers(0, 9))
_judges = st.builds(
    Judge,
    name=_texts,
    headline=st.none() | _texts,
    thresholds=st.lists(_thresholds, max_size=3).map(tuple),
    conditions=st.lists(_conditions, max_size=3).map(tuple),
    overall=st.lists(_thresholds, max_size=2).map(tuple),
    planned=st.dictionaries(_texts, _numbers, max_size=2),
    measured=st.none()
    | st.builds(Measured, st.lists(_stretches, max_size=2).map(tuple), st.lists(_texts, max_size=2).map(tuple)),
    stretches=st.lists(_stretches, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(judge=_judges)
def test_what_was_written_as_json_is_the_same_judge_again(judge: Judge) -> None:
    assert Judge.from_dict(orjson.loads(orjson.dumps(judge.to_dict()))) == judge


def test_the_judge_of_a_plan_judges_the_same_after_it_was_written_and_masked() -> None:
    plan = replace(
        a_plan(*TWO_PHASES, headline="agent_message"),
        thresholds=(SLOW,),
        conditions=(Condition("websocket.connects > 1 and websocket.response_time.p99 < 0.5", strict=False),),
        measure=Measure(phases=("Steady",)),
    )
    judge = Judge.of(plan)
    again = Judge.from_dict(orjson.loads(orjson.dumps(masked(judge.to_dict()))))
    assert again == judge
    timeline = [a_snapshot(0, 10), a_snapshot(10, 20), a_snapshot(20, 25)]
    summary = judge.summary(timeline, started_at=START, complete=True)
    assert again.summary(timeline, started_at=START, complete=True).to_dict() == summary.to_dict()
    assert summary.counters["vusers.created"] == 1000
    assert summary.overall.counters["vusers.created"] == 3000
    assert [phase.name for phase in summary.phases] == ["Warm-up", "Steady", "after the last phase"]
    assert [(result.metric, result.verdict) for result in summary.thresholds] == [
        ("websocket.response_time.p95", "critical"),
        ("websocket.connects > 1 and websocket.response_time.p99 < 0.5", "warning"),
        ("vusers.error_rate", "warning"),
    ]


@pytest.mark.parametrize("missing", ["name", "thresholds", "planned", "measured", "stretches", "overall"])
def test_what_is_no_judge_is_told(missing: str) -> None:
    data = Judge.of(a_plan()).to_dict()
    del data[missing]
    with pytest.raises(ValueError, match="not what a run is judged by"):
        Judge.from_dict(data)


def test_an_endless_bound_and_a_strange_operator() -> None:
    judge = Judge(name="p", thresholds=(Threshold("m", Bound("<", math.inf)),))
    data = orjson.loads(orjson.dumps(judge.to_dict()))
    assert Judge.from_dict(data) == judge
    data["thresholds"][0]["target"][0] = "~"
    with pytest.raises(ValueError, match="'~' is no operator"):
        Judge.from_dict(data)


def test_a_gauge_is_the_highest_sum_over_the_workers() -> None:
    timeline = [a_snapshot(0, 1, worker=0), a_snapshot(0, 1, worker=1), a_snapshot(1, 2, worker=0)]
    summary = Judge(name="p").summary(timeline, started_at=START, complete=True)
    assert summary.gauges["websocket.open"] == 98
    assert (summary.duration_s, summary.counters["vusers.created"]) == (2.0, 3000)
    assert summary.phases == ()


def test_a_run_that_lost_a_worker_is_neither_complete_nor_to_be_trusted() -> None:
    loss = Loss(1, 2, 12_300_000_000, "its process was killed")
    summary = Judge(name="p").summary([a_snapshot()], started_at=START, complete=True, lost=[loss])
    assert (summary.complete, summary.trust.ok, summary.verdict) == (False, False, "warning")
    assert summary.trust.reasons[0].startswith("worker 1 of 2 was lost after 00:12")
    assert "half of the users is missing from then on" in summary.trust.reasons[0]
    assert summary.to_dict()["lost"] == [
        {"worker": 1, "of": 2, "last_ns": 12_300_000_000, "reason": "its process was killed"}
    ]


def test_a_run_that_measured_nothing_has_a_summary() -> None:
    summary = Judge.of(a_plan()).summary([], started_at=START, complete=False)
    assert (summary.duration_s, summary.complete, summary.phases) == (0.0, False, ())
