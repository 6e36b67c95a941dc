"""How a process of the reference target is started, and how it says where it listens.

Its standard input is a pipe that nobody writes to: the pipe ends when whoever started the process closes it, or dies,
even by SIGKILL, and the process ends then. So it never outlives those whom it serves.
"""

from __future__ import annotations

import re
import sys
from typing import Final

START_TIMEOUT_S: Final = 30.0
"""The target has so long to say where it listens."""

STOP_TIMEOUT_S: Final = 10.0
"""The target has so long to end by itself before it is killed."""

_LINE: Final = re.compile(rb"listening on ws://([^/\s]+)/ws ")


def command(host: str, port: int, *options: str) -> tuple[str, ...]:
    """The command line of a target that ends when its standard input does; `options` are further ones of `serve`."""
    return (
        # -P: what lies in the current folder is not imported in place of the library's modules.
        *(sys.executable, "-P", "-m", "wavetank", "serve"),
        *("--host", host, "--port", str(port), "--until-stdin-closes", *options),
    )


def announcement(authority: str) -> str:
    """What a target says once it listens, as a line without its end; `authority` is `host:port`."""
    return f"listening on ws://{authority}/ws (health: http://{authority}/health)"


def announced(line: bytes) -> str | None:
    """The `host:port` in such a line; None if it is something else."""
    found = _LINE.match(line)
    return None if found is None else found[1].decode()
