"""A histogram of durations: constant memory, 0.1 % precision, exact addition."""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_Integers = NDArray[np.int64]

# Each power of two is cut into 512 equal buckets, so the middle of a bucket is at most 1/1024 (0.098 %) away
# from any value in it. Below 1024 ns every integer has a bucket of its own.
_BITS = 9
_LINEAR = 1 << _BITS
_EXPONENTS = 53

CEILING_NS = 2**_EXPONENTS - 1
"""The largest value that is told apart, about 104 days: anything above counts as this."""

_BUCKETS = (_EXPONENTS - _BITS + 1) * _LINEAR
_DENSE_STEP = 4 * _LINEAR
_FEW = 160
"""So many values are counted one by one in the time that numpy takes to begin, where nothing of it is in a cache."""
_MANTISSA_SHIFT = 52 - _BITS
_FIRST_LOGARITHMIC = ((1023 + _BITS) << _BITS) - _LINEAR

_NOTHING: _Integers = np.zeros(0, dtype=np.int64)
_NOTHING.flags.writeable = False


def bucket_of(value: int) -> int:
    """Bucket of a value in nanoseconds, 0 ≤ value ≤ `CEILING_NS`."""
    shift = max(value.bit_length() - _BITS - 1, 0)
    return (shift << _BITS) + (value >> shift)


def _buckets_of(values: _Integers, smallest: int) -> _Integers:
    """`bucket_of` for an array whose smallest value is `smallest`.

    An integer below 2**53 is exact as a 64-bit float, and the leading bits of that float (exponent, then the
    first nine bits of the fraction) already are the bucket's number but for a constant: no logarithm, no
    rounding.
    """
    # Each call of numpy costs most of 10 µs where nothing is in a cache any more, as between two looks at the sockets.
    logarithmic = values.astype(np.float64).view(np.int64)
    logarithmic >>= _MANTISSA_SHIFT
    logarithmic -= _FIRST_LOGARITHMIC
    return logarithmic if smallest >= _LINEAR else np.where(values < _LINEAR, values, logarithmic)


def _middle_of(bucket: int) -> float:
    """The value in nanoseconds that stands for a bucket: the mean of the integers that fall into it."""
    if bucket < 2 * _LINEAR:
        return float(bucket)
    shift = (bucket >> _BITS) - 1
    low = ((bucket & (_LINEAR - 1)) + _LINEAR) << shift
    return low + ((1 << shift) - 1) / 2


def _as_integers(values: Sequence[int] | NDArray[Any]) -> _Integers:
    array = np.asarray(values)
    if array.dtype.kind != "i":
        # Integers beyond 64 bits arrive here too; anything that is no integer is refused by `index`.
        array = np.array([min(operator.index(value), CEILING_NS) for value in values], dtype=np.object_)
        array = np.array([max(value, 0) for value in array], dtype=np.int64)
    return array.astype(np.int64, copy=False)


