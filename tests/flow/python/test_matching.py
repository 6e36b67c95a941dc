"""What a scenario is told where the message that it waits for does not come."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.python.carrying import carried
from wavetank import User, scenario
from wavetank.plan.phases import Population


def test_a_reply_that_does_not_come_tells_what_came_instead() -> None:
    @scenario
    async def mistyped(user: User) -> None:
        async with user.connect() as ws:
            await ws.send({"type": "ping"})
            await ws.request({"type": "ping", "text": "o" * 200}, match={"type": "pongde"}, timeout=0.1)

    outcome = carried(mistyped)
    assert outcome.errors() == {"reply_timeout": 1}
    told = outcome.total.errors["reply_timeout"].example
    assert told.startswith('ping got no reply within 0.1 s; 2 others came, the last: {"type":"pinged","text":"ooo')
    assert told.endswith("o…")


def test_where_nothing_came_nothing_is_told() -> None:
    @scenario
    async def waiting(user: User) -> None:
        async with user.connect() as ws:
            await ws.expect({"type": "event"}, timeout=0.05)

    outcome = carried(waiting)
    assert outcome.total.errors["reply_timeout"].example == "expect got no reply within 0.05 s"


def test_what_a_match_of_the_scenario_raises_is_told_by_its_place() -> None:
    @scenario
    async def careless(user: User) -> None:
        async with user.connect() as ws:
            await ws.request({"type": "ping"}, match=lambda message: message["typ"])

    outcome = carried(careless)
    (kind,) = outcome.errors()
    assert kind.startswith("KeyError at test_matching.py:")
    trace = outcome.total.errors[kind].trace
    assert "in careless" in trace
    assert "in <lambda>" in trace
    assert outcome.count("websocket.replies_lost") == 1


def test_what_a_codec_raises_over_a_message_is_told_by_its_place() -> None:
    class Broken:
        def encode(self, value: Any, /) -> str:
            return str(value)

        def decode(self, message: str | bytes, /) -> Any:
            raise ArithmeticError("no such thing")

    @scenario(codec=Broken())
    async def unlucky(user: User) -> None:
        async with user.connect() as ws:
            with pytest.raises(ArithmeticError, match="no such thing"):
                await ws.request({"type": "ping"})
            await ws.request({"type": "ping"})

    outcome = carried(unlucky)
    (kind,) = outcome.errors()
    assert kind.startswith("ArithmeticError at test_matching.py:")
    assert "in decode" in outcome.total.errors[kind].trace


def test_a_held_population_cannot_meet() -> None:
    @scenario
    async def meeting(user: User) -> None:
        await user.meet()

    outcome = carried(meeting, phases=(Population(duration_s=0.05, start_users=1, end_users=1),))
    (kind,) = outcome.errors()
    assert kind.startswith("ValueError at test_matching.py:")
    assert "held population" in outcome.total.errors[kind].example
