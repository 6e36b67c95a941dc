"""Whether the generator kept its promise. The rules are few and coarse; each reason says what to do."""

from __future__ import annotations

from collections.abc import Mapping

from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.summary import Trust

_LOOP_LAG_MS = 100.0
_LATENESS_MS = 250.0


def trust_in(workers: Mapping[int, Health]) -> Trust:
    """Trust is lost where a worker's loop stood still, or started users late, often enough to move a p99."""
    reasons: list[str] = []
    for index in sorted(workers):
        health = workers[index]
        lag_ms = _p99_ms(health.loop_lag)
        if lag_ms > _LOOP_LAG_MS:
            reasons.append(
                f"worker {index} could not keep up: its event loop was {lag_ms:.0f} ms late (p99), at "
                f"{health.cpu_percent:.0f} % of a core; response times include the generator; plan fewer users"
            )
        late_ms = _p99_ms(health.lateness)
        if late_ms > _LATENESS_MS:
            reasons.append(
                f"worker {index} started users {late_ms:.0f} ms late (p99), at {health.cpu_percent:.0f} % of a core; "
                "the load was lower than planned; plan a lower arrival rate"
            )
    return Trust(ok=not reasons, reasons=tuple(reasons))


def _p99_ms(histogram: Histogram) -> float:
    return histogram.quantile(0.99) / 1e6 if histogram.count else 0.0
