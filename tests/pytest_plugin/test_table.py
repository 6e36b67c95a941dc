from __future__ import annotations

from tests.library.test_result import a_result
from tests.report.summaries import a_summary
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Trust
from wavetank.pytest_plugin.table import row, table
from wavetank.report.figures import WIDTH


def test_a_run_is_a_line_and_long_names_lose_their_beginning() -> None:
    nothing = a_summary(Snapshot(), trust=Trust(ok=False, reasons=("late",)))
    long = "tests/load/test_platform.py::TestAgents::test_holds_200_users"
    lines = table([row("test_a.py::test_b", a_result()), row(long, a_result(nothing))])
    assert [line.split() for line in lines[:3]] == [
        ["test", "users", "replies", "p50", "ms", "p95", "ms", "p99", "ms", "errors", "verdict", "trust"],
        ["test_a.py::test_b", "1,000", "1,096", "1.00", "10.00", "10.00", "3", "ok", "ok"],
        ["...:TestAgents::test_holds_200_users", "0", "0", "n/a", "n/a", "n/a", "0", "ok", "NO"],
    ]
    assert lines[3].startswith("trust NO: ")
    assert max(map(len, lines)) <= WIDTH
    assert len(table([row("test_a.py::test_b", a_result())])) == 2
