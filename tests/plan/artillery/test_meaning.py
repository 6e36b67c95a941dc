"""A script in the form in which YMERA's was written does what its author meant, and says where Artillery would not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.artillery.conftest import Read
from wavetank.plan.forecast import forecast
from wavetank.plan.phases import Ramp
from wavetank.plan.steps import Connect, Function, Loop, Send, Think

SCRIPT = """\
config:
  target: "ws://localhost:8000"
  phases:
    - {name: "Warm-up", duration: 60, arrivalRate: 10, rampTo: 100}
    - {name: "Ramp-up", duration: 300, arrivalRate: 100, rampTo: 1000}
    - {name: "Sustained", duration: 1800, arrivalRate: 1000}
    - {name: "Peak", duration: 300, arrivalRate: 1000, rampTo: 2000}
    - {name: "Ramp-down", duration: 180, arrivalRate: 2000, rampTo: 100}
  processor: "./processor.js"
  environments:
    localhost:
      phases:
        - duration: 10
          arrivalRate: 5
          rampTo: 20
scenarios:
  - name: "Agent session"
    engine: ws
    flow:
      - function: generateUserId
      - connect:
          url: "/ws"
      - think: 6
      - loop:
          - send:
              payload: {type: ping}
          - think: 5
          - send:
              payload:
                type: agent_message
                from: "{{ userId }}"
                payload: {action: execute}
          - think: 3
        count: 20
      - think: 1
      - send:
          payload: {type: disconnect}
"""


@pytest.fixture(autouse=True)
def processor(folder: Path) -> None:
    (folder / "processor.py").write_text("def generateUserId(context, events): ...\n", encoding="utf-8")


def test_the_script_connects_to_its_path_and_sends_its_messages(read: Read) -> None:
    plan = read(SCRIPT, environment="localhost").plan
    function, connect, think, loop, _, last = plan.scenarios[0].steps
    assert isinstance(function, Function)
    assert isinstance(connect, Connect)
    assert connect.url == "/ws"
    assert isinstance(think, Think)
    assert isinstance(loop, Loop)
    assert loop.count == 20
    sent = [(step.name, step.payload) for step in (*loop.steps, last) if isinstance(step, Send)]
    assert sent == [
        ("ping", {"type": "ping"}),
        ("agent_message", {"type": "agent_message", "from": "{{ userId }}", "payload": {"action": "execute"}}),
        ("disconnect", {"type": "disconnect"}),
    ]
    assert plan.phases == (Ramp(name="phase 1", duration_s=10, start_rate=5, end_rate=20),)


def test_the_check_says_where_artillery_would_do_something_else(read: Read) -> None:
    warnings = read(SCRIPT, environment="localhost").warnings
    found = [(warning.where.line, warning.message.split(",")[0]) for warning in warnings]
    assert found == [
        (9, "Artillery runs ./processor.js; here it is processor.py beside it"),
        (12, "Artillery mixes these phases with those of config"),
        (21, "Artillery connects before the first step"),
        (26, "Artillery sends the whole map"),
        (29, "Artillery sends the whole map"),
        (37, "Artillery sends the whole map"),
    ]


def test_the_forecast_is_that_of_the_facts(read: Read) -> None:
    planned = forecast(read(SCRIPT).plan)
    assert planned.duration_s == 44 * 60
    assert planned.users == pytest.approx(2_600_000, rel=0.01)
    assert planned.session_s == 167
    assert planned.peak_rate == 2000
    assert 280_000 < planned.peak_users < 300_000
