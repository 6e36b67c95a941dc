"""A worker against the reference target, in one event loop: who arrives, what is counted, how it ends."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import pytest

from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.worker import Worker
from wavetank.errors import Where
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import summarise_stretches
from wavetank.plan.arrivals import Share
from wavetank.plan.measure import Measure
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count, Pause, Phase, Population, Rate
from wavetank.plan.steps import (
    Close,
    Connect,
    Expect,
    JsonSelector,
    Log,
    Loop,
    Match,
    Pace,
    Ping,
    Rendezvous,
    Send,
    Step,
    Think,
    Wait,
)
from wavetank.plan.stretches import phase_stretches
from wavetank.target.server import serve

HERE = Where("s.yml", 1)


def reply(kind: str) -> Expect:
    return Expect(matches=(Match(selector=JsonSelector(path="$.type"), value=kind),))


def ask(kind: str, answer: str, **fields: object) -> Send:
    return Send(where=HERE, payload={"type": kind, **fields}, encoding="json", name=kind, expect=reply(answer))


PING = ask("ping", "pong")


@dataclass
class Outcome:
    total: Snapshot = field(default_factory=Snapshot)
    snapshots: list[Snapshot] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    def count(self, name: str) -> int:
        return self.total.counters.get(name, 0)


def carried(
    *steps: Step,
    phases: tuple[Phase, ...] = (Count(name="all", duration_s=0, count=1),),
    share: Share = Share(),  # noqa: B008  # frozen
    meanwhile: Callable[[Worker], Any] | None = None,
    **fields: Any,
) -> Outcome:
    """What a worker measured that carried these steps against the reference target."""
    outcome = Outcome()

    def add(snapshot: Snapshot) -> None:
        outcome.snapshots.append(snapshot)
        outcome.total += snapshot

    async def main() -> None:
        server = await serve("127.0.0.1", 0)
        plan = Plan(
            name="p",
            target=f"ws://{server.authority}/ws",
            phases=phases,
            scenarios=fields.pop("scenarios", None) or (Scenario(name="s", steps=steps),),
            **fields,
        )
        worker = Worker(plan, share, start_ns=perf_counter_ns(), on_snapshot=add, on_log=outcome.logs.append)
        waiting = meanwhile(worker) if meanwhile is not None else None
        try:
            await asyncio.wait_for(worker.run(), 30)
        finally:
            if waiting is not None:
                await waiting
            await server.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
    return outcome


def test_every_user_every_message_and_every_byte_is_counted() -> None:
    outcome = carried(
        Loop(where=HERE, steps=(PING,), count=3),
        ask("disconnect", "disconnect_ack"),
        phases=(Count(name="all", duration_s=0.2, count=20),),
    )
    expected = {
        "vusers.created": 20,
        "vusers.created_by_name.s": 20,
        "vusers.completed": 20,
        "websocket.connects": 20,
        "websocket.messages_sent": 80,
        "websocket.messages_sent.ping": 60,
        "websocket.messages_sent.disconnect": 20,
        "websocket.messages_received": 80,
        "websocket.requests": 80,
        "websocket.replies": 80,
        "websocket.bytes_sent": 60 * 15 + 20 * 21,
        "websocket.bytes_received": 60 * 15 + 20 * 25,
        "websocket.closed.1000": 20,
        "websocket.closed_expected": 20,
    }
    assert {name: count for name, count in outcome.total.counters.items() if count} == expected
    assert outcome.total.histograms["websocket.response_time.ping"].count == 60
    assert outcome.total.histograms["vusers.session_length"].count == 20
    assert outcome.total.histograms["websocket.connect_time"].count == 20
    assert outcome.total.histograms["generator.lateness"].count == 20
    assert outcome.total.errors == {}
    assert outcome.total.gauges.items() >= {"vusers.active": 0, "websocket.open": 0}.items()


def test_response_time_is_service_time_plus_what_the_generator_owes() -> None:
    outcome = carried(Loop(where=HERE, steps=(PING, Think(where=HERE, duration=0.003)), count=20))
    response = outcome.total.histograms["websocket.response_time"]
    service = outcome.total.histograms["websocket.service_time"]
    assert response.count == service.count == 20
    assert 0 < service.mean <= response.mean


def test_a_script_without_connect_connects_by_itself() -> None:
    assert carried(PING).count("websocket.replies") == 1
    assert carried(Log(where=HERE, text="idle")).count("websocket.connects") == 1


def test_a_second_connect_closes_the_first_connection() -> None:
    outcome = carried(Connect(where=HERE), PING, Connect(where=HERE), PING)
    assert outcome.count("websocket.connects") == 2
    assert outcome.count("websocket.closed.1000") == 2
    assert outcome.count("vusers.completed") == 1


def test_own_close_codes_reach_the_server_and_come_back() -> None:
    outcome = carried(PING, Close(where=HERE, code=4000, reason="done"))
    assert outcome.count("websocket.closed.4000") == 1
    assert outcome.count("vusers.completed") == 1


def test_a_step_after_close_fails_the_user_with_a_reason() -> None:
    outcome = carried(PING, Close(where=HERE), PING)
    assert outcome.count("vusers.failed") == 1
    assert list(outcome.total.errors) == ["not_connected"]


def test_a_ping_frame_is_measured_by_its_pong() -> None:
    outcome = carried(Loop(where=HERE, steps=(Ping(where=HERE, name="heartbeat"),), count=5))
    assert outcome.total.histograms["websocket.response_time.heartbeat"].count == 5
    assert outcome.count("websocket.requests") == outcome.count("websocket.replies") == 5
    assert outcome.count("websocket.messages_sent") == 0


def test_a_message_that_nothing_waits_for_is_a_push() -> None:
    subscribe = ask("subscribe", "subscribed", channel="news")
    publish = ask("publish", "published", channel="news", data=1)
    outcome = carried(subscribe, publish, publish, PING)
    assert outcome.count("websocket.pushes") == 2
    assert outcome.count("websocket.messages_received") == 6
    assert outcome.count("websocket.replies") == 4


def test_a_wait_takes_the_answer_to_the_last_send_even_if_it_came_before() -> None:
    send = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="ping")
    wait = Wait(where=HERE, name="pong", expect=reply("pong"))
    outcome = carried(send, Think(where=HERE, duration=0.05), wait, send, wait)
    assert outcome.count("websocket.replies") == 2
    assert outcome.count("websocket.pushes") == 0
    histogram = outcome.total.histograms["websocket.response_time.pong"]
    assert histogram.count == 2
    assert histogram.max < 50_000_000, "timed to its arrival, not to the end of the think"


def test_a_wait_skips_what_it_does_not_want() -> None:
    other = Send(where=HERE, payload={"type": "subscribe", "channel": "c"}, encoding="json", name="subscribe")
    send = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="ping")
    outcome = carried(other, send, Think(where=HERE, duration=0.05), Wait(where=HERE, name="w", expect=reply("pong")))
    assert outcome.count("websocket.pushes") == 1
    assert outcome.count("websocket.replies") == 1


def test_a_reply_that_does_not_come_fails_the_user_and_names_the_step() -> None:
    expect = Expect(matches=reply("nothing").matches, timeout_s=0.05)
    step = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="ping", expect=expect)
    outcome = carried(step)
    assert outcome.count("websocket.reply_timeouts") == 1
    assert outcome.count("websocket.replies_lost") == 1
    assert outcome.count("websocket.pushes") == 1
    assert outcome.count("errors.reply_timeout") == outcome.count("vusers.failed") == 1
    assert outcome.total.errors["reply_timeout"].example == "step 'ping' (s.yml:1) got no reply within 0.05 s"


def test_the_cap_of_a_phase_skips_arrivals_and_counts_them() -> None:
    outcome = carried(
        Think(where=HERE, duration=0.3), phases=(Count(name="all", duration_s=0.1, count=10, max_users=3),)
    )
    assert outcome.count("vusers.created") == 3
    assert outcome.count("vusers.skipped") == 7


def test_users_meet_at_the_rendezvous_even_if_some_never_come() -> None:
    good = Scenario(name="good", steps=(Rendezvous(where=HERE), Log(where=HERE, text="met")))
    never = Expect(matches=reply("never").matches, timeout_s=0.1)
    late = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="late", expect=never)
    bad = Scenario(name="bad", steps=(late, Rendezvous(where=HERE), Log(where=HERE, text="never said")))
    outcome = carried(phases=(Count(name="all", duration_s=0, count=12),), scenarios=(good, bad), seed=4)
    failed = outcome.count("vusers.failed")
    assert 0 < failed < 12
    assert outcome.logs == ["met"] * (12 - failed)
    assert outcome.total.histograms["vusers.session_length"].min >= 90_000_000, "nobody went on before the last"


def test_a_population_is_held_by_replacing_those_who_end() -> None:
    outcome = carried(
        Think(where=HERE, duration=0.1),
        phases=(Population(name="held", duration_s=1.0, start_users=5, end_users=5),),
    )
    assert 40 <= outcome.count("vusers.created") <= 55, "5 at once, each for a tenth of a second and a little"
    assert outcome.count("vusers.completed") == outcome.count("vusers.created")
    assert max(snapshot.gauges["vusers.active"] for snapshot in outcome.snapshots) <= 5


def test_an_endless_loop_ends_with_the_last_phase() -> None:
    outcome = carried(
        Loop(where=HERE, steps=(PING, Think(where=HERE, duration=0.02))),
        phases=(Count(name="in", duration_s=0, count=2), Pause(name="hold", duration_s=0.3)),
    )
    assert outcome.count("vusers.completed") == 2
    assert 10 <= outcome.count("websocket.replies") <= 30


def test_a_paced_loop_sends_on_its_schedule() -> None:
    begun = perf_counter_ns()
    outcome = carried(Pace(where=HERE, steps=(PING,), count=10, interval_s=0.03))
    assert perf_counter_ns() - begun >= 9 * 30_000_000
    assert outcome.count("websocket.replies") == 10
    assert outcome.total.histograms["generator.lateness"].count == 1 + 10


@pytest.mark.parametrize("workers", [2, 3])
def test_shares_of_workers_add_up_to_the_same_users_with_the_same_choices(workers: int) -> None:
    scenarios = (
        Scenario(name="a", weight=3, steps=(Log(where=HERE, text="a {{ city }} {{ $uuid }}"),)),
        Scenario(name="b", weight=1, steps=(Log(where=HERE, text="b {{ $randomNumber(1,1000000) }}"),)),
    )
    common: dict[str, Any] = {
        "phases": (Count(name="all", duration_s=0, count=30),),
        "scenarios": scenarios,
        "seed": 11,
        "variables": {"city": ["Rome", "Oslo", "Lima"]},
    }
    alone = carried(**common)
    parts = [carried(share=Share(index, workers), **common) for index in range(workers)]
    assert sorted(alone.logs) == sorted(line for part in parts for line in part.logs)
    assert sum(part.count("vusers.created") for part in parts) == 30


def test_stop_starts_nobody_more_and_lets_those_under_way_end() -> None:
    async def stop(worker: Worker) -> None:
        while worker.active < 2:  # noqa: ASYNC110  # the worker itself tells when
            await asyncio.sleep(0.001)
        worker.stop()

    outcome = carried(
        PING,
        Think(where=HERE, duration=0.2),
        PING,
        phases=(Count(name="all", duration_s=60, count=2000),),
        meanwhile=lambda worker: asyncio.ensure_future(stop(worker)),
    )
    created = outcome.count("vusers.created")
    assert 2 <= created < 60
    assert outcome.count("vusers.completed") == created
    assert outcome.count("websocket.replies") == 2 * created


def test_cut_ends_everybody_at_once_and_counts_them_as_interrupted() -> None:
    async def cut(worker: Worker) -> None:
        while worker.active < 5:  # noqa: ASYNC110  # the worker itself tells when
            await asyncio.sleep(0.001)
        worker.cut()

    begun = perf_counter_ns()
    outcome = carried(
        PING,
        Think(where=HERE, duration=600),
        phases=(Count(name="all", duration_s=0, count=5),),
        meanwhile=lambda worker: asyncio.ensure_future(cut(worker)),
    )
    assert perf_counter_ns() - begun < 10**10
    assert outcome.count("vusers.interrupted") == 5
    assert outcome.count("vusers.completed") == outcome.count("vusers.failed") == 0
    assert outcome.total.gauges.items() >= {"vusers.active": 0, "websocket.open": 0}.items()


def test_a_snapshot_ends_at_each_boundary_so_that_each_user_is_of_its_phase() -> None:
    phases: tuple[Phase, ...] = (
        Count(name="a", duration_s=0.15, count=3),
        Pause(name="rest", duration_s=0.1),
        Count(name="burst", duration_s=0, count=40),
        Rate(name="b", duration_s=0.3, rate=50),
    )
    measure = Measure(from_s=0.35, to_s=0.45)
    outcome = carried(PING, phases=phases, measure=measure)
    starts_ms = [snapshot.start_ns / 1e6 for snapshot in outcome.snapshots]
    assert starts_ms[0] == 0
    # Each begins at or after its boundary, and follows the one before without a gap.
    assert [snapshot.end_ns / 1e6 for snapshot in outcome.snapshots][:-1] == starts_ms[1:]
    for boundary_ms in (150, 250, 350, 450, 550):
        assert any(boundary_ms <= start_ms < boundary_ms + 40 for start_ms in starts_ms), starts_ms
    parts = summarise_stretches(outcome.snapshots, phase_stretches(phases))
    assert [part.name for part in parts][:3] == ["a", "rest", "burst + b"]
    created = [part.total.counters.get("vusers.created", 0) for part in parts]
    assert sum(created) == outcome.count("vusers.created") == 3 + 40 + 15
    # A user planned for the very end of a phase is of that phase, and a burst at its beginning is not.
    assert created[:3] == [3, 0, 55]
    assert Snapshot.total(part.total for part in parts).counters == outcome.total.counters


def test_users_who_have_left_leave_nothing_to_the_garbage_collector() -> None:
    def kinds() -> dict[str, int]:
        counted = Counter(type(each).__name__ for each in gc.get_objects())
        return {
            name: counted[name]
            for name in ("User", "Driver", "UserTask", "Rest", "Socket", "Reader", "Connection", "Inbox")
        }

    gc.collect()
    before = kinds()
    gc.disable()
    try:
        carried(
            Connect(where=HERE), PING, Wait(where=HERE, name="w", expect=reply("event")),
            phases=(Count(name="all", duration_s=0, count=3),), reply_timeout_s=0.05,
        )  # fmt: skip
        carried(Connect(where=HERE), PING, Think(where=HERE, duration=0.01), phases=(Count(duration_s=0, count=3),))
        assert kinds() == before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ((Connect(where=HERE, url="ws://127.0.0.1:1/ws"),), "errors.connect_refused"),
        ((Connect(where=HERE, url="/nowhere"),), "errors.http_404"),
        ((Connect(where=HERE), PING, Think(where=HERE, duration=0.01)), "vusers.completed"),
    ],
)
def test_neither_failed_nor_finished_connections_are_cycles(steps: tuple[Step, ...], error: str) -> None:
    # Where the script has no code of its own, nobody looks for any.
    gc.collect()
    gc.disable()
    try:
        outcome = carried(*steps, phases=(Count(name="all", duration_s=0, count=200),))
        found = gc.collect()
    finally:
        gc.enable()
    assert outcome.count(error) == 200
    assert found < 200  # less than one object for each
