"""What the report says of pushes, and of the clocks that they were timed by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.report.summaries import MS, a_plan, a_summary
from wavetank.metrics.clock import ClockOffset
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.summary import Summary
from wavetank.plan.model import Plan
from wavetank.plan.outline import Outline
from wavetank.plan.pushes import PushRules
from wavetank.report.figures import WIDTH
from wavetank.report.pushes import push_lines
from wavetank.report.text import details


def summary(offset: ClockOffset | None = None, *, corrected: bool = False, **counts: int) -> Summary:
    recorder = Recorder(0)
    recorder.counts.update({f"push.{name}": count for name, count in counts.items()})
    recorder.clock_offset = offset
    recorder.samples("websocket.push_time").extend([2 * MS] * counts.get("received", 0))
    if corrected:
        recorder.samples("websocket.push_time.corrected").extend([7 * MS] * counts["received"])
    return a_summary(recorder.take(0, 0, 10**9, {}, {}))


def plan(**fields: Any) -> Plan:
    return replace(a_plan(), push=PushRules(matches=(), **fields))


def said(of: Summary, by: Plan | None = None) -> str:
    lines = push_lines(of, None if by is None else Outline.of(by))
    assert all(len(line) <= WIDTH for line in lines)
    return " ".join(line.strip() for line in lines)


def test_a_run_that_measures_no_pushes_says_nothing_of_them() -> None:
    assert push_lines(a_summary(), Outline.of(a_plan())) == []
    assert "\nPushes" not in details(a_summary(), Outline.of(a_plan()))


def test_what_came_and_what_did_not_is_told_with_its_times() -> None:
    of = summary(received=12_000, lost=3, duplicated=2, out_of_order=1)

    assert push_lines(of, Outline.of(plan())) == [
        "  received 12,000, lost 3, duplicated 2, out of order 1",
        "  push time (ms): p50 2.00   p95 2.00   p99 2.00   max 2.00",
    ]
    assert "Pushes\n  received 12,000, lost 3" in details(of, Outline.of(plan()))


def test_a_run_that_ought_to_measure_pushes_and_got_none_says_so() -> None:
    assert push_lines(summary(), Outline.of(plan())) == ["  received 0, lost 0, duplicated 0, out of order 0"]


def test_the_offset_of_an_unknown_clock_is_told_to_be_in_push_time() -> None:
    text = said(summary(received=10), plan(clock="server"))

    assert "push time includes the offset between its clock and ours. How much that is, config.push.serverTime" in text


def test_the_offset_of_a_known_clock_is_told_with_the_corrected_times() -> None:
    ahead = said(summary(ClockOffset(MS, -5 * MS), corrected=True, received=10), plan(clock="server"))
    behind = said(summary(ClockOffset(MS, 250 * MS), received=10), plan(clock="server"))

    assert "it is 5.00 ms behind ours. Corrected by that: p50 7.00 p95 7.00 p99 7.00 max 7.00." in " ".join(
        ahead.split()
    )
    assert behind.endswith("it is 250.0 ms ahead of ours.")


def test_clocks_that_disagree_and_pushes_without_figures_are_told() -> None:
    text = said(summary(received=10, before_sent=4, unmeasured=2), plan())

    assert "4 came before they were made, by their timestamps, and count as 0 ms" in text
    assert "2 could not be measured in full" in text
