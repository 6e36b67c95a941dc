"""What the report says of checks, and of connections that were made again."""

from __future__ import annotations

from tests.report.summaries import MS, a_summary
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.summary import Summary
from wavetank.report.checks import check_lines
from wavetank.report.figures import WIDTH
from wavetank.report.text import details


def summary(**outcomes: tuple[int, int]) -> Summary:
    """Checks by name: how often each passed and failed."""
    recorder = Recorder(0)
    for name, (passed, failed) in outcomes.items():
        for place in range(passed + failed):
            recorder.check(name, place < passed)
    return a_summary(recorder.take(0, 0, 10**9, {}, {}))


def test_a_run_that_checks_nothing_says_nothing_of_checks() -> None:
    assert check_lines(a_summary()) == []
    assert "\nChecks" not in details(a_summary())


def test_each_check_has_a_line_and_those_that_failed_come_first() -> None:
    of = summary(always=(3, 0), never=(0, 2), often=(1999, 1))

    assert check_lines(of) == [
        "  name    passed  failed      rate",
        "  never        0       2    0.00 %",
        "  often    1,999       1   99.95 %",
        "  always       3       0  100.00 %",
        "  (all)    2,002       3   99.85 %",
    ]
    assert "Checks\n  name " in details(of)
    assert "checks.often.passed" not in details(of)


def test_a_single_check_needs_no_sum() -> None:
    assert len(check_lines(summary(only=(1, 0)))) == 2


def test_what_failed_once_is_not_rounded_up_to_all() -> None:
    assert check_lines(summary(often=(29_999, 1)))[1].endswith("99.99 %")


def test_the_longest_name_leaves_room_for_its_figures() -> None:
    assert all(len(line) <= WIDTH for line in check_lines(summary(**{"x" * 300: (10, 10), "short": (1, 1)})))


def test_connections_made_again_are_told_where_connects_are() -> None:
    recorder = Recorder(0)
    recorder.samples("websocket.connect_time").append(2 * MS)
    recorder.counts["websocket.reconnects"] += 2
    recorder.samples("websocket.reconnect_time").extend([500 * MS, 500 * MS])
    text = details(a_summary(recorder.take(0, 0, 10**9, {}, {})))

    assert (
        "  mean 2.00   p50 2.00   p95 2.00   p99 2.00   max 2.00\n  2 reconnects, from loss to open: mean 500.0" in text
    )
    assert "reconnect" not in details(a_summary())
