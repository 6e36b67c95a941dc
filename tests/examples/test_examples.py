"""Every example runs as its docstring says, against its own server, and what it counts is exact."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples.servers import EXAMPLES, serving
from tests.system.command import CommandLine, Outcome, environment
from wavetank import Threshold
from wavetank.plan.artillery import read_script
from wavetank.plan.python.script import load_script, plan_of_script

USERS = 10
SCENARIOS = sorted(EXAMPLES.glob("*/scenario.py"))


def run(wavetank: CommandLine, example: str, *options: str, **env: str) -> Outcome:
    script = str(EXAMPLES / example / "scenario.py")
    outcome = wavetank("run", script, "-u", str(USERS), *options, env=env)
    assert outcome.code == 0, outcome.stdout + outcome.stderr
    assert outcome.errors == {}
    assert outcome.counters["vusers.completed"] == USERS
    assert outcome.counters["websocket.closed_expected"] == outcome.counters["websocket.connects"] == USERS
    return outcome


def test_everybody_in_the_chat_room_hears_every_word(wavetank: CommandLine) -> None:
    with serving("chat") as address:
        outcome = run(wavetank, "chat", "-t", f"ws://{address}/chat")
    words = 5 * USERS
    assert outcome.counters["websocket.messages_sent.say"] == words
    assert outcome.counters["websocket.replies"] == words
    assert outcome.counters["push.received"] == words * USERS
    assert outcome.summary["histograms"]["websocket.push_time"]["count"] == words * USERS
    for trouble in ("lost", "duplicated", "out_of_order", "unmeasured", "before_sent"):
        assert f"push.{trouble}" not in outcome.counters


def test_users_log_in_over_http_before_they_connect(wavetank: CommandLine) -> None:
    options = ("--threshold", "login.p95 < 5s", "--seed", "1")
    with serving("login") as address:
        outcome = run(wavetank, "login", *options, SERVER=f"http://{address}")
    members = outcome.counters["vusers.created_by_name.member"]
    assert 0 < members < USERS
    assert outcome.summary["histograms"]["login"]["count"] == members
    assert outcome.counters["checks.is_called_by_its_name.passed"] == USERS
    assert outcome.counters["websocket.replies"] == USERS
    assert {each["metric"]: each["verdict"] for each in outcome.summary["thresholds"]}["login.p95"] == "ok"


def test_a_graphql_subscription_counts_down_to_its_end(wavetank: CommandLine) -> None:
    with serving("graphql") as address:
        outcome = run(wavetank, "graphql", "-t", f"ws://{address}/graphql")
    assert outcome.counters["websocket.messages_sent.connection_init"] == USERS
    assert outcome.counters["websocket.messages_sent.subscribe"] == USERS
    assert outcome.counters["websocket.replies"] == 2 * USERS
    assert outcome.counters["websocket.pushes"] == 10 * USERS, "nine results, and the completion"
    assert outcome.counters["checks.counts_down_to_0.passed"] == USERS


@pytest.mark.parametrize("codec", ["msgpack", "protobuf"])
def test_a_codec_speaks_in_binary_messages(codec: str, wavetank: CommandLine) -> None:
    with serving(codec) as address:
        outcome = run(wavetank, codec, "-t", f"ws://{address}")
    assert outcome.counters["websocket.messages_sent.add"] == 10 * USERS
    assert outcome.counters["websocket.replies"] == 10 * USERS
    assert outcome.counters["checks.the_sum_is_right.passed"] == 10 * USERS


def test_a_client_written_for_websockets_is_a_user_and_still_a_client(wavetank: CommandLine) -> None:
    with serving("reuse") as address:
        outcome = run(wavetank, "reuse", "-t", f"ws://{address}")
        alone = subprocess.run(
            [sys.executable, str(EXAMPLES / "reuse" / "client.py"), f"ws://{address}"],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    assert alone.stdout == "2.5\n"
    for name in ("message", "price", "follow"):
        assert outcome.counters[f"websocket.messages_sent.{name}"] == USERS
    assert outcome.counters["websocket.replies"] == 3 * USERS
    assert outcome.counters["websocket.pushes"] == 9 * USERS
    assert outcome.counters["prices_followed"] == 10 * USERS
    assert outcome.counters["checks.tea_has_a_price.passed"] == USERS


def test_ymeras_user_in_python_counts_what_its_user_in_yaml_counts(wavetank: CommandLine) -> None:
    shutil.copy(EXAMPLES / "ymera" / "websocket_processor.py", wavetank.folder)
    script = yaml.safe_load((EXAMPLES / "ymera" / "artillery_websocket.yml").read_text(encoding="utf-8"))
    (session,) = script["scenarios"]
    session["flow"] = without_thinks(session["flow"])
    options = ("--serve", "-u", str(USERS), "--seed", "1")
    in_yaml = wavetank.run(yaml.safe_dump(script, sort_keys=False), None, *options)
    in_python = wavetank("run", str(EXAMPLES / "ymera" / "user.py"), *options, "-v", '{"thinks": 0}')
    assert in_yaml.code == in_python.code == 0, in_python.stdout
    assert exact_counts(in_python) == exact_counts(in_yaml)
    assert counts_of_times(in_python) == counts_of_times(in_yaml)
    assert counts_of_times(in_python)["ymera.agent_latency"] == 20 * USERS
    # What they send has random numbers in it, which are not always as long.
    for counter in ("websocket.bytes_sent", "websocket.bytes_received"):
        assert in_python.counters[counter] == pytest.approx(in_yaml.counters[counter], rel=0.01)


def without_thinks(steps: list[Any]) -> list[Any]:
    kept = [step for step in steps if "think" not in step]
    return [{**step, "loop": without_thinks(step["loop"])} if "loop" in step else step for step in kept]


def exact_counts(outcome: Outcome) -> dict[str, int]:
    return {name: count for name, count in outcome.counters.items() if "bytes" not in name}


def counts_of_times(outcome: Outcome) -> dict[str, int]:
    histograms = outcome.summary["histograms"]
    return {name: times["count"] for name, times in histograms.items() if not name.startswith("generator.")}


def test_the_plans_of_ymeras_two_users_ask_for_the_same() -> None:
    in_yaml = read_script(EXAMPLES / "ymera" / "artillery_websocket.yml", env={}).plan
    path = EXAMPLES / "ymera" / "user.py"
    in_python = plan_of_script(load_script(path), path)
    assert in_python.phases == in_yaml.phases
    assert [judged(each) for each in in_python.thresholds] == [judged(each) for each in in_yaml.thresholds]
    assert [each.name for each in in_python.scenarios] == [each.name for each in in_yaml.scenarios]


def judged(threshold: Threshold) -> Threshold:
    """What of a threshold decides something."""
    return replace(threshold, warning=None, where=None)


def test_every_scenario_of_the_examples_is_run_here() -> None:
    assert {path.parent.name for path in SCENARIOS} == {"chat", "login", "graphql", "msgpack", "protobuf", "reuse"}


@pytest.mark.parametrize("scenario", [*SCENARIOS, EXAMPLES / "ymera" / "user.py"], ids=lambda path: path.parent.name)
def test_the_docstring_begins_with_what_to_type(scenario: Path) -> None:
    assert f"\nwavetank run {scenario.relative_to(EXAMPLES.parent)} " in scenario.read_text(encoding="utf-8")
