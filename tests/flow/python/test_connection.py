"""The connection of a Python scenario: the face of `websockets`, and what is measured of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK

from tests.flow.python.carrying import carried
from wavetank import Backoff, User, UserFailure, scenario
from wavetank.plan.phases import Count, Pause, Rate
from wavetank.plan.steps import ConnectionOptions


def test_a_request_gives_what_its_reply_says_and_is_measured_by_its_type() -> None:
    seen: list[Any] = []

    @scenario
    async def asker(user: User) -> None:
        async with user.connect() as ws:
            seen.append(await ws.request({"type": "ping", "n": 1}, match={"type": "pinged"}))
            seen.append(await ws.request({"type": "ping", "n": 2}))

    outcome = carried(asker)
    assert seen == [{"type": "pinged", "n": 1}, {"type": "pinged", "n": 2}]
    assert outcome.replies("ping") == 2
    assert outcome.count("vusers.completed") == 1
    assert outcome.count("websocket.closed_expected") == 1


def test_a_match_looks_into_maps_or_asks_a_function_and_what_it_passes_over_is_kept_for_recv() -> None:
    seen: list[Any] = []

    async def talker(connection: ServerConnection) -> None:
        await connection.recv()
        for n in range(3):
            await connection.send(orjson.dumps({"type": "event", "data": {"n": n, "on": True}}).decode())
        await connection.wait_closed()

    @scenario
    async def listener(user: User) -> None:
        async with user.connect() as ws:
            seen.append(await ws.request({"type": "go"}, match={"data": {"n": 2}}))
            seen.append(orjson.loads(await ws.recv())["data"]["n"])
            seen.append((await ws.expect(lambda message: message["data"]["n"] == 1))["data"]["n"])

    carried(listener, handler=talker)
    assert seen == [{"type": "event", "data": {"n": 2, "on": True}}, 0, 1]


def test_one_and_true_are_two_things() -> None:
    failures: list[str] = []

    @scenario
    async def asker(user: User) -> None:
        async with user.connect() as ws:
            try:
                await ws.request({"type": "ping", "n": 1}, match={"n": True}, timeout=0.05)
            except UserFailure as failure:
                failures.append(failure.kind)

    outcome = carried(asker)
    assert failures == ["reply_timeout"]
    assert outcome.count("websocket.reply_timeouts") == 1
    assert outcome.count("vusers.completed") == 1, "the scenario has dealt with it"


def test_the_client_of_the_websockets_tutorial_runs_with_one_changed_line() -> None:
    # https://websockets.readthedocs.io, the first client of its page on quick examples.
    said: list[str] = []

    async def hello(websocket: ServerConnection) -> None:
        name = await websocket.recv()
        await websocket.send(f"Hello {name}!")

    @scenario
    async def client(user: User) -> None:
        name = "Wave"
        async with user.connect() as websocket:
            await websocket.send(name)
            greeting = await websocket.recv()
            said.append(greeting)

    outcome = carried(client, handler=hello)
    assert said == ["Hello Wave!"]
    assert outcome.replies("message") == 1, "what recv gives first after a send is its answer"


def test_async_for_gives_messages_until_the_server_closes_properly() -> None:
    seen: list[Any] = []

    async def three(connection: ServerConnection) -> None:
        for message in ("a", b"b", "c"):
            await connection.send(message)

    @scenario
    async def reader(user: User) -> None:
        async with user.connect() as ws:
            seen.extend([message async for message in ws])
            seen.append(ws.close_code)

    outcome = carried(reader, handler=three)
    assert seen == ["a", b"b", "c", 1000]
    assert outcome.count("websocket.pushes") == 3
    assert outcome.count("websocket.closed_expected") == 1
    assert outcome.count("vusers.completed") == 1


def test_a_closed_connection_is_told_by_the_exceptions_of_websockets() -> None:
    seen: list[Any] = []

    async def closing(connection: ServerConnection) -> None:
        await connection.close(4001, "enough")

    @scenario
    async def reader(user: User) -> None:
        ws = await user.connect()
        try:
            await ws.recv()
        except ConnectionClosedError as error:
            seen.extend((error.rcvd.code, error.rcvd.reason))  # type: ignore[union-attr]
        try:
            await ws.send("more")
        except ConnectionClosed as error:
            seen.append(isinstance(error, ConnectionClosedError))
        await user.think(0.01)

    outcome = carried(reader, handler=closing)
    assert seen == [4001, "enough", True]
    assert outcome.count("vusers.completed") == 1, "the scenario has dealt with it"
    assert outcome.count("websocket.closed_unexpected") == 1


def test_a_closed_connection_that_nobody_expects_fails_the_user() -> None:
    async def closing(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1011, "oops")

    @scenario
    async def asker(user: User) -> None:
        async with user.connect() as ws:
            await ws.request({"type": "ping"})

    outcome = carried(asker, handler=closing)
    assert outcome.errors() == {"closed_by_server": 1}
    assert "1011" in outcome.total.errors["closed_by_server"].example
    assert outcome.count("websocket.replies_lost") == 1


def test_a_user_who_thinks_while_its_connection_is_lost_fails_then() -> None:
    async def closing(connection: ServerConnection) -> None:
        await connection.close(1011)

    @scenario
    async def thinker(user: User) -> None:
        async with user.connect():
            await user.think(15)

    assert carried(thinker, handler=closing).errors() == {"closed_by_server": 1}


def test_what_is_sent_may_be_text_bytes_a_map_or_a_model() -> None:
    seen: list[Any] = []

    @dataclass
    class Order:
        type: str
        amount: int

    @scenario
    async def sender(user: User) -> None:
        async with user.connect() as ws:
            await ws.send("plain")
            seen.append(await ws.recv())
            await ws.send(b"\x00\x01")
            seen.append(await ws.recv())
            seen.append(await ws.request(Order("order", 3)))
            await ws.send('{"type": "told"}')
            seen.append(await ws.recv(decode=False))

    outcome = carried(sender)
    assert seen == ["plain", b"\x00\x01", {"type": "ordered", "amount": 3}, b'{"type":"tolded"}']
    assert outcome.replies("order") == 1
    assert outcome.replies("told") == 1


def test_many_requests_are_under_way_at_once_where_a_key_tells_their_replies_apart() -> None:
    seen: list[Any] = []

    async def backwards(connection: ServerConnection) -> None:
        asked = [orjson.loads(await connection.recv()) for _ in range(50)]
        for message in reversed(asked):
            await connection.send(orjson.dumps({"id": message["id"], "double": 2 * message["id"]}).decode())
        await connection.wait_closed()

    @scenario
    async def pipeliner(user: User) -> None:
        async with user.connect() as ws:
            replies = await asyncio.gather(*(ws.request({"type": "job", "id": n}, key="$.id") for n in range(50)))
            seen.extend(reply["double"] for reply in replies)

    outcome = carried(pipeliner, handler=backwards)
    assert seen == [2 * n for n in range(50)]
    assert outcome.replies("job") == 50


def test_a_task_of_the_scenario_may_listen_while_another_sends() -> None:
    heard: list[str] = []

    @scenario
    async def both(user: User) -> None:
        async with user.connect() as ws:

            async def listen() -> None:
                async for message in ws:
                    said = orjson.loads(message)
                    heard.append(said["type"])

            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(listen())
                for _ in range(3):
                    await ws.send({"type": "tick"})
                    await user.think(0.01)
                await user.think(0.05)
                listening.cancel()

    outcome = carried(both)
    assert heard == ["ticked"] * 3
    assert outcome.count("vusers.completed") == 1


def test_two_tasks_that_wait_for_a_message_at_once_are_told_so() -> None:
    @scenario
    async def two(user: User) -> None:
        async with user.connect() as ws:
            await asyncio.gather(ws.recv(), ws.recv())

    assert carried(two).errors() == {"two_readers": 1}


def test_a_listener_goes_home_when_the_phases_are_over_and_counts_as_completed() -> None:
    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    @scenario
    async def listener(user: User) -> None:
        async with user.connect() as ws:
            async for _ in ws.stream({"type": "event"}):
                pass

    phases = (Rate(name="r", duration_s=0.3, rate=10),)
    outcome = carried(listener, handler=silent, phases=phases, reply_timeout_s=0.1)
    assert outcome.count("vusers.created") == 3
    assert outcome.count("vusers.completed") == 3
    assert outcome.count("websocket.closed_expected") == 3


def test_a_loop_that_listens_ends_with_the_phases_however_much_comes_and_the_user_says_goodbye() -> None:
    said: list[str] = []

    async def chatty(connection: ServerConnection) -> None:
        async def chat() -> None:
            while True:
                await connection.send('{"type": "event"}')
                await asyncio.sleep(0.005)

        chatting = asyncio.ensure_future(chat())
        said.append(str(await connection.recv()))
        chatting.cancel()

    @scenario
    async def listener(user: User) -> None:
        async with user.connect() as ws:
            async for _ in ws.stream({"type": "event"}):
                pass
            await ws.send("goodbye")

    phases = (Count(duration_s=0, count=1), Pause(duration_s=0.3))
    began = perf_counter()
    outcome = carried(listener, handler=chatty, phases=phases)
    assert perf_counter() - began < 5, "without waiting for a reply's timeout"
    assert said == ["goodbye"]
    assert outcome.count("vusers.completed") == 1
    assert outcome.count("websocket.pushes") >= 10


def test_who_listens_again_after_the_phases_is_sent_home() -> None:
    @scenario
    async def stubborn(user: User) -> None:
        async with user.connect() as ws:
            while True:
                async for _ in ws:
                    pass

    outcome = carried(stubborn, phases=(Count(duration_s=0, count=1), Pause(duration_s=0.1)))
    assert outcome.count("vusers.completed") == 1
    assert outcome.count("websocket.closed_expected") == 1


def test_a_ping_gives_its_latency_in_seconds() -> None:
    latencies: list[float] = []

    @scenario
    async def pinger(user: User) -> None:
        async with user.connect() as ws:
            latencies.append(await (await ws.ping()))

    outcome = carried(pinger)
    assert 0 < latencies[0] < 5
    assert outcome.replies("ping-frame") == 1


def test_several_connections_of_one_user_are_open_at_once() -> None:
    seen: list[Any] = []

    @scenario
    async def two(user: User) -> None:
        async with user.connect() as first, user.connect() as second:
            seen.append(await second.request({"type": "b"}))
            seen.append(await first.request({"type": "a"}))

    outcome = carried(two)
    assert [message["type"] for message in seen] == ["bed", "aed"]
    assert outcome.count("websocket.connects") == 2
    assert outcome.count("websocket.closed_expected") == 2


def test_a_connection_that_is_lost_does_not_disturb_what_is_asked_on_another() -> None:
    seen: list[Any] = []
    served = iter(range(2))

    async def one_of_two(connection: ServerConnection) -> None:
        if next(served) == 0:
            await connection.recv()
            await connection.close(1011)
        async for message in connection:
            await asyncio.sleep(0.05)
            await connection.send(message)

    @scenario
    async def two(user: User) -> None:
        async with user.connect() as first, user.connect() as second:
            await first.send("go")
            seen.append(await second.request("still there?"))
            seen.append(first.close_code)
            with pytest.raises(UserFailure, match="1011"):
                await user.think(5)
            await user.think(0.01)

    outcome = carried(two, handler=one_of_two)
    assert seen == ["still there?", 1011]
    assert outcome.count("vusers.completed") == 1


def test_subprotocol_and_headers_are_asked_for_by_the_names_that_websockets_has() -> None:
    seen: list[Any] = []

    async def tell(connection: ServerConnection) -> None:
        assert connection.request is not None
        await connection.send(connection.request.headers["X-Token"] + connection.request.headers["X-Plan"])
        await connection.wait_closed()

    @scenario
    async def asker(user: User) -> None:
        async with user.connect(subprotocols=["chat"], additional_headers={"X-Token": "t"}) as ws:
            seen.extend([ws.subprotocol, await ws.recv(), ws.close_code])

    options = ConnectionOptions(headers={"X-Plan": "{{ plan }}"})
    carried(asker, handler=tell, subprotocols=["chat"], connection=options, variables={"plan": "p"})
    assert seen == ["chat", "tp", None]


def test_a_lost_connection_comes_back_with_the_next_call_and_is_counted_and_timed() -> None:
    served = iter(range(100))
    seen: list[Any] = []

    async def fragile(connection: ServerConnection) -> None:
        number = next(served)
        async for message in connection:
            if number == 0:
                await connection.close(1012)
                return
            await connection.send(message)

    @scenario
    async def stubborn(user: User) -> None:
        async with user.connect(reconnect=Backoff(first_s=0.01)) as ws:
            try:
                await ws.request("a")
            except ConnectionClosedError:
                seen.append("lost")
            seen.append(await ws.request("b"))

    outcome = carried(stubborn, handler=fragile)
    assert seen == ["lost", "b"]
    assert outcome.count("websocket.reconnects") == 1
    assert outcome.total.histograms["websocket.reconnect_time"].count == 1
    assert outcome.count("vusers.completed") == 1


def test_async_for_connect_opens_another_connection_each_time_the_body_continues() -> None:
    seen: list[int] = []

    async def once(connection: ServerConnection) -> None:
        await connection.send("x")
        await connection.close(1012)

    @scenario
    async def stubborn(user: User) -> None:
        async for ws in user.connect(reconnect=Backoff(first_s=0.01)):
            try:
                await ws.recv()
                await ws.recv()
            except ConnectionClosed:
                seen.append(len(seen))
                if len(seen) == 3:
                    break

    outcome = carried(stubborn, handler=once)
    assert seen == [0, 1, 2]
    assert outcome.count("websocket.reconnects") == 2
    assert outcome.count("vusers.completed") == 1


def test_who_never_gets_a_connection_gives_up_after_the_attempts_it_has() -> None:
    @scenario
    async def unlucky(user: User) -> None:
        await user.connect("ws://127.0.0.1:9/", reconnect=Backoff(first_s=0.001, attempts=3))

    outcome = carried(unlucky)
    assert outcome.errors() == {"connect_refused": 1}
    assert outcome.count("websocket.connects") == 3


def test_another_codec_speaks_for_all_messages_that_are_neither_text_nor_bytes() -> None:
    seen: list[Any] = []

    class Shout:
        def encode(self, value: Any, /) -> bytes:
            return str(value).upper().encode()

        def decode(self, message: str | bytes, /) -> Any:
            return f"<{message!r}>"

    @scenario(codec=Shout())
    async def shouter(user: User) -> None:
        async with user.connect() as ws:
            seen.append(await ws.request(["hey"], name="shout"))

    outcome = carried(shouter)
    assert seen == ["<b\"['HEY']\">"]
    assert outcome.replies("shout") == 1


@pytest.mark.parametrize("count", [1, 40])
def test_the_normal_end_of_a_connection_is_one_exception_for_all_who_catch_it(count: int) -> None:
    caught: list[str] = []

    async def bye(connection: ServerConnection) -> None:
        await connection.recv()

    @scenario
    async def asker(user: User) -> None:
        ws = await user.connect()
        await ws.send("bye")
        try:
            await ws.recv()
        except ConnectionClosedOK as error:
            caught.append(str(error.rcvd))

    carried(asker, handler=bye, phases=(Count(name="all", duration_s=0, count=count),))
    assert caught == ["1000 (OK)"] * count
