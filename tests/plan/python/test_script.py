"""A Python module read as a plan, and every mistake told at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from wavetank.errors import ScriptError
from wavetank.plan.artillery import read_script
from wavetank.plan.forecast import forecast
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Rate
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.python.script import load_script, plan_of_script

HEAD = "from wavetank import *\n"
AGENT = "@scenario(weight=3)\nasync def agent(user): pass\n"
OTHER = "@scenario\nasync def other(user): pass\n"


def read(tmp_path: Path, text: str, **options: object) -> Plan:
    path = tmp_path / "users.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return plan_of_script(load_script(path), path, **{"target": "ws://h/ws", **options})  # type: ignore[arg-type]


def test_the_scenarios_of_the_module_are_the_plans_and_one_user_runs_where_nothing_else_is_said(tmp_path: Path) -> None:
    plan = read(tmp_path, AGENT + OTHER)
    assert [(each.name, each.weight) for each in plan.scenarios] == [("agent", 3), ("other", 1)]
    assert plan.phases == (Count(name="One user", duration_s=1.0, count=1),)
    assert (plan.name, plan.target) == ("users", "ws://h/ws")


def test_a_plan_in_the_module_says_the_rest(tmp_path: Path) -> None:
    text = (
        "plan = Plan(target='ws://p/ws', phases=(Rate(duration_s=5, rate=2),), variables={'a': 1},"
        " thresholds=(threshold('websocket.response_time.p95 < 50ms'),))\n"
        "@setup\nasync def before(shared): pass\n"
    )
    plan = read(tmp_path, AGENT + text, target=None, variables={"b": 2}, seed=9)
    assert plan.target == "ws://p/ws"
    assert plan.phases == (Rate(name="", duration_s=5, rate=2),)
    assert plan.variables == {"a": 1, "b": 2}
    assert plan.thresholds[0].metric == "websocket.response_time.p95"
    assert [each.kind for each in plan.lifecycle] == ["setup"]
    assert plan.seed == 9


def test_one_scenario_can_be_chosen_by_its_name_or_a_part_of_it(tmp_path: Path) -> None:
    for wanted in ("agent", "^ag"):
        assert [each.name for each in read(tmp_path, AGENT + OTHER, scenario=wanted).scenarios] == ["agent"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("x = 1\n", {}, r"users\.py: the module has no scenario \(put @scenario before an async def\)"),
        (AGENT, {"target": None}, r"there is no target \(give one with -t URL, or write plan = Plan\(target=…\)\)"),
        (AGENT, {"target": "nonsense"}, r"-t: 'nonsense' is no WebSocket URL"),
        (AGENT + "plan = 5\n", {}, r"'plan' of the module is a int"),
        (AGENT + OTHER, {"scenario": "third"}, r"'third' hits no scenario \(the scenarios: agent, other\)"),
        (AGENT + OTHER.replace("@scenario", "@scenario(name='agent')"), {}, r"2 scenarios are called 'agent'"),
        (AGENT.replace("3", "0"), {}, r"the weights of all scenarios are 0"),
        ("1 / 0\n", {}, r"users\.py:2: ZeroDivisionError: division by zero"),
        ("def (:\n", {}, r"users\.py:2: this is not Python"),
        ("@scenario\ndef plain(user): pass\n", {}, r"users\.py:2: TypeError: @scenario is for coroutine functions"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ScriptError, match=said):
        read(tmp_path, text, **options)


def test_users_whose_length_nobody_knows_are_taken_to_stay(tmp_path: Path) -> None:
    text = AGENT + "plan = Plan(phases=(Rate(duration_s=10, rate=50),))\n"
    assert forecast(read(tmp_path, text)).peak_users == 500


YAML = """\
config: {{target: ws://h/ws}}
scenarios:
  - {{name: mine, weight: 2, flow: {flow}}}
"""


def yaml(tmp_path: Path, flow: str) -> Plan:
    (tmp_path / "users.py").write_text(HEAD + AGENT + "@setup\nasync def before(shared): pass\n", encoding="utf-8")
    (tmp_path / "script.yml").write_text(YAML.format(flow=flow), encoding="utf-8")
    return read_script(tmp_path / "script.yml").plan


def test_a_scenario_of_an_artillery_script_may_name_one_in_python(tmp_path: Path) -> None:
    plan = yaml(tmp_path, "users.py:agent")
    (found,) = plan.scenarios
    assert isinstance(found, PythonScenario)
    assert (found.name, found.weight, str(found)) == ("mine", 2, "users.py:agent")
    assert [each.kind for each in plan.lifecycle] == ["setup"]


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ("users.py:agnt", r"script\.yml:3: .*has no scenario agnt; did you mean agent\?"),
        ("users.py:User", r"script\.yml:3: User in .* is no scenario"),
        ("others.py:agent", r"script\.yml:3: There is no script .*others\.py"),
    ],
)
def test_a_scenario_that_is_not_there_is_told_at_its_line(tmp_path: Path, flow: str, said: str) -> None:
    with pytest.raises(ScriptError, match=said):
        yaml(tmp_path, flow)
