from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.summaries import MS, SECOND, a_plan, a_snapshot, a_summary
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import ErrorCount, Snapshot
from wavetank.metrics.summary import Trust
from wavetank.metrics.targets import YMERA_TARGETS
from wavetank.metrics.thresholds import Bound, Condition, Threshold
from wavetank.plan.outline import Outline
from wavetank.report.text import details, results_block

GOLDEN = """\
========================================
WEBSOCKET STRESS TEST RESULTS
========================================
Duration: 10.00s
Connections attempted: 1000
Connections successful: 998
Connections failed: 2
Success rate: 99.80%
Messages sent: 100
Messages received: 98
Messages/sec: 392.00

Latency Statistics:
  Average: 11.17ms
  P50: 10ms
  P95: 24.99ms
  P99: 45ms

Errors encountered:
  Connection timeout: 2
  HTTP 403: 1
========================================"""

EMPTY = """\
========================================
WEBSOCKET STRESS TEST RESULTS
========================================
Duration: 0.00s
Connections attempted: 0
Connections successful: 0
Connections failed: 0
Success rate: n/a
Messages sent: 0
Messages received: 0
Messages/sec: 0.00

Latency Statistics:
  Average: n/a
  P50: n/a
  P95: n/a
  P99: n/a
========================================"""


def test_the_results_block_is_the_one_that_tools_parse() -> None:
    assert results_block(a_summary()) == GOLDEN


def test_an_empty_run_prints_a_whole_block_without_an_error_part() -> None:
    assert results_block(a_summary(Snapshot(), headline=None)) == EMPTY
    assert results_block(a_summary(Snapshot())) == EMPTY


def test_without_a_headline_the_block_is_about_all_messages() -> None:
    block = results_block(a_summary(headline=None))
    assert "Messages sent: 1108\nMessages received: 1096\n" in block
    assert "P50: 1ms" in block


def test_a_headline_is_found_under_its_safe_name() -> None:
    recorder = Recorder(0)
    series = recorder.series("agent message")
    series.sent = 3
    series.response_ns.extend([5 * MS, 5 * MS])
    block = results_block(a_summary(recorder.take(0, 0, SECOND, {}, {}), headline="agent message"))
    assert "Messages sent: 3\nMessages received: 2\n" in block
    assert "  P99: 5ms" in block


@pytest.mark.parametrize(("nanoseconds", "text"), [(42_125, "0.042ms"), (999, "0.001ms"), (1_234_560_000, "1234.56ms")])
def test_latencies_of_the_block_are_plain_numbers_of_any_size(nanoseconds: int, text: str) -> None:
    recorder = Recorder(0)
    recorder.series("ping").response_ns.append(nanoseconds)
    assert f"  P50: {text}\n" in results_block(a_summary(recorder.take(0, 0, SECOND, {}, {}), headline=None))


def test_details_tell_users_messages_closes_and_errors() -> None:
    lines = details(a_summary(), Outline.of(a_plan())).splitlines()
    assert lines[0] == "ymera against ws://***@localhost:8000/ws: 2 phases over 00:15, seed 7"
    assert "  created 1,000   completed 990   failed 8   skipped 0   interrupted 2" in lines
    assert "  name            sent  replies  lost    p50    p95    p99    max  service p99" in lines
    assert "  agent_message    100       98     2  10.00  24.99  45.00  45.00         9.00" in lines
    assert "  (all)          1,108    1,096     2   1.00  10.00  10.00  45.00         9.00" in lines
    assert "  mean 2.00   p50 2.00   p95 2.00   p99 2.00   max 2.00" in lines
    assert "  code  meaning         closed  unexpected" in lines
    assert "  1000  normal closure     990           -" in lines
    assert "  1006  no close frame       3           3" in lines
    assert "  reasons given: going away (2)" in lines
    assert "  lifetime: median 1.40 s, longest 1.40 s" in lines
    assert "  Connection timeout (2): 127.0.0.1:8000 did not accept within 10 s" in lines
    assert "  orders placed  12" in lines
    assert lines[-1] == "Verdict: ok (no threshold was judged)"


def test_a_message_that_expects_no_reply_loses_none() -> None:
    text = details(a_summary(), Outline.of(a_plan()))
    assert "  hint              10        -     -      -      -      -      -            -\n" in text
    without_plan = details(a_summary())
    assert "  agent_message    100       98     -  10.00" in without_plan


