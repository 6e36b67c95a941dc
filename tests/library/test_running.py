"""Plans run from Python: what comes of them, and that nothing of the caller's is taken over or left behind."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.library.plans import a_plan, a_talkative_user, an_endless_plan
from tests.system.test_fleet import is_alive, wait_until, workers_of
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import RunError, ScriptError
from wavetank.execution.result import Exit
from wavetank.library.running import run, run_sync
from wavetank.metrics.thresholds import threshold_of
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count

pytestmark = pytest.mark.timeout(60)

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, new_event_loop], ids=["asyncio", "uvloop"])
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_every_user_and_every_reply_is_counted_wherever_the_users_are_carried(url: str, workers: int) -> None:
    result = run_sync(a_plan(url), workers=workers)
    assert result.counters["vusers.completed"] == 10
    assert result.counters["websocket.replies"] == 50
    assert len(result.workers) == max(1, workers)
    assert 0 < result.p50 <= result.p95 <= result.p99
    assert result.verdict == "ok"
    assert result.complete


def test_without_phases_there_is_one_user(url: str) -> None:
    plan = replace(a_plan(url), phases=())
    assert run_sync(plan, workers=0).counters["vusers.completed"] == 1


def test_left_to_itself_it_has_no_more_workers_than_users(url: str) -> None:
    plan = a_plan(url, Count(name="one", duration_s=0.1, count=1))
    assert len(run_sync(plan).workers) == 1


@LOOPS
@pytest.mark.parametrize("workers", [0, 1])
def test_it_leaves_the_exception_handler_and_the_signals_of_a_running_loop_alone(
    url: str, new_loop: LoopFactory, workers: int
) -> None:
    def handler(loop: asyncio.AbstractEventLoop, context: object) -> None:
        pytest.fail(f"not to be called: {context}")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(handler)
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.getsignal(number) for number in numbers]
        running = asyncio.ensure_future(run(a_plan(url), workers=workers))
        seen = 0
        while not running.done():
            assert loop.get_exception_handler() is handler
            assert [signal.getsignal(number) for number in numbers] == before
            seen += 1
            await asyncio.sleep(0.01)
        assert seen > 1
        assert (await running).counters["vusers.completed"] == 10
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


def test_run_sync_inside_a_running_loop_says_what_to_write_there(url: str) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"write `await wavetank.run\(plan\)` there"):
            run_sync(a_plan(url))

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="looks the workers up in /proc")
@LOOPS
def test_a_cancelled_run_leaves_no_process_behind(url: str, new_loop: LoopFactory) -> None:
    workers: list[int] = []

    async def main() -> None:
        running = asyncio.ensure_future(run(an_endless_plan(url), workers=2))
        while len(workers) < 2:
            await asyncio.sleep(0.05)
            workers[:] = workers_of(os.getpid())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not any(map(is_alive, workers))

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    wait_until(lambda: workers_of(os.getpid()) == [])


@LOOPS
def test_a_cancelled_run_in_this_process_leaves_no_user_behind(new_loop: LoopFactory) -> None:
    async def main() -> None:
        came, gone = asyncio.Semaphore(0), asyncio.Semaphore(0)

        async def answer(connection: ServerConnection) -> None:
            came.release()
            try:
                async for _ in connection:
                    await connection.send('{"type": "pong"}')
            finally:
                gone.release()

        async with serve(answer, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            running = asyncio.ensure_future(run(an_endless_plan(f"ws://127.0.0.1:{port}"), workers=0))
            for _ in range(10):
                await came.acquire()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            async with asyncio.timeout(5):
                for _ in range(10):
                    await gone.acquire()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


def test_a_run_folder_holds_what_the_result_says(url: str, tmp_path: Path) -> None:
    result = run_sync(a_plan(url), workers=0, output=tmp_path / "run")
    assert result.folder == tmp_path / "run"
    assert json.loads((tmp_path / "run" / "summary.json").read_bytes()) == result.to_dict()
    assert {path.name for path in result.folder.iterdir()} == {"plan.json", "timeline.jsonl", "summary.json"}
    with pytest.raises(RunError, match="already holds a run"):
        run_sync(a_plan(url), workers=0, output=str(tmp_path / "run"))


def test_nothing_is_written_unless_a_folder_is_named(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_sync(a_plan(url), workers=0).folder is None
    assert list(tmp_path.iterdir()) == []


def test_a_seed_takes_the_place_of_the_plans(url: str) -> None:
    assert run_sync(a_plan(url), workers=0).plan.seed == 3
    assert run_sync(a_plan(url), workers=0, seed=8).plan.seed == 8


def test_what_users_log_is_heard(url: str) -> None:
    heard: list[str] = []
    run_sync(a_plan(url, scenario=a_talkative_user("hello")), workers=0, on_log=heard.append)
    assert heard == ["hello"] * 10


def test_without_a_listener_the_logger_hears_it(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="wavetank"):
        run_sync(a_plan(url, scenario=a_talkative_user("hello")), workers=0)
    assert ("wavetank", logging.INFO, "hello") in caplog.record_tuples


def test_a_missed_threshold_is_a_verdict_and_no_error(url: str) -> None:
    plan = replace(a_plan(url), thresholds=(threshold_of("websocket.response_time.p95 < 1us"),))
    result = run_sync(plan, workers=0)
    assert result.verdict == "critical"
    assert result.exit_code is Exit.CRITICAL


def test_a_server_that_is_not_there_is_told_by_the_errors() -> None:
    result = run_sync(a_plan("ws://127.0.0.1:1"), workers=0)
    assert [(error.kind, error.count) for error in result.errors] == [("connect_refused", 10)]
    assert result.exit_code is Exit.NOT_CARRIED_OUT


def test_a_plan_that_cannot_be_run_is_a_script_error_with_everything_that_is_wrong() -> None:
    with pytest.raises(ScriptError) as raised:
        run_sync(Plan(name="empty", target="localhost"))
    assert [problem.message for problem in raised.value.problems] == [
        "the plan has no scenario",
        "the plan's target: 'localhost' is no WebSocket URL: write ws://localhost",
    ]


@pytest.mark.parametrize("workers", [-1, True, 1.5])
def test_a_number_of_workers_that_cannot_be_is_told(url: str, workers: int) -> None:
    with pytest.raises(ValueError, match="is no number of workers"):
        run_sync(a_plan(url), workers=workers)
