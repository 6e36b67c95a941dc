from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import pytest

from wavetank.engine.clock.alarm import Alarm, LoopAlarm, TimerfdAlarm, make_alarm
from wavetank.engine.worker.loop import new_event_loop

_MS = 1_000_000

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has timer file descriptors")
kinds = pytest.mark.parametrize("kind", [LoopAlarm, pytest.param(TimerfdAlarm, marks=on_linux)])


def with_alarm(kind: Any, live: Callable[[Alarm, list[int], asyncio.Event], Any]) -> None:
    async def main() -> None:
        rung: list[int] = []
        bell = asyncio.Event()

        def ring() -> None:
            rung.append(perf_counter_ns())
            bell.set()

        alarm: Alarm = kind(asyncio.get_running_loop(), ring)
        try:
            await asyncio.wait_for(live(alarm, rung, bell), 10)
        finally:
            alarm.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


@kinds
def test_an_alarm_rings_once_at_its_instant_and_not_before(kind: Any) -> None:
    async def live(alarm: Alarm, rung: list[int], bell: asyncio.Event) -> None:
        for _ in range(5):
            bell.clear()
            due = perf_counter_ns() + 3 * _MS
            alarm.set(due)
            await bell.wait()
            assert rung[-1] >= due
        assert len(rung) == 5

    with_alarm(kind, live)


@kinds
def test_a_later_set_replaces_an_earlier_one(kind: Any) -> None:
    async def live(alarm: Alarm, rung: list[int], bell: asyncio.Event) -> None:
        alarm.set(perf_counter_ns() + 2 * _MS)
        due = perf_counter_ns() + 20 * _MS
        alarm.set(due)
        await bell.wait()
        assert len(rung) == 1
        assert rung[0] >= due

    with_alarm(kind, live)


@kinds
def test_an_instant_that_is_past_rings_at_once(kind: Any) -> None:
    async def live(alarm: Alarm, rung: list[int], bell: asyncio.Event) -> None:
        alarm.set(0)
        await bell.wait()
        assert len(rung) == 1

    with_alarm(kind, live)


@on_linux
def test_the_loop_rests_after_an_alarm_that_is_not_set_again() -> None:
    async def live(alarm: Alarm, rung: list[int], bell: asyncio.Event) -> None:
        assert isinstance(alarm, TimerfdAlarm)
        alarm.set(perf_counter_ns() + _MS)
        await bell.wait()
        assert select.select([alarm._descriptor], [], [], 0)[0] == []

    with_alarm(TimerfdAlarm, live)


@on_linux
def test_linux_has_the_exact_alarm() -> None:
    async def main() -> None:
        alarm = make_alarm(asyncio.get_running_loop(), lambda: None)
        alarm.close()
        assert isinstance(alarm, TimerfdAlarm)

    asyncio.run(main())
