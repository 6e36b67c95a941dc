"""What a Python scenario is given: its user."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from tests.flow.python.carrying import carried
from tests.system.servers.raw import Peer, RawServer
from wavetank import User, UserFailure, csv, scenario
from wavetank.plan.phases import Count, Pause
from wavetank.plan.steps import ConnectionOptions


def test_every_user_has_a_number_a_name_and_random_numbers_of_its_own() -> None:
    seen: dict[int, tuple[str, float]] = {}

    @scenario
    async def telling(user: User) -> None:
        seen[user.index] = user.id, user.random.random()

    phases = (Count(name="all", duration_s=0, count=5),)
    carried(telling, phases=phases, seed=3)
    first = dict(seen)
    carried(telling, phases=phases, seed=3)
    assert first == seen, "the same for the same seed"
    assert [seen[index][0] for index in range(5)] == [f"user_{index}" for index in range(5)]
    assert len({number for _, number in seen.values()}) == 5


def test_scenarios_are_drawn_by_their_weights() -> None:
    @scenario(weight=3)
    async def often(user: User) -> None:
        pass

    @scenario(weight=0)
    async def never(user: User) -> None:
        pass

    @scenario(name="now and then")
    async def rarely(user: User) -> None:
        pass

    outcome = carried(often, never, rarely, phases=(Count(name="all", duration_s=0, count=400),))
    assert outcome.count("vusers.created_by_name.never") == 0
    assert 250 <= outcome.count("vusers.created_by_name.often") <= 350
    assert outcome.count("vusers.created_by_name.now and then") == 400 - outcome.count("vusers.created_by_name.often")


def test_a_paced_loop_keeps_its_schedule_whatever_its_body_waits_for() -> None:
    rounds: list[int] = []
    began: list[float] = []

    @scenario
    async def paced(user: User) -> None:
        async with user.connect() as ws:
            began.append(perf_counter())
            async for number in user.paced(4, every="50ms"):
                rounds.append(number)
                if number == 0:
                    await asyncio.sleep(0.12)  # two rounds are due by then
                await ws.request({"type": "ping"})
            began.append(perf_counter())

    outcome = carried(paced)
    assert rounds == [0, 1, 2, 3]
    assert began[1] - began[0] >= 0.15, "the last round begins at 150 ms, and not before"
    late = outcome.total.histograms["websocket.response_time.ping"]
    assert late.count == 4
    assert late.max >= 60e6, "the second round was planned for 50 ms, and asked at 120"
    service = outcome.total.histograms["websocket.service_time.ping"]
    assert late.mean - service.mean >= 20e6, "what it was late for is in the one and not in the other"


def test_a_paced_loop_without_a_count_ends_with_the_phases() -> None:
    rounds: list[int] = []

    @scenario
    async def paced(user: User) -> None:
        rounds.extend([number async for number in user.paced(every=0.02)])

    carried(paced, phases=(Count(duration_s=0, count=1), Pause(duration_s=0.3)))
    assert rounds == list(range(len(rounds)))
    assert 10 <= len(rounds) <= 16, "a round every 20 ms, for 300 ms"


def test_what_else_a_scenario_awaits_is_no_part_of_the_response_time() -> None:
    @scenario
    async def slow(user: User) -> None:
        async with user.connect() as ws:
            await asyncio.sleep(0.2)
            await ws.request({"type": "ping"})
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0.2)
            await ws.send({"type": "ping"})
            await ws.recv()

    outcome = carried(slow)
    assert outcome.replies("ping") == 2
    assert outcome.longest_ms("websocket.response_time.ping") < 150


def test_a_block_is_timed_under_its_own_name_if_it_does_not_raise() -> None:
    @scenario
    async def login(user: User) -> None:
        async with user.measure("login"):
            await asyncio.sleep(0.02)
        with pytest.raises(KeyError):
            async with user.measure("login"):
                raise KeyError
        user.record("price", 12.5)
        user.count("orders")
        user.count("orders", 2)

    outcome = carried(login)
    histograms = outcome.total.histograms
    assert histograms["login"].count == 1
    assert histograms["login"].min >= 15e6, "a sleep may end a little early"
    assert histograms["price"].max == pytest.approx(12.5e6, rel=0.001)
    assert outcome.count("orders") == 3


def test_checks_are_counted_and_do_not_end_the_user() -> None:
    answers: list[bool] = []

    @scenario
    async def checking(user: User) -> None:
        answers.append(user.check("is even", user.index % 2 == 0))

    outcome = carried(checking, phases=(Count(name="all", duration_s=0, count=5),))
    assert sorted(answers) == [False, False, True, True, True]
    assert outcome.count("checks.is_even.passed") == 3
    assert outcome.count("checks.is_even.failed") == 2
    assert outcome.count("vusers.completed") == 5


def test_a_user_who_fails_says_why() -> None:
    @scenario
    async def failing(user: User) -> None:
        user.fail("no stock left", kind="sold_out")

    outcome = carried(failing)
    assert outcome.errors() == {"sold_out": 1}
    assert outcome.total.errors["sold_out"].example == "no stock left"


def test_metrics_that_cannot_be_fail_the_user_with_a_sentence() -> None:
    told: list[tuple[str, str]] = []

    @scenario
    async def wrong(user: User) -> None:
        for mistake in (
            lambda: user.count("orders", -1),
            lambda: user.record("websocket.response_time", 1),
            lambda: user.check("", True),
        ):
            try:
                mistake()
            except UserFailure as failure:
                told.append((failure.kind, failure.reason))

    carried(wrong)
    assert [kind for kind, _ in told] == ["bad_metric"] * 3
    assert all(reason for _, reason in told)


def test_a_row_of_a_feeder_belongs_to_the_index_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("name,age\nann,1\nbob,2\n", encoding="utf-8")
    users = csv(tmp_path / "users.csv")
    rows: dict[int, Any] = {}

    @scenario
    async def feeding(user: User) -> None:
        rows[user.index] = user.feed(users)
        assert user.feed(users) == rows[user.index]

    carried(feeding, phases=(Count(name="all", duration_s=0, count=3),))
    assert rows == {0: {"name": "ann", "age": 1}, 1: {"name": "bob", "age": 2}, 2: {"name": "ann", "age": 1}}


def test_variables_and_what_the_setup_left_are_there_for_all_users() -> None:
    seen: list[object] = []

    @scenario
    async def using(user: User) -> None:
        seen.extend([user.vars["colour"], user.shared["token"], isinstance(user.random, random.Random)])
        user.log("said")

    outcome = carried(using, variables={"colour": "blue"}, shared={"token": "t"})
    assert seen == ["blue", "t", True]
    assert outcome.logs == ["said"]


def test_users_who_meet_go_on_together() -> None:
    order: list[str] = []

    @scenario
    async def meeting(user: User) -> None:
        order.append("come")
        await user.meet()
        order.append("gone")

    carried(meeting, phases=(Count(name="all", duration_s=0, count=3),))
    assert order == ["come"] * 3 + ["gone"] * 3


def test_an_exception_fails_its_user_and_the_run_goes_on() -> None:
    @scenario
    async def broken(user: User) -> None:
        if user.index:
            raise ValueError(f"user {user.index}")

    outcome = carried(broken, phases=(Count(name="all", duration_s=0, count=3),))
    (kind,) = outcome.errors()
    assert kind.startswith("ValueError at test_user.py:")
    assert outcome.errors()[kind] == 2
    assert outcome.count("vusers.completed") == 1
    assert 'raise ValueError(f"user {user.index}")' in outcome.total.errors[kind].trace


def test_a_think_that_a_timeout_has_ended_does_not_end_the_next_one() -> None:
    lengths: list[float] = []

    @scenario
    async def impatient(user: User) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await user.think(0.1)
        began = perf_counter()
        await user.think(0.3)
        lengths.append(perf_counter() - began)

    assert carried(impatient).errors() == {}
    assert lengths[0] > 0.2  # the first would have ended after 0.08 s


def test_a_connect_that_a_timeout_has_ended_does_not_end_what_comes_after() -> None:
    lengths: list[float] = []

    async def slow(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.1)
        await peer.send(peer.upgrade())
        await peer.end()

    with RawServer(slow) as server:

        @scenario
        async def impatient(user: User) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await user.connect(server.url)
            began = perf_counter()
            await user.think(0.4)
            lengths.append(perf_counter() - began)

        outcome = carried(impatient, connection=ConnectionOptions(handshake_timeout_s=0.2))

    assert outcome.errors() == {}
    assert lengths[0] > 0.3  # the answer would have come after 0.05 s, the end of its patience after 0.15 s


def test_what_was_waited_for_until_a_timeout_is_no_part_of_the_next_response_time() -> None:
    @scenario
    async def impatient(user: User) -> None:
        async with user.connect() as ws:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await user.think(10)
            await ws.request({"type": "ping"})

    outcome = carried(impatient)
    assert outcome.errors() == {}
    assert outcome.total.histograms["websocket.response_time"].max < 400_000_000
