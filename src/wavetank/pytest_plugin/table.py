"""The runs of all tests in pytest's report: a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wavetank.library.result import Result

Row = list[str]
"""The cells of a line. Text, because pytest-xdist sends it from one process to another."""

_HEAD = ["test", "users", "replies", "p50 ms", "p95 ms", "p99 ms", "errors", "verdict", "trust"]


def row(test: str, result: Result) -> Row:
    """The line of a run. `test` is the test's node id."""
    from wavetank.metrics import names
    from wavetank.report.figures import milliseconds

    counters, times = result.counters, result.histograms.get(names.RESPONSE_TIME)
    quantiles = (None, None, None) if times is None else (times.p50, times.p95, times.p99)
    return [
        test,
        f"{counters[names.USERS_CREATED]:,}",
        f"{counters[names.REPLIES]:,}",
        *map(milliseconds, quantiles),
        f"{sum(error.count for error in result.errors):,}",
        result.verdict,
        "ok" if result.trust.ok else "NO",
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """The lines of the table, and what to know of runs that are not to be trusted."""
    from wavetank.report.figures import WIDTH, columns

    others = zip(*([_HEAD[1:], *(cells for _, *cells in rows)]), strict=True)
    room = WIDTH - sum(2 + max(map(len, column)) for column in others)
    lines = columns([_HEAD, *([_shortened(test, room), *cells] for test, *cells in rows)], indent="")
    if any(cells[-1] == "NO" for cells in rows):
        lines.append(
            "trust NO: the generator did not keep up, so these figures say as much about it as about the server"
        )
    return lines


def _shortened(test: str, length: int) -> str:
    # The end of a node id is the name of the test.
    return test if len(test) <= length else f"...{test[3 - length :]}"
