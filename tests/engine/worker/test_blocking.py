"""The watch over a loop that stands still: what it names, and what it leaves alone."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest

from wavetank.engine.clock.timers import Timers
from wavetank.engine.worker import blocking
from wavetank.engine.worker.blocking import BlockingWatch
from wavetank.engine.worker.health import EVERY_NS, HealthWatch
from wavetank.engine.worker.loop import new_event_loop
from wavetank.metrics.health import Blocked, Health
from wavetank.metrics.recorder import Recorder

MS = 1_000_000

loops = pytest.mark.parametrize("loop", [new_event_loop, asyncio.new_event_loop])


def watched(
    body: Callable[[], Awaitable[None]], *, loop: Any = new_event_loop, own_code: bool = True
) -> dict[str, Blocked]:
    """What is charged to whom while `body` runs in a loop that is watched."""

    async def main() -> Health:
        timers, recorder = Timers(asyncio.get_running_loop()), Recorder(perf_counter_ns())
        watch = HealthWatch(timers, recorder, own_code=own_code)
        watch.start()
        ended = asyncio.Event()
        try:
            # As the pacer does: not in the turn in which the watch was started.
            timers.at(perf_counter_ns() + MS, ended.set)
            await ended.wait()
            await asyncio.ensure_future(body())
            back = asyncio.Event()
            timers.at(perf_counter_ns() + 2 * EVERY_NS, back.set)
            await back.wait()
        finally:
            watch.stop()
            timers.close()
        return recorder.take(0, 0, 1, {}, {}).workers[0]

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main()).blocked


def own(folder: Path, text: str) -> Callable[[], Awaitable[None]]:
    path = folder / "scenario.py"
    path.write_text(text, encoding="utf-8")
    module: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), module)
    return module["agent"]  # type: ignore[no-any-return]


@loops
def test_a_function_that_sleeps_is_named_with_its_line_and_for_how_long(tmp_path: Path, loop: Any) -> None:
    text = "import time\n\ndef wait():\n    time.sleep(0.2)\n\nasync def agent():\n    wait()\n"
    blocked = watched(own(tmp_path, text), loop=loop)
    assert list(blocked) == ["wait() (scenario.py:4)"]
    [found] = blocked.values()
    assert found.count == 1
    assert 200 * MS - 2 * EVERY_NS <= found.longest_ns == found.total_ns


def test_each_standstill_counts(tmp_path: Path) -> None:
    text = (
        "import asyncio, time\n\nasync def agent():\n    for _ in range(3):\n        time.sleep(0.12)\n"
        "        await asyncio.sleep(0.03)\n"
    )
    blocked = watched(own(tmp_path, text))
    [(place, found)] = blocked.items()
    assert place == "agent() (scenario.py:5)"
    assert found.count == 3
    assert found.total_ns >= 3 * (120 * MS - 2 * EVERY_NS)
    assert found.longest_ns < found.total_ns


def test_work_that_never_awaits_is_named_too(tmp_path: Path) -> None:
    text = (
        "import time\n\nasync def agent():\n    until = time.thread_time() + 0.3\n"
        "    while time.thread_time() < until:\n        pass\n"
    )
    blocked = watched(own(tmp_path, text))
    assert blocked
    assert {place.rpartition(":")[0] for place in blocked} == {"agent() (scenario.py"}


def test_the_users_own_function_is_named_and_not_the_library_in_which_it_waits(tmp_path: Path) -> None:
    text = "import subprocess, sys\n\nasync def agent():\n    subprocess.run([sys.executable, '-c', {!r}])\n"
    blocked = watched(own(tmp_path, text.format("import time; time.sleep(0.2)")))
    assert list(blocked) == ["agent() (scenario.py:4)"]


def test_a_function_in_a_thread_blocks_nobody(tmp_path: Path) -> None:
    text = "import asyncio, time\n\nasync def agent():\n    await asyncio.to_thread(time.sleep, 0.2)\n"
    assert watched(own(tmp_path, text)) == {}


@loops
def test_whoever_runs_the_loop_is_not_blamed_for_what_stands_still_in_it(loop: Any) -> None:
    # This very file is a user's own, and its frames are outside of the loop; time.sleep is called by none of it inside.
    async def stand_still() -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)

    assert watched(stand_still, loop=loop) == {}


def test_without_code_of_the_users_own_no_thread_is_started() -> None:
    before = threading.active_count()
    counts: list[int] = []

    async def count() -> None:
        counts.append(threading.active_count())

    watched(count, own_code=False)
    assert counts == [before]
    watched(count, own_code=True)
    assert counts == [before, before + 1]
    assert threading.active_count() == before


def a_watch(told: list[tuple[str, int]]) -> BlockingWatch:
    return BlockingWatch(lambda place, duration_ns: told.append((place, duration_ns)))


def test_time_spent_waiting_for_a_core_is_nobodys_fault() -> None:
    told: list[tuple[str, int]] = []
    watch = a_watch(told)
    watch._found = [(0, "f() (x.py:1)")]
    watch.back(100 * MS, late_ns=90 * MS, waited_ns=60 * MS)
    assert told == []
    watch._found = [(100 * MS, "f() (x.py:1)")]
    watch.back(200 * MS, late_ns=90 * MS, waited_ns=20 * MS)
    assert told == [("f() (x.py:1)", 70 * MS)]


def test_what_was_found_most_often_is_charged_and_a_look_that_came_too_late_is_not() -> None:
    told: list[tuple[str, int]] = []
    watch = a_watch(told)
    watch._found = [(0, "f() (x.py:1)"), (0, "g() (x.py:9)"), (0, "g() (x.py:9)"), (-1, "f() (x.py:1)")]
    watch.back(200 * MS, late_ns=190 * MS, waited_ns=0)
    assert told == [("g() (x.py:9)", 190 * MS)]
    watch._found = [(0, "f() (x.py:1)")]
    watch.back(210 * MS, late_ns=0, waited_ns=0)
    assert len(told) == 1


def test_a_watch_can_be_stopped_twice_and_before_it_was_started() -> None:
    before = threading.active_count()
    watch = a_watch([])
    watch.stop()
    watch.stop()
    assert threading.active_count() == before


def test_where_there_is_no_file_for_stacks_the_run_goes_on_without_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(blocking, "StackReader", none_left)
    text = "import time\n\nasync def agent():\n    time.sleep(0.2)\n"
    assert watched(own(tmp_path, text)) == {}
