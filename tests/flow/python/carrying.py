"""Python scenarios carried by a worker of this process, against a server that speaks as a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve

from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.worker import Worker
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Phase
from wavetank.plan.scenario import Scenario

Handler = Callable[[ServerConnection], Awaitable[None]]
ONE: tuple[Phase, ...] = (Count(name="one", duration_s=0, count=1),)


@dataclass
class Outcome:
    total: Snapshot = field(default_factory=Snapshot)
    logs: list[str] = field(default_factory=list)

    def count(self, name: str) -> int:
        return self.total.counters.get(name, 0)

    def errors(self) -> dict[str, int]:
        return {kind: error.count for kind, error in self.total.errors.items()}

    def replies(self, name: str) -> int:
        histogram = self.total.histograms.get(f"websocket.response_time.{name}")
        return 0 if histogram is None else histogram.count

    def longest_ms(self, histogram: str) -> float:
        return self.total.histograms[histogram].max / 1e6


def carried(
    *scenarios: Scenario,
    handler: Handler | None = None,
    phases: tuple[Phase, ...] = ONE,
    shared: dict[str, Any] | None = None,
    **fields: Any,
) -> Outcome:
    """What a worker measured that carried these scenarios against the handler (without one: `answer`)."""
    outcome = Outcome()

    def add(snapshot: Snapshot) -> None:
        outcome.total += snapshot

    async def main() -> None:
        async with serve(handler or answer, "127.0.0.1", 0, subprotocols=fields.pop("subprotocols", None)) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            target = f"ws://127.0.0.1:{port}/"
            plan = Plan(name="p", target=target, phases=phases, scenarios=scenarios, **fields)
            worker = Worker(
                plan,
                Share(),
                start_ns=perf_counter_ns(),
                on_snapshot=add,
                on_log=outcome.logs.append,
                shared=shared,
            )
            async with asyncio.timeout(20):
                await worker.run()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
    return outcome


async def answer(connection: ServerConnection) -> None:
    """Answers `{"type": t, …}` by the same with the type `t` + `ed`, and anything that is no JSON by itself."""
    async for message in connection:
        try:
            body = orjson.loads(message)
        except orjson.JSONDecodeError:
            await connection.send(message)
            continue
        body["type"] += "ed"
        await connection.send(orjson.dumps(body).decode())
