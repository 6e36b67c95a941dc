"""Watching processes from outside."""

from __future__ import annotations

import os
import sys
import threading

import pytest
from bench.accuracy.priority import real_time
from bench.watch import Watch, between
from hypothesis import given
from hypothesis import strategies as st

LOOKS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=8).map(
    lambda steps: [
        (sum(step[0] for step in steps[: place + 1]), sum(step[1] for step in steps[: place + 1]))
        for place in range(len(steps))
    ]
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_process_is_seen_with_all_that_it_has_started() -> None:
    with Watch(os.getpid(), every_s=0.01) as watch:
        sum(number * number for number in range(1_000_000))
    assert watch.peak_bytes > 1_000_000
    assert watch.cpu_s(0, 2e9) is not None
    assert watch.busiest(1.0) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has real-time priority")
def test_the_onlooker_does_not_compete_with_what_it_looks_at() -> None:
    patience = threading.Event()
    with real_time(), Watch(os.getpid(), every_s=0.01) as watch:
        while not watch.peak_bytes:
            patience.wait(0.001)  # a busy loop of real-time priority would keep the onlooker off the core
        (onlooker,) = [thread for thread in threading.enumerate() if thread.name == "watch"]
        assert onlooker.native_id is not None
        assert os.sched_getscheduler(onlooker.native_id) == os.SCHED_OTHER


def test_a_process_that_is_not_there_costs_nothing() -> None:
    with Watch(2**30) as watch:
        pass
    assert watch.cpu_s(0, 1) is None
    assert watch.busiest(1.0) is None
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
