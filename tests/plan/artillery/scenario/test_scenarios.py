"""Scenarios, engines and hooks, and what functions and variables they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.errors import Where
from wavetank.plan.artillery import processor_skeleton
from wavetank.plan.steps import Connect, Function, Log, Loop, Send, Think

AT = Where("script.yml", 1)
FLOW = [{"connect": "ws://h"}, {"send": "x"}]


def with_scenarios(*scenarios: Any, **top: Any) -> dict[str, Any]:
    return {"config": {"target": "ws://h"}, "scenarios": list(scenarios), **top}


def test_names_weights_and_the_place_of_the_unnamed(read: Read) -> None:
    plan = read(
        with_scenarios({"name": "a", "weight": 3, "engine": "ws", "flow": FLOW}, {"engine": "ws", "flow": FLOW})
    ).plan
    assert [(scenario.name, scenario.weight) for scenario in plan.scenarios] == [("a", 3), ("1", 1)]


def test_a_weight_may_be_a_variable(read: Read) -> None:
    script = with_scenarios({"weight": "{{ w }}", "engine": "ws", "flow": FLOW})
    assert read(script, variables={"w": "4"}).plan.scenarios[0].weight == 4


@pytest.mark.parametrize(("wanted", "name"), [("b", "b"), ("^a$", "a"), ("c\\d", "c1"), ("a+b", "a+b"), ("[", "x[")])
def test_one_scenario_is_chosen_by_its_name_or_an_expression(read: Read, wanted: str, name: str) -> None:
    names = ["a", "b", "c1", "a+b", "ab", "x["]
    script = with_scenarios(*({"name": each, "engine": "ws", "flow": FLOW} for each in names))
    assert [scenario.name for scenario in read(script, scenario=wanted).plan.scenarios] == [name]


@pytest.mark.parametrize(("wanted", "count"), [("z", "no scenario"), ("a", "2 scenarios")])
def test_a_choice_that_does_not_hit_just_one_lists_them(problems: Problems, wanted: str, count: str) -> None:
    script = with_scenarios(*({"name": name, "engine": "ws", "flow": FLOW} for name in ("aa", "ab")))
    assert problems(script, scenario=wanted) == [f"script.yml:1: '{wanted}' hits {count} (the scenarios: aa, ab)"]


@pytest.mark.parametrize(
    ("scenario", "warning"),
    [
        ({"flow": FLOW}, "the scenario has no engine, so Artillery runs it as HTTP; it is read as ws"),
        ({"engine": "websocket", "flow": FLOW}, "Artillery knows no engine 'websocket'"),
        ({"engine": "ws", "flow": FLOW, "onError": "f"}, "'onError' belongs to Artillery's HTTP engine"),
    ],
)
def test_an_engine_that_artillery_takes_otherwise_is_warned_of(read: Read, scenario: Any, warning: str) -> None:
    reading = read(with_scenarios(scenario))
    assert [step.__class__ for step in reading.plan.scenarios[0].steps] == [Connect, Send]
    assert len(reading.warnings) == 1
    assert warning in reading.warnings[0].message


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ({"engine": "http", "flow": [{"get": {"url": "/"}}]}, "the engine 'http' is not supported (only engine: ws"),
        ({"engine": "socketio", "flow": [{"emit": {}}]}, "the engine 'socketio' is not supported (only engine: ws"),
        ({"engine": "w", "flow": FLOW}, "the engine 'w' is not supported (did you mean 'ws'?)"),
        ({"flow": [{"get": {"url": "/"}}]}, "the scenario has no engine, so it is HTTP"),
        ({"engine": "ws"}, "the scenario has no flow"),
        ({"engine": "ws", "flow": {}}, "the steps must be a list, not a map"),
        ({"engine": "ws", "flow": []}, "there are no steps"),
        ({"engine": "ws", "flow": FLOW, "wieght": 2}, "unknown key 'wieght' in the scenario (did you mean 'weight'?)"),
        ({"engine": "ws", "flow": FLOW, "weight": 1.5}, "'weight' of the scenario must be a whole number"),
        ({"engine": "ws", "flow": FLOW, "weight": "{{ w }}"}, "'weight' of the scenario must be a whole number"),
        ({"engine": "ws", "flow": FLOW, "weight": 0}, "the weights of all scenarios are 0"),
        ({"engine": "ws", "flow": FLOW, "beforeScenario": 5}, "'beforeScenario' must name functions"),
        (None, "the scenario is empty"),
        (5, "the scenario must be a map, not the number 5"),
    ],
)
def test_a_mistake_in_a_scenario_is_one_problem(problems: Problems, scenario: Any, problem: str) -> None:
    found = problems(with_scenarios(scenario))
    assert len(found) == 1, found
    assert problem in found[0]


def test_an_http_scenario_keeps_no_mistake_of_another_secret(problems: Problems) -> None:
    script = with_scenarios({"engine": "http", "flow": [{"get": {}}]}, {"engine": "ws", "flow": [{"snd": 1}]})
    assert ["'http'" in found or "'snd'" in found for found in problems(script)] == [True, True]


def test_the_engine_of_config_counts_for_scenarios_without_one(read: Read) -> None:
    script = with_scenarios({"flow": FLOW}, config={"target": "ws://h", "engine": "ws"})
    assert read(script).warnings == ()


@pytest.mark.parametrize(
    ("flow", "connects"),
    [
        ([{"send": "x"}], True),
        ([{"log": "x"}], True),
        ([{"think": 1}, {"connect": "/"}], False),
        ([{"loop": [{"think": 1}, {"connect": "/"}], "count": 2}], False),
        ([{"loop": [{"send": "x"}], "count": 2}, {"connect": "/"}], True),
    ],
)
def test_a_flow_connects_by_itself_unless_it_says_when(read: Read, flow: Any, connects: bool) -> None:
    steps = read(script_of(*flow)).plan.scenarios[0].steps
    assert (steps[0] == Connect(where=AT)) is connects


def test_hooks_of_the_plan_hold_functions_logs_and_thinking(read: Read, folder: Path) -> None:
    (folder / "f.py").write_text("def setUp(c): ...\n", encoding="utf-8")
    before = {"flow": [{"function": "setUp"}, {"log": "a"}, {"think": 1}]}
    script = {
        **script_of({"send": 1}, processor="f.py"),
        "before": before,
        "after": {"engine": "ws", "flow": [{"log": "b"}]},
    }
    reading = read(script)
    plan = reading.plan
    assert [warning.message for warning in reading.warnings] == [
        "Artillery runs no Python; it would need f.js beside f.py"
    ]
    assert plan.before == (Function(where=AT, name="setUp"), Log(where=AT, text="a"), Think(where=AT, duration=1))
    assert plan.after == (Log(where=AT, text="b"),)


@pytest.mark.parametrize(
    ("hook", "problem"),
    [
        ({"engine": "http", "flow": [{"post": {}}]}, "'before' runs on the engine 'http', which is not supported"),
        ({"flow": [{"send": "x"}]}, "'send' cannot stand here (only function, log and think can)"),
        ({"flow": [{"loop": [], "count": 1}]}, "'loop' cannot stand here"),
        ({"flow": [{"post": {}}]}, "'post' is a step of Artillery's HTTP engine"),
        ({}, "'before' has no flow"),
        (5, "'before' must be a map"),
    ],
)
def test_a_mistake_in_a_hook_is_one_problem(problems: Problems, hook: Any, problem: str) -> None:
    found = problems({**script_of({"send": 1}), "before": hook})
    assert len(found) == 1, found
    assert problem in found[0]


def test_hooks_of_a_scenario_are_functions_around_its_steps(read: Read, folder: Path) -> None:
    (folder / "f.py").write_text("def a(c): ...\ndef b(c): ...\n", encoding="utf-8")
    scenario = {"engine": "ws", "flow": [{"log": "x"}], "beforeScenario": ["a", "b"], "afterScenario": "b"}
    reading = read(with_scenarios(scenario, config={"target": "ws://h", "processor": "f.py"}))
    kinds = [getattr(step, "name", type(step).__name__) for step in reading.plan.scenarios[0].steps]
    assert kinds == ["a", "b", "Connect", "Log", "b"]
    assert sum("in HTTP scenarios only; here it is called" in warning.message for warning in reading.warnings) == 2


FUNCTIONS = {"function": "generateUserId"}


def test_a_processor_in_javascript_is_taken_from_the_python_file_beside_it(read: Read, folder: Path) -> None:
    (folder / "p.py").write_text("def generateUserId(context, events): ...\n", encoding="utf-8")
    reading = read(script_of(FUNCTIONS, processor="./p.js"))
    assert reading.plan.processor == Path("p.py")
    assert "Artillery runs ./p.js; here it is p.py" in reading.warnings[0].message


def test_without_that_file_the_functions_to_write_are_listed(problems: Problems) -> None:
    loop = {"loop": [{"send": "x"}], "whileTrue": "more"}
    found = problems(script_of(FUNCTIONS, loop, processor="lib/p.js"))
    assert len(found) == 1
    assert "the processor 'lib/p.js' is JavaScript, and there is no p.py beside it" in found[0]
    assert "the script uses the functions generateUserId and more of it" in found[0]
    assert "wavetank check --stub" in found[0]


@pytest.mark.parametrize(
    ("processor", "problem"),
    [
        (None, "the script names the function generateUserId, but no config.processor"),
        ("missing.py", "there is no processor 'missing.py'"),
        ("p.rb", "the processor 'p.rb' is no Python file"),
        ("broken.py", "the processor does not load: broken.py:2: "),
        ("near.py", "unknown function 'generateUserId' of near.py (did you mean 'generateUserID'?)"),
        ("arity.py", "generateUserId takes 4 arguments"),
    ],
)
def test_a_processor_that_does_not_serve_is_one_problem(
    problems: Problems, folder: Path, processor: str | None, problem: str
) -> None:
    (folder / "broken.py").write_text("\n1 / 0\n", encoding="utf-8")
    (folder / "near.py").write_text("def generateUserID(context): ...\n", encoding="utf-8")
    (folder / "arity.py").write_text("def generateUserId(a, b, c, d): ...\n", encoding="utf-8")
    found = problems(script_of(FUNCTIONS, processor=processor))
    assert len(found) == 1, found
    assert problem in found[0]


def test_each_place_that_names_an_unknown_function_is_a_problem(problems: Problems, folder: Path) -> None:
    (folder / "p.py").write_text("def other(context): ...\n", encoding="utf-8")
    script = """
        config: {target: "ws://h", processor: p.py}
        scenarios:
          - engine: ws
            flow:
              - function: others
              - connect: {function: othr}
              - loop: [{think: 1}]
                whileTrue: zzz
    """
    assert [found.split(": ", 1)[0] for found in problems(script)] == ["script.yml:6", "script.yml:7", "script.yml:9"]


def test_a_skeleton_is_python_with_every_function_that_is_named(read: Read, folder: Path) -> None:
    flow = [
        {"connect": {"function": "sign"}},
        FUNCTIONS,
        {"loop": [FUNCTIONS], "whileTrue": "more"},
        {"function": "a-b"},
    ]
    (folder / "script.yml").write_text(str(script_of(*flow, processor="p.js")).replace("'", '"'), encoding="utf-8")
    stub = processor_skeleton(Path("script.yml"))
    assert stub.path == Path("p.py")
    names: dict[str, Any] = {}
    exec(compile(stub.text, "p.py", "exec"), names)
    assert {"sign", "generateUserId", "more"} <= names.keys()
    assert "# 'a-b' cannot be the name of a function in Python" in stub.text
    (folder / "p.py").write_text(stub.text.replace("# 'a-b'", "#"), encoding="utf-8")
    script = script_of(*flow[:3], processor="p.js")
    assert read(script).plan.processor == Path("p.py")


SET = {"send": {"payload": "x", "capture": {"json": "$.id", "as": "id"}}}


@pytest.mark.parametrize(
    ("flow", "config"),
    [
        ([{"send": "{{ a }} {{ a.b[0] }}"}], {"variables": {"a": 1}}),
        ([SET, {"send": "{{ id }}"}], {}),
        (
            [
                {
                    "loop": [{"send": "{{ $loopElement }} {{ n }} {{ e }}"}],
                    "count": 2,
                    "loopValue": "n",
                    "loopElement": "e",
                }
            ],
            {},
        ),
        ([{"send": "{{ $uuid }}{{ $testId }}{{ $env.X }}{{ target }}{{ $environment }}{{ $dirname }}"}], {}),
        ([{"send": "{{ user }}"}], {"payload": {"path": "u.csv", "fields": ["user"]}}),
        ([{"send": "{{ all[0] }}"}], {"payload": {"path": "u.csv", "loadAll": True, "name": "all"}}),
        ([{"send": "{{ anything }}"}], {"strict": False}),
        ([{"function": "f"}, {"send": "{{ anything }}"}], {"processor": "p.py"}),
    ],
)
def test_a_variable_that_may_be_set_is_no_problem(read: Read, folder: Path, flow: Any, config: Any) -> None:
    (folder / "p.py").write_text("def f(context): ...\n", encoding="utf-8")
    (folder / "u.csv").write_text("anna\n", encoding="utf-8")
    assert isinstance(read(script_of(*flow, **config)).plan.scenarios[0].steps[0], Connect | Function | Loop)


def test_a_variable_that_nothing_sets_is_a_problem_with_its_line(problems: Problems) -> None:
    script = """
        config: {target: "ws://h", variables: {userId: 1}}
        scenarios:
          - engine: ws
            flow:
              - send:
                  type: hello
                  id: "{{ userid }}"
    """
    assert problems(script) == ["script.yml:8: the variable 'userid' is set nowhere (did you mean 'userId'?)"]
