"""Scenarios in Python as a plan holds them: found again by another process, or refused with a sentence."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from wavetank import User, scenario, setup, teardown
from wavetank.plan.python.module import load_module
from wavetank.plan.python.scenario import PythonScenario

SCRIPT = """\
from wavetank import User, scenario

@scenario(weight=2)
async def agent(user: User) -> None:
    pass
"""


@scenario(name="the one here", weight=7)
async def here(user: User) -> None:
    pass


def test_a_scenario_of_a_module_is_the_same_one_after_pickling_with_the_name_and_weight_it_was_given() -> None:
    again = pickle.loads(pickle.dumps(here))
    assert again == here
    assert (again.name, again.weight, again.function) == ("the one here", 7, here.function)


def test_another_process_loads_the_file_that_a_scenario_is_in(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    found = vars(load_module(path, "script"))["agent"]
    assert isinstance(found, PythonScenario)
    code = "import pickle, sys; s = pickle.load(sys.stdin.buffer); print(s.name, s.weight, s)"
    told = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(found), capture_output=True, check=True, timeout=60
    )
    assert told.stdout.decode().split() == ["agent", "2", "script.py:agent"]


def test_a_scenario_inside_a_function_cannot_leave_its_process_and_says_so() -> None:
    @scenario
    async def inner(user: User) -> None:
        pass

    assert inner.reference is None
    with pytest.raises(ValueError, match="exists in this process alone, because it is defined inside a function"):
        pickle.dumps(inner)


def test_what_is_no_coroutine_function_is_refused_where_it_is_decorated() -> None:
    def plain(user: User) -> None:
        pass

    with pytest.raises(TypeError, match=r"write async def plain\(user\)"):
        scenario(plain)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"@setup is for coroutine functions: write async def plain\(shared\)"):
        setup(plain)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="it must be a whole number, 0 or more"):
        scenario(weight=-1)(here.function)
    with pytest.raises(ValueError, match='it is called per="worker" or per="run"'):
        teardown(per="user")  # type: ignore[call-overload]


def test_a_decorated_function_can_still_be_called() -> None:
    coroutine = here(None)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        coroutine.send(None)
