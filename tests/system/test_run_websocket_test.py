"""The one-command runner: what it makes of its arguments. Nothing is installed and nothing is run here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="the shell runner needs bash"
)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """The runner in a folder with spaces in its path, where an installed `wavetank` only says its arguments."""
    folder = tmp_path / "a folder with spaces"
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    shutil.copy(ROOT / "run_websocket_test.sh", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "pyproject.toml", folder / ".venv" / ".installed")
    for name, program in {
        "python": "exit 99",
        "wavetank": 'for word; do echo "$word"; done; exit "${STUB_EXIT:-0}"',
    }.items():
        (binaries / name).write_text(f"#!/bin/sh\n{program}\n")
        (binaries / name).chmod(0o755)
    return folder / "run_websocket_test.sh"


def run(runner: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("WS_URL", "PYTHON")}
    return subprocess.run(
        ["bash", str(runner), *arguments],
        env={**kept, **environment},
        cwd=runner.parents[1],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("gigantic",), ("quick", "medium"), ("--help",), ("",)])
def test_anything_but_a_mode_prints_the_usage_and_exits_1(runner: Path, arguments: tuple[str, ...]) -> None:
    result = run(runner, *arguments)

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("usage: ")
    for mode in ("quick", "medium", "heavy", "artillery-quick", "artillery-staging"):
        assert f"\n  {mode} " in result.stderr


@pytest.mark.parametrize(
    ("mode", "url", "expected"),
    [
        ("quick", None, ["stress", "--preset", "quick", "--serve"]),
        ("medium", "", ["stress", "--preset", "medium", "--serve"]),
        ("heavy", "ws://h/ws", ["stress", "ws://h/ws", "--preset", "heavy"]),
        ("artillery-quick", None, ["run", "SCRIPT", "-e", "localhost", "--serve"]),
        ("artillery-quick", "ws://h:1/ws", ["run", "SCRIPT", "-e", "localhost", "-t", "ws://h:1"]),
        ("artillery-staging", "wss://h/ws/", ["run", "SCRIPT", "-e", "staging", "-t", "wss://h"]),
        ("artillery-staging", "wss://h", ["run", "SCRIPT", "-e", "staging", "-t", "wss://h"]),
    ],
)
def test_a_mode_runs_wavetank_with_its_arguments(runner: Path, mode: str, url: str | None, expected: list[str]) -> None:
    result = run(runner, mode, **({} if url is None else {"WS_URL": url}))

    script = str(runner.parent / "examples" / "ymera" / "artillery_websocket.yml")
    assert result.stdout.splitlines() == [script if word == "SCRIPT" else word for word in expected]
    assert (result.returncode, result.stderr) == (0, "")


def test_the_exit_code_of_wavetank_is_passed_on(runner: Path) -> None:
    assert run(runner, "quick", STUB_EXIT="4").returncode == 4


def test_staging_without_a_server_is_a_clear_error(runner: Path) -> None:
    result = run(runner, "artillery-staging")

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: artillery-staging needs a server: set WS_URL")


def test_an_environment_made_for_an_older_project_is_installed_anew_and_a_failure_is_told(
    runner: Path,
) -> None:
    (runner.parent / ".venv" / ".installed").write_text("older")

    result = run(runner, "quick")

    assert result.returncode == 3
    assert "error: Wavetank could not be installed" in result.stderr


def test_without_a_python_that_is_new_enough_it_says_so(runner: Path, tmp_path: Path) -> None:
    (runner.parent / ".venv" / "bin" / "python").unlink()
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "dirname", "cat"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)

    result = run(runner, "quick", PATH=str(tools))

    assert result.returncode == 3
    assert result.stderr.startswith("error: Wavetank needs Python 3.11 or newer")


def test_the_windows_runner_knows_the_same_modes_and_has_the_line_ends_of_windows() -> None:
    text = (ROOT / "run_websocket_test.bat").read_bytes()

    assert text.count(b"\n") == text.count(b"\r\n")
    for mode in (b"quick", b"medium", b"heavy", b"artillery-quick", b"artillery-staging"):
        assert b'if "%MODE%"=="' + mode + b'" goto ' in text
