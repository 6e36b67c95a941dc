"""Locust beside Wavetank: the same users, the same schedule, the same server.

The users are written as its documentation says for protocols that it does not know: a `User` with a client
of its own (websocket-client), which fires the `request` event, paced by `constant_throughput`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.generator import Paced
from bench.peers.locust import Locust, program
from bench.peers.peer import NotInstalled

__all__ = ["LocustReport", "NotInstalled", "install", "run_locust"]

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_COLUMNS = {"p50": "50%", "p95": "95%", "p99": "99%", "p999": "99.9%"}


@dataclass(frozen=True, slots=True)
class LocustReport:
    """What Locust reported; times in milliseconds."""

    requests: int
    quantiles_ms: dict[str, float]


def install() -> str:
    """Makes Locust's environment if need be; gives the versions in it. Raises NotInstalled."""
    return Locust().install()


def run_locust(paced: Paced, url: str) -> LocustReport:
    """Locust without its web page, for as long as the plan lasts. Raises subprocess.CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="wavetank-accuracy-") as folder:
        command = [program("python"), "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING"]
        command += ["--locustfile", _LOCUSTFILE, "--host", url, "--csv", Path(folder) / "locust"]
        command += ["--users", str(paced.users), "--spawn-rate", str(paced.users)]
        command += ["--run-time", f"{paced.seconds:.0f}s"]
        environment = os.environ | {"PERIOD_S": str(paced.every_ms / 1000)}
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, env=environment)
        with (Path(folder) / "locust_stats.csv").open(encoding="utf-8", newline="") as lines:
            total = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    return LocustReport(int(total["Request Count"]), {name: float(total[title]) for name, title in _COLUMNS.items()})
