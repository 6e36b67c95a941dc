"""The values of one histogram on their way into it: from lists to arrays, and from arrays into buckets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wavetank.metrics.histogram import Histogram

_AT_A_TIME = 500


class Pile:
    """Takes the values (ns) out of lists at once, and leaves it to its owner when the work with them is done.

    In a loop that does other things in between, so that nothing of it is in a cache, a list of 250 values is copied in
    2 µs, and becomes an array in 20 µs; an array of 500 becomes part of the histogram in some 60 µs, a shorter one in
    hardly less.
    """

    __slots__ = ("_arrays", "_lists", "histogram", "waiting")

    def __init__(self) -> None:
        self.histogram = Histogram()
        self.waiting = 0
        """How many values are in arrays, and not in the histogram yet."""
        self._lists: list[list[int]] = []
        self._arrays: list[NDArray[Any]] = []

    @property
    def settled(self) -> bool:
        """Whether the histogram has everything."""
        return not self._arrays and not self._lists

    def keep(self, values: list[int]) -> None:
        """Takes the values as they are, and empties the list in place."""
        self._lists.append(values.copy())
        values.clear()

    def pack(self, values: list[int]) -> None:
        """Takes the values as an array, and empties the list in place."""
        array = np.asarray(values)
        if array.dtype.kind == "i":
            self.waiting += len(array)
            self._arrays.append(array)
        else:  # some are beyond 64 bits, and numpy has made floats of them
            self.histogram.record_many(values)
        values.clear()

    def settle(self) -> None:
        """Puts some 500 values into the histogram, or a whole array of more."""
        while self._lists:
            self.pack(self._lists.pop())
        arrays, values = [], 0
        while self._arrays and values < _AT_A_TIME:
            array = self._arrays.pop()
            values += len(array)
            arrays.append(array)
        if arrays:
            self.histogram.record_many(np.concatenate(arrays) if len(arrays) > 1 else arrays[0])
            self.waiting -= values
