"""A generator that does not keep its promise says so, and ends with 4."""

from __future__ import annotations

import json

import pytest

from tests.system.command import CommandLine
from tests.system.scripts import PING, script
from tests.system.servers.raw import PONG_MESSAGE, TEXT, Peer, RawServer, text

_PROCESSOR = """
import time


def block(context, events):
    time.sleep(0.2)
"""


async def answer(peer: Peer) -> None:
    await peer.accept()
    while True:
        received = await peer.frame()
        if received.opcode != TEXT:
            break
        await peer.send(text(PONG_MESSAGE))


def test_a_function_that_blocks_the_loop_costs_the_run_its_trust(wavetank: CommandLine) -> None:
    (wavetank.folder / "processor.py").write_text(_PROCESSOR, encoding="utf-8")
    # Both are to be connected when the first one blocks, or it might have done before the other one waits for anything.
    rounds = ("- think: 0.1", "- loop:", f"    {PING}", "    - {function: block}", "  count: 4")
    with RawServer(answer) as server:
        outcome = wavetank.run(script(*rounds, config="processor: ./processor.py"), server.url, "--workers", "1")
    assert outcome.exit_code == 4, outcome.stderr
    assert outcome.summary["verdict"] == "ok"
    assert not outcome.summary["trust"]["ok"]
    reason = outcome.summary["trust"]["reasons"][0]
    assert reason.startswith("worker 0 was blocked by block() (processor.py:6) for ")
    assert "await instead of blocking, or move it to a thread" in reason
    assert "NOT TO BE TRUSTED" in outcome.stdout
    [worker] = outcome.summary["workers"]
    assert worker["loop_lag_max"] >= 150
    assert worker["stall_p99"] >= 150
    [blocked] = worker["blocked"]
    assert blocked["place"] == "block() (processor.py:6)"
    assert blocked["longest_ms"] >= 150


def test_a_short_run_that_keeps_its_promise_ends_with_0(wavetank: CommandLine) -> None:
    with RawServer(answer) as server:
        outcome = wavetank.run(
            script("- loop:", f"    {PING}", "    - think: 0.05", "  count: 4"), server.url, "--workers", "1"
        )
    waited = outcome.summary["workers"][0]["waited_percent_max"]
    if waited is not None and waited > 10:
        pytest.skip(
            f"other programs kept the generator from its core for {waited} % of a second: it was not left alone"
        )
    assert outcome.exit_code == 0, outcome.summary["trust"]
    assert outcome.summary["trust"] == {"ok": True, "reasons": []}
    timeline = (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    healths = [json.loads(line)["workers"]["0"] for line in timeline if '"counters"' in line]
    assert sum(health["loop_lag"]["count"] for health in healths) > 10
    assert all(health["loop_lag"]["count"] == health["stalls"]["count"] for health in healths)
    assert outcome.summary["gauges"].get("generator.memory", 1) > 0
