"""How long does a word take to everybody in the room, and does anybody miss one?

python examples/chat/server.py
wavetank run examples/chat/scenario.py -u 50

Every message carries the instant at which it was sent, and the server numbers them: the report has `push_time`, and
counts what was lost, repeated or overtaken.
"""

from wavetank import Plan, User, pushes, scenario, threshold

plan = Plan(
    target="ws://127.0.0.1:8000/chat",
    push=pushes({"type": "said"}, timestamp="$.at", sequence="$.number"),
    thresholds=(threshold("push.lost <= 0"), threshold("websocket.push_time.p99 < 1s")),
)


@scenario
async def guest(user: User) -> None:
    async with user.connect() as ws:
        await user.meet()  # nobody speaks before everybody listens
        async for _ in user.paced(5, every="200ms"):
            words = {"type": "say", "from": user.id, "text": "hello", "at": user.now_ms()}
            await ws.request(words, match={"type": "said", "from": user.id})
        await user.think(1)  # and nobody leaves before the last word has come
