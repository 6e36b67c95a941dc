"""A connection's life: how long each part of its opening took, how long it lasted, and whether its end was expected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest
import trustme

from tests.system.servers.raw import Peer, RawServer, close, text
from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.worker import Worker
from wavetank.errors import Where
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count
from wavetank.plan.steps import Close, ConnectionOptions, Correlation, Expect, JsonSelector, Match, Send, Step, Think

HERE = Where("s.yml", 1)
PONG = Expect(matches=(Match(selector=JsonSelector(path="$.type"), value="pong"),))
SEND = Send(where=HERE, payload={"type": "ping", "id": 1}, encoding="json", name="ping")
PING = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="ping", expect=PONG)
THINK = Think(where=HERE, duration=20)
PART_S = 0.05


def carried(target: str, *steps: Step, **options: Any) -> Snapshot:
    plan = Plan(
        name="p",
        target=target,
        phases=(Count(name="all", duration_s=0, count=1),),
        scenarios=(Scenario(name="s", steps=steps),),
        connection=ConnectionOptions(**options),
    )
    total = Snapshot()

    def add(snapshot: Snapshot) -> None:
        nonlocal total
        total += snapshot

    async def main() -> None:
        worker = Worker(plan, Share(), start_ns=perf_counter_ns(), on_snapshot=add, on_log=lambda _: None)
        await asyncio.wait_for(worker.run(), 30)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
    return total


async def slow_upgrade(peer: Peer) -> None:
    await peer.request()
    await asyncio.sleep(PART_S)
    await peer.send(peer.upgrade())
    await peer.part()


def test_the_parts_of_a_connect_are_timed_apart(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)

    with RawServer(slow_upgrade, context=context) as server:
        total = carried(f"wss://localhost:{server.port}", Close(where=HERE), ca=ca)

    parts = {part: total.histograms[f"websocket.connect_time.{part}"] for part in ("dns", "tcp", "tls", "upgrade")}
    assert {part: histogram.count for part, histogram in parts.items()} == dict.fromkeys(parts, 1)
    whole = total.histograms["websocket.connect_time"]
    assert sum(histogram.max for histogram in parts.values()) <= whole.max * 1.01
    assert parts["upgrade"].max * 1.001 >= PART_S * 1e9
    # What the parts leave over is our own work around them.
    assert parts["tls"].max < whole.max - PART_S * 1e9


def test_a_connect_without_tls_has_no_time_of_it() -> None:
    with RawServer(slow_upgrade) as server:
        total = carried(server.url, Close(where=HERE))

    assert "websocket.connect_time.tls" not in total.histograms
    assert total.histograms["websocket.connect_time.tcp"].count == 1


async def hang_up_at_once(peer: Peer) -> None:
    await peer.accept()
    await peer.send(close(1012, "restart"))
    await peer.frame()


async def break_off_at_the_message(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()


async def close_after_the_message(peer: Peer) -> None:
    await peer.accept()
    await peer.frame()
    await peer.send(text({"type": "pong"}) + close(1000, "bye"))
    await peer.frame()


async def stay(peer: Peer) -> None:
    await peer.accept()
    while (await peer.frame()).opcode != 8:
        pass
    await peer.send(close(1000))


PARTING = Send(where=HERE, payload={"type": "disconnect"}, encoding="json", name="disconnect", expect=PONG)
PIPELINED = Send(
    where=HERE, payload={"id": 1}, encoding="json", name="job", correlation=Correlation(sent="$.id", received="$.id")
)


@pytest.mark.parametrize(
    ("server", "steps", "code", "expected"),
    [
        pytest.param(stay, (SEND,), 1000, True, id="the user ends"),
        pytest.param(stay, (SEND, Close(where=HERE)), 1000, True, id="the user closes"),
        pytest.param(close_after_the_message, (PARTING, THINK), 1000, True, id="the user said goodbye"),
        pytest.param(hang_up_at_once, (THINK,), 1012, False, id="the user thinks"),
        pytest.param(break_off_at_the_message, (PING,), 1006, False, id="the user waits for a reply"),
        pytest.param(break_off_at_the_message, (PARTING,), 1006, False, id="no answer to the goodbye"),
        pytest.param(break_off_at_the_message, (PIPELINED,), 1006, False, id="a pipelined request is under way"),
    ],
)
def test_an_end_is_expected_only_when_the_user_needs_the_connection_no_more(
    server: Callable[[Peer], Awaitable[None]], steps: tuple[Step, ...], code: int, expected: bool
) -> None:
    if steps[-1] is THINK and expected:
        steps = (*steps[:-1], Think(where=HERE, duration=0.05))
    with RawServer(server) as running:
        counters = carried(running.url, *steps).counters

    assert counters[f"websocket.closed.{code}"] == 1
    assert counters.get("websocket.closed_expected", 0) == expected
    assert counters.get("websocket.closed_unexpected", 0) == (not expected)
    assert counters.get(f"websocket.closed_unexpected.{code}", 0) == (not expected)


def test_the_servers_reason_and_the_lifetime_are_kept() -> None:
    with RawServer(hang_up_at_once) as server:
        total = carried(server.url, THINK)

    assert total.counters["websocket.close_reason.restart"] == 1
    lifetime = total.histograms["websocket.lifetime"]
    assert lifetime.count == 1
    assert 0 < lifetime.max < 20e9
