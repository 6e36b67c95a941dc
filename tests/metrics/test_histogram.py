from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.histogram import CEILING_NS, Histogram, bucket_of

HOUR_NS = 3600 * 10**9

# Every order of magnitude equally likely, instead of nearly all values near the top.
durations = st.integers(0, 42).flatmap(lambda exponent: st.integers(0, 2**exponent))
many = st.lists(durations, min_size=1, max_size=200)
shares = st.one_of(
    st.sampled_from([0.0, 0.01, 0.07, 0.5, 0.57, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0]),
    st.integers(0, 10_000).map(lambda part: part / 10_000),
)


def exact_quantile(values: list[int], q: float) -> int:
    rank = max(1, math.ceil(Fraction(str(q)) * len(values)))
    return sorted(values)[rank - 1]


@given(many, shares)
def test_any_quantile_is_within_a_thousandth_of_the_exact_one(values: list[int], q: float) -> None:
    exact = exact_quantile(values, q)
    assert abs(Histogram.of(values).quantile(q) - exact) <= exact / 1000


@given(many, st.integers(0, 1024).map(lambda part: part / 1024))
def test_quantiles_are_numpys_inverted_cdf(values: list[int], q: float) -> None:
    exact = int(np.quantile(np.array(values), q, method="inverted_cdf"))
    assert abs(Histogram.of(values).quantile(q) - exact) <= exact / 1000


@pytest.mark.parametrize("value", [1_000, 1_023, 1_024, 1_025, 10**6 + 1, 2**41 - 1, 2**41, HOUR_NS])
def test_the_precision_holds_from_a_microsecond_to_an_hour_in_the_midst_of_others(value: int) -> None:
    histogram = Histogram.of([0, value, 2**52])
    assert abs(histogram.quantile(0.5) - value) <= value / 1000


