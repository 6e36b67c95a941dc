"""A GraphQL subscription over graphql-transport-ws, as Apollo, urql and Strawberry speak it.

python examples/graphql/server.py
wavetank run examples/graphql/scenario.py -u 50

`subscribe` has a response time: that of the first result. The others are pushes, and are counted as such.
"""

from wavetank import Plan, User, scenario

plan = Plan(target="ws://127.0.0.1:8000/graphql")

QUERY = "subscription Countdown($from: Int!) { countdown(from: $from) }"


@scenario
async def subscriber(user: User) -> None:
    async with user.connect(subprotocols=["graphql-transport-ws"]) as ws:
        await ws.request({"type": "connection_init"}, match={"type": "connection_ack"})

        operation = {"id": user.id, "type": "subscribe", "payload": {"query": QUERY, "variables": {"from": 10}}}
        first = await ws.request(operation, match={"type": "next", "id": user.id})
        results = [first["payload"]["data"]["countdown"]]

        async for message in ws.stream({"id": user.id}):
            if message["type"] == "complete":
                break
            results.append(message["payload"]["data"]["countdown"])

        user.check("counts down to 0", results == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
