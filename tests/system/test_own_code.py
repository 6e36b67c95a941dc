"""Mistakes in a script's own code: its users fail and are counted by type and place, and the run goes on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from tests.system.command import COMMAND, CommandLine, environment
from tests.system.scripts import PING, script
from tests.system.servers.raw import Peer, RawServer, text

_PROCESSOR = """\
import time


def block(context, events):
    time.sleep(0.15)


def lookup(context):
    return context.vars["missing"]


async def broken(context, events):
    try:
        lookup(context)
    except KeyError as missing:
        raise RuntimeError("no such room") from missing


def wait(context, events):
    if context.vars["gate"] != "none":
        open(context.vars["gate"]).read()
"""


def test_a_function_that_raises_fails_its_user_and_is_told_with_one_traceback(wavetank: CommandLine) -> None:
    (wavetank.folder / "processor.py").write_text(_PROCESSOR, encoding="utf-8")
    outcome = wavetank.run(
        script(PING, "- function: broken", config="processor: ./processor.py", users=5), None, "--serve"
    )
    assert outcome.code == 1, outcome.stderr
    assert outcome.errors == {"RuntimeError at processor.py:16": 5}
    assert outcome.counters["vusers.failed"] == 5
    assert outcome.counters["websocket.replies"] == 5
    [error] = outcome.summary["errors"]
    assert error["example"] == "broken() raised RuntimeError: no such room"
    trace = error["traceback"]
    assert "KeyError: 'missing'" in trace
    assert "The above exception was the direct cause" in trace
    assert "in lookup" in trace
    assert trace.endswith("RuntimeError: no such room")
    assert "wavetank/" not in trace.replace(str(wavetank.folder), "")
    assert "  RuntimeError at processor.py:16 (5): broken() raised RuntimeError: no such room\n" in outcome.stdout
    assert "\n      RuntimeError: no such room\n" in outcome.stdout
    timeline = [json.loads(line) for line in (outcome.folder / "timeline.jsonl").read_text("utf-8").splitlines()]
    told = [line["errors"]["RuntimeError at processor.py:16"] for line in timeline if line.get("errors")]
    assert sum(count for count, *_ in told) == 5

    again = subprocess.run(
        [*COMMAND, "report", str(outcome.folder)], env=environment(), capture_output=True, text=True, check=False
    )
    assert "\n      RuntimeError: no such room\n" in again.stdout


def test_a_function_that_blocks_is_named_though_the_run_may_be_trusted(wavetank: CommandLine) -> None:
    (wavetank.folder / "processor.py").write_text(_PROCESSOR, encoding="utf-8")
    outcome = wavetank.run(
        script(PING, "- function: block", config="processor: ./processor.py", users=1), None, "--serve"
    )
    assert outcome.code == 0, outcome.stderr
    places = {blocked["place"]: blocked for worker in outcome.summary["workers"] for blocked in worker["blocked"]}
    assert places.keys() == {"block() (processor.py:5)"}
    [blocked] = places.values()
    assert blocked["count"] == 1
    assert blocked["total_ms"] == blocked["longest_ms"] >= 120
    assert "was blocked by block() (processor.py:5) for 0.1" in " ".join(outcome.stdout.split())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in the file system")
def test_no_message_waits_for_the_code_of_another_user_which_may_take_its_time(wavetank: CommandLine) -> None:
    # A function blocks until two users are answered, who are looked after together then; that of the second one blocks.
    first, second = wavetank.folder / "first", wavetank.folder / "second"
    os.mkfifo(first)
    os.mkfifo(second)
    (wavetank.folder / "processor.py").write_text(_PROCESSOR, encoding="utf-8")
    all_there, blocked, sent = asyncio.Barrier(3), asyncio.Event(), asyncio.Event()

    async def handle(peer: Peer) -> None:
        gate = (None, second, first)[peer.number]
        await peer.accept()
        await peer.frame()
        await all_there.wait()
        if peer.number != 2:
            await blocked.wait()
        await peer.send(text({"type": "pong", "gate": str(gate or "none")}))
        if gate is first:
            with await asyncio.to_thread(open, gate, "w"):  # as soon as the function opens it, too
                blocked.set()
                await asyncio.sleep(0)  # those two have their turns, and send what they have to
        elif gate is second:
            try:
                await asyncio.wait_for(sent.wait(), 10)
            finally:
                (await asyncio.to_thread(open, gate, "w")).close()
        await peer.frame()
        if gate is None:
            sent.set()
        await peer.part()

    flow = (
        "- send: {payload: {type: ping}, match: {json: $.type, value: pong}, capture: {json: $.gate, as: gate}}",
        "- function: wait",
        "- send: {payload: {type: again}}",
    )
    with RawServer(handle) as server:
        outcome = wavetank.run(script(*flow, config="processor: ./processor.py", users=3), server.url, "--workers", "1")
    assert outcome.counters["vusers.completed"] == 3, outcome.stderr


def test_a_mistake_in_the_flow_before_a_run_says_where_it_is(wavetank: CommandLine) -> None:
    (wavetank.folder / "processor.py").write_text(_PROCESSOR, encoding="utf-8")
    text = script(PING, config="processor: ./processor.py") + "before:\n  flow:\n    - function: broken\n"
    outcome = wavetank.run(text, None, "--serve")
    assert outcome.exit_code == 3
    assert "broken() raised RuntimeError: no such room (processor.py:16)" in outcome.stderr
