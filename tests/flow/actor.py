"""An actor whose wire and clock are lists: what a flow did, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from wavetank.flow.expectation import Expected
from wavetank.flow.scenario import compile_hook
from wavetank.metrics.recorder import Recorder, Series
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count
from wavetank.plan.processor import Processor, load_processor
from wavetank.plan.steps import ConnectionOptions, Step


class ListedWire:
    """Notes what is sent; a reply is what `answers` gives."""

    def __init__(self, done: list[Any]) -> None:
        self._done = done

    def transmit(self, data: bytes, *, text: bool, series: Series) -> None:
        self._done.append(("transmit", series.name, data, text))

    async def request(self, data: bytes, *, text: bool, series: Series, expectation: Expected) -> None:
        self._done.append(("request", series.name, data, text, expectation.timeout_ns, expectation.label))

    async def expect(self, series: Series, expectation: Expected) -> None:
        self._done.append(("expect", series.name, expectation.label))

    async def ping(self, series: Series, timeout_ns: int, label: str) -> None:
        self._done.append(("ping", series.name, timeout_ns, label))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._done.append(("close", code, reason))


class ListedActor:
    """Lives a flow without an engine. `continues` says how many rounds endless loops have."""

    def __init__(self, variables: Mapping[str, object] | None = None, continues: int = 0) -> None:
        self.vars: dict[str, object] = dict(variables or {})
        self.planned_at = 0
        self.turns = 0
        self.now = 1000.0
        self.scenario_name = "scenario"
        self.done: list[Any] = []
        self.wire = ListedWire(self.done)
        self._continues = continues
        self._random = random.Random(3)

    @property
    def may_continue(self) -> bool:
        self._continues -= 1
        return self._continues >= 0

    def now_ms(self) -> float:
        self.now += 0.5
        return self.now

    def random(self) -> random.Random:
        return self._random

    async def connect(self, url: str, options: ConnectionOptions, headers: Mapping[str, str]) -> None:
        self.done.append(("connect", url, options.subprotocols, dict(headers)))

    async def think_until(self, due_ns: int) -> None:
        self.done.append(("think", due_ns - self.planned_at))
        self.planned_at = due_ns
        self.turns += 1

    async def pause(self) -> None:
        self.done.append(("pause",))

    def late(self, planned_at: int) -> None:
        self.done.append(("round", planned_at))

    async def rendezvous(self) -> None:
        self.done.append(("rendezvous",))

    def depart(self) -> None:
        self.done.append(("depart",))

    def log(self, text: str) -> None:
        self.done.append(("log", text))

    def emit(self, kind: str, name: str, value: float) -> None:
        self.done.append(("emit", kind, name, value))


def plan(target: str = "ws://host:1/base", **fields: Any) -> Plan:
    return Plan(name="p", target=target, phases=(Count(name="c", duration_s=1, count=1),), scenarios=(), **fields)


def compiled(
    steps: tuple[Step, ...], processor: Path | None = None, of: Plan | None = None
) -> Callable[[ListedActor], Awaitable[None]]:
    loaded: Processor | None = None if processor is None else load_processor(processor)
    return compile_hook(steps, of or plan(), Recorder(0), loaded)  # type: ignore[return-value]


def lived(
    *steps: Step,
    variables: Mapping[str, object] | None = None,
    continues: int = 0,
    processor: Path | None = None,
    of: Plan | None = None,
) -> ListedActor:
    """An actor who has lived these steps. Raises what they raised."""
    actor = ListedActor(variables, continues)

    async def live() -> None:
        await asyncio.wait_for(_as_coroutine(compiled(steps, processor, of)(actor)), 10)

    asyncio.run(live())
    return actor


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable
