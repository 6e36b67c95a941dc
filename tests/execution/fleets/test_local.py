"""A fleet of processes: what goes wrong before a run can begin."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from wavetank.errors import RunError, Where
from wavetank.execution.fleets.contract import Orders
from wavetank.execution.fleets.local import LocalFleet
from wavetank.metrics.loss import Loss
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count
from wavetank.plan.steps import Think


class Heard:
    """Keeps what a fleet says."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.losses: list[Loss] = []

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def lost(self, loss: Loss) -> None:
        self.losses.append(loss)

    def log(self, text: str) -> None: ...

    def notice(self, text: str) -> None: ...


def plan_of(users: int, processor: Path | None = None) -> Plan:
    return Plan(
        name="thinkers",
        target="ws://127.0.0.1:1",
        phases=(Count(name="all", duration_s=0.1, count=users),),
        scenarios=(Scenario(name="thinker", steps=(Think(where=Where("thinkers.yml", 1), duration=0.01),)),),
        processor=processor,
        seed=1,
    )


def carry(plan: Plan, size: int, variables: dict[str, object] | None = None) -> tuple[Heard, LocalFleet]:
    heard = Heard()

    async def run() -> LocalFleet:
        fleet = LocalFleet(size)
        async with fleet:
            await fleet.carry(Orders(plan, variables or {}), heard)
        return fleet

    return heard, asyncio.run(run())


def test_the_shares_of_all_workers_add_up_to_the_plan() -> None:
    heard, fleet = carry(plan_of(17), 3)
    total = sum(heard.snapshots, Snapshot())
    # Nobody listens at the target: that is exact, too.
    assert total.counters["vusers.created"] == total.counters["vusers.failed"] == 17
    assert total.errors["connect_refused"].count == 17
    assert {snapshot.worker for snapshot in heard.snapshots} == {0, 1, 2}
    assert heard.losses == []
    assert fleet.ended


def test_a_variable_that_cannot_leave_its_process_is_named() -> None:
    with pytest.raises(RunError, match=r"left 'lock', a lock"):
        carry(plan_of(1), 1, {"fine": [1, {"two": 3}], "lock": threading.Lock()})


def test_functions_that_fail_to_load_in_a_worker_are_a_run_that_cannot_begin(tmp_path: Path) -> None:
    processor = tmp_path / "processor.py"
    processor.write_text("raise RuntimeError('no licence')\n")
    with pytest.raises(RunError, match="no licence"):
        carry(plan_of(1, processor), 2)


def test_a_fleet_that_is_stopped_before_it_begins_starts_nobody() -> None:
    heard = Heard()

    async def run() -> None:
        fleet = LocalFleet(2)
        async with fleet:
            fleet.stop()
            await fleet.carry(Orders(plan_of(50), {}), heard)

    asyncio.run(run())
    assert sum(heard.snapshots, Snapshot()).counters.get("vusers.created", 0) == 0
