"""Adds numbers up; speaks Protocol Buffers in binary messages. `python examples/protobuf/server.py [PORT]`"""

import asyncio
import logging
import sys

from google.protobuf.struct_pb2 import ListValue, Value
from websockets.asyncio.server import ServerConnection, serve


async def add(websocket: ServerConnection) -> None:
    async for message in websocket:
        assert isinstance(message, bytes)
        numbers = ListValue.FromString(message)
        total = sum(value.number_value for value in numbers.values)
        await websocket.send(Value(number_value=total).SerializeToString())


async def main(port: int) -> None:
    logging.basicConfig(level=logging.INFO)
    async with serve(add, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
