"""What becomes of a user whose own code raises something: it fails, and is counted by what was raised and where."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from time import perf_counter_ns

import pytest

from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.worker import Worker
from wavetank.errors import Where
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count
from wavetank.plan.processor import load_processor
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Connect, Function
from wavetank.target.server import serve

HERE = Where("s.yml", 1)


def carried(folder: Path, body: str, *, users: int = 1) -> Snapshot:
    """What a worker measured whose users call a function of that body, which begins in line 5."""
    path = folder / "processor.py"
    path.write_text(f"import asyncio\nfrom wavetank import UserFailure\n\nasync def agent(context):\n    {body}\n")
    total = Snapshot()

    def add(snapshot: Snapshot) -> None:
        total.__iadd__(snapshot)

    async def main() -> None:
        server = await serve("127.0.0.1", 0)
        plan = Plan(
            name="p",
            target=f"ws://{server.authority}/ws",
            phases=(Count(name="all", duration_s=0, count=users),),
            scenarios=(Scenario(name="s", steps=(Connect(where=HERE), Function(where=HERE, name="agent"))),),
            processor=path,
        )
        worker = Worker(
            plan,
            Share(),
            start_ns=perf_counter_ns(),
            on_snapshot=add,
            on_log=print,
            processor=load_processor(path),
        )
        try:
            await asyncio.wait_for(worker.run(), 30)
        finally:
            await server.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
    return total


_GROUP = "raise ExceptionGroup('both', [{}, KeyError('b')])"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('no')", "ValueError at processor.py:5"),
        ("raise UserFailure('sold_out', 'no seat left')", "sold_out"),
        ("raise GeneratorExit", "GeneratorExit at processor.py:5"),
        ("raise asyncio.CancelledError", "CancelledError at processor.py:5"),
        ("raise BaseException('odd')", "BaseException at processor.py:5"),
        (_GROUP.format("ValueError('a')"), "ValueError at processor.py:5"),
        (_GROUP.format("UserFailure('sold_out', 'no seat left')"), "sold_out"),
    ],
)
def test_whatever_is_raised_fails_the_user_and_the_run_goes_on(tmp_path: Path, body: str, kind: str) -> None:
    total = carried(tmp_path, body, users=3)
    assert {kind: error.count for kind, error in total.errors.items()} == {kind: 3}
    assert total.counters["vusers.failed"] == 3
    assert "vusers.interrupted" not in total.counters
    assert total.counters[f"errors.{kind}"] == 3
    trace = total.errors[kind].trace
    assert bool(trace) == (kind != "sold_out")
    assert "worker.py" not in trace


def test_what_a_function_that_failed_held_is_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    def held() -> int:
        return sum(isinstance(each, asyncio.Semaphore) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = held()
        carried(tmp_path, "held = asyncio.Semaphore(); raise ValueError('no')", users=50)
        assert held() == before
    finally:
        gc.enable()
