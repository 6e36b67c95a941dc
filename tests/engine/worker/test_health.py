from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable
from time import perf_counter_ns

import pytest

from wavetank.engine.clock.timers import Timers
from wavetank.engine.worker.health import EVERY_NS, HealthWatch
from wavetank.engine.worker.loop import new_event_loop
from wavetank.metrics.recorder import Recorder

_MS = 1_000_000


def watched(body: Callable[[Timers, Recorder], Awaitable[None]]) -> tuple[Recorder, HealthWatch]:
    """What the watch wrote down while `body` ran."""

    async def main() -> tuple[Recorder, HealthWatch]:
        timers, recorder = Timers(asyncio.get_running_loop()), Recorder(perf_counter_ns())
        watch = HealthWatch(timers, recorder)
        watch.start()
        try:
            await body(timers, recorder)
        finally:
            watch.stop()
            timers.close()
        return recorder, watch

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


async def until(timers: Timers, due_ns: int) -> None:
    due = asyncio.Event()
    timers.at(due_ns, due.set)
    await due.wait()


def test_a_call_that_blocks_the_loop_is_seen_from_every_instant_that_it_covered() -> None:
    async def block(timers: Timers, recorder: Recorder) -> None:
        await until(timers, perf_counter_ns() + 2 * EVERY_NS)
        time.sleep(0.08)  # noqa: ASYNC251  # that is what is to be seen
        await until(timers, perf_counter_ns() + 2 * EVERY_NS)

    recorder, _ = watched(block)
    lags, stalls = recorder.samples("generator.loop_lag"), recorder.samples("generator.stall")
    # The first instant that it covered came within one look of its beginning.
    assert max(lags) >= 80 * _MS - EVERY_NS
    assert sum(lag >= 20 * _MS for lag in lags) >= 5
    assert len(lags) == len(stalls)
    assert all(0 <= stall <= lag for stall, lag in zip(stalls, lags, strict=True))
    # It slept: next to nothing of it was work.
    assert max(stalls) >= 80 * _MS - 2 * EVERY_NS


def test_a_block_of_exactly_the_lag_is_told_when_it_begins_at_a_planned_instant() -> None:
    async def block(timers: Timers, recorder: Recorder) -> None:
        lags = recorder.samples("generator.loop_lag")
        while not lags:
            await until(timers, perf_counter_ns() + EVERY_NS // 20)
        time.sleep(0.08 + EVERY_NS / 1e9)  # noqa: ASYNC251  # that is what is to be seen
        await until(timers, perf_counter_ns() + 1)

    recorder, _ = watched(block)
    assert max(recorder.samples("generator.loop_lag")) >= 80 * _MS


def test_work_is_late_too_but_no_stall() -> None:
    async def work(timers: Timers, recorder: Recorder) -> None:
        await until(timers, perf_counter_ns() + 2 * EVERY_NS)
        begun = time.thread_time_ns()
        while time.thread_time_ns() - begun < 80 * _MS:
            pass
        await until(timers, perf_counter_ns() + 1)

    recorder, watch = watched(work)
    lags, stalls = recorder.samples("generator.loop_lag"), recorder.samples("generator.stall")
    assert max(lags) >= 80 * _MS - EVERY_NS
    # Whatever else ran on this core meanwhile may have stalled it, but the 80 ms of work did not.
    assert max(stalls) <= max(lags) - 80 * _MS + 2 * EVERY_NS
    assert watch.readings()["cpu_percent"] > 0


def test_the_pauses_of_the_garbage_collector_are_timed_and_the_callback_is_gone_in_the_end() -> None:
    before = list(gc.callbacks)

    async def collect(timers: Timers, recorder: Recorder) -> None:
        assert len(gc.callbacks) == len(before) + 1
        gc.collect()

    recorder, watch = watched(collect)
    assert gc.callbacks == before
    pauses = recorder.samples("generator.gc_pause")
    assert pauses
    assert all(pause > 0 for pause in pauses)
    watch.stop()
    assert gc.callbacks == before


def test_a_watch_that_was_never_started_can_be_stopped() -> None:
    async def main() -> None:
        timers = Timers(asyncio.get_running_loop())
        HealthWatch(timers, Recorder(0)).stop()
        timers.close()

    before = list(gc.callbacks)
    asyncio.run(main())
    assert gc.callbacks == before


def test_the_readings_are_of_the_time_since_the_last_ones() -> None:
    async def nothing(timers: Timers, recorder: Recorder) -> None:
        await until(timers, perf_counter_ns() + EVERY_NS)

    _, watch = watched(nothing)
    readings = watch.readings()
    assert 0 <= readings["waited_percent"] <= 100.5
    assert readings["cpu_percent"] >= 0
    assert watch.readings()["waited_percent"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it cheaply")
def test_the_memory_of_this_moment_is_a_gauge() -> None:
    async def main() -> dict[str, float]:
        timers = Timers(asyncio.get_running_loop())
        gauges = HealthWatch(timers, Recorder(0)).gauges()
        timers.close()
        return gauges

    assert 5 < asyncio.run(main())["generator.memory"] < 100_000
