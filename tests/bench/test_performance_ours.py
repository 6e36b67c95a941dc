"""The work as a script of Wavetank's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.peers.work import Work
from bench.performance.lengths import FULL, QUICK
from bench.performance.native import Channel
from bench.performance.ours import module_of, script_of

from wavetank.plan.artillery import read_script
from wavetank.plan.python.script import load_script, plan_of_script

WORKS = [
    *(lengths.dense(workers=2) for lengths in (FULL, QUICK)),
    *(lengths.sparse() for lengths in (FULL, QUICK)),
    *(lengths.connections() for lengths in (FULL, QUICK)),
    *(lengths.handshakes() for lengths in (FULL, QUICK)),
    *(FULL.steady(size, workers=1) for size in FULL.sizes),
]


@pytest.mark.parametrize("work", WORKS, ids=str)
@pytest.mark.parametrize("channel", [Channel(), Channel("deflate", deflate=True)], ids=lambda channel: channel.name)
def test_every_work_is_a_script_that_wavetank_takes(work: Work, channel: Channel, tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script_of(work, "ws://127.0.0.1:1234/ws", channel)), encoding="utf-8")
    plan = read_script(path).plan
    assert sum(phase.duration_s for phase in plan.phases) == pytest.approx(work.length_s)


@pytest.mark.parametrize("work", WORKS, ids=str)
def test_every_work_is_a_python_module_that_asks_for_the_same_load(work: Work, tmp_path: Path) -> None:
    script, module = tmp_path / "script.json", tmp_path / "scenario.py"
    script.write_text(json.dumps(script_of(work, "ws://127.0.0.1:1234/ws")), encoding="utf-8")
    module.write_text(module_of(work, "ws://127.0.0.1:1234/ws"), encoding="utf-8")
    plan = plan_of_script(load_script(module), module)
    asked = [(type(phase), phase.duration_s, getattr(phase, "count", 0)) for phase in plan.phases]
    same = read_script(script).plan
    assert asked == [(type(phase), phase.duration_s, getattr(phase, "count", 0)) for phase in same.phases]
    assert plan.scenarios[0].name == "user"
