from __future__ import annotations

import pytest

from wavetank.metrics.health import Health
from wavetank.metrics.histogram import Histogram
from wavetank.run.trust import trust_in

_MS = 1_000_000


def health(lag_ms: float, late_ms: float, count: int = 1000) -> Health:
    return Health(
        observed_ns=10**10,
        cpu_ns=97 * 10**8,
        loop_lag=Histogram.of([round(lag_ms * _MS)] * count),
        lateness=Histogram.of([round(late_ms * _MS)] * count),
    )


def test_a_generator_that_keeps_up_is_trusted() -> None:
    assert trust_in({0: health(5, 20)}).ok
    assert trust_in({0: Health()}).ok
    assert trust_in({}).ok


@pytest.mark.parametrize(
    ("lag_ms", "late_ms", "words"),
    [(400, 1, "event loop was 400 ms late"), (1, 900, "started users 900 ms late")],
)
def test_a_reason_says_who_was_late_by_how_much_and_what_to_do(lag_ms: float, late_ms: float, words: str) -> None:
    trust = trust_in({0: health(1, 1), 3: health(lag_ms, late_ms)})
    [reason] = trust.reasons
    assert not trust.ok
    assert reason.startswith("worker 3 ")
    assert words in reason
    assert "97 % of a core" in reason
    assert "plan " in reason
