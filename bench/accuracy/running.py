"""A server of ours in a process of its own, and what it kept."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Truth:
    """What a server kept: each true delay, and when it stood still (ns from the first request), in order."""

    delays_ns: list[int]
    frozen_ns: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens on a port of 127.0.0.1."""

    port: int

    @property
    def url(self) -> str:
        """Where its WebSocket is."""
        return f"ws://127.0.0.1:{self.port}/"

    def truth(self) -> Truth:
        """Everything that it has kept until now. Raises OSError when it does not answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/truth", timeout=30) as answer:
            kept = json.load(answer)
        return Truth(kept["delays_ns"], [(begin, end) for begin, end in kept["frozen_ns"]])


@contextmanager
def running_server(*options: str) -> Iterator[RunningServer]:
    """Starts `bench.accuracy.server` with these options, and ends it afterwards. Raises OSError if it cannot start."""
    command = [sys.executable, "-m", "bench.accuracy.server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                raise OSError(f"the server did not start: {' '.join(command)}")
            yield RunningServer(int(line))
        finally:
            process.terminate()
