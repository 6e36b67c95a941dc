"""A client that a team has already, written for the `websockets` library; it knows nothing of load tests.

python examples/reuse/client.py [URL]
"""

import asyncio
import json
import sys
from typing import Any

from websockets.asyncio.client import ClientConnection, connect


async def hello(websocket: ClientConnection) -> None:
    await websocket.send("Ann")
    greeting = await websocket.recv()
    if greeting != "Hello Ann!":
        raise ValueError(f"that is no greeting: {greeting!r}")


class Prices:
    """What the server sells, and for how much."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def of(self, article: str) -> float:
        await self._connection.send(json.dumps({"type": "price", "article": article}))
        answer: dict[str, Any] = json.loads(await self._connection.recv())
        return float(answer["price"])

    async def follow(self, count: int) -> list[float]:
        """The next prices, as they change."""
        await self._connection.send(json.dumps({"type": "follow", "count": count}))
        return [json.loads(message)["price"] async for message in self._connection]


async def main(url: str) -> None:
    async with connect(url) as websocket:
        await hello(websocket)
        print(await Prices(websocket).of("tea"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8000"))
