from __future__ import annotations

from dataclasses import replace

import pytest

from tests.library.plans import a_plan
from wavetank.errors import RunError
from wavetank.execution.fleets.in_process import InProcessFleet
from wavetank.execution.fleets.local import LocalFleet
from wavetank.flow.python.decorators import scenario, setup
from wavetank.flow.python.user import User
from wavetank.library.staging import HERE, carried_here, stage
from wavetank.plan.model import Plan
from wavetank.plan.python.lifecycle import Shared

PLAN = a_plan("ws://127.0.0.1:1")


@scenario
async def known_everywhere(user: User) -> None:
    """Stands at the top of a module."""


@setup
async def prepared(shared: Shared) -> None:
    """Stands at the top of a module."""


def confined() -> Plan:
    """A plan whose scenario stands inside a function."""

    @scenario
    async def known_here(user: User) -> None:
        """Does nothing."""

    return replace(PLAN, scenarios=(known_here,))


def confined_setup() -> Plan:
    """A plan whose setup stands inside a function."""

    @setup
    async def known_here(shared: Shared) -> None:
        """Does nothing."""

    return replace(PLAN, lifecycle=(known_here,))


def test_a_number_of_workers_is_taken_at_its_word() -> None:
    assert stage(PLAN, 3).workers == 3
    assert isinstance(stage(PLAN, 3).fleet(), LocalFleet)
    assert stage(PLAN, HERE).workers == HERE
    assert isinstance(stage(PLAN, HERE).fleet(), InProcessFleet)


def test_scenarios_at_the_top_of_a_module_go_to_other_processes() -> None:
    plan = replace(PLAN, scenarios=(known_everywhere,), lifecycle=(prepared,))
    assert not carried_here(plan)
    assert stage(plan).workers >= 1


@pytest.mark.parametrize("plan", [confined(), confined_setup()], ids=["scenario", "setup"])
def test_what_only_this_process_has_is_carried_by_it(plan: Plan) -> None:
    assert carried_here(plan)
    assert stage(plan).workers == HERE
    with pytest.raises(RunError, match=r"known_here is defined inside a function.*\(workers=0\)"):
        stage(plan, 2)


def test_what_there_is_to_say_first_is_said() -> None:
    class Observer:
        def __init__(self) -> None:
            self.said: list[tuple[str, str]] = []

        def snapshot(self, *_: object) -> None: ...

        def log(self, text: str) -> None:
            self.said.append(("log", text))

        def notice(self, text: str) -> None:
            self.said.append(("notice", text))

    observer = Observer()
    replace(stage(PLAN, 1), notices=("crowded",), problems=("too few files",)).announce(observer)
    assert observer.said == [("log", "note: crowded"), ("notice", "warning: too few files")]
