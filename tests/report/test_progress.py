from __future__ import annotations

from tests.report.summaries import MS, SECOND, a_plan, a_population, a_snapshot
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.phases import Count, Pause, Ramp
from wavetank.report.progress import Progress, brief, line


def an_interval(start_s: float, end_s: float, *, sent: int, response_ms: float, active: int = 5) -> Snapshot:
    recorder = Recorder(0)
    series = recorder.series("ping")
    series.sent = sent
    recorder.counts["websocket.messages_sent"] = sent
    series.response_ns.extend([round(response_ms * MS)] * sent)
    return recorder.take(0, round(start_s * SECOND), round(end_s * SECOND), {"vusers.active": active}, {})


def test_a_line_tells_where_the_run_stands() -> None:
    snapshot = a_snapshot(0, 5)
    assert line(Progress(a_plan(headline="agent_message")).add(snapshot, snapshot)) == (
        "00:05  phase Warm-up 1/2  users 50 active, 1,000 started  open 49  sent 222/s  replies 219/s  "
        "p50 10.0 ms  p95 25.0 ms  p99 45.0 ms  errors 3 (Connection timeout 2, HTTP 403 1)"
    )


def test_rates_and_times_are_those_of_the_last_five_seconds() -> None:
    progress = Progress(a_plan())
    total = Snapshot()
    for second in range(10):
        interval = an_interval(second, second + 1, sent=10 if second < 5 else 100, response_ms=9 if second < 5 else 1)
        total += interval
        moment = progress.add(interval, total)
    assert moment.sent_rate == 100
    assert moment.reply_rate == 100
    assert moment.p99 == 1


def test_snapshots_of_several_workers_in_the_same_second_add_up() -> None:
    progress = Progress(a_plan())
    one, two = an_interval(0, 1, sent=10, response_ms=1), an_interval(0, 1, sent=30, response_ms=1)
    progress.add(one, one)
    assert progress.add(two, one + two).sent_rate == 40


def test_the_goal_is_that_of_the_phase_and_its_instant() -> None:
    phases = (
        Ramp(name="Up", duration_s=10, start_rate=0, end_rate=100),
        Count(name="Burst", duration_s=0, count=50),
        Pause(name="Rest", duration_s=10),
        a_population(),
        Count(name="Batch", duration_s=10, count=30),
    )
    progress = Progress(a_plan(*phases))
    assert progress.planned_s == 40
    goals = {}
    for second in (5, 10, 25, 35):
        interval = an_interval(second - 1, second, sent=1, response_ms=1)
        moment = progress.add(interval, interval)
        goals[moment.stage] = moment.goal
    assert goals == {
        "phase Up 1/5": "50 users/s",
        "phase Rest 3/5": "nobody arrives",
        "phase Steady 4/5": "20 users at once",
        "phase Batch 5/5": "3.0 users/s",
    }


def test_beyond_the_last_phase_the_run_waits_for_its_users() -> None:
    progress = Progress(a_plan())
    stages = []
    for second, active in ((15, 12), (16, 1), (17, 0)):
        interval = an_interval(second - 1, second, sent=0, response_ms=1, active=active)
        stages.append(progress.add(interval, interval).stage)
    assert stages == ["waiting for 12 users to end", "waiting for 1 user to end", "all users have ended"]


def test_only_the_most_frequent_errors_are_named() -> None:
    recorder = Recorder(0)
    for count, kind in enumerate(("dns_failed", "tls_failed", "reply_timeout", "connect_refused"), start=1):
        for _ in range(count):
            recorder.error(kind, "")
    snapshot = recorder.take(0, 0, SECOND, {}, {})
    moment = Progress(a_plan()).add(snapshot, snapshot)
    assert moment.error_count == 10
    assert moment.top_errors == "Connection refused 4, Reply timeout 3, TLS failed 2, ..."


def test_a_generator_in_trouble_is_told_while_it_lasts_and_a_little_longer() -> None:
    progress = Progress(a_plan())
    told = []
    for second in range(8):
        recorder = Recorder(0)
        lag_ms = 300 if second == 1 else 0
        recorder.samples("generator.loop_lag").extend([lag_ms * MS] * 100)
        recorder.samples("generator.stall").extend([lag_ms * MS] * 100)
        interval = recorder.take(0, second * SECOND, (second + 1) * SECOND, {}, {"cpu_percent": 5.0})
        told.append(line(progress.add(interval, interval)).partition("  generator: ")[2])
    assert told == ["", *["worker 0 stood still for up to 300 ms: a call blocks it"] * 5, "", ""]


def test_an_empty_first_snapshot_divides_by_nothing() -> None:
    text = line(Progress(a_plan()).add(Snapshot(), Snapshot()))
    assert text.startswith("00:00  phase Warm-up 1/2  users 0 active, 0 started  open 0  sent 0/s")
    assert "p50 n/a" in text
    assert text.endswith("errors 0")


def test_a_glance_takes_in_few_digits() -> None:
    assert [brief(value) for value in (None, 0.0421, 1.234, 99.94, 1234.5, 12345.0)] == [
        "n/a",
        "0.042 ms",
        "1.2 ms",
        "99.9 ms",
        "1,234 ms",
        "12,345 ms",
    ]
