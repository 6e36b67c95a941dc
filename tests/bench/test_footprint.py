"""What processes have cost, as Linux tells it."""

from __future__ import annotations

import os
import sys

import pytest
from bench.footprint import footprint, peak_of, stat_fields
from bench.watch import Watch, between
from hypothesis import given
from hypothesis import strategies as st

LOOKS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=8).map(
    lambda steps: [
        (sum(step[0] for step in steps[: place + 1]), sum(step[1] for step in steps[: place + 1]))
        for place in range(len(steps))
    ]
)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=15))
def test_the_name_of_a_process_may_be_anything(name: str) -> None:
    assert stat_fields(f"12 ({name}) S 1 12 12") == ["S", "1", "12", "12"]


def test_the_peak_is_that_of_resident_memory() -> None:
    assert peak_of("Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  12 kB\nVmRSS:\t 10 kB\n") == 12 * 1024
    assert peak_of("Name:\tx\nState:\tZ (zombie)\n") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_very_process_is_seen() -> None:
    seen = footprint(os.getpgrp())
    assert seen is not None
    assert seen.processes >= 1
    assert seen.cpu_s > 0
    assert seen.peak_bytes > 1_000_000


def test_a_group_that_is_not_there_costs_nothing() -> None:
    with Watch(2**30) as watch:
        pass
    assert watch.cpu_s(0, 1) is None
    assert watch.peak_bytes == 0


@given(LOOKS, st.floats(-1, 100), st.floats(0, 50), st.floats(0, 50))
def test_what_is_taken_in_two_stretches_is_what_is_taken_in_both(
    looks: list[tuple[float, float]], begin: float, first: float, second: float
) -> None:
    middle, end = begin + first, begin + first + second
    parts = between(looks, begin, middle) + between(looks, middle, end)
    assert between(looks, begin, end) == pytest.approx(parts, abs=1e-6)
    assert -1e-9 <= between(looks, begin, end) <= looks[-1][1] - looks[0][1] + 1e-9


def test_between_two_looks_a_quantity_grows_evenly() -> None:
    assert between([(0, 0), (10, 5)], 2, 4) == pytest.approx(1)
