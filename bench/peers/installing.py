"""Getting a peer from its package registry by the ordinary client of that registry."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.peers.peer import NotInstalled

TOOLS = Path(__file__).parents[1] / ".tools"
"""Where peers that are not Python packages live; git ignores it."""

_PATIENCE_S = 1200


def output_of(*command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What the command prints. Raises NotInstalled with its complaint if it fails, is not there or takes too long."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            timeout=_PATIENCE_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        raise NotInstalled(complaint(error.stderr or error.stdout)) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error
    return done.stdout.strip()


def complaint(said: str) -> str:
    """The line that says what went wrong: the last one that speaks of an error by more than a number, else the last.

    pip puts it last, npm puts a pointer to a log behind it.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    of_errors = [line for line in lines if "error" in line.lower() and " " in line and "log of this run" not in line]
    return (of_errors or lines or ["no reason given"])[-1]
