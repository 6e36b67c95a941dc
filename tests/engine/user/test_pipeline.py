"""Pipelined requests: each ends exactly once, and what comes afterwards is counted as what it is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from wavetank.engine.clock.timers import Timers
from wavetank.engine.user.pipeline import Pipeline
from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.worker import Worker
from wavetank.errors import UserFailure, Where
from wavetank.flow.correlation import Correlator
from wavetank.metrics.recorder import Recorder
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.arrivals import Share
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count
from wavetank.plan.steps import Correlation, Loop, Pace, Send, Settle, Step

HERE = Where("s.yml", 3)
BY_ID = Correlation(sent="$.id", received="$.id")


def correlator(correlation: Correlation = BY_ID) -> Correlator:
    return Correlator(correlation, timeout_s=10, label="step 'job' (s.yml:3)")


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (b'{"id":7}', 7),
        (b'{"id":"a"}', "a"),
        (b'{"id":1.5}', 1.5),
        (b'{"id":true}', None),
        (b'{"id":null}', None),
        (b'{"id":[1]}', None),
        (b'{"no":1}', None),
        (b"not json", None),
    ],
)
def test_a_key_is_a_text_or_a_number(message: bytes, key: object) -> None:
    assert correlator().of_reply(message) == key
    if key is None:
        with pytest.raises(UserFailure, match=r"no_key.*step 'job' \(s\.yml:3\) has no text or number at \$\.id"):
            correlator().of_sent(message)
    else:
        assert correlator().of_sent(message) == key


@given(
    st.lists(st.tuples(st.sampled_from(["send", "reply", "expire"]), st.integers(0, 5)), max_size=60),
)
def test_every_request_ends_exactly_once_whatever_happens(events: list[tuple[str, int]]) -> None:
    """requests = replies + replies_lost + what is under way; every message is a reply, late, a duplicate or a push."""

    async def main() -> None:
        recorder = Recorder(0)
        timers = Timers(asyncio.get_running_loop())
        pipeline, series, by = Pipeline(recorder, timers), recorder.series("job"), correlator()
        begun = messages = pushes = 0
        for kind, number in events:
            if kind == "send":
                begun += 1
                pipeline.begin(by, number, series, planned_at=1, sent_at=1, timeout_ns=10**12 if number else 0)
            elif kind == "reply":
                messages += 1
                pushes += not pipeline.receive(orjson.dumps({"id": number}), 5)
            else:
                await asyncio.sleep(0)  # requests of number 0 are overdue at once
            counts = recorder.counts
            assert begun == recorder.traffic.requests
            answered = len(series.response_ns)
            assert begun == answered + counts["websocket.replies_lost"] + pipeline.under_way
            late, again = counts["websocket.replies_late"], counts["websocket.replies_duplicated"]
            assert messages == answered + late + again + pushes
        timers.close()

    asyncio.run(main())


def carried(handler: Callable[[ServerConnection], Any], *steps: Step, users: int = 1) -> Snapshot:
    total = Snapshot()

    def add(snapshot: Snapshot) -> None:
        nonlocal total
        total += snapshot

    async def main() -> None:
        async with serve(handler, "127.0.0.1", 0, max_queue=None) as server:
            port = server.sockets[0].getsockname()[1]
            plan = Plan(
                name="p",
                target=f"ws://127.0.0.1:{port}",
                phases=(Count(name="all", duration_s=0, count=users),),
                scenarios=(Scenario(name="s", steps=steps),),
                reply_timeout_s=0.5,
            )
            worker = Worker(plan, Share(), start_ns=perf_counter_ns(), on_snapshot=add, on_log=print)
            await asyncio.wait_for(worker.run(), 60)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
    return total


def job(timeout_s: float | None = None) -> Send:
    return Send(
        where=HERE,
        payload={"type": "job", "id": "{{ $loopCount }}"},
        encoding="json",
        name="job",
        correlation=Correlation(sent="$.id", received="$.id", timeout_s=timeout_s),
    )


def test_ten_thousand_replies_in_random_order_some_never_some_twice_are_counted_exactly() -> None:
    never = set(range(0, 10_000, 97))
    twice = set(range(5, 10_000, 89)) - never

    async def handler(connection: ServerConnection) -> None:
        waiting: list[int] = []
        order = random.Random(5)
        async for message in connection:
            waiting.append(orjson.loads(message)["id"])
            if len(waiting) < 500:
                continue
            order.shuffle(waiting)
            for number in waiting:
                for _ in range(0 if number in never else 2 if number in twice else 1):
                    await connection.send(orjson.dumps({"id": number, "ok": True}).decode())
            waiting.clear()

    total = carried(handler, Loop(where=HERE, steps=(job(5),), count=10_000), Settle(where=HERE))
    counters = total.counters
    assert counters["websocket.requests"] == 10_000
    assert counters["websocket.replies"] == 10_000 - len(never)
    assert counters["websocket.replies_lost"] == counters["websocket.reply_timeouts"] == len(never)
    assert counters["websocket.replies_duplicated"] == len(twice)
    assert counters.get("websocket.replies_late", 0) == 0
    assert counters.get("websocket.pushes", 0) == 0
    assert counters["websocket.messages_received"] == 10_000 - len(never) + len(twice)
    assert total.histograms["websocket.response_time.job"].count == 10_000 - len(never)
    assert counters["vusers.failed"] == 1
    assert total.errors["replies_missing"].example == f"{len(never)} of 10000 pipelined requests got no reply"


def test_a_reply_after_its_timeout_is_late_and_the_next_one_a_duplicate() -> None:
    async def handler(connection: ServerConnection) -> None:
        first = await connection.recv()
        await connection.recv()  # the second request is sent when the first has timed out
        await connection.send(first)
        await connection.send(first)
        await connection.send('{"id":1}')
        await connection.wait_closed()

    total = carried(handler, Loop(where=HERE, steps=(job(0.05), Settle(where=HERE)), count=2))
    assert total.counters["websocket.replies_late"] == 1
    assert total.counters["websocket.replies_duplicated"] == 1
    assert total.counters["websocket.replies"] == 1
    assert total.counters["websocket.reply_timeouts"] == 1


def test_a_paced_pipeline_sends_on_schedule_though_no_reply_comes() -> None:
    arrived: list[int] = []

    async def handler(connection: ServerConnection) -> None:
        arrived.extend([perf_counter_ns() async for _ in connection])

    total = carried(handler, Pace(where=HERE, steps=(job(0.05),), count=10, interval_s=0.02))
    assert total.counters["websocket.messages_sent"] == 10
    assert arrived[-1] - arrived[0] < 2 * 9 * 20_000_000, "nothing waited for a reply"
    assert total.counters["websocket.replies_lost"] == 10


def test_requests_under_way_are_lost_with_the_connection() -> None:
    async def handler(connection: ServerConnection) -> None:
        for _ in range(3):
            await connection.recv()
        await connection.close(4002, "enough")

    total = carried(handler, Loop(where=HERE, steps=(job(),), count=3), Settle(where=HERE), job())
    assert total.counters["websocket.replies_lost"] == 3
    assert total.counters.get("websocket.reply_timeouts", 0) == 0
    assert total.counters["vusers.failed"] == 1
    assert list(total.errors) == ["closed_by_server"]


def test_two_keys_of_two_steps_do_not_meet() -> None:
    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            body = orjson.loads(message)
            answer = {"re": body["no"]} if "no" in body else {"id": body["id"]}
            await connection.send(orjson.dumps(answer).decode())

    other = Send(
        where=HERE,
        payload={"no": 0},
        encoding="json",
        name="other",
        correlation=Correlation(sent="$.no", received="$.re"),
    )
    total = carried(handler, Loop(where=HERE, steps=(job(), other), count=1), Settle(where=HERE))
    assert total.counters["vusers.completed"] == 1
    assert total.histograms["websocket.response_time.job"].count == 1
    assert total.histograms["websocket.response_time.other"].count == 1
