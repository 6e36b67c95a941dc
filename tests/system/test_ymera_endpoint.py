"""The YMERA example: its FastAPI endpoint under uvicorn, its script, and the functions that the script calls."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.examples.servers import ymera
from tests.target.conformance import CHECKS, PATIENCE_S, Check
from wavetank.errors import ScriptError
from wavetank.plan.artillery import read_script
from wavetank.plan.phases import Ramp, Rate
from wavetank.plan.steps import Connect, Function, Loop, Send, Step, Think
from wavetank.target.platform import Platform

YMERA = Path(__file__).parents[2] / "examples" / "ymera"


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    """The `host:port` of the example."""
    # uvicorn shows a traceback of its own for text that is not UTF-8; this one would be ours.
    with ymera(mistake="Exception in ASGI application") as started:
        yield started


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_fastapi_endpoint_conforms(check: Check, authority: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(2 * PATIENCE_S):
            await check(authority)

    asyncio.run(run())


def unrolled(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Loop):
            assert isinstance(step.count, int)
            for _ in range(step.count):
                yield from unrolled(step.steps)
        else:
            yield step


def test_the_script_is_the_user_of_44_messages_each_with_a_reply_and_167_seconds_of_thought() -> None:
    (scenario,) = read_script(YMERA / "artillery_websocket.yml").plan.scenarios
    steps = list(unrolled(scenario.steps))
    sends = [step for step in steps if isinstance(step, Send)]

    assert isinstance(steps[0], Function)
    assert isinstance(steps[1], Connect)
    names = ["subscribe"] * 2 + ["ping", "agent_message"] * 20 + ["unsubscribe", "disconnect"]
    assert [send.name for send in sends] == names
    assert all(send.expect is not None and send.expect.matches for send in sends)
    thinks = [step.duration for step in steps if isinstance(step, Think)]
    assert thinks == [1, 2, 3, *[5, 3] * 20, 1]
    assert {step.name for step in steps if isinstance(step, Function)} == {
        "generateUserId",
        "sendAgentMessage",
        "measureLatency",
        "printStats",
    }


def test_the_whole_load_is_44_minutes_and_2_6_million_users_and_staging_is_the_same() -> None:
    plan = read_script(YMERA / "artillery_websocket.yml").plan
    staging = read_script(YMERA / "artillery_websocket.yml", environment="staging", target="wss://h").plan

    users = 0.0
    for phase in plan.phases:
        assert isinstance(phase, Rate | Ramp)
        rate = phase.rate if isinstance(phase, Rate) else (phase.start_rate + phase.end_rate) / 2
        users += rate * phase.duration_s
    assert users == 60 * 55 + 300 * 550 + 1800 * 1000 + 300 * 1500 + 180 * 1050
    assert sum(phase.duration_s for phase in plan.phases) == 44 * 60
    assert plan.target == "ws://localhost:8000"
    assert staging.target == "wss://h"
    assert staging.phases == plan.phases
    assert len(plan.thresholds) == 6


def test_localhost_is_one_ramp_from_5_to_20_users_in_10_seconds() -> None:
    plan = read_script(YMERA / "artillery_websocket.yml", environment="localhost").plan

    rate, duration_s = 5.0, 0.0
    for phase in plan.phases:
        assert isinstance(phase, Ramp)
        assert phase.start_rate == rate
        assert (phase.end_rate - phase.start_rate) / phase.duration_s == 1.5
        rate, duration_s = phase.end_rate, duration_s + phase.duration_s
    assert (rate, duration_s) == (20, 10)


def test_staging_without_a_server_is_an_error_and_never_falls_back_to_localhost() -> None:
    script = YMERA / "artillery_websocket.yml"

    with pytest.raises(ScriptError, match=r"artillery_websocket\.yml:\d+: .*YMERA_STAGING_URL"):
        read_script(script, environment="staging", env={})
    url = {"YMERA_STAGING_URL": "wss://ymera.example"}
    assert read_script(script, environment="staging", env=url).plan.target == "wss://ymera.example"


@pytest.fixture
def processor() -> ModuleType:
    specification = importlib.util.spec_from_file_location("processor", YMERA / "websocket_processor.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Events:
    def __init__(self) -> None:
        self.emitted: list[tuple[str, str, float]] = []

    def emit(self, kind: str, name: str, number: float) -> None:
        self.emitted.append((kind, name, number))


def test_the_functions_make_a_message_that_the_platform_answers_and_time_its_reply(
    processor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    context: Any = SimpleNamespace(vars={})
    events = Events()
    replies: list[bytes] = []
    session = Platform().connect(replies.append)

    processor.generateUserId(context, events)
    for _ in range(20):
        processor.sendAgentMessage(context, events)
        context.vars["agentTimestamp"] = answer(session, replies, context.vars["agentMessage"])
        processor.measureLatency(context, events)
    processor.printStats(context, events)

    assert re.fullmatch(r"user_\d{1,6}", context.vars["userId"])
    assert re.fullmatch(r"agent_\d{1,4}", context.vars["agentId"])
    assert [(kind, name) for kind, name, _ in events.emitted] == [("histogram", "ymera.agent_latency")] * 20
    assert all(0 < latency < 1000 for _, _, latency in events.emitted)
    assert re.fullmatch(
        r"process \d+: 20 agent messages, average [\d.]+ ms, P50 [\d.]+ ms, P95 [\d.]+ ms, P99 [\d.]+ ms\n",
        capsys.readouterr().err,
    )


def answer(session: Any, replies: list[bytes], message: object) -> object:
    session.receive(json.dumps(message))
    reply = json.loads(replies[-1])
    assert reply["type"] == "agent_response", reply
    return reply["timestamp"]


def test_a_reply_to_another_message_is_counted_and_not_timed(processor: ModuleType) -> None:
    context: Any = SimpleNamespace(vars={"agentTimestamp": 1})
    events = Events()
    processor.generateUserId(context, events)
    processor.sendAgentMessage(context, events)

    processor.measureLatency(context, events)

    assert events.emitted == [("counter", "ymera.agent_replies_mixed_up", 1)]


def test_the_percentiles_are_within_half_a_percent(processor: ModuleType) -> None:
    latencies = processor.Latencies()
    for number in range(1, 1001):
        latencies.add(number / 10)

    assert [latencies.percentile(percent) for percent in (50, 95, 99)] == pytest.approx([50, 95, 99], rel=0.0051)


def test_of_thousands_who_end_at_once_not_all_print_but_the_last_does(
    processor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    context: Any = SimpleNamespace(vars={})
    for _ in range(1000):
        processor.generateUserId(context, Events())

    for _ in range(999):
        processor.printStats(context, Events())
    assert len(capsys.readouterr().err.splitlines()) == 1
    processor.printStats(context, Events())
    assert len(capsys.readouterr().err.splitlines()) == 1
