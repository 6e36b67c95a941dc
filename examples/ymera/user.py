"""YMERA's user in Python: the session of artillery_websocket.yml, message for message.

wavetank run examples/ymera/user.py --serve -u 20
wavetank run examples/ymera/user.py --serve -u 20 -v '{"thinks": 0}'     # without pauses
wavetank run examples/ymera/user.py -t wss://HOST                        # the whole load: 44 minutes
"""

from time import perf_counter, time_ns

from wavetank import Bound, Plan, Ramp, Rate, Threshold, User, scenario

plan = Plan(
    target="ws://localhost:8000",
    phases=(
        Ramp(name="Warm-up", duration_s=60, start_rate=10, end_rate=100),
        Ramp(name="Ramp-up", duration_s=300, start_rate=100, end_rate=1000),
        Rate(name="Sustained", duration_s=1800, rate=1000),
        Ramp(name="Peak", duration_s=300, start_rate=1000, end_rate=2000),
        Ramp(name="Ramp-down", duration_s=180, start_rate=2000, end_rate=100),
    ),
    thresholds=(
        Threshold("websocket.connect_success", Bound(">", 99), critical=Bound("<", 95)),
        Threshold("websocket.response_time.p50", Bound("<", 20), critical=Bound(">", 100)),
        Threshold("websocket.response_time.p95", Bound("<", 50), critical=Bound(">", 200)),
        Threshold("websocket.response_time.p99", Bound("<", 100), critical=Bound(">", 500)),
        Threshold("error_rate", Bound("<", 0.1), critical=Bound(">", 5)),
        Threshold("websocket.throughput", Bound(">", 1000), critical=Bound("<", 500), only_if_planned=True),
    ),
    variables={"thinks": 1},
)


@scenario(name="Agent session")
async def agent_session(user: User) -> None:
    thinks = user.vars["thinks"]
    user_id = f"user_{user.random.randint(0, 999_999)}"
    agent_id = f"agent_{user.random.randint(0, 9_999)}"

    async with user.connect("/ws") as ws:
        await user.think(1 * thinks)
        for channel, pause in (("agents", 2), ("metrics", 3)):
            await ws.request(
                {"type": "subscribe", "channel": channel}, match={"type": "subscribed", "channel": channel}
            )
            await user.think(pause * thinks)

        for _ in range(20):
            await ws.request({"type": "ping"}, match={"type": "pong"})
            await user.think(5 * thinks)

            action, timestamp = user.random.choice(("execute", "status")), time_ns() // 1_000_000
            payload = {"action": action, "timestamp": timestamp, "data": {}}
            message = {"type": "agent_message", "from": user_id, "to": agent_id, "payload": payload}
            sent_at = perf_counter()
            reply = await ws.request(message, match={"type": "agent_response"})
            if reply["timestamp"] == timestamp:
                user.record("ymera.agent_latency", (perf_counter() - sent_at) * 1000)
            else:
                user.count("ymera.agent_replies_mixed_up")
            await user.think(3 * thinks)

        await ws.request(
            {"type": "unsubscribe", "channel": "agents"}, match={"type": "unsubscribed", "channel": "agents"}
        )
        await user.think(1 * thinks)
        await ws.request({"type": "disconnect"}, match={"type": "disconnect_ack"})
