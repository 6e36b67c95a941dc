"""A GraphQL server with one subscription, `countdown(from: Int!)`, in the protocol graphql-transport-ws.

python examples/graphql/server.py [PORT]

It speaks the protocol by hand, and reads nothing of the query: what is tested is the socket, not a GraphQL library.
"""

import asyncio
import json
import logging
import sys
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol


async def subscriptions(websocket: ServerConnection) -> None:
    running: dict[str, asyncio.Task[None]] = {}
    async for text in websocket:
        message: dict[str, Any] = json.loads(text)
        match message["type"]:
            case "connection_init":
                await websocket.send(json.dumps({"type": "connection_ack"}))
            case "ping":
                await websocket.send(json.dumps({"type": "pong"}))
            case "subscribe":
                variables = message["payload"]["variables"]
                running[message["id"]] = asyncio.create_task(count_down(websocket, message["id"], variables["from"]))
            case "complete":
                running.pop(message["id"]).cancel()


async def count_down(websocket: ServerConnection, key: str, number: int) -> None:
    for left in reversed(range(number)):
        payload = {"data": {"countdown": left}}
        await websocket.send(json.dumps({"type": "next", "id": key, "payload": payload}))
        await asyncio.sleep(0.01)
    await websocket.send(json.dumps({"type": "complete", "id": key}))


async def main(port: int) -> None:
    logging.basicConfig(level=logging.INFO)
    async with serve(subscriptions, "127.0.0.1", port, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
