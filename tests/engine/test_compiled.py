from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

from wavetank.engine import socket
from wavetank.engine.compiled import is_compiled

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def hot_modules() -> list[str]:
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
    modules: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["modules"]
    return modules


def test_either_all_hot_modules_are_compiled_or_none() -> None:
    suffixes = {
        str(importlib.import_module(f"wavetank.{module.replace('/', '.')}").__file__).rpartition(".")[2] == "py"
        for module in hot_modules()
    }
    assert suffixes == {not is_compiled()}


def test_it_is_told_whether_they_are() -> None:
    assert is_compiled() is not str(socket.__file__).endswith(".py")
