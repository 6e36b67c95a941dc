"""What every driver of the platform does on the wire. Each check takes a fresh server's `host:port`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

PATIENCE_S = 20.0


def connect(authority: str, path: str = "/ws", **options: Any) -> websockets.connect:
    return websockets.connect(f"ws://{authority}{path}", proxy=None, **options)


async def ask(connection: ClientConnection, message: object) -> Any:
    await connection.send(json.dumps(message))
    return json.loads(await connection.recv())


async def close_code(connection: ClientConnection) -> int | None:
    """Waits for the end of the connection; the code that the server closed with."""
    await connection.wait_closed()
    return connection.close_code


async def health(authority: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://{authority}/health")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()


async def connections_become(authority: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await health(authority)) != {"status": "healthy", "websocket_connections": count}:
            pass


async def messages_are_answered(authority: str) -> None:
    async with connect(authority) as connection:
        assert await ask(connection, {"type": "ping"}) == {"type": "pong"}
        assert await ask(connection, {"type": "subscribe", "channel": "ü"}) == {
            "type": "subscribed",
            "channel": "ü",
        }
        assert await ask(connection, {"type": "anything"}) == {
            "type": "message",
            "data": {"type": "anything"},
        }


async def disconnect_is_acknowledged_and_then_closed_with_1000(authority: str) -> None:
    async with connect(authority) as connection:
        assert await ask(connection, {"type": "disconnect"}) == {"type": "disconnect_ack"}
        assert await close_code(connection) == 1000


async def what_is_not_json_is_an_error_and_the_connection_stays(authority: str) -> None:
    async with connect(authority) as connection:
        for text in ("no", "[]", ""):
            await connection.send(text)
            assert json.loads(await connection.recv())["type"] == "error"
        assert await ask(connection, {"type": "ping"}) == {"type": "pong"}


async def a_binary_message_is_an_error_and_the_connection_stays(authority: str) -> None:
    async with connect(authority) as connection:
        await connection.send(b'{"type":"ping"}')
        answer = json.loads(await connection.recv())
        assert answer["type"] == "error"
        assert "binary" in answer["error"]
        assert await ask(connection, {"type": "ping"}) == {"type": "pong"}


async def fragments_are_joined_even_within_a_character(authority: str) -> None:
    text = json.dumps({"type": "subscribe", "channel": "ü"}, ensure_ascii=False).encode()
    async with connect(authority) as connection:
        await connection.send([text[index : index + 1] for index in range(len(text))], text=True)
        assert json.loads(await connection.recv()) == {"type": "subscribed", "channel": "ü"}


async def text_that_is_not_utf8_closes_with_1007(authority: str) -> None:
    async with connect(authority) as connection:
        await connection.send(b'{"type":"\xff"}', text=True)
        assert await close_code(connection) == 1007


async def a_fragment_that_continues_nothing_closes_with_1002(authority: str) -> None:
    async with connect(authority) as connection:
        connection.transport.write(Frame(Opcode.CONT, b"{}").serialize(mask=True))
        assert await close_code(connection) == 1002


async def a_ping_frame_is_answered_with_its_own_payload(authority: str) -> None:
    async with connect(authority) as connection:
        assert await (await connection.ping(b"tide")) >= 0


async def a_close_is_answered_with_its_own_code(authority: str) -> None:
    for code in (1000, 1001, 3000, 4999):
        connection = await connect(authority)
        await connection.close(code)
        assert connection.close_code == code
        assert connection.protocol.close_rcvd is not None
        assert connection.protocol.close_rcvd.code == code


async def health_counts_up_and_down(authority: str) -> None:
    await connections_become(authority, 0)
    async with connect(authority), connect(authority) as second:
        await connections_become(authority, 2)
        second.transport.abort()
        await connections_become(authority, 1)
    await connections_become(authority, 0)


async def events_reach_every_subscriber_once_and_in_order(authority: str) -> None:
    async with connect(authority) as publisher, connect(authority) as other:
        for connection in (publisher, other):
            await ask(connection, {"type": "subscribe", "channel": "news"})
        for number in range(1, 21):
            message = {"type": "publish", "channel": "news", "timestamp": number, "data": number}
            assert await ask(publisher, message) == {"type": "published", "channel": "news", "seq": number}
            event = {"type": "event", "channel": "news", "seq": number, "timestamp": number, "data": number}
            assert json.loads(await publisher.recv()) == event
            assert json.loads(await other.recv()) == event


async def a_subscriber_who_does_not_read_makes_nobody_wait(authority: str) -> None:
    # The client library stops reading from its socket once two messages wait to be taken.
    async with (
        connect(authority, max_queue=2) as slow,
        connect(authority) as publisher,
        connect(authority) as other,
    ):
        for connection in (slow, publisher, other):
            await ask(connection, {"type": "subscribe", "channel": "flood"})
        async with asyncio.timeout(PATIENCE_S):
            for number in range(1, 201):
                message = {"type": "publish", "channel": "flood", "data": "x" * 50_000}
                assert (await ask(publisher, message))["seq"] == number
                assert json.loads(await publisher.recv())["seq"] == number
                assert json.loads(await other.recv())["seq"] == number
        slow.transport.abort()


async def paths_other_than_ws_are_refused(authority: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(authority, "/elsewhere")
    assert refusal.value.response.status_code in (403, 404)


Check = Callable[[str], Awaitable[None]]

CHECKS: list[Check] = [
    messages_are_answered,
    disconnect_is_acknowledged_and_then_closed_with_1000,
    what_is_not_json_is_an_error_and_the_connection_stays,
    a_binary_message_is_an_error_and_the_connection_stays,
    fragments_are_joined_even_within_a_character,
    text_that_is_not_utf8_closes_with_1007,
    a_fragment_that_continues_nothing_closes_with_1002,
    a_ping_frame_is_answered_with_its_own_payload,
    a_close_is_answered_with_its_own_code,
    health_counts_up_and_down,
    events_reach_every_subscriber_once_and_in_order,
    a_subscriber_who_does_not_read_makes_nobody_wait,
    paths_other_than_ws_are_refused,
]
