"""A client that was written for the `websockets` library (client.py) is a virtual user as it is.

python examples/reuse/server.py
wavetank run examples/reuse/scenario.py -u 50
"""

from typing import cast

from client import Prices, hello
from websockets.asyncio.client import ClientConnection

from wavetank import Plan, User, scenario

plan = Plan(target="ws://127.0.0.1:8000")


@scenario
async def customer(user: User) -> None:
    async with user.connect() as ws:
        websocket = cast("ClientConnection", ws)  # has the same face; only a type checker has to be told
        await hello(websocket)

        prices = Prices(websocket)
        user.check("tea has a price", await prices.of("tea") > 0)
        user.count("prices_followed", len(await prices.follow(10)))
