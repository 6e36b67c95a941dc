"""Whatever a file holds, reading it gives a plan or tells what is wrong with it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.artillery.conftest import script_of
from wavetank.errors import ScriptError
from wavetank.plan.artillery import read_script
from wavetank.plan.artillery.config.connection import CLIENT_KEYS, REQUEST_KEYS
from wavetank.plan.artillery.config.phases import SHAPE_KEYS
from wavetank.plan.artillery.config.settings import CONFIG_KEYS
from wavetank.plan.artillery.scenario.loops import LOOP_KEYS
from wavetank.plan.forecast import forecast
from wavetank.plan.model import Plan

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            *(
                "{{ x }}",
                "{{",
                "{{ $env.A }}",
                "{{ $randomNumber(1, 5) }}",
                "5s",
                "20%",
                "1-3",
                "$.a",
                "a|b",
                "(",
                "ws",
            ),
            *("ws://h", "/ws", "/", "..", "x.js", "-1", "1e999", "< 5", "vusers.failed", "\x00", "script.yml"),
        ]
    ),
)
STEP_KEYS = ["connect", "send", "wait", "think", "function", "log", "ping", "close", "rendezvous", "get", *LOOP_KEYS]
INNER_KEYS = [
    *("payload", "binary", "match", "capture", "name", "timeout", "json", "regexp", "flags", "group", "as"),
    *("value", "strict", "multiple", "file", "target", "url", "code", "reason", "type", *REQUEST_KEYS, *CLIENT_KEYS),
]
CONFIG_INNER_KEYS = [
    *("duration", "pause", "name", "mode", "maxVusers", *SHAPE_KEYS, "think", "jitter", "ensure", "thresholds"),
    *("conditions", "expression", "maxErrorRate", "p95", "metric", "target", "critical", "path", "fields", "order"),
    *("loadAll", "clientMaxWindowBits", "threshold", "timeout", *REQUEST_KEYS, *CLIENT_KEYS),
]


def tree(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(keys) | st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    )


STEPS = st.lists(st.dictionaries(st.sampled_from(STEP_KEYS), tree([*INNER_KEYS, *STEP_KEYS]), max_size=2), max_size=4)
SCENARIOS = st.lists(
    st.fixed_dictionaries(
        {"flow": STEPS},
        optional={
            "engine": st.sampled_from(["ws", "websocket", "http", 5]),
            "name": SCALARS,
            "weight": SCALARS,
            "beforeScenario": SCALARS,
        },
    )
    | tree(["flow", "name"]),
    max_size=2,
)
CONFIG = st.dictionaries(st.sampled_from(CONFIG_KEYS), tree(CONFIG_INNER_KEYS), max_size=5)
SCRIPTS = st.fixed_dictionaries(
    {"config": CONFIG, "scenarios": SCENARIOS},
    optional={"before": tree(["flow", "function", "log"]), "after": tree(["flow"]), "x-any": SCALARS, "y": SCALARS},
) | tree(["config", "scenarios"])

# Each example writes a file, whose folder all of them may share.
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


def plan_or_problems(path: Path, **options: Any) -> None:
    found = outcome(path, **options)
    if isinstance(found, ScriptError):
        assert found.problems
        assert str(found).encode("utf-8", "strict")
        assert all(problem.message for problem in found.problems)
    else:
        assert found.phases
        assert found.scenarios
        forecast(found)
        assert pickle.loads(pickle.dumps(found)) == found or "nan" in repr(found)


def outcome(path: Path, **options: Any) -> Plan | ScriptError:
    try:
        return read_script(path, **options).plan
    except ScriptError as error:
        return error


@relaxed
@given(SCRIPTS)
def test_any_structure_in_yaml_gives_a_plan_or_problems(folder: Path, script: Any) -> None:
    path = Path("script.yml")
    path.write_bytes(yaml.safe_dump(script, allow_unicode=True).encode("utf-8", "surrogatepass"))
    plan_or_problems(path, target="ws://localhost")


@relaxed
@given(SCRIPTS)
def test_any_structure_in_json_gives_a_plan_or_problems(folder: Path, script: Any) -> None:
    path = Path("script.json")
    path.write_text(json.dumps(script, indent="\t"), encoding="utf-8")
    plan_or_problems(path)


@relaxed
@given(CONFIG, SCRIPTS, st.none() | st.text(max_size=5))
def test_any_options_give_a_plan_or_problems(
    folder: Path, config: dict[str, Any], overrides: Any, name: str | None
) -> None:
    path = Path("script.json")
    script = {"config": {"target": "ws://h", "environments": {"e": config}}, "scenarios": [{"flow": [{"send": 1}]}]}
    path.write_text(json.dumps(script), encoding="utf-8")
    over = overrides if isinstance(overrides, dict) else {"config": overrides}
    plan_or_problems(path, environment="e", overrides=over, variables=config, scenario=name)


@relaxed
@given(st.text() | st.text(alphabet="{}[]:-,'\"&*!|>%@`#\n\t ab0.<"))
@pytest.mark.parametrize("name", ["script.yml", "script.json"])
def test_any_text_gives_a_plan_or_problems(folder: Path, name: str, text: str) -> None:
    path = Path(name)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    plan_or_problems(path)


@relaxed
@given(st.binary())
def test_any_bytes_give_a_plan_or_problems(folder: Path, content: bytes) -> None:
    path = Path("script.yml")
    path.write_bytes(content)
    plan_or_problems(path)


# Steps whose parts have the right kind, so that most of them can be read.
TEXT = st.text(max_size=6) | st.sampled_from(["{{ $uuid }}", "a{{ $loopCount }}b", "{{ $randomString(3) }}"])
RULE = st.fixed_dictionaries(
    {"value": SCALARS}, optional={"strict": st.booleans(), "as": st.text("abc", min_size=1)}
).flatmap(lambda rest: st.sampled_from([{"json": "$.a", **rest}, {"regexp": "(?<n>x)", "group": "n", **rest}]))
SIMPLE = st.one_of(
    st.fixed_dictionaries({"send": tree(["type", "payload", "id"]).filter(lambda value: value is not None)}),
    st.fixed_dictionaries(
        {"send": st.fixed_dictionaries({"payload": TEXT, "match": RULE | st.lists(RULE, min_size=1)})}
    ),
    st.fixed_dictionaries({"wait": st.fixed_dictionaries({"match": RULE})}),
    st.fixed_dictionaries({"think": st.integers(0, 9) | st.sampled_from(["5s", 0.5, "{{ $env.T }}"])}),
    st.fixed_dictionaries({"log": TEXT}),
    st.sampled_from(["ping", "close", "rendezvous", {"close": 1000}, {"connect": "/x"}, {"ping": {"name": "p"}}]),
)
LOOPED = st.recursive(
    SIMPLE,
    lambda inner: st.fixed_dictionaries(
        {"loop": st.lists(inner, min_size=1, max_size=3)},
        optional={"count": st.integers(-1, 9) | st.just("2-5"), "over": st.lists(SCALARS)},
    ),
    max_leaves=6,
)


@relaxed
@given(st.lists(LOOPED, min_size=1, max_size=5))
def test_steps_of_the_right_form_are_read_one_for_one(folder: Path, flow: list[Any]) -> None:
    path = Path("script.json")
    path.write_text(json.dumps(script_of(*flow, strict=False)), encoding="utf-8")
    plan_or_problems(path)
    found = outcome(path)
    if isinstance(found, Plan):
        steps = found.scenarios[0].steps
        assert len(steps) - len(flow) in (0, 1)  # one more where it connects by itself
