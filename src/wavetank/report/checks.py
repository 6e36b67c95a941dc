"""What the scenarios checked, as a table: a line for each check, those that failed most often first."""

from __future__ import annotations

from wavetank.metrics.checks import CheckCount, check_counts
from wavetank.metrics.summary import Summary
from wavetank.report.figures import ABSENT, columns

_HEAD = ("name", "passed", "failed", "rate")


def check_lines(summary: Summary) -> list[str]:
    """Lines for the text report; none where nothing was checked."""
    counts = check_counts(summary.counters)
    if not counts:
        return []
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1].failed, entry[0]))
    rows = [_row(name, count) for name, count in ordered]
    if len(rows) > 1:
        rows.append(_row("(all)", sum(counts.values(), CheckCount())))
    return columns([list(_HEAD), *rows])


def _row(name: str, count: CheckCount) -> list[str]:
    checked = count.passed + count.failed
    # Cut off and not rounded: what failed once in a million times is not 100 %.
    rate = f"{10_000 * count.passed // checked / 100:.2f} %" if checked else ABSENT
    return [name, f"{count.passed:,}", f"{count.failed:,}", rate]
