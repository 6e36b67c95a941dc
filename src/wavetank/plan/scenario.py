"""What a user does, as a plan holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wavetank.plan.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Steps, one after the other. `weight` is its share among the scenarios that users are drawn from, 0 or more.

    One that is written in Python is a `PythonScenario`, and has no steps.
    """

    name: str
    steps: tuple[Step, ...] = ()
    weight: int = 1


def scenarios_called(scenarios: Iterable[Scenario], wanted: str) -> tuple[Scenario, ...]:
    """Those of this name; if there are none, those whose name the regular expression `wanted` is found in."""
    known = tuple(scenarios)
    exact = tuple(scenario for scenario in known if scenario.name == wanted)
    if exact:
        return exact
    try:
        pattern = re.compile(wanted)
    except (re.error, OverflowError, RecursionError):
        pattern = re.compile(re.escape(wanted))
    return tuple(scenario for scenario in known if pattern.search(scenario.name))
