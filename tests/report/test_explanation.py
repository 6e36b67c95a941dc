from __future__ import annotations

from tests.report.summaries import a_snapshot, a_summary
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.metrics.summary import Trust
from wavetank.metrics.thresholds import Bound, Threshold, threshold_of
from wavetank.report.explanation import LINES, explanation
from wavetank.report.figures import WIDTH

TRACE = """Traceback (most recent call last):
  File "scenario.py", line 12, in agent
    token = answer["token"]
            ~~~~~~^^^^^^^^^
KeyError: 'token'"""


def with_errors(**errors: ErrorCount) -> Snapshot:
    total = a_snapshot()
    total.errors = errors
    return total


def test_a_run_that_holds_is_told_in_a_few_lines() -> None:
    total = with_errors()
    assert explanation(a_summary(total, thresholds=[threshold_of("vusers.created > 10")])).splitlines() == [
        "Verdict: ok",
        "Users: 1,000 created, 990 completed, 8 failed, 2 interrupted; 2 of 0 replies lost",
        "Response times (ms):",
        "  name           replies    p50    p90    p95    p99    max",
        "  subscribe          998   1.00   1.00   1.00   1.00   1.00",
        "  agent_message       98  10.00  10.00  24.99  45.00  45.00",
        "  (all)            1,096   1.00   1.00  10.00  10.00  45.00",
    ]


def test_missed_thresholds_come_with_their_values_the_critical_ones_first() -> None:
    nearly = Threshold("websocket.response_time.p95", Bound("<", 5), critical=Bound(">", 200))
    missed = [
        nearly,
        threshold_of("vusers.completed > 995"),
        threshold_of("login.p95 < 5ms"),
        threshold_of("error_rate < 5%"),
    ]
    lines = explanation(a_summary(thresholds=missed)).splitlines()
    assert lines[:5] == [
        "Verdict: critical (3 of 4 thresholds missed)",
        "Thresholds missed:",
        "  critical vusers.completed is 990, target > 995",
        "  critical login.p95: nothing was measured as login.p95",
        "  warning  websocket.response_time.p95 is 10.00 ms, target < 5, critical > 200",
    ]


def test_errors_come_with_an_example_and_the_traceback_of_what_is_a_mistake_in_code() -> None:
    total = with_errors(
        KeyError_agent=ErrorCount(7, "KeyError: 'token'", TRACE), connect_refused=ErrorCount(3, "127.0.0.1:1 refused")
    )
    text = explanation(a_summary(total))
    told = text[text.index("Errors:") :].splitlines()
    assert told[0:2] == ["Errors:", "  KeyError agent (7): KeyError: 'token'"]
    assert [line.strip() for line in told[2:7]] == [line.strip() for line in TRACE.splitlines()]
    assert told[7] == "  Connection refused (3): 127.0.0.1:1 refused"


def test_a_generator_that_did_not_keep_its_promise_is_told_with_the_reasons() -> None:
    trust = Trust(ok=False, reasons=("worker 0 was late " * 20, "second", "third", "fourth"))
    lines = explanation(a_summary(trust=trust)).splitlines()
    assert lines[-6] == "Not to be trusted: the generator did not keep its promise."
    assert lines[-3:] == ["  - second", "  - third", "  and 1 more reasons"]


def test_a_run_without_a_reply_says_so() -> None:
    assert "Response times: none, because no reply came" in explanation(a_summary(Snapshot(), complete=False))


def test_whatever_went_wrong_it_stays_short() -> None:
    recorder = Recorder(0)
    for number in range(50):
        series = recorder.series(f"message-{number}")
        series.response_ns.append(10**6)
        series.service_ns.append(10**6)
    total = recorder.take(0, 0, 10**9, {}, {})
    long_trace = "\n".join(f'  File "scenario.py", line {number}, in agent' for number in range(200))
    total.errors = {f"error_{number}": ErrorCount(1, "what it said " * 50, long_trace) for number in range(50)}
    summary = a_summary(
        total,
        thresholds=[threshold_of(f"websocket.response_time.message-{number}.p95 < 1us") for number in range(50)],
        trust=Trust(ok=False, reasons=tuple(f"reason {number} " * 100 for number in range(50))),
        complete=False,
    )
    lines = explanation(summary).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert "  and 44 more thresholds" in lines
    assert "  and 46 more kinds of errors" in lines
    # Where there is little room, the end of a traceback is kept: it says what happened.
    assert any("line 199" in line for line in lines)