@given(many)
def test_quantiles_never_fall_as_the_share_grows(values: list[int]) -> None:
    histogram = Histogram.of(values)
    found = [histogram.quantile(part / 50) for part in range(51)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (min(values), max(values))


@given(many)
def test_count_sum_extremes_and_mean_are_exact(values: list[int]) -> None:
    histogram = Histogram.of(values)
    assert histogram.count == len(values)
    assert histogram.sum == sum(values)
    assert (histogram.min, histogram.max) == (min(values), max(values))
    assert histogram.mean == sum(values) / len(values)


@given(st.lists(durations), st.lists(durations))
def test_adding_is_recording_together(some: list[int], others: list[int]) -> None:
    together = Histogram.of(some + others)
    left, right = Histogram.of(some), Histogram.of(others)
    assert left + right == together
    assert right + left == together
    left += right
    assert left == together
    left.compact()
    assert left == together


@given(st.lists(st.lists(durations, max_size=20), max_size=8))
def test_piecewise_recording_is_recording_at_once(batches: list[list[int]]) -> None:
    in_bulk, one_by_one = Histogram(), Histogram()
    for batch in batches:
        in_bulk.record_many(batch)
        for value in batch:
            one_by_one.record(value)
    assert in_bulk == one_by_one == Histogram.of([value for batch in batches for value in batch])


@given(st.lists(durations), st.booleans())
def test_json_and_pickle_restore_an_equal_histogram(values: list[int], accumulating: bool) -> None:
    histogram = Histogram.of(values)
    if accumulating:
        histogram.record(77)
    assert Histogram.from_dict(orjson.loads(orjson.dumps(histogram.to_dict()))) == histogram
    assert pickle.loads(pickle.dumps(histogram)) == histogram


@given(durations, durations)
def test_buckets_keep_the_order_of_values(some: int, other: int) -> None:
    low, high = sorted((some, other))
    assert bucket_of(low) <= bucket_of(high)


@given(st.lists(st.integers(0, CEILING_NS), min_size=1))
def test_bulk_and_single_recording_agree_on_the_bucket_up_to_the_ceiling(values: list[int]) -> None:
    single = Histogram()
    for value in values:
        single.record(value)
    assert Histogram.of(values) == single


def test_adding_a_histogram_to_itself_doubles_it() -> None:
    histogram = Histogram.of([5, 5_000, 5_000_000])
    histogram += histogram
    assert histogram == Histogram.of([5, 5_000, 5_000_000] * 2)


def test_a_copy_and_a_sum_do_not_share_what_is_recorded_later() -> None:
    original = Histogram.of([1, 2, 3])
    twin, total = original.copy(), original + Histogram()
    original.record(4)
    assert twin == total == Histogram.of([1, 2, 3])


def test_negative_values_count_as_zero_and_endless_ones_as_the_ceiling() -> None:
    histogram = Histogram.of([-5, 2**53, 2**63, 2**70])
    histogram.record(-1)
    assert (histogram.min, histogram.max, histogram.count) == (0, CEILING_NS, 5)
    assert histogram == Histogram.of([0, 0, CEILING_NS, CEILING_NS, CEILING_NS])


def test_a_sum_beyond_64_bits_stays_exact_also_through_json() -> None:
    histogram = Histogram()
    for _ in range(3):
        histogram.record_many([CEILING_NS] * 1500)
    assert histogram.sum == 4500 * CEILING_NS
    assert Histogram.from_dict(orjson.loads(orjson.dumps(histogram.to_dict()))) == histogram


def test_any_array_of_integers_can_be_recorded() -> None:
    for kind in (np.int32, np.uint16, np.uint64, np.int64):
        assert Histogram.of(np.array([1, 500, 40_000], dtype=kind)) == Histogram.of([1, 500, 40_000])


def test_what_is_not_an_integer_is_refused() -> None:
    with pytest.raises(TypeError):
        Histogram.of([1.5])  # type: ignore[list-item]  # what a mistaken caller does
    with pytest.raises(TypeError):
        Histogram().record(1.5)  # type: ignore[arg-type]  # what a mistaken caller does


def test_an_empty_histogram_says_that_it_has_no_figures() -> None:
    empty = Histogram()
    assert (empty.count, empty.sum) == (0, 0)
    with pytest.raises(ValueError, match="empty histogram"):
        empty.quantile(0.5)
    for figure in ("min", "max", "mean"):
        with pytest.raises(ValueError, match="empty histogram"):
            getattr(empty, figure)
    empty.record_many([])
    assert empty == Histogram() == Histogram() + Histogram()


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_zero_to_one_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Histogram.of([1]).quantile(q)


@pytest.mark.parametrize(
    "change",
    [
        {"counts": [1]},  # too few
        {"counts": [1, 2]},  # one too many
        {"counts": [2, 0]},  # an empty bucket
        {"gaps": [5, 0]},  # the same bucket twice
        {"gaps": [-5, 10]},
        {"gaps": [5, 10**6]},  # beyond the last bucket
        {"gaps": ["x", 1]},
        {"count": None},
        {"sum": "many"},
    ],
)
def test_a_damaged_histogram_is_refused(change: dict[str, object]) -> None:
    data = {**Histogram.of([5, 1_000_000]).to_dict(), **change}
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence differs, the kind of error is the promise
        Histogram.from_dict(data)


def test_what_is_missing_in_a_histogram_is_named() -> None:
    with pytest.raises(ValueError, match=r"not a histogram.*gaps"):
        Histogram.from_dict({})


@given(st.lists(st.lists(st.integers(-5, 2**66) | st.integers(0, 10**9), max_size=40), max_size=4))
def test_a_few_values_are_counted_as_many_are(pieces: list[list[int]]) -> None:
    few, many = Histogram(), Histogram()
    for piece in pieces:
        few.record_many(piece)
        many.record_many(tuple(piece))  # only lists are counted one by one
    assert few == many
    assert few.to_dict() == many.to_dict()


def test_a_few_values_of_which_one_is_no_integer_are_refused_and_none_is_recorded() -> None:
    histogram = Histogram.of([1, 2])
    with pytest.raises(TypeError):
        histogram.record_many([1, 2.5])  # type: ignore[list-item]  # that is the mistake
    assert histogram == Histogram.of([1, 2])
