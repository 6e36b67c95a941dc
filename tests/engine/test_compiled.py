"""Where the hot modules are compiled, all of them are, and the command says so."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

from click.testing import CliRunner

from wavetank.cli.main import main
from wavetank.engine.compiled import is_compiled

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def hot_modules() -> list[str]:
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
    modules: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["modules"]
    return modules


def test_either_all_hot_modules_are_compiled_or_none() -> None:
    compiled = {
        not str(importlib.import_module(f"wavetank.{module.replace('/', '.')}").__file__).endswith(".py")
        for module in hot_modules()
    }
    assert compiled == {is_compiled()}


def test_the_version_says_whether_they_are() -> None:
    said = CliRunner().invoke(main, ["--version"], prog_name="wavetank").output.strip()
    assert said.startswith("wavetank ")
    assert said.endswith(", compiled") is is_compiled()
