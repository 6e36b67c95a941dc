"""A shop that greets, tells prices, and closes after the last one. `python examples/reuse/server.py [PORT]`"""

import asyncio
import json
import logging
import sys

from websockets.asyncio.server import ServerConnection, serve


async def shop(websocket: ServerConnection) -> None:
    await websocket.send(f"Hello {await websocket.recv()!s}!")
    async for text in websocket:
        message = json.loads(text)
        if message["type"] == "price":
            await websocket.send(json.dumps({"article": message["article"], "price": 2.5}))
        else:
            for number in range(message["count"]):
                await websocket.send(json.dumps({"price": 2.5 + number}))
            return


async def main(port: int) -> None:
    logging.basicConfig(level=logging.INFO)
    async with serve(shop, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