def test_thresholds_come_with_value_bounds_and_reason() -> None:
    summary = a_summary(thresholds=YMERA_TARGETS, conditions=[Condition("websocket.connects > 5000")])
    lines = [" ".join(line.split()) for line in details(summary).splitlines()]
    assert "ok websocket.connect_success 99.8 % target > 99, critical < 95" in lines
    assert "warning error_rate 0.1898 % target < 0.1, critical > 5" in lines
    skipped = lines.index("skipped websocket.throughput 392/s target > 1000, critical < 500")
    assert lines[skipped + 1] == "the plan asks for less"
    missed = lines.index("critical websocket.connects > 5000")
    assert lines[missed + 1] == "websocket.connects is 1000"
    assert lines[-1] == "Verdict: critical (2 of 6 thresholds missed)"


def test_a_verdict_says_that_thresholds_hold() -> None:
    one = Threshold("websocket.response_time.p95", Bound("<", 50))
    assert details(a_summary(thresholds=[one])).endswith("Verdict: ok (the threshold holds)")
    assert details(a_summary(thresholds=[one, one])).endswith("Verdict: ok (all 2 thresholds hold)")


def test_a_generator_that_fell_behind_is_told_with_its_reasons() -> None:
    trust = Trust(ok=False, reasons=("worker 0 could not keep up",))
    text = details(a_summary(trust=trust, complete=False))
    assert "  NOT TO BE TRUSTED: the generator did not keep its promise" in text
    assert "  - worker 0 could not keep up\n" in text
    assert "The run is not complete" in text
    assert "  1 worker: the busiest used 34 % of a core, lateness p99 0.500 ms, loop lag p99 n/a\n" in text


def test_the_worst_that_the_generator_said_of_itself_is_told() -> None:
    recorder = Recorder(0)
    recorder.samples("generator.loop_lag").extend([MS] * 99 + [203 * MS])
    recorder.samples("generator.gc_pause").extend([2 * MS, 33 * MS])
    quiet = recorder.take(0, 0, SECOND, {}, {"cpu_percent": 20.0, "waited_percent": 0.0})
    busy = recorder.take(0, SECOND, 2 * SECOND, {}, {"cpu_percent": 57.0, "waited_percent": 43.0})
    lines = [" ".join(text.split()) for text in details(a_summary(quiet + busy)).splitlines()]
    worst = lines.index("at worst: 57 % of a core, 43 % of a second waiting for it, loop lag 203.0 ms; 2 pauses of the")
    assert lines[worst + 1] == "garbage collector, the longest 33.00 ms"


def test_details_of_an_empty_run_have_no_empty_sections() -> None:
    text = details(a_summary(Snapshot(), headline=None), Outline.of(a_plan()))
    assert "Users\n  created 0" in text
    for title in ("Messages", "Connect time", "Connections closed", "Errors", "Thresholds"):
        assert title not in text


def test_control_characters_never_reach_the_terminal() -> None:
    total = a_snapshot()
    total.errors["evil"] = ErrorCount(1, "\x1b[2J\r\nboo")
    text = details(a_summary(total), Outline.of(a_plan(name="\x1b[31mred")))
    assert "\x1b" not in text
    assert "\r" not in text


@given(
    st.text(min_size=1, max_size=300),
    st.integers(0, 99_999_999),
    st.integers(0, 9_999 * MS),
    st.text(max_size=600),
)
def test_details_are_never_wider_than_a_hundred_columns(name: str, sent: int, time_ns: int, example: str) -> None:
    recorder = Recorder(0)
    series = recorder.series(name)
    series.sent = sent
    series.response_ns.append(time_ns)
    series.service_ns.append(time_ns)
    recorder.counts["websocket.messages_sent"] = sent
    recorder.counts["websocket.replies_lost"] = sent
    recorder.error(name, example)
    recorder.custom("counter", f"own {name}", sent)
    condition = Condition(" + ".join(["websocket.connects"] * 40) + " > 1")
    summary = a_summary(
        recorder.take(0, 0, SECOND, {}, {}), conditions=[condition], trust=Trust(False, (example or "late",))
    )
    assert max(len(line) for line in details(summary, Outline.of(a_plan(name=name))).splitlines()) <= 100
