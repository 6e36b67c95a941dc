from __future__ import annotations

import asyncio
import random
from time import perf_counter_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.engine.clock.timers import Timer, Timers
from wavetank.engine.worker.loop import new_event_loop

_MS = 1_000_000


def run(main: object) -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)  # type: ignore[arg-type]


def grid_of(instant: int, wait: int, phase: float = 0.0) -> int:
    """The planned instant, of timers in a loop that is not run."""
    loop = asyncio.new_event_loop()
    try:
        timers = Timers(loop, phase=phase)
        due = timers.on_grid(instant, wait)
        assert timers.on_grid(due, wait) == due
        timers.close()
    finally:
        loop.close()
    return due


@given(instant=st.integers(0, 10**18), wait=st.integers(-(10**9), 10**12), phase=st.floats(0, 1, exclude_max=True))
def test_a_wait_ends_on_its_grid_never_early_and_later_by_less_than_a_thousandth_and_a_half_or_a_tick(
    instant: int, wait: int, phase: float
) -> None:
    due = grid_of(instant, wait, phase)
    assert 0 <= due - instant < max(100_000, min(1.5 * wait / 1000, 4 * _MS))
    assert due % 100_000 == 0


@pytest.mark.parametrize(
    ("wait_ms", "grid"), [(0, 100_000), (100, 100_000), (1_000, _MS), (3_000, 4 * _MS), (60_000, 4 * _MS)]
)
def test_longer_waits_have_a_coarser_grid(wait_ms: int, grid: int) -> None:
    assert grid_of(1, wait_ms * _MS) == grid


@given(
    instant=st.integers(0, 10**15),
    waits=st.tuples(st.integers(0, 10**11), st.integers(0, 10**11)),
    phase=st.floats(0, 1, exclude_max=True),
)
def test_what_is_on_the_grid_of_a_wait_is_on_that_of_every_shorter_one(
    instant: int, waits: tuple[int, int], phase: float
) -> None:
    due = grid_of(instant, max(waits), phase)
    assert grid_of(due, min(waits), phase) == due


def test_workers_do_not_all_wake_at_the_same_instants() -> None:
    instants = [grid_of(4_001 * _MS, 4_000 * _MS, worker / 4) for worker in range(4)]
    assert sorted(instant % (4 * _MS) for instant in instants) == [0, _MS, 2 * _MS, 3 * _MS]


def test_timers_fire_in_order_and_never_early() -> None:
    async def main() -> None:
        timers = Timers(asyncio.get_running_loop())
        fired: list[tuple[int, int]] = []
        done = asyncio.Event()
        now = perf_counter_ns()
        dues = [now + random.Random(7).randrange(60) * _MS + number for number in range(500)]

        def note(due: int) -> None:
            fired.append((due, perf_counter_ns()))
            if len(fired) == len(dues):
                done.set()

        for due in dues:
            timers.at(due, lambda due=due: note(due))  # type: ignore[misc]
        await asyncio.wait_for(done.wait(), 10)
        assert all(at >= due for due, at in fired)
        ticks = [-(-due // 100_000) for due, _ in fired]
        assert ticks == sorted(ticks)

    run(main())


def test_a_cancelled_timer_never_fires() -> None:
    async def main() -> None:
        timers = Timers(asyncio.get_running_loop())
        fired: list[str] = []
        done = asyncio.Event()
        now = perf_counter_ns()
        cancelled = timers.at(now + 2 * _MS, lambda: fired.append("cancelled"))
        timers.at(now + 4 * _MS, done.set)
        cancelled.cancel()
        await asyncio.wait_for(done.wait(), 10)
        assert fired == []

    run(main())


def test_an_earlier_timer_overtakes_one_that_is_armed() -> None:
    async def main() -> None:
        timers = Timers(asyncio.get_running_loop())
        early = asyncio.Event()
        late: list[str] = []
        timers.at(perf_counter_ns() + 3_600_000 * _MS, lambda: late.append("an hour early"))
        timers.at(perf_counter_ns() + 1 * _MS, early.set)
        await asyncio.wait_for(early.wait(), 10)
        timers.close()
        assert late == []

    run(main())


def test_a_timer_may_set_and_cancel_timers_of_its_own_instant() -> None:
    async def main() -> None:
        timers = Timers(asyncio.get_running_loop())
        fired: list[str] = []
        done = asyncio.Event()
        due = perf_counter_ns() + 2 * _MS
        second: Timer | None = None

        def first() -> None:
            fired.append("first")
            assert second is not None
            second.cancel()
            timers.at(perf_counter_ns(), lambda: (fired.append("third"), done.set()))

        timers.at(due, first)
        second = timers.at(due, lambda: fired.append("second"))
        await asyncio.wait_for(done.wait(), 10)
        assert fired == ["first", "third"]

    run(main())


def test_a_closed_wheel_fires_nothing() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        timers, others = Timers(loop), Timers(loop)
        fired: list[str] = []
        done = asyncio.Event()
        now = perf_counter_ns()
        timers.at(now + 1 * _MS, lambda: fired.append("closed"))
        timers.close()
        others.at(now + 5 * _MS, done.set)
        await asyncio.wait_for(done.wait(), 10)
        assert fired == []

    run(main())
