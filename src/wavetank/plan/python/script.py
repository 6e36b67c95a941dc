"""A Python module with scenarios, read as a plan."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from wavetank.errors import Problem, ScriptError, Where
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count
from wavetank.plan.python.lifecycle import Lifecycle
from wavetank.plan.python.module import defined_in, load_module, loaded_module
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario, scenarios_called
from wavetank.plan.urls import join_url

ONE_USER = (Count(name="One user", duration_s=1.0, count=1),)
"""What a script without phases asks for, as in Artillery."""

_PLACE = re.compile(r"(?s)(?P<file>.+?):(?P<line>\d+): (?P<message>.+)")


def load_script(path: Path) -> ModuleType:
    """Runs a Python file with scenarios. Raises ScriptError with the place of what it raised."""
    try:
        return load_module(path, "script")
    except ValueError as error:
        text = str(error).rstrip(".")
        place = _PLACE.fullmatch(text)
        if place is None:
            raise _error(Where(str(path)), text) from error
        raise _error(Where(place["file"], int(place["line"])), place["message"]) from error


def plan_of_script(
    module: ModuleType,
    path: Path,
    *,
    target: str | None = None,
    variables: Mapping[str, object] | None = None,
    scenario: str | None = None,
    seed: int = 0,
) -> Plan:
    """A plan of what a module defines: scenarios, setup and teardown, and a `plan` if it has one.

    `path` is what the person calls the file. `target` (-t) stands in place of the plan's, `variables` (-v) are added to
    its own; `scenario` (-s) is the name of, or a regular expression for, the one scenario to keep.

    Raises ScriptError with what is wrong.
    """
    where = Where(str(path))
    given = vars(module).get("plan", Plan())
    if not isinstance(given, Plan):
        raise _error(where, f"'plan' of the module is a {type(given).__name__}", "write plan = Plan(…)")
    scenarios: tuple[Scenario, ...] = given.scenarios or tuple(defined_in(module, PythonScenario))
    if not scenarios:
        raise _error(where, "the module has no scenario", "put @scenario before an async def")
    if scenario is not None:
        scenarios = (_selected(scenarios, scenario, where),)
    if not any(each.weight for each in scenarios):
        raise _error(where, "the weights of all scenarios are 0, so none can be drawn")
    names = [each.name for each in scenarios]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise _error(where, f"{names.count(name)} scenarios are called {name!r}", "give one another: @scenario(name=…)")
    wanted = target or given.target
    if not wanted:
        raise _error(where, "there is no target", "give one with -t URL, or write plan = Plan(target=…)")
    try:
        join_url(wanted, "")
    except ValueError as error:
        raise _error(Where("-t") if target else where, str(error)) from error
    return replace(
        given,
        name=given.name or path.stem,
        target=wanted,
        scenarios=scenarios,
        phases=given.phases or ONE_USER,
        variables={**given.variables, **(variables or {})},
        lifecycle=given.lifecycle or tuple(defined_in(module, Lifecycle)),
        script=path,
        seed=seed,
    )


def scenario_in(path: Path, name: str) -> tuple[PythonScenario[Any], tuple[Lifecycle, ...]]:
    """The scenario called `name` in a Python file, and what this file does before and after users.

    The file is run if it has not been yet. Raises ValueError with a sentence.
    """
    module = loaded_module(path) or load_module(path, "script")
    found = vars(module).get(name)
    if isinstance(found, PythonScenario):
        return found, tuple(defined_in(module, Lifecycle))
    if found is not None:
        raise ValueError(f"{name} in {path} is no scenario: put @scenario before its async def")
    names = [each for each, value in vars(module).items() if isinstance(value, PythonScenario)]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(names)) or 'none'}"
    raise ValueError(f"{path} has no scenario {name}; {hint}")


def _selected(scenarios: tuple[Scenario, ...], wanted: str, where: Where) -> Scenario:
    hits = scenarios_called(scenarios, wanted)
    if len(hits) == 1:
        return hits[0]
    names = ", ".join(each.name for each in scenarios)
    count = f"{len(hits)} scenarios" if hits else "no scenario"
    raise _error(where, f"{wanted!r} hits {count}", f"the scenarios: {names}")


def _error(where: Where, message: str, hint: str = "") -> ScriptError:
    return ScriptError([Problem(where, message, hint)])
