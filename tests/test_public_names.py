"""`import wavetank`: the public names, and nothing else."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import wavetank


def test_every_public_name_is_there_and_is_what_its_module_calls_it() -> None:
    for name in wavetank.__all__:
        assert getattr(wavetank, name) is not None
        assert name in dir(wavetank)
    assert wavetank.User.__module__ == "wavetank.flow.python.user"
    assert wavetank.run.__name__ == "run"


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wavetank' has no attribute 'scenarios'"):
        wavetank.scenarios  # noqa: B018  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, wavetank; print(*sorted({'numpy', 'uvloop', 'picows', 'rich'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split() == []


@pytest.mark.parametrize("kind", [wavetank.User, wavetank.Connection])
def test_what_a_scenario_calls_says_what_it_does_with_an_example(kind: type) -> None:
    called = {name: each for name, each in vars(kind).items() if inspect.isfunction(each) and not name.startswith("_")}
    called.pop("leave", None)  # it is for the block that a connection was opened for
    assert called
    assert [name for name, each in called.items() if "Example" not in (inspect.getdoc(each) or "")] == []
