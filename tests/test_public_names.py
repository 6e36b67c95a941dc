"""`import wavetank`: the public names, and nothing else."""

from __future__ import annotations

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
