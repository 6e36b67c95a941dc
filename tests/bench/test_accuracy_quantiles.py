"""What counts as near enough, and which round is shown."""

from __future__ import annotations

import itertools

import pytest
from bench.accuracy.delays import DISTRIBUTIONS, delays_ns
from bench.accuracy.quantiles import Reading, allowed_ms, exact_ms, median_reading


def test_the_exact_quantiles_are_values_that_were_really_taken() -> None:
    assert exact_ms(list(range(1_000_000, 1_001_000_000, 1_000_000))) == {
        "p50": 500.0,
        "p90": 900.0,
        "p99": 990.0,
        "p999": 999.0,
    }


@pytest.mark.parametrize(("true", "allowed"), [(0.1, 0.3), (15.0, 0.3), (15.1, 0.302), (100.0, 2.0)])
def test_two_percent_or_three_tenths_of_a_millisecond_whichever_is_more(true: float, allowed: float) -> None:
    assert allowed_ms(true) == pytest.approx(allowed)
    assert Reading(true, true - 0.99 * allowed).holds
    assert not Reading(true, true + 1.01 * allowed).holds


def test_the_round_that_is_shown_is_neither_the_best_nor_the_worst() -> None:
    best, middle, worst = Reading(5, 5.1), Reading(5, 4.8), Reading(5, 9)
    for order in itertools.permutations((best, middle, worst)):
        assert median_reading(order) is middle
    assert median_reading((best, worst)) is worst


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_same_seed_draws_the_same_delays(name: str) -> None:
    first = list(itertools.islice(delays_ns(name, 7), 1000))
    assert first == list(itertools.islice(delays_ns(name, 7), 1000))
    assert min(first) > 0
