"""Big runs made up, for tests of what is said about them."""

from __future__ import annotations

from typing import Any

from bench.big_run import BigRun, Cost


def made_up(
    counters: dict[str, int],
    *,
    histograms: dict[str, dict[str, float]] | None = None,
    gauges: dict[str, float] | None = None,
    reasons: tuple[str, ...] = (),
    complete: bool = True,
    peak_bytes: int | None = 2**30,
) -> BigRun:
    """A run that reported this."""
    summary: dict[str, Any] = {
        "counters": counters,
        "gauges": gauges or {},
        "histograms": histograms or {},
        "trust": {"ok": not reasons, "reasons": list(reasons)},
        "complete": complete,
        "errors": [{"kind": "closed_by_server", "count": counters.get("vusers.failed", 0), "example": "…"}],
        "workers": [{"index": 0}, {"index": 1}],
    }
    return BigRun(0, summary, "the report", Cost(1.25, peak_bytes), Cost(0.5, 2**20))
