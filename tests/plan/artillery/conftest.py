"""Scripts for the tests: written into a folder of their own, and read by their bare name."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wavetank.errors import ScriptError
from wavetank.plan.artillery import Reading, read_script

Read = Callable[..., Reading]
Problems = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which scripts are written, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Read:
    """Writes a script (YAML text, or a value) as script.yml and reads it."""

    def read_it(script: Any, **options: Any) -> Reading:
        text = textwrap.dedent(script) if isinstance(script, str) else json.dumps(script)
        (folder / "script.yml").write_text(text, encoding="utf-8")
        return read_script(Path("script.yml"), **options)

    return read_it


@pytest.fixture
def problems(read: Read) -> Problems:
    """The problems of a script that cannot be read, as a person sees them."""

    def problems_of(script: Any, **options: Any) -> list[str]:
        with pytest.raises(ScriptError) as caught:
            read(script, **options)
        return [str(problem) for problem in caught.value.problems]

    return problems_of


def script_of(*flow: Any, **config: Any) -> dict[str, Any]:
    """A script of one scenario with these steps."""
    scenario = {"name": "s", "engine": "ws", "flow": list(flow)}
    return {"config": {"target": "ws://localhost:8000", **config}, "scenarios": [scenario]}
