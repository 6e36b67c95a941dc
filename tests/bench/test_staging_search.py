"""The search for the largest share that holds."""

from __future__ import annotations

from bench.staging.search import STEP, best_percent, next_percent
from hypothesis import given
from hypothesis import strategies as st


def searched(limit: int, start: int) -> dict[int, bool]:
    """What is tried on a machine that carries up to `limit` percent."""
    held: dict[int, bool] = {}
    while (percent := next_percent(held, start)) is not None:
        assert percent not in held
        assert STEP <= percent <= 100
        held[percent] = percent <= limit
    return held


@given(st.integers(0, 10), st.integers(1, 10))
def test_it_finds_what_the_machine_carries_wherever_it_begins(limit: int, start: int) -> None:
    held = searched(10 * limit, 10 * start)
    assert best_percent(held) == (10 * limit or None)


@given(st.integers(0, 10), st.integers(1, 10))
def test_it_takes_no_more_runs_than_the_way_and_one_more(limit: int, start: int) -> None:
    assert len(searched(10 * limit, 10 * start)) <= abs(limit - start) + 2


def test_it_ends_at_all_of_the_rates() -> None:
    assert list(searched(100, 80)) == [80, 90, 100]


def test_it_goes_down_to_the_first_that_holds() -> None:
    assert list(searched(30, 50)) == [50, 40, 30]
