from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.histogram import Histogram
from wavetank.metrics.pile import Pile

VALUES = st.lists(st.integers(-5, 2**66) | st.integers(0, 10**9), max_size=20)
WORK = st.lists(st.tuples(st.sampled_from(["keep", "pack", "settle"]), VALUES))


@given(WORK)
def test_every_value_is_in_the_histogram_whichever_way_it_took(work: list[tuple[str, list[int]]]) -> None:
    pile, given_to_it = Pile(), []
    for verb, values in work:
        if verb == "settle":
            pile.settle()
            continue
        given_to_it += values
        getattr(pile, verb)(values)
        assert values == [], "the list is its owner's again"
    while not pile.settled:
        pile.settle()
    assert pile.waiting == 0
    assert pile.histogram == Histogram.of(given_to_it)


def test_no_more_than_some_hundred_values_are_counted_at_a_time() -> None:
    pile = Pile()
    for _ in range(20):
        pile.pack([7] * 100)
    pile.settle()
    assert pile.histogram.count == 500
    assert pile.waiting == 1500
