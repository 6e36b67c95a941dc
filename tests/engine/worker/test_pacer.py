"""The pacer starts everybody, nobody early, and says how late it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter_ns

import pytest

from wavetank.engine.clock.timers import Timers
from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.pacer import Pacer
from wavetank.plan.arrivals import Arrival

_MS = 1_000_000


def paced(
    offsets_ns: Sequence[int], start: Callable[[Pacer, Arrival, int], None], *, late_ns: int = 0
) -> tuple[list[int], int]:
    """Paces arrivals of these offsets from a start that was so long ago; gives the lateness of each, and the start."""

    async def main() -> tuple[list[int], int]:
        timers = Timers(asyncio.get_running_loop())
        lateness: list[int] = []
        origin_ns = perf_counter_ns() - late_ns
        arrivals = [Arrival(index, offset, 0) for index, offset in enumerate(offsets_ns)]
        pacer = Pacer(arrivals, origin_ns, timers, lambda arrival, due: start(pacer, arrival, due), lateness)
        try:
            await asyncio.wait_for(pacer.run(), 20)
        finally:
            timers.close()
        return lateness, origin_ns

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


def test_everybody_is_started_in_order_nobody_early_and_outside_of_any_task() -> None:
    started: list[tuple[int, int, int]] = []

    def start(_: Pacer, arrival: Arrival, planned_at: int) -> None:
        assert asyncio.current_task() is None
        started.append((arrival.index, planned_at, perf_counter_ns()))

    offsets = [0, 0, _MS, 3 * _MS, 3 * _MS, 20 * _MS]
    lateness, origin_ns = paced(offsets, start)
    assert [index for index, _, _ in started] == [0, 1, 2, 3, 4, 5]
    assert [planned - origin_ns for _, planned, _ in started] == offsets
    for (_, planned, at), late in zip(started, lateness, strict=True):
        assert 0 <= late <= at - planned


def test_who_is_due_late_is_started_all_the_same_and_leaves_others_their_turns() -> None:
    turns: list[int] = []
    started: list[int] = []

    def start(_: Pacer, arrival: Arrival, planned_at: int) -> None:
        if not started:
            asyncio.get_running_loop().call_soon(lambda: turns.append(len(started)))
        started.append(arrival.index)

    lateness, _ = paced([0] * 1000, start, late_ns=50 * _MS)
    assert started == list(range(1000))
    assert min(lateness) >= 50 * _MS
    assert turns == [32]


def test_after_a_stop_nobody_is_started() -> None:
    started: list[int] = []

    def start(pacer: Pacer, arrival: Arrival, _: int) -> None:
        started.append(arrival.index)
        if arrival.index == 2:
            pacer.stop()

    paced([0, 0, _MS, 2 * _MS, 3600 * 1000 * _MS], start)
    assert started == [0, 1, 2]


def test_once_it_is_cancelled_nobody_is_started() -> None:
    started: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        timers, begun, over = Timers(loop), asyncio.Event(), asyncio.Event()

        def start(arrival: Arrival, _: int) -> None:
            started.append(arrival.index)
            begun.set()

        pacer = Pacer([Arrival(index, 0, 0) for index in range(1000)], perf_counter_ns(), timers, start, [])
        running = asyncio.ensure_future(pacer.run())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        so_far = len(started)
        timers.at(perf_counter_ns() + 20 * _MS, over.set)
        await over.wait()
        timers.close()
        assert len(started) == so_far < 1000

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


def test_a_mistake_in_what_starts_users_ends_the_pacer() -> None:
    def start(_: Pacer, arrival: Arrival, planned_at: int) -> None:
        raise ValueError("no such scenario")

    with pytest.raises(ValueError, match="no such scenario"):
        paced([_MS], start)
