"""An application to be tested, and what its users do: copied beside the tests that pytest runs in these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from wavetank.errors import Where
from wavetank.flow.python.decorators import scenario, setup
from wavetank.flow.python.user import User
from wavetank.plan.python.lifecycle import Shared
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Close, Connect, Expect, JsonSelector, Loop, Match, Send, Think

WHERE = Where("chat.py", 1)


def make_app(problem: str = "") -> FastAPI:
    """It answers pings on /ws, and breaks on /broken. `problem`: what does not work, `startup` or `shutdown`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if problem == "startup":
            raise ValueError("there is no database")
        app.state.is_started = True
        yield
        app.state.is_started = False
        if problem == "shutdown":
            raise ValueError("the database is gone")

    app = FastAPI(lifespan=lifespan)
    app.state.connections = 0

    @app.websocket("/ws")
    async def answer(socket: WebSocket) -> None:
        assert app.state.is_started
        app.state.connections += 1
        await socket.accept()
        try:
            while True:
                await socket.receive_json()
                await socket.send_json({"type": "pong"})
        except WebSocketDisconnect:
            pass

    @app.websocket("/broken")
    async def fail(socket: WebSocket) -> None:
        await socket.accept()
        raise KeyError("the app's own mistake")

    return app


def pings(count: int) -> Scenario:
    """A user who pings so often."""
    pong = Match(selector=JsonSelector(path="$.type"), value="pong")
    ping = Send(
        where=WHERE, payload={"type": "ping"}, encoding="json", name="ping", expect=Expect(matches=(pong,), timeout_s=5)
    )
    loop = Loop(where=WHERE, count=count, steps=(ping, Think(where=WHERE, duration=0.05)))
    return Scenario(name="pings", steps=(Connect(where=WHERE), loop, Close(where=WHERE)))


agent = pings(5)


@setup
async def greet(shared: Shared) -> None:
    shared["greeting"] = "hello"


@scenario
async def talker(user: User) -> None:
    """A user in Python, who has what the setup left for it."""
    async with user.connect() as connection:
        for _ in range(3):
            await connection.request({"type": user.shared["greeting"]}, match={"type": "pong"})
