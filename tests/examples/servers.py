"""The servers of the examples, each in a process of its own, as a person starts them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.command import environment

EXAMPLES = Path(__file__).parents[2] / "examples"

# What uvicorn and websockets say when they listen.
_LISTENING = re.compile(r"(?:running on http://|server listening on )127\.0\.0\.1:(\d+)")


@contextmanager
def serving(example: str, server: str = "server.py") -> Iterator[str]:
    """Starts the server of an example on a free port; gives its address, without a scheme."""
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / example / server), "0"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        try:
            heard = (_LISTENING.search(line) for line in process.stderr)
            yield f"127.0.0.1:{next(found for found in heard if found)[1]}"
        finally:
            process.terminate()
            said = process.stderr.read()
    assert "Traceback" not in said, said
