"""Users who log in over HTTP before they open their socket, and others who share a token.

pip install httpx
python examples/login/server.py
wavetank run examples/login/scenario.py -u 20 --threshold 'login.p95 < 500ms'
"""

import os

import httpx

from wavetank import Plan, Shared, User, csv, scenario, setup, teardown

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
plan = Plan(target=SERVER.replace("http", "ws", 1) + "/ws")
accounts = csv("accounts.csv")


@setup
async def open_client(shared: Shared) -> None:
    """Once in each worker: one HTTP client for all of its users, and a token for those who do not log in."""
    shared["http"] = httpx.AsyncClient(base_url=SERVER)
    shared["token"] = await login(shared["http"], "guest", "open sesame")


@teardown
async def close_client(shared: Shared) -> None:
    await shared["http"].aclose()


async def login(http: httpx.AsyncClient, name: str, password: str) -> str:
    response = await http.post("/login", json={"name": name, "password": password})
    response.raise_for_status()
    return str(response.json()["token"])


async def greet(user: User, token: str, name: str) -> None:
    async with user.connect(additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        reply = await ws.request({"type": "hello"}, match={"type": "welcome"})
        user.check("is called by its name", reply["name"] == name)


@scenario
async def member(user: User) -> None:
    account = user.feed(accounts)
    async with user.measure("login"):
        token = await login(user.shared["http"], account["name"], account["password"])
    await greet(user, token, account["name"])


@scenario(weight=3)
async def guest(user: User) -> None:
    await greet(user, user.shared["token"], "guest")
