"""Pushes: what a server loses, doubles and overtakes on the way to its subscribers is counted, each one of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import orjson

from tests.system.command import CommandLine, environment
from tests.system.scripts import script
from tests.system.servers.raw import Peer, RawServer, text
from wavetank.engine.worker.open_files import raise_open_file_limit
from wavetank.plan.chance import draw_scenario

ROOT = Path(__file__).parents[2]

SUBSCRIBERS = 1000
PUBLISHERS = 10
MESSAGES = 10
CHANNELS = 4
SHARE = 0.001


@contextmanager
def broadcaster(injected: dict[str, int]) -> Iterator[str]:
    """The faulty server in a process of its own; gives its URL. What it did is in `injected` when it is left."""
    raise_open_file_limit()  # for the server, which inherits the limit
    arguments = (SUBSCRIBERS * CHANNELS, PUBLISHERS * MESSAGES, SHARE, 7)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.system.servers.broadcast", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(server.stdout.readline())}"
            server.stdin.close()
            injected.update(json.loads(server.stdout.readline()))
            assert server.wait(10) == 0
        finally:
            server.kill()


def seed_for(weights: tuple[int, int]) -> int:
    """A seed with which exactly so many users are drawn for each of the two scenarios."""
    users = range(sum(weights))
    return next(seed for seed in count() if sum(draw_scenario(weights, seed, index) for index in users) == weights[1])


SCRIPT = f"""
config:
  target: ws://127.0.0.1:1
  timeout: 30
  phases: [{{duration: 2, arrivalCount: {SUBSCRIBERS + PUBLISHERS}}}]
  push:
    match: {{json: $.type, value: event}}
    timestamp: $.timestamp
    sequence: $.seq
    channel: $.channel
scenarios:
  - name: subscriber
    weight: {SUBSCRIBERS}
    flow:
      - connect: /
      - loop:
          - send: {{name: subscribe, payload: {{type: subscribe, channel: "{{{{ $loopElement }}}}"}},
                    match: {{json: $.type, value: subscribed}}}}
        over: ["0", "1", "2", "3"]
      - rendezvous
      - wait: {{name: end, match: {{json: $.type, value: end}}}}
  - name: publisher
    weight: {PUBLISHERS}
    flow:
      - connect: /
      - rendezvous
      - loop:
          - send: {{name: publish, match: {{json: $.type, value: published}},
                    payload: {{type: publish, channel: "{{{{ $randomNumber(0, 3) }}}}", timestamp: "{{{{ $now }}}}"}}}}
        count: {MESSAGES}
"""


def test_a_thousand_subscribers_count_exactly_what_the_server_did_to_their_pushes(wavetank: CommandLine) -> None:
    injected: dict[str, int] = {}
    seed = seed_for((SUBSCRIBERS, PUBLISHERS))

    with broadcaster(injected) as url:
        outcome = wavetank.run(SCRIPT, url, "--seed", str(seed))

    assert outcome.code == 0, outcome.stderr
    assert injected["subscriptions"] == SUBSCRIBERS * CHANNELS
    assert injected["published"] == PUBLISHERS * MESSAGES
    assert injected["too_early"] == 0
    assert min(injected[kind] for kind in ("dropped", "repeated", "held_back")) >= 15, injected
    counters = outcome.summary["counters"]
    assert {name: counters[f"push.{name}"] for name in ("received", "lost", "duplicated", "out_of_order")} == {
        "received": injected["sent"],
        "lost": injected["dropped"],
        "duplicated": injected["repeated"],
        "out_of_order": injected["held_back"],
    }
    assert counters["push.unmeasured"] == counters["push.before_sent"] == 0
    push_time = outcome.summary["histograms"]["websocket.push_time"]
    assert push_time["count"] == injected["sent"]
    assert 0 < push_time["min"] <= push_time["p50"] < 20_000
    journal = [orjson.loads(line) for line in (outcome.folder / "timeline.jsonl").read_bytes().splitlines()]
    for name in ("push.received", "push.lost"):  # a line may take back what the one before counted as lost
        assert sum(line.get("counters", {}).get(name, 0) for line in journal) == counters[name]
    assert f"received {injected['sent']:,}, lost {injected['dropped']}" in outcome.stdout


def test_the_example_counts_every_event_once_for_every_subscriber(wavetank: CommandLine) -> None:
    example = ROOT / "examples" / "broadcast.yml"

    outcome = wavetank("run", str(example), "--serve", "--quiet", "--seed", "1")

    assert outcome.code == 0, outcome.stderr
    counters = outcome.summary["counters"]
    subscribers = counters["vusers.created_by_name.subscriber"]
    publishers = counters["vusers.created_by_name.publisher"]
    assert subscribers + publishers == 110
    assert counters["push.received"] == subscribers * publishers * 10
    assert counters["push.lost"] == counters["push.duplicated"] == counters["push.out_of_order"] == 0
    assert counters["websocket.closed_expected"] == 110
    assert counters["websocket.closed_unexpected"] == 0


AHEAD_S = 5.0


async def a_clock_ahead(peer: Peer) -> None:
    """Answers with the time by its own clock, then pushes an event stamped by it, then says that this was all."""

    def now() -> float:
        return time.time() + AHEAD_S

    await peer.accept()
    await peer.frame()
    await peer.send(text({"type": "welcome", "now": now()}))
    await peer.send(text({"type": "event", "at": now()}))
    await peer.send(text({"type": "end"}))
    await peer.part()


def test_another_clock_is_told_and_its_offset_taken_off(wavetank: CommandLine) -> None:
    config = "push: {match: {json: $.type, value: event}, timestamp: $.at, unit: s, clock: server, serverTime: $.now}"
    steps = (
        "- send: {name: hello, payload: {type: hello}, match: {json: $.type, value: welcome}}",
        "- wait: {name: end, match: {json: $.type, value: end}}",
    )
    with RawServer(a_clock_ahead) as server:
        outcome = wavetank.run(script(*steps, config=config), server.url)

    assert outcome.code == 0, outcome.stderr
    summary = outcome.summary
    hello = summary["histograms"]["websocket.service_time.hello"]
    assert abs(summary["derived"]["push.clock_offset"] - AHEAD_S * 1000) <= hello["min"] / 2 + 1
    assert summary["counters"]["push.received"] == summary["counters"]["push.before_sent"] == 2
    assert summary["histograms"]["websocket.push_time"]["max"] == 0
    assert summary["histograms"]["websocket.push_time.corrected"]["count"] == 2
    assert summary["histograms"]["websocket.push_time.corrected"]["max"] < 1000
    told = " ".join(outcome.stdout.split())
    assert "The server makes the timestamps, so push time includes the offset between its clock and ours: it is" in told
    assert "ms ahead of ours. Corrected by that: p50" in told
    assert "2 came before they were made" in told
