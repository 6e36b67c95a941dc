"""Wavetank by its command line: a script goes in, a summary comes out."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEPT = (0, 4)
"""Exit codes of a run that measured: all well, or all well but for the trust, which is a figure here."""


class RunFailed(RuntimeError):
    """The generator did not carry its run out."""


@dataclass(frozen=True, slots=True)
class Paced:
    """Users who send on a schedule: each `count` requests, one every `every_ms`, whatever the replies do.

    The users arrive `apart_ms` from each other, which spreads their sends evenly over the interval where `apart_ms`
    and `every_ms` in the right unit have no common divisor. They begin to send when all of them are connected, and
    close when all of them have done: connections are not what is measured. Until then they think for `every_ms` again
    and again: after one long think they would wake some at a time, on a coarser grid, and not be evenly spread.
    """

    users: int
    count: int
    every_ms: float
    apart_ms: float

    @property
    def requests(self) -> int:
        """How many requests are planned."""
        return self.users * self.count

    @property
    def rate(self) -> float:
        """Planned requests per second."""
        return 1000 * self.users / self.every_ms

    @property
    def seconds(self) -> float:
        """How long the schedule of one user is."""
        return self.count * self.every_ms / 1000

    def script(self) -> str:
        """As a script of Wavetank's."""
        arriving_ms = self.users * self.apart_ms
        return f"""\
config:
  phases:
    - {{duration: {arriving_ms:g}ms, arrivalCount: {self.users}}}
scenarios:
  - flow:
      - connect: /
      - loop:
          - think: {self.every_ms:g}ms
        count: {math.ceil((arriving_ms + 500) / self.every_ms)}
      - loop:
          - send: {{name: request, payload: {{type: ping}}, match: {{json: $.type, value: ping}}}}
        every: {self.every_ms:g}ms
        count: {self.count}
      - think: 500ms
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run reported: `summary.json`, and how busy the machine was when it began."""

    data: dict[str, Any]
    load_before: float

    def quantile_ms(self, metric: str, name: str) -> float:
        """A quantile as summary.json names it (`p50` … `p999`) of a histogram, in milliseconds."""
        value: float = self.data["histograms"][metric][name]
        return value

    def counter(self, name: str) -> int:
        """A counter; 0 where nothing was counted."""
        value: int = self.data["counters"].get(name, 0)
        return value

    @property
    def cpu_percent(self) -> float:
        """Of the busiest worker; 100 is one core."""
        busiest: float = max(worker["cpu_percent"] for worker in self.data["workers"])
        return busiest

    @property
    def trusted(self) -> bool:
        """Whether the generator says that it kept its own promise."""
        ok: bool = self.data["trust"]["ok"]
        return ok


def load_average() -> float:
    """How many processes wanted to run in the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@contextmanager
def off_the_servers_core() -> Iterator[None]:
    """What is started within keeps to the cores that the server has not pinned itself to (`server.main`)."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def run_wavetank(paced: Paced, url: str, seed: int) -> Summary:
    """`wavetank run` of the script, to its end. Raises RunFailed."""
    load = load_average()
    with tempfile.TemporaryDirectory(prefix="wavetank-accuracy-") as name:
        folder = Path(name)
        script, output = folder / "paced.yml", folder / "run"
        script.write_text(paced.script(), encoding="utf-8")
        command = [sys.executable, "-m", "wavetank", "run", str(script), "--target", url, "--seed", str(seed)]
        with off_the_servers_core():
            ended = subprocess.run(
                [*command, "--output", str(output), "--quiet"], capture_output=True, text=True, check=False
            )
        if ended.returncode not in _KEPT:
            raise RunFailed(f"wavetank run ended with {ended.returncode}: {ended.stderr or ended.stdout}")
        return Summary(json.loads((output / "summary.json").read_text(encoding="utf-8")), load)
