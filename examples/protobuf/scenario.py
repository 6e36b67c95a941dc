"""A codec for Protocol Buffers: what is sent is a message of one type, what comes is one of another.

pip install protobuf
python examples/protobuf/server.py
wavetank run examples/protobuf/scenario.py -u 50

Put the classes that protoc made of your own .proto files in place of ListValue and Value.
"""

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Value

from wavetank import Plan, User, scenario

plan = Plan(target="ws://127.0.0.1:8000")


class Protobuf:
    def encode(self, value: Message, /) -> bytes:
        return value.SerializeToString()

    def decode(self, message: str | bytes, /) -> Value:
        assert isinstance(message, bytes)
        return Value.FromString(message)


@scenario(codec=Protobuf())
async def adder(user: User) -> None:
    async with user.connect() as ws:
        for _ in range(10):
            numbers = [user.random.randrange(100) for _ in range(5)]
            question = ListValue(values=[Value(number_value=number) for number in numbers])
            # A message of protobuf has no "type" to be called by; a function says which message is the reply.
            reply = await ws.request(question, name="add", match=lambda value: value.HasField("number_value"))
            user.check("the sum is right", reply.number_value == sum(numbers))