class Histogram:
    """Counts of integer nanoseconds in log-linear buckets.

    Any quantile is within 0.1 % of the true value from 1 µs to 1 h, and in fact from 0 to 104 days
    (`CEILING_NS`): below 1024 ns values are kept exactly, a negative value counts as 0, one above the ceiling
    as the ceiling. `count`, `sum`, `min`, `max` and `mean` are exact. Adding two histograms gives exactly the
    histogram of both their values together. At most 23,040 buckets (180 KB), far less while there are few
    values.
    """

    # A histogram that is being added to is dense (`_dense`); any other keeps only the buckets that are not
    # empty. The arrays `_keys` and `_counts` are never changed in place, so that histograms may share them.
    __slots__ = ("_counts", "_dense", "_keys", "_max", "_min", "count", "sum")

    __hash__ = None  # type: ignore[assignment]  # mutable: equality changes as values are recorded

    def __init__(self) -> None:
        self.count: int = 0
        self.sum: int = 0
        self._min: int = CEILING_NS
        self._max: int = 0
        self._keys: NDArray[Any] = _NOTHING
        self._counts: NDArray[Any] = _NOTHING
        self._dense: _Integers | None = None

    @classmethod
    def of(cls, values: Sequence[int] | NDArray[Any]) -> Histogram:
        """Histogram of `values` (nanoseconds). Raises TypeError where one is not an integer."""
        histogram = cls()
        histogram.record_many(values)
        return histogram

    def record(self, value: int) -> None:
        """Records one value in nanoseconds."""
        value = min(max(operator.index(value), 0), CEILING_NS)
        bucket = bucket_of(value)
        self._accumulator(bucket)[bucket] += 1
        self._note(1, value, value, value)

    def record_many(self, values: Sequence[int] | NDArray[Any]) -> None:
        """Records values in nanoseconds, in bulk. Raises TypeError where one is not an integer."""
        if len(values) == 0:
            return
        if type(values) is list and len(values) <= _FEW and set(map(type, values)) == {int}:
            self._record_few(values)
            return
        integers = _as_integers(values)
        smallest, largest = int(integers.min()), int(integers.max())
        if smallest < 0 or largest > CEILING_NS:
            integers = np.clip(integers, 0, CEILING_NS)
            smallest, largest = int(integers.min()), int(integers.max())
        buckets = _buckets_of(integers, smallest)
        first = bucket_of(smallest)
        buckets -= first
        counts = np.bincount(buckets).astype(np.int64, copy=False)
        if self.count == 0:
            used = np.flatnonzero(counts)
            self._keys, self._counts, self._dense = used + first, counts[used], None
        else:
            end = first + len(counts)
            self._accumulator(end - 1)[first:end] += counts
        # numpy's sum wraps around beyond 64 bits, without a word.
        safe = largest * len(integers) < 2**63
        self._note(len(integers), int(integers.sum()) if safe else sum(integers.tolist()), smallest, largest)

    @property
    def min(self) -> int:
        """Smallest value in nanoseconds, exact. Raises ValueError if nothing was recorded."""
        self._refuse_if_empty()
        return self._min

    @property
    def max(self) -> int:
        """Largest value in nanoseconds, exact. Raises ValueError if nothing was recorded."""
        self._refuse_if_empty()
        return self._max

    @property
    def mean(self) -> float:
        """Arithmetic mean in nanoseconds, exact. Raises ValueError if nothing was recorded."""
        self._refuse_if_empty()
        return self.sum / self.count

    def quantile(self, q: float) -> float:
        """The smallest value in nanoseconds that at least a share `q` (0…1) of all values do not exceed.

        That is the nearest-rank definition: the value of rank ⌈q·n⌉, numpy's `inverted_cdf`. Within 0.1 % of
        it; the first and the last rank are exact. Raises ValueError for a `q` outside 0…1, or if nothing was
        recorded.
        """
        self._refuse_if_empty()
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile lies between 0 and 1, and {q!r} does not")
        # In decimal, because 0.07 · 100 in binary is a little above 7, which would be rank 8.
        rank = math.ceil(Decimal(repr(float(q))) * self.count)
        if rank <= 1:
            return float(self._min)
        if rank >= self.count:
            return float(self._max)
        keys, counts = self._pairs()
        bucket = int(keys[np.searchsorted(np.cumsum(counts), rank)])
        return min(max(_middle_of(bucket), float(self._min)), float(self._max))

    def __iadd__(self, other: Histogram) -> Self:
        if other.count == 0:
            return self
        if self.count == 0 and other._dense is None:
            self._keys, self._counts, self._dense = other._keys, other._counts, None
        else:
            dense = self._accumulator(bucket_of(other._max))
            if other._dense is not None:
                common = min(len(dense), len(other._dense))
                dense[:common] += other._dense[:common]
            else:
                dense[other._keys] += other._counts
        self._note(other.count, other.sum, other._min, other._max)
        return self

    def __add__(self, other: Histogram) -> Histogram:
        total = self.copy()
        total += other
        total.compact()
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        if (self.count, self.sum, self._min, self._max) != (other.count, other.sum, other._min, other._max):
            return False
        (keys, counts), (other_keys, other_counts) = self._pairs(), other._pairs()
        return np.array_equal(keys, other_keys) and np.array_equal(counts, other_counts)

    def __repr__(self) -> str:
        if self.count == 0:
            return "<Histogram: empty>"
        return f"<Histogram: {self.count} values, {self._min}…{self._max} ns>"

    def __reduce__(self) -> tuple[object, ...]:
        return Histogram.from_dict, (self.to_dict(),)

    def buckets(self) -> tuple[NDArray[np.float64], _Integers]:
        """The buckets that are not empty, in order: the value that stands for each (ns), and how often it was met."""
        keys, counts = self._pairs()
        return np.array([_middle_of(key) for key in keys.tolist()], dtype=np.float64), counts.astype(np.int64)

    def share_above(self, value: float) -> float:
        """Share (0…1) of the values whose bucket stands for more than `value` (ns); 0 if nothing was recorded."""
        middles, counts = self.buckets()
        return int(counts[middles > value].sum()) / self.count if self.count else 0.0

    def copy(self) -> Histogram:
        """An independent histogram of the same values."""
        twin = Histogram()
        twin._keys, twin._counts = self._keys, self._counts
        twin._dense = None if self._dense is None else self._dense.copy()
        twin._note(self.count, self.sum, self._min, self._max)
        return twin

    def compact(self) -> None:
        """Gives back the memory of empty buckets; worth it before a histogram that is complete is kept."""
        if self._dense is not None:
            self._keys, self._counts = self._pairs()
            self._dense = None

    def to_dict(self) -> dict[str, Any]:
        """Everything, in a form for JSON: `from_dict` restores an equal histogram.

        `counts` holds the buckets that are not empty, in ascending order; `gaps` holds, for each, the
        distance from the one before (the first: from bucket 0), which keeps a journal line short. `min` and
        `max` are null for an empty histogram. A sum beyond 63 bits is written as text, since JSON readers
        would round it.
        """
        keys, counts = self._pairs()
        gaps = keys.copy()
        gaps[1:] -= keys[:-1]
        return {
            "count": self.count,
            "sum": self.sum if self.sum < 2**63 else str(self.sum),
            "min": self._min if self.count else None,
            "max": self._max if self.count else None,
            "gaps": gaps.tolist(),
            "counts": counts.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Histogram:
        """Restores what `to_dict` wrote. Raises ValueError if `data` is not that, or contradicts itself."""
        try:
            keys: _Integers = np.cumsum(np.array(data["gaps"], dtype=np.int64))
            counts: _Integers = np.array(data["counts"], dtype=np.int64)
            count, total = int(data["count"]), int(data["sum"])
            smallest, largest = (int(data["min"]), int(data["max"])) if count else (CEILING_NS, 0)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"this is not a histogram: {error!r}") from error
        histogram = cls()
        if keys.shape != counts.shape or int(counts.sum()) != count or (count and counts.min() < 1):
            raise ValueError("this histogram contradicts itself: its buckets do not add up to its count")
        if count and not (keys[0] >= 0 and keys[-1] < _BUCKETS and (np.diff(keys) > 0).all()):
            raise ValueError("this histogram contradicts itself: its buckets are out of range or out of order")
        # In as few bytes as they need: a coordinator keeps some ten thousand snapshots of a long run.
        histogram._keys = keys.astype(np.uint16)
        histogram._counts = counts.astype(np.min_scalar_type(counts.max(initial=0)))
        histogram._note(count, total, smallest, largest)
        return histogram

    def _record_few(self, values: list[int]) -> None:
        smallest, largest = min(values), max(values)
        if smallest < 0 or largest > CEILING_NS:
            values = [min(max(value, 0), CEILING_NS) for value in values]
            smallest, largest = min(values), max(values)
        counts: memoryview | defaultdict[int, int]
        # Through a memoryview, since to change one number of an array by itself takes three times as long.
        counts = self._accumulator(bucket_of(largest)).data if self.count else defaultdict(int)
        for value in values:
            shift = value.bit_length() - _BITS - 1
            if shift > 0:
                counts[(shift << _BITS) + (value >> shift)] += 1
            else:
                counts[value] += 1
        if not self.count:
            keys = sorted(counts)
            self._keys = np.array(keys, dtype=np.int64)
            self._counts = np.array([counts[key] for key in keys], dtype=np.int64)
            self._dense = None
        self._note(len(values), sum(values), smallest, largest)

    def _accumulator(self, last: int) -> _Integers:
        """The dense counts, long enough for the bucket `last`.

        They are no longer than need be: memory of more than 128 KB comes from the system, page by page, and goes back
        to it, which takes longer than all the counting.
        """
        length = min(_BUCKETS, (last // _DENSE_STEP + 1) * _DENSE_STEP)
        if self._dense is None:
            if self.count:
                length = max(length, int(self._keys[-1]) + 1)
            self._dense = np.zeros(length, dtype=np.int64)
            self._dense[self._keys] = self._counts
            self._keys = self._counts = _NOTHING
        elif len(self._dense) < length:
            longer = np.zeros(length, dtype=np.int64)
            longer[: len(self._dense)] = self._dense
            self._dense = longer
        return self._dense

    def _pairs(self) -> tuple[_Integers, _Integers]:
        if self._dense is None:
            return self._keys, self._counts
        if self.count == 0:
            return _NOTHING, _NOTHING
        first, last = bucket_of(self._min), bucket_of(self._max)
        used = np.flatnonzero(self._dense[first : last + 1]) + first
        return used, self._dense[used]

    def _note(self, count: int, total: int, smallest: int, largest: int) -> None:
        self.count += count
        self.sum += total
        self._min = min(self._min, smallest)
        self._max = max(self._max, largest)

    def _refuse_if_empty(self) -> None:
        if self.count == 0:
            raise ValueError("an empty histogram has no minimum, maximum, mean or quantile")
