from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.report.summaries import a_measured_summary, a_plan, a_snapshot, a_summary
from wavetank.errors import WavetankError
from wavetank.execution.judge import Judge
from wavetank.execution.result import Exit
from wavetank.execution.result import Result as RunResult
from wavetank.library.result import Result
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary, Trust
from wavetank.metrics.thresholds import threshold_of
from wavetank.report.json import summary_json


def a_result(summary: Summary | None = None, folder: Path | None = None) -> Result:
    return Result(
        RunResult(
            plan=a_plan(),
            summary=a_summary() if summary is None else summary,
            timeline=(a_snapshot(0, 1), a_snapshot(1, 2)),
            folder=folder,
            interrupted=False,
        )
    )


def with_own_metrics() -> Result:
    recorder = Recorder(0)
    recorder.samples("login").extend([3_000_000] * 4)
    recorder.counts["orders"] += 7
    return a_result(a_summary(recorder.take(0, 0, 10**9, {}, {})))


def test_it_says_what_summary_json_says() -> None:
    result = a_result()
    data = result.to_dict()
    assert data == json.loads(summary_json(a_summary()))
    for name in ("verdict", "complete", "started_at", "duration_s"):
        assert getattr(result, name) == data[name]
    assert result.trust == Trust()
    assert dict(result.counters) == data["counters"]
    assert result.rates == pytest.approx(data["rates"], abs=0.001)
    assert result.gauges == pytest.approx(data["gauges"], abs=0.001)
    assert result.derived == pytest.approx(data["derived"], abs=0.001)
    assert [(error.kind, error.count, error.example) for error in result.errors] == [
        (error["kind"], error["count"], error["example"]) for error in data["errors"]
    ]
    assert [threshold.to_dict() for threshold in result.thresholds] == data["thresholds"]
    assert [worker.to_dict() for worker in result.workers] == data["workers"]
    assert result.histograms.keys() == data["histograms"].keys()
    for name, figures in result.histograms.items():
        for figure, value in data["histograms"][name].items():
            assert getattr(figures, figure) == pytest.approx(value, abs=0.0001)


def test_the_shortcuts_are_response_times_of_all_messages_in_milliseconds() -> None:
    result = a_result()
    assert (result.p50, result.p90) == pytest.approx((1, 1), rel=0.001)
    assert (result.p95, result.p99) == pytest.approx((10, 10), rel=0.001)
    assert result.p99 == result.value("websocket.response_time.p99")


def test_any_metric_can_be_asked_for_with_any_quantile() -> None:
    result = a_result()
    assert result.value("websocket.response_time.agent_message.p99.9") == pytest.approx(45, rel=0.001)
    assert result.value("websocket.response_time.agent_message.count") == 98
    assert result.value("vusers.failed") == 8
    assert result.value("websocket.messages_sent.nobody") == 0
    assert result.value("vusers.active") == 50
    assert result.value("websocket.connect_success") == pytest.approx(99.8)
    own = with_own_metrics()
    assert own.value("login.p95") == pytest.approx(3, rel=0.001)
    assert own.value("orders") == 7


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("websocket.reponse_time.p95", "websocket.response_time.p95"),
        ("websocket.response_time", "websocket.response_time.p95"),
        ("vusers.complete", "vusers.completed"),
        ("login", "login.p95"),
        ("logn.p99", "login.p99"),
        ("ordrs", "orders"),
    ],
)
def test_a_metric_that_the_run_has_not_got_is_told_with_the_nearest(metric: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"no metric {metric!r} (did you mean {meant!r}?)")):
        with_own_metrics().value(metric)


def test_where_nothing_was_measured_a_sentence_says_why() -> None:
    recorder = Recorder(0)
    recorder.counts.update({"vusers.created": 5, "vusers.failed": 5, "websocket.connects": 5})
    for _ in range(5):
        recorder.error("connect_refused", "127.0.0.1:1 refused the connection")
    result = a_result(a_summary(recorder.take(0, 0, 10**9, {}, {})))
    why = "0 of 5 users completed, 0 messages were sent, and there were errors, connect_refused 5 times, such as"
    with pytest.raises(WavetankError, match=f"there is no p95 of the response time, because no reply came: {why}"):
        _ = result.p95
    with pytest.raises(WavetankError, match=r"nothing was measured as websocket\.connect_time\.p50"):
        result.value("websocket.connect_time.p50")
    with pytest.raises(WavetankError, match=r"did you mean 'websocket.response_time.agent_message.p95'"):
        a_result().value("websocket.response_time.agnt_message.p95")


def test_figures_of_a_histogram_have_any_quantile_too() -> None:
    figures = a_result().histograms["websocket.response_time.agent_message"]
    assert figures.quantile(0.999) == pytest.approx(45, rel=0.001)
    assert figures.value("p99.9") == figures.quantile(0.999)
    assert figures.value("count") == figures.count == 98
    with pytest.raises(ValueError, match="give 0 to 1"):
        figures.quantile(95)
    with pytest.raises(ValueError, match="'p' is no figure"):
        figures.value("p")


def test_the_measured_part_its_phases_and_the_whole_run_have_their_own_figures() -> None:
    result = a_result(a_measured_summary())
    assert result.counters["vusers.created"] == 1000
    assert result.whole.counters["vusers.created"] == 3000
    assert [(phase.name, phase.from_s, phase.to_s) for phase in result.phases] == [
        ("Warm-up", 0, 10),
        ("Steady", 10, 20),
        ("after the last phase", 20, 25),
    ]
    assert result.phases[1].p95 == result.p95
    assert result.phases[1].counters["vusers.created"] == 1000
    assert result.phases[2].value("vusers.arrival_rate") == 200
    assert result.phases[0].histograms["websocket.connect_time"].count == 998
    assert result.phases[0].errors == {"connect_timeout": 2, "http_403": 1}


def test_it_is_short_where_an_assertion_shows_it() -> None:
    assert str(a_result()) == "ok, 1,000 users, 1,096 replies, p50 1.00 ms, p95 10.00 ms, p99 10.00 ms, 3 errors"
    assert repr(a_result()) == f"<Result: {a_result()}>"
    nothing = a_result(a_summary(Snapshot(), trust=Trust(ok=False, reasons=("late",))))
    assert str(nothing) == "ok, not to be trusted, 0 users, 0 replies"


def test_the_explanation_names_the_run_folder(tmp_path: Path) -> None:
    assert a_result(folder=tmp_path).explain().endswith(f"\nEverything about this run is in {tmp_path}")
    assert "folder" not in a_result().explain()


def test_the_exit_code_is_that_of_the_command_line() -> None:
    assert a_result().exit_code is Exit.OK
    judge = Judge(name="strict", thresholds=(threshold_of("websocket.connects > 5000"),))
    summary = judge.summary([a_snapshot()], started_at="2026-01-02T03:04:05Z", complete=True)
    assert a_result(summary).exit_code is Exit.CRITICAL


def test_the_timeline_is_made_of_the_snapshots() -> None:
    assert a_result().timeline.users_created.tolist() == [1000, 1000]
