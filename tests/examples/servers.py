"""The servers of the examples, each in a process of its own, as a person starts them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.command import environment

EXAMPLES = Path(__file__).parents[2] / "examples"

# What uvicorn and websockets say when they listen.
_LISTENING = re.compile(r"(?:running on http://|server listening on )127\.0\.0\.1:(\d+)")


@contextmanager
def listening(*arguments: str, cwd: Path | None = None, mistake: str = "Traceback") -> Iterator[str]:
    """A server that Python runs with these arguments; gives its `host:port`. It must never say `mistake`."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        said = ""
        try:
            for line in process.stderr:
                said += line
                if found := _LISTENING.search(line):
                    break
            else:
                pytest.fail(f"{' '.join(arguments)} did not start: {said}")
            yield f"127.0.0.1:{found[1]}"
        finally:
            process.terminate()
            said += process.stderr.read()
    assert mistake not in said, said


@contextmanager
def serving(example: str, server: str = "server.py") -> Iterator[str]:
    """Starts the server of an example on a free port; gives its address, without a scheme."""
    with listening(str(EXAMPLES / example / server), "0") as authority:
        yield authority


@contextmanager
def ymera(mistake: str = "Traceback") -> Iterator[str]:
    """The endpoint of the YMERA example, started as its own words say: `uvicorn main:app`, in its folder."""
    command = ("-m", "uvicorn", "main:app", "--port", "0", "--no-access-log")
    with listening(*command, cwd=EXAMPLES / "ymera", mistake=mistake) as authority:
        yield authority
