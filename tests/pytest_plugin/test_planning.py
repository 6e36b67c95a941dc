from __future__ import annotations

from typing import Any

import pytest

from tests.pytest_plugin.chat import agent, pings
from wavetank.metrics.thresholds import threshold_of
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Population, Ramp, Rate
from wavetank.plan.presets import stress_plan
from wavetank.pytest_plugin.planning import plan_of, url_of

URL = "ws://127.0.0.1:8000/ws"


def made(**arguments: Any) -> Plan:
    return plan_of("test_it", URL, arguments)  # type: ignore[arg-type]  # whatever a test may say


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        ({"users": 200}, Population(name="200 users", duration_s=5, start_users=200, end_users=200)),
        ({"users": 2, "duration": 0.5}, Population(name="2 users", duration_s=0.5, start_users=2, end_users=2)),
        ({"users": 5, "duration": None}, Count(name="5 users", duration_s=0.005, count=5)),
        ({"rate": 20, "duration": "1m"}, Rate(name="20 users/s", duration_s=60, rate=20)),
        ({"rate": "5:20"}, Ramp(name="5 to 20 users/s", duration_s=5, start_rate=5, end_rate=20)),
    ],
)
def test_a_load_is_said_in_a_few_words(said: dict[str, object], phase: object) -> None:
    plan = made(scenario=agent, **said)
    assert plan.phases == (phase,)
    assert plan.scenarios == (agent,)
    assert (plan.name, plan.target) == ("test_it", URL)


def test_several_scenarios_are_drawn_from() -> None:
    assert made(scenario=[agent, pings(1)], users=1).scenarios == (agent, pings(1))


def test_a_plan_keeps_what_the_test_does_not_say() -> None:
    plan = stress_plan("ws://elsewhere/", connections=3, messages=1, seed=5)
    assert made(plan=plan) == Plan(**{**{name: getattr(plan, name) for name in plan.__slots__}, "target": URL})
    changed = made(plan=plan, rate=3, scenario=agent, thresholds="vusers.failed < 1")
    assert changed.name == "stress"
    assert changed.scenarios == (agent,)
    assert [type(phase) for phase in changed.phases] == [Rate]
    assert changed.thresholds == (*plan.thresholds, threshold_of("vusers.failed < 1"))


def test_thresholds_are_text_or_thresholds() -> None:
    one = threshold_of("websocket.response_time.p95 < 50ms")
    for said in ("websocket.response_time.p95 < 50ms", one, [one], ["websocket.response_time.p95 < 50ms"]):
        assert made(scenario=agent, users=1, thresholds=said).thresholds == (one,)


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        ({"users": 1}, TypeError, "what do the users do"),
        ({"scenario": agent}, TypeError, "how many users come"),
        ({"scenario": agent, "users": 0}, ValueError, "0 is not a number of users"),
        ({"scenario": agent, "duration": "5s"}, ValueError, "A duration needs a number of users"),
        ({"scenario": agent, "users": 1, "duration": "soon"}, ValueError, "'soon' is not a duration"),
        ({"scenario": agent, "users": 1, "thresholds": "p95 < 5"}, ValueError, None),
    ],
)
def test_what_cannot_be_is_told(said: dict[str, object], error: type[Exception], sentence: str | None) -> None:
    with pytest.raises(error, match=sentence):
        made(**said)


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("ws://127.0.0.1:8000", None, "ws://127.0.0.1:8000/ws"),
        ("ws://127.0.0.1:8000", "/chat", "ws://127.0.0.1:8000/chat"),
        ("ws://127.0.0.1:8000/", None, "ws://127.0.0.1:8000/ws"),
        ("http://example.com/socket?room=1", None, "ws://example.com/socket?room=1"),
        ("https://example.com/socket", "/chat", "wss://example.com/chat"),
    ],
)
def test_a_path_is_joined_to_where_the_server_is(base: str, path: str | None, url: str) -> None:
    assert url_of(base, path) == url
