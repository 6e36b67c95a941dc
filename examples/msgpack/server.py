"""Adds numbers up; speaks MessagePack in binary messages. `python examples/msgpack/server.py [PORT]`"""

import asyncio
import logging
import sys

import msgpack
from websockets.asyncio.server import ServerConnection, serve


async def add(websocket: ServerConnection) -> None:
    async for message in websocket:
        numbers = msgpack.unpackb(message)["numbers"]
        await websocket.send(msgpack.packb({"type": "sum", "sum": sum(numbers)}))


async def main(port: int) -> None:
    logging.basicConfig(level=logging.INFO)
    async with serve(add, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
