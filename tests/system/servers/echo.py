"""Servers that are not ours, one for each library: `python -m tests.system.servers.echo KIND deflate|plain`.

Each answers `{"type": "subscribe"}` with a `subscribed`, and sends any other message back as it came. It prints the
port it listens on, and at the end of each connection a line of JSON with what it saw.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

UVICORN = ("websockets", "websockets-sansio", "wsproto")
KINDS = ("websockets", "aiohttp", *(f"uvicorn-{implementation}" for implementation in UVICORN))


class Session:
    """What a server saw of one connection."""

    def __init__(self) -> None:
        self.seen = {"texts": 0, "binaries": 0, "bytes": 0}

    def answer(self, message: str | bytes) -> str | bytes:
        """The reply to a message."""
        self.seen["texts" if isinstance(message, str) else "binaries"] += 1
        self.seen["bytes"] += len(message.encode() if isinstance(message, str) else message)
        if isinstance(message, str) and len(message) < 1000:
            body = json.loads(message)
            if body.get("type") == "subscribe":
                return json.dumps({"type": "subscribed", "channel": body["channel"]})
        return message

    def end(self, code: int | None, reason: str | None) -> None:
        """Say what was seen."""
        say({**self.seen, "code": code, "reason": reason})


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def serve_websockets(listener: socket.socket, deflate: bool) -> None:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    async def handle(connection: ServerConnection) -> None:
        session = Session()
        try:
            while True:
                await connection.send(session.answer(await connection.recv()))
        except ConnectionClosed:
            session.end(connection.close_code, connection.close_reason)

    async with serve(handle, sock=listener, compression="deflate" if deflate else None) as server:
        await server.serve_forever()


async def serve_aiohttp(listener: socket.socket, deflate: bool) -> None:
    from aiohttp import WSMsgType, web

    async def handle(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=deflate)
        await connection.prepare(request)
        session = Session()
        reason = None
        while True:
            message = await connection.receive()
            if message.type is WSMsgType.TEXT:
                await connection.send_str(str(session.answer(message.data)))
            elif message.type is WSMsgType.BINARY:
                answer = session.answer(message.data)
                assert isinstance(answer, bytes)
                await connection.send_bytes(answer)
            else:
                reason = message.extra
                break
        session.end(connection.close_code, reason)
        return connection

    application = web.Application()
    application.router.add_get("/ws", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.Event().wait()


async def serve_uvicorn(listener: socket.socket, deflate: bool, implementation: str) -> None:
    import uvicorn

    async def application(
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        assert scope["type"] == "websocket"
        session = Session()
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                session.end(event["code"], event.get("reason"))
                return
            message = event.get("text")
            answer = session.answer(event["bytes"] if message is None else message)
            await send({"type": "websocket.send", "text" if isinstance(answer, str) else "bytes": answer})

    config = uvicorn.Config(
        application,
        ws=implementation,  # type: ignore[arg-type]  # one of the names in UVICORN
        ws_per_message_deflate=deflate,
        lifespan="off",
        log_level="error",
    )
    await uvicorn.Server(config).serve([listener])


def main(kind: str, deflate: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        say(listener.getsockname()[1])
        if kind == "websockets":
            asyncio.run(serve_websockets(listener, deflate))
        elif kind == "aiohttp":
            asyncio.run(serve_aiohttp(listener, deflate))
        else:
            asyncio.run(serve_uvicorn(listener, deflate, kind.removeprefix("uvicorn-")))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "deflate")
