"""The formula for a server that stands still, against the same server simulated."""

from __future__ import annotations

import numpy as np
import pytest
from bench.accuracy.freezes import Freezes

FREEZES = Freezes(length_s=1.0, period_s=10.0, first_s=4.5)


def open_delays(rate: float, service_s: float) -> list[float]:
    """One period of a queue with one place that works nothing off during the freeze: requests planned evenly."""
    delays, free_at = [], 0.0
    for number in range(round(rate * FREEZES.period_s)):
        planned_at = number / rate
        begin = max(planned_at, free_at, FREEZES.length_s)
        free_at = begin + service_s
        delays.append(begin - planned_at)
    return delays


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("load", [0.0, 0.05, 0.4])
def test_the_formula_gives_what_the_simulated_queue_gives(q: float, load: float) -> None:
    rate = 5000.0
    simulated = np.quantile(open_delays(rate, load / rate), q, method="inverted_cdf")
    assert FREEZES.quantile_s(q, load=load) == pytest.approx(simulated, abs=2e-3)


def closed_delays(users: int, rate: float) -> list[float]:
    """One period of users who wait for their reply before they send on."""
    interval = users / rate
    delays = []
    for user in range(users):
        at = user / rate
        while at < FREEZES.period_s:
            delay = max(0.0, FREEZES.length_s - at)
            delays.append(delay)
            at += max(interval, delay)
    return delays


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99, 0.999, 0.9999])
@pytest.mark.parametrize("users", [20, 70, 2000])
def test_the_formula_of_a_closed_loop_gives_what_the_simulated_users_give(q: float, users: int) -> None:
    rate = 500.0
    simulated = np.quantile(closed_delays(users, rate), q, method="inverted_cdf")
    assert FREEZES.closed_quantile_s(q, users=users, rate=rate) == pytest.approx(simulated, abs=0.02)


def test_half_a_tenth_of_the_time_in_a_freeze_makes_a_p99_of_nine_tenths() -> None:
    assert FREEZES.quantile_s(0.99) == pytest.approx(0.9)
    assert FREEZES.quantile_s(0.5) == 0
    assert FREEZES.quantile_s(1.0) == 1.0


@pytest.mark.parametrize(("q", "load"), [(-0.1, 0.0), (1.1, 0.0), (0.5, 1.0), (0.5, -0.1)])
def test_nonsense_is_refused(q: float, load: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        FREEZES.quantile_s(q, load=load)
