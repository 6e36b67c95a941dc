from __future__ import annotations

import orjson

from wavetank.metrics.figures import FIGURES
from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.metrics.summary import Trust, WorkerSummary, summarise
from wavetank.metrics.thresholds import Bound, Condition, Threshold

MS = 1_000_000
SECOND = 10**9
START = "2026-01-02T03:04:05Z"
P95 = Threshold("websocket.response_time.p95", Bound("<", 50))


def a_run() -> Snapshot:
    recorder = Recorder(0)
    series = recorder.series("ping")
    series.sent += 4
    series.first_sent_ns, series.last_reply_ns = 1 * SECOND, 2 * SECOND
    series.response_ns.extend([10 * MS, 20 * MS, 30 * MS, 1_234_567])
    series.service_ns.extend([9 * MS] * 4)
    recorder.counts["websocket.messages_sent"] += 4
    recorder.counts["websocket.connects"] += 3
    recorder.counts["websocket.connect_failed"] += 1
    recorder.samples("generator.lateness").append(MS // 2)
    recorder.error("rare", "once")
    recorder.error("connect_refused", "nobody listens")
    recorder.error("connect_refused", "nobody listens")
    return recorder.take(0, 0, 4 * SECOND, {"websocket.open": 2}, {"cpu_percent": 34.04, "rss_mb": 120.04})


def test_summary_json_has_the_documented_form() -> None:
    summary = summarise(
        a_run(),
        started_at=START,
        complete=True,
        thresholds=[P95],
        conditions=[Condition("websocket.connects == 3")],
        peaks={"websocket.open": 9.0},
    )
    data = orjson.loads(orjson.dumps(summary.to_dict()))
    assert data["schema"] == 1
    assert (data["verdict"], data["trust"]) == ("ok", {"ok": True, "reasons": []})
    assert (data["started_at"], data["duration_s"], data["complete"]) == (START, 4.0, True)
    assert data["counters"]["websocket.messages_sent"] == 4
    assert data["counters"]["errors.connect_refused"] == 2
    assert data["counters"]["vusers.skipped"] == 0
    assert data["rates"]["websocket.send_rate"] == 1.0
    assert data["gauges"] == {"websocket.open": 9.0}
    assert data["derived"] == {
        "websocket.connect_success": 66.6667,
        "error_rate": 14.2857,
        "websocket.throughput": 4.0,
    }
    row = data["histograms"]["websocket.response_time"]
    assert tuple(row) == FIGURES
    assert (row["count"], row["min"], row["max"], row["mean"]) == (4, 1.2346, 30.0, 15.3086)
    assert data["thresholds"][0] == {
        "metric": "websocket.response_time.p95",
        "value": 30.0,
        "target": "< 50",
        "warning": None,
        "critical": None,
        "verdict": "ok",
    }
    assert data["thresholds"][1]["metric"] == "websocket.connects == 3"
    assert data["errors"] == [
        {"kind": "connect_refused", "count": 2, "example": "nobody listens"},
        {"kind": "rare", "count": 1, "example": "once"},
    ]
    assert data["workers"] == [
        {
            "index": 0,
            "cpu_percent": 34.0,
            "cpu_percent_max": 34.0,
            "waited_percent": 0.0,
            "waited_percent_max": None,
            "loop_lag_p99": None,
            "loop_lag_max": None,
            "stall_p99": None,
            "lateness_p99": 0.5,
            "gc_pauses": 0,
            "gc_pause_max": None,
            "peak_rss_mb": 120.0,
            "blocked": [],
        }
    ]


def test_a_mistake_is_told_with_its_traceback_and_a_worker_with_what_blocked_it() -> None:
    recorder = Recorder(0)
    recorder.error("KeyError at x.py:3", "f() raised KeyError: 'a'", lambda: "Traceback\nKeyError: 'a'\n")
    recorder.blocked("g() (x.py:7)", 60 * MS)
    recorder.blocked("f() (x.py:3)", 50 * MS)
    recorder.blocked("f() (x.py:3)", 120 * MS)
    data = summarise(recorder.take(0, 0, SECOND, {}, {}), started_at=START, complete=True).to_dict()
    assert data["errors"] == [
        {
            "kind": "KeyError at x.py:3",
            "count": 1,
            "example": "f() raised KeyError: 'a'",
            "traceback": "Traceback\nKeyError: 'a'",
        }
    ]
    assert data["workers"][0]["blocked"] == [
        {"place": "f() (x.py:3)", "count": 2, "total_ms": 170.0, "longest_ms": 120.0},
        {"place": "g() (x.py:7)", "count": 1, "total_ms": 60.0, "longest_ms": 60.0},
    ]


def test_a_traceback_that_was_taken_in_another_part_of_the_run_is_told_all_the_same() -> None:
    whole = summarise(Snapshot(errors={"a b": ErrorCount(2, "x", "t")}), started_at=START, complete=True)
    part = Snapshot(errors={"a b": ErrorCount(1, "x"), "c": ErrorCount(1, "y")})
    errors = summarise(part, started_at=START, complete=True, whole=whole).errors
    assert errors == {"a b": ErrorCount(1, "x", "t"), "c": ErrorCount(1, "y")}


def test_the_worst_threshold_is_the_verdict() -> None:
    conditions = [Condition("websocket.connects == 99", strict=False)]
    warned = summarise(a_run(), started_at=START, complete=True, thresholds=[P95], conditions=conditions)
    assert warned.verdict == "warning"
    missed = Threshold("websocket.response_time.p95", Bound("<", 5))
    failed = summarise(a_run(), started_at=START, complete=True, thresholds=[missed], conditions=conditions)
    assert failed.verdict == "critical"


def test_a_summary_answers_also_for_quantiles_that_it_does_not_list() -> None:
    summary = summarise(a_run(), started_at=START, complete=False, headline="ping")
    assert summary.value("websocket.response_time.ping.p99.99") == 30.0
    assert summary.value("websocket.throughput") == 4.0
    assert summary.complete is False


def test_distrust_is_told_with_its_reasons() -> None:
    trust = Trust(False, ("worker 0 was 900 ms late",))
    summary = summarise(a_run(), started_at=START, complete=True, trust=trust)
    assert summary.to_dict()["trust"] == {"ok": False, "reasons": ["worker 0 was 900 ms late"]}


def test_nothing_measured_makes_a_summary_all_the_same() -> None:
    data = summarise(Snapshot(), started_at=START, complete=False).to_dict()
    assert data["rates"] == data["derived"] == data["histograms"] == {}
    assert data["workers"] == data["errors"] == []
    assert data["duration_s"] == 0.0
    assert set(data["counters"].values()) == {0}


def test_each_worker_is_told_by_its_own_lateness() -> None:
    slow = Health(lateness=Histogram.of([900 * MS]), loop_lag=Histogram.of([3 * MS]), highest={"rss_mb": 5.0})
    total = Snapshot(errors={"a": ErrorCount(1, "x")}, workers={1: slow, 0: Health()})
    summary = summarise(total, started_at=START, complete=True)
    assert [worker.index for worker in summary.workers] == [0, 1]
    assert summary.workers[1] == WorkerSummary(
        index=1,
        cpu_percent=0.0,
        cpu_percent_max=None,
        waited_percent=0.0,
        waited_percent_max=None,
        loop_lag_p99=3.0,
        loop_lag_max=3.0,
        stall_p99=None,
        lateness_p99=900.0,
        gc_pauses=0,
        gc_pause_max=None,
        peak_rss_mb=5.0,
    )
