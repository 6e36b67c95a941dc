"""Messages that are not JSON: a codec is two functions, here for MessagePack.

pip install msgpack
python examples/msgpack/server.py
wavetank run examples/msgpack/scenario.py -u 50
"""

from typing import Any

import msgpack

from wavetank import Plan, User, scenario

plan = Plan(target="ws://127.0.0.1:8000")


class MessagePack:
    def encode(self, value: Any, /) -> bytes:  # bytes: a binary message; str: a text message
        packed: bytes = msgpack.packb(value)
        return packed

    def decode(self, message: str | bytes, /) -> Any:
        return msgpack.unpackb(message)


@scenario(codec=MessagePack())
async def adder(user: User) -> None:
    async with user.connect() as ws:
        for _ in range(10):
            numbers = [user.random.randrange(100) for _ in range(5)]
            reply = await ws.request({"type": "add", "numbers": numbers}, match={"type": "sum"})
            user.check("the sum is right", reply["sum"] == sum(numbers))
