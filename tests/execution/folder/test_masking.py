from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pytest

from wavetank.errors import Where
from wavetank.execution.folder.masking import MASK, is_secret_name, mask_text, masked
from wavetank.metrics.thresholds import Bound, Condition, Threshold
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.payload import Payload
from wavetank.plan.phases import Rate
from wavetank.plan.steps import Connect, ConnectionOptions, Loop, Send

SECRET = "hunter2-abcdef"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "X-API-Key", "apiKey", "token"),
        *("accessToken", "client_secret", "PASSWORD", "passwd", "passphrase", "auth", "x-auth", "jwt", "sessionId"),
    ],
)
def test_these_names_are_taken_for_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["author", "channel", "agentId", "Origin", "userName", "payload", "session"])
def test_these_names_are_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wss://me:pa@ss@host:1/ws", "wss://***@host:1/ws"),
        ("http://me@proxy:3128", "http://***@proxy:3128"),
        ("ws://h/ws?room=1&token=abc&v=2", "ws://h/ws?room=1&token=***&v=2"),
        ("ws://h/ws?api_key=abc#x", "ws://h/ws?api_key=***#x"),
        ('{"type":"login","password": "a\\"b", "n": 1}', '{"type":"login","password": "***", "n": 1}'),
        ('{"apiKey":12345}', '{"apiKey":"***"}'),
        ("curl with Bearer abcdef123", "curl with Bearer ***"),
        ("eyJhbGciOi.eyJzdWIi.c2ln-_x", "***"),
        ("mail me@host, a = b?", "mail me@host, a = b?"),
        ('{"type":"ping"}', '{"type":"ping"}'),
        ("{{ token }} at $.token", "{{ token }} at $.token"),
        ("half \udcff", "half ?"),
    ],
)
def test_a_text_loses_its_secrets_and_nothing_else(text: str, expected: str) -> None:
    assert mask_text(text) == expected


def a_plan_full_of_secrets() -> Plan:
    where = Where("script.yml", 4)
    options = ConnectionOptions(
        headers={"Authorization": f"Token {SECRET}", "X-Room": "blue"},
        proxy=f"http://user:{SECRET}@proxy:3128",
        passphrase=SECRET,
        key=Path("client.key"),
        subprotocols=("chat",),
    )
    return Plan(
        name="ymera",
        target=f"wss://user:{SECRET}@host/ws?access_token={SECRET}",
        phases=(Rate(name="up", duration_s=1, rate=2),),
        scenarios=(
            Scenario(
                name="session",
                steps=(
                    Connect(where=where, url=f"/ws?token={SECRET}", headers={"Cookie": f"sid={SECRET}"}),
                    Loop(
                        where=where,
                        steps=(
                            Send(where=where, payload={"auth": {"x": SECRET}, "a": 1}, encoding="json", name="login"),
                            Send(where=where, payload=f'{{"password":"{SECRET}"}}', encoding="text", name="again"),
                        ),
                    ),
                ),
            ),
        ),
        variables={"apiToken": SECRET, "passwords": [SECRET, SECRET], "room": ["a", "b"], "day": date(2026, 1, 2)},
        payloads=(Payload(path=Path("users.csv"), fields=("user", "password"), rows=(("me", SECRET),)),),
        connection=options,
        thresholds=(Threshold("error_rate", Bound("<", 1)),),
        conditions=(Condition("websocket.connects > 1"),),
    )


def test_a_plan_becomes_plain_data_without_a_single_secret() -> None:
    data: dict[str, Any] = orjson.loads(orjson.dumps(masked(a_plan_full_of_secrets())))
    assert SECRET not in str(data)
    assert data["kind"] == "Plan"
    assert data["target"] == "wss://***@host/ws?access_token=***"
    assert data["phases"] == [
        {"kind": "Rate", "name": "up", "duration_s": 1, "rate": 2, "poisson": False, "max_users": None}
    ]
    assert data["variables"] == {"apiToken": MASK, "passwords": [MASK, MASK], "room": ["a", "b"], "day": "2026-01-02"}
    assert data["connection"]["headers"] == {"Authorization": MASK, "X-Room": "blue"}
    assert data["connection"]["proxy"] == "http://***@proxy:3128"
    assert data["connection"]["passphrase"] == MASK
    assert data["connection"]["key"] == "client.key"
    assert data["payloads"][0]["rows"] == 1
    assert data["payloads"][0]["fields"] == ["user", "password"]
    connect, loop = data["scenarios"][0]["steps"]
    assert (connect["kind"], connect["where"], connect["url"]) == ("Connect", "script.yml:4", "/ws?token=***")
    assert loop["steps"][0]["payload"] == {"auth": MASK, "a": 1}


def test_that_there_is_no_secret_may_be_seen() -> None:
    assert masked({"token": None, "password": "", "keys": ["x", None]}) == {
        "token": None,
        "password": "",
        "keys": [MASK, None],
    }


def test_every_value_that_a_script_can_hold_fits_into_json() -> None:
    values = {"big": 2**70, "path": PurePosixPath("a/b"), "bytes": b"raw", "set": {1}, "nan": float("nan"), 3: True}
    assert orjson.loads(orjson.dumps(masked(values))) == {
        "big": str(2**70),
        "path": "a/b",
        "bytes": "<bytes>",
        "set": [1],
        "nan": None,
        "3": True,
    }


def test_every_field_of_a_plan_is_kept() -> None:
    plan = a_plan_full_of_secrets()
    assert masked(plan).keys() == {"kind", *(each.name for each in dataclasses.fields(plan))}
