from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wavetank.execution.trust import BLAME
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.shift import DelayTail

MS = 1_000_000
RESOLUTION = 0.001  # of a histogram, as a share of the value


def tail_of(*lags_ns: int) -> DelayTail:
    tail = DelayTail()
    tail.add(Histogram.of(lags_ns), 1)
    return tail


def test_a_prompt_generator_moves_nothing() -> None:
    reported = Histogram.of([20 * MS] * 1000)
    assert DelayTail().undelayed(reported, 0.99) == pytest.approx(20 * MS, rel=0.002)
    assert tail_of(*[0] * 100).undelayed(reported, 0.99) == pytest.approx(20 * MS, rel=0.002)


def test_a_generator_that_fell_behind_may_have_made_up_all_of_it() -> None:
    tail = DelayTail()
    tail.add_unbounded(5)
    assert tail.undelayed(Histogram.of([20 * MS] * 1000), 0.99) == 0


def test_few_long_delays_cost_a_little_of_the_quantile_and_not_of_the_time() -> None:
    reported = Histogram.of([20 * MS] * 1000)
    least = tail_of(*[0] * 997, *[500 * MS] * 3).undelayed(reported, 0.99)
    assert least == pytest.approx(20 * MS, rel=0.002)


def test_seconds_without_replies_do_not_count() -> None:
    tail = tail_of(*[0] * 100)
    tail.add_unbounded(0)
    assert tail.undelayed(Histogram.of([20 * MS] * 100), 0.99) == pytest.approx(20 * MS, rel=0.002)


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=8),
    st.lists(st.integers(0, 300), min_size=1, max_size=8),
    st.sampled_from([0.5, 0.9, 0.99]),
    st.randoms(use_true_random=False),
)
@example([1, 1, 2], [25], 0.5, random.Random(0))
def test_the_bound_is_never_above_what_the_server_took(
    server_ms: list[int], lag_ms: list[int], q: float, chance: random.Random
) -> None:
    # Every pair of delays meets every time of the server once: the shares are exact, in whatever order they come.
    times = [(s * MS, (a + b) * MS) for s in server_ms for a in lag_ms for b in lag_ms]
    chance.shuffle(times)
    reported = Histogram.of([time + delay for time, delay in times])
    true = Histogram.of([time for time, _ in times]).quantile(q)
    # What is reported may be read too long by a bucket, the delays too short by one: of a short time beside long delays
    # that is much, and of the times that were added it is not.
    rounding = RESOLUTION * (true + 2 * reported.quantile(1))
    assert tail_of(*[lag * MS for lag in lag_ms]).undelayed(reported, q) <= true + rounding


def test_delays_explain_the_tail_of_a_constant_server() -> None:
    reported = Histogram.of([20 * MS] * 980 + [30 * MS] * 20)
    assert tail_of(*[0] * 99, 10 * MS).blame(reported, 0.99, MS) == 1
    assert tail_of(*[0] * 100).blame(reported, 0.99, MS) == 0
    assert tail_of(*[0] * 50, *[MS // 2] * 50).blame(reported, 0.99, 2 * MS) == 0, "too short to count"


def test_rare_delays_explain_little_of_a_long_tail() -> None:
    chance = random.Random(2)
    reported = Histogram.of([round(5 * MS * chance.lognormvariate(0, 0.6)) for _ in range(20_000)])
    tail = tail_of(*[0] * 997, *[9 * MS] * 3)
    assert tail.undelayed(reported, 0.99) < 0.95 * reported.quantile(0.99), "the worst that may have been"
    assert tail.blame(reported, 0.99, MS) < BLAME, "what is likely"


def test_a_generator_that_fell_behind_is_to_blame_for_all() -> None:
    tail = DelayTail()
    tail.add_unbounded(5)
    assert tail.blame(Histogram.of([20 * MS] * 1000), 0.99, MS) == 1
