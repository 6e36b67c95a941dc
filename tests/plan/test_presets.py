from __future__ import annotations

import math
import pickle
import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.names import THROUGHPUT
from wavetank.metrics.targets import YMERA_TARGETS
from wavetank.plan.arrivals import arrivals, duration_s, total_arrivals
from wavetank.plan.phases import Count, Pause
from wavetank.plan.presets import PRESETS, stress_plan
from wavetank.plan.steps import Close, Connect, JsonSelector, Match, Pace, Rendezvous, Send, Settle
from wavetank.plan.template import compile_json

URL = "ws://localhost:8000/ws"


def test_the_presets_are_the_three_of_ymera() -> None:
    assert dict(PRESETS) == {"quick": (100, 10), "medium": (500, 20), "heavy": (1000, 50)}


@given(st.integers(1, 5000))
def test_connections_open_in_batches_of_a_hundred_a_tenth_of_a_second_apart(connections: int) -> None:
    plan = stress_plan(URL, connections=connections, messages=1)
    assert total_arrivals(plan.phases) == connections
    assert duration_s(plan.phases) == pytest.approx((connections - 1) // 100 * 0.1)
    for arrival in arrivals(plan.phases):
        assert arrival.planned_ns == arrival.index // 100 * 100_000_000
    assert all(isinstance(phase, Count | Pause) for phase in plan.phases)


def test_a_user_lives_as_the_stress_test_says() -> None:
    plan = stress_plan(URL, connections=100, messages=10, interval_s=0.02, seed=7)
    (scenario,) = plan.scenarios
    connect, subscribe, rendezvous, pace, settle, disconnect, close = scenario.steps
    assert isinstance(connect, Connect)
    assert isinstance(rendezvous, Rendezvous)
    assert isinstance(settle, Settle)
    assert isinstance(close, Close)
    assert isinstance(pace, Pace)
    assert (pace.count, pace.interval_s) == (10, 0.02)
    (message,) = pace.steps
    answers = [(subscribe, "subscribed"), (disconnect, "disconnect_ack")]
    for send, answer in answers:
        assert isinstance(send, Send)
        assert send.expect is not None
        assert send.expect.matches == (Match(selector=JsonSelector(path="$.type"), value=answer),)
        assert send.expect.timeout_s == 5.0
    assert isinstance(message, Send)
    assert message.correlation is not None, "sent on schedule, whatever the replies do"
    assert message.correlation.timeout_s == 5.0
    assert (plan.target, plan.seed, plan.headline) == (URL, 7, message.name)
    assert plan.connection.handshake_timeout_s == 10.0
    assert {str(step.where) for step in scenario.steps} == {"stress preset"}


def test_an_agent_message_has_the_fields_of_the_protocol() -> None:
    plan = stress_plan(URL, connections=1, messages=1)
    pace = plan.scenarios[0].steps[3]
    assert isinstance(pace, Pace)
    (send,) = pace.steps
    assert isinstance(send, Send)
    template = compile_json(send.payload)
    assert template.names == {"$uuid", "$loopCount"}
    message = orjson.loads(template.render({"$uuid": "u-1", "$loopCount": 4}, lambda: random.Random(1)))
    agent = message.pop("to")
    assert agent.startswith("agent_")
    assert 0 <= int(agent.removeprefix("agent_")) <= 9999
    assert message == {
        "type": "agent_message",
        "from": "user_u-1",
        "payload": {"action": "execute", "timestamp": 4, "data": {}},
    }


@pytest.mark.parametrize(
    ("connections", "interval_s", "judged"),
    [(10, 0.010, True), (9, 0.010, False), (100, 0.0, True), (1000, 10.0, False)],
)
def test_throughput_is_judged_only_where_the_plan_asks_for_it(
    connections: int, interval_s: float, judged: bool
) -> None:
    plan = stress_plan(URL, connections=connections, messages=10, interval_s=interval_s)
    metrics = [threshold.metric for threshold in plan.thresholds]
    assert (THROUGHPUT in metrics) is judged
    assert not any(threshold.only_if_planned for threshold in plan.thresholds)
    rest = [threshold for threshold in YMERA_TARGETS if threshold.metric != THROUGHPUT]
    assert [threshold for threshold in plan.thresholds if threshold.metric != THROUGHPUT] == rest


def test_the_plan_travels_to_another_process() -> None:
    plan = stress_plan(URL, connections=250, messages=10)
    assert pickle.loads(pickle.dumps(plan)) == plan


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("ftp://localhost", {}, "no WebSocket URL"),
        ("", {}, "no WebSocket URL"),
        ("ws://", {}, "names no host"),
        (URL, {"connections": 0}, "number of connections is 0"),
        (URL, {"messages": 0}, "number of messages is 0"),
        (URL, {"interval_s": -1}, "interval is -1"),
        (URL, {"interval_s": math.nan}, "interval is nan"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused(url: str, options: dict[str, float], message: str) -> None:
    arguments: dict[str, float] = {"connections": 1, "messages": 1, **options}
    with pytest.raises(ValueError, match=message):
        stress_plan(url, **arguments)  # type: ignore[arg-type]  # the numbers are what is wrong here
