"""The plan of a test, made of what the test says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wavetank.metrics.thresholds import Threshold, threshold_of
from wavetank.plan.load_shape import load_shape, with_phases, with_thresholds
from wavetank.plan.model import Plan
from wavetank.plan.python.lifecycle import Lifecycle
from wavetank.plan.python.module import defined_in
from wavetank.plan.python.reference import plain_function
from wavetank.plan.python.scenario import PythonScenario
from wavetank.plan.scenario import Scenario
from wavetank.plan.urls import join_url

if TYPE_CHECKING:
    from wavetank.pytest_plugin.fixture import Arguments

PATH = "/ws"
DURATION = "5s"


def plan_of(name: str, target: str, arguments: Arguments) -> Plan:
    """The plan of the test `name` against `target`, a URL.

    Raises TypeError where the arguments leave out what users do, or how many there are, and ValueError for values that
    cannot be.
    """
    plan = arguments.get("plan", Plan())
    plan = replace(plan, name=plan.name or name, target=target)
    if "scenario" in arguments:
        scenarios = _scenarios(arguments["scenario"])
        plan = replace(plan, scenarios=scenarios, lifecycle=_lifecycle(scenarios, plan.lifecycle))
    if not plan.scenarios:
        raise TypeError("what do the users do? Give scenario=…, or a plan=… that has scenarios")
    users, rate = arguments.get("users"), arguments.get("rate")
    duration = arguments.get("duration", None if users is None and rate is None else DURATION)
    plan = with_phases(plan, load_shape(users, rate, duration))
    if not plan.phases:
        raise TypeError('how many users come? Give users=200 and duration="5s", or rate=…, or a plan=… that has phases')
    return with_thresholds(plan, _thresholds(arguments.get("thresholds", ())))


def url_of(base: str, path: str | None) -> str:
    """The WebSocket URL of `path` at `base`. Without a path it is the base's own, and if that has none, `PATH`.

    Raises ValueError where there is none.
    """
    if path is None and urlsplit(base).path in ("", "/"):
        path = PATH
    return join_url(base, path or "")


def _scenarios(given: Scenario | Sequence[Scenario]) -> tuple[Scenario, ...]:
    return (given,) if isinstance(given, Scenario) else tuple(given)


def _lifecycle(scenarios: Iterable[Scenario], before: Iterable[Lifecycle]) -> tuple[Lifecycle, ...]:
    """What the plan has, and what stands beside the scenarios: their modules are the script."""
    found = dict.fromkeys(before)
    for scenario in scenarios:
        if isinstance(scenario, PythonScenario):
            module = sys.modules.get(plain_function(scenario.function).__module__)
            found.update(dict.fromkeys(defined_in(module, Lifecycle) if module is not None else ()))
    return tuple(found)


def _thresholds(given: str | Threshold | Sequence[str | Threshold]) -> tuple[Threshold, ...]:
    each = (given,) if isinstance(given, str | Threshold) else given
    return tuple(threshold_of(one) if isinstance(one, str) else one for one in each)
