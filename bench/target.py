"""The server that big runs are made against: the one in C of bench/native, so that it is not the first to fall over.

Where it cannot be built (no compiler, no Linux), Wavetank's own reference target stands in.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NATIVE = Path(__file__).with_name("native")
_SERVER = _NATIVE / "build" / "server"
_REFERENCE = [sys.executable, "-m", "wavetank", "serve"]
_STAND_IN = "wavetank serve, since the C server could not be built"
_NATIVE_NAME = (
    "the C server of bench/native (balanced by source: each worker connects from addresses of its own, and they lead "
    "to one process)"
)
_SOURCES = "127.16.0.0/12"
"""As many addresses as any run has connections. Worker i of n connects from every n-th of them, from the i-th on."""
_UNEVEN = 1.1
"""Spread by chance, some process gets so much more than its share of the connections."""
_PATIENCE_S = 30


class NoTarget(RuntimeError):
    """No server could be started; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server that listens on 127.0.0.1. `name` is what it is, for a page.

    `overrides` are those of the script that it is for. Where the server's processes have each a worker of their own,
    messages that are sent together are answered together: half of all the switching between processes is saved.
    """

    name: str
    port: int
    process: int
    overrides: dict[str, Any]

    @property
    def url(self) -> str:
        """The server, without a path: scripts bring their own."""
        return f"ws://127.0.0.1:{self.port}"


@contextmanager
def running_target(workers: int = 1) -> Iterator[Target]:
    """A server with a process for each of so many workers, for as long as the block lasts. Raises NoTarget."""
    native = _built()
    name, program = (_NATIVE_NAME, [str(_SERVER), "--by-source"]) if native else (_STAND_IN, _REFERENCE)
    overrides = {"config": {"ws": {"localAddress": _SOURCES}}} if native else {}
    if sys.platform != "linux":
        workers = 1  # nowhere else does a kernel spread the connections to one port over several processes
    elif not native and workers > 1:
        workers = math.ceil(workers * _UNEVEN)
    command = [*program, "--port", "0", "--workers", str(workers)]
    # A group of its own: a Ctrl-C is for the generator, which then still has somebody to take its leave of.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            port = port_in(process.stdout.readline())
            if port is None:
                raise NoTarget(f"it did not start: {' '.join(command)}")
            yield Target(f"{name}, {workers} processes" if workers > 1 else name, port, process.pid, overrides)
        finally:
            process.terminate()
            try:
                process.wait(timeout=_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def port_in(line: str) -> int | None:
    """The port in the first line that a server prints: the number alone, or behind the host of its address."""
    found = re.match(r"(?:.*://[^/\s]*:)?(\d+)\b", line.strip())
    return int(found[1]) if found else None


def _built() -> bool:
    """Builds the C server if that can be done."""
    if sys.platform != "linux" or shutil.which("make") is None:
        return False
    done = subprocess.run(["make", "-s", "-C", str(_NATIVE), "build/server"], capture_output=True, check=False)
    return done.returncode == 0 and _SERVER.exists()


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
