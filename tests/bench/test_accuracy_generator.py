"""What the generator is asked for in the experiments on accuracy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bench.accuracy import distributions, omission
from bench.accuracy.generator import Paced

from wavetank.engine.clock.timers import TICK_NS, Timers
from wavetank.plan.arrivals import arrivals
from wavetank.plan.artillery import read_script
from wavetank.plan.steps import Loop, Pace, Think


def planned_sends(paced: Paced, script: Path) -> list[int]:
    """The planned instants of the first send of each user (ns), where to connect takes no time."""
    script.write_text(paced.script(), encoding="utf-8")
    plan = read_script(script, target="ws://127.0.0.1:1").plan
    _, before, pace, _ = plan.scenarios[0].steps
    assert isinstance(before, Loop)
    assert isinstance(before.count, int)
    assert isinstance(pace, Pace)
    waits_ns = [round(float(step.duration) * 1e9) for step in before.steps if isinstance(step, Think)]
    loop = asyncio.new_event_loop()
    timers = Timers(loop)
    try:
        instants = []
        for arrival in arrivals(plan.phases):
            instant = arrival.planned_ns
            for wait_ns in waits_ns * before.count:
                instant = timers.on_grid(instant + wait_ns, wait_ns)
            instants.append(instant)
    finally:
        timers.close()
        loop.close()
    return instants


@pytest.mark.parametrize("paced", [distributions.FULL, distributions.QUICK, omission.FULL, omission.QUICK])
def test_users_send_evenly_over_the_interval_and_not_before_the_last_one_has_come(paced: Paced, tmp_path: Path) -> None:
    interval_ns = round(paced.every_ms * 1e6)
    instants = planned_sends(paced, tmp_path / "paced.yml")
    assert len(instants) == paced.users
    assert min(instants) >= paced.users * paced.apart_ms * 1e6
    places = sorted(instant % interval_ns for instant in instants)
    gaps = [after - before for before, after in zip(places, [*places[1:], places[0] + interval_ns], strict=True)]
    assert max(abs(gap - interval_ns / paced.users) for gap in gaps) <= TICK_NS
