"""Locust beside Wavetank: the same users, the same schedule, the same server.

Locust is installed into an environment of its own, since it brings a great deal with it and patches the standard
library. The users are written as its documentation says for protocols that it does not know: a `User` with a client
of its own (websocket-client), which fires the `request` event, paced by `constant_throughput`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.generator import Paced

_ENVIRONMENT = Path(__file__).parents[1] / ".venv" / "locust"
_REQUIREMENTS = ("locust>=2.30,<3", "websocket-client>=1.8,<2")
_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_COLUMNS = {"p50": "50%", "p95": "95%", "p99": "99%", "p999": "99.9%"}


class NotInstalled(RuntimeError):
    """Locust could not be installed; the text says why."""


@dataclass(frozen=True, slots=True)
class LocustReport:
    """What Locust reported; times in milliseconds."""

    requests: int
    quantiles_ms: dict[str, float]


def install() -> str:
    """Makes the environment if need be; gives the versions in it. Raises NotInstalled."""
    python = _program("python")
    try:
        if not python.exists():
            venv.create(_ENVIRONMENT, with_pip=True)
        _output(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_REQUIREMENTS)
        code = "from importlib.metadata import version as v; print('Locust', v('locust'), '| gevent', v('gevent'))"
        return _output(python, "-c", code).strip().replace(" | ", ", ")
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NotInstalled(said.strip().splitlines()[-1] if said.strip() else "no reason given") from error


def run_locust(paced: Paced, url: str) -> LocustReport:
    """Locust without its web page, for as long as the plan lasts. Raises subprocess.CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="wavetank-accuracy-") as folder:
        command = [_program("python"), "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING"]
        command += ["--locustfile", _LOCUSTFILE, "--host", url, "--csv", Path(folder) / "locust"]
        command += ["--users", str(paced.users), "--spawn-rate", str(paced.users)]
        command += ["--run-time", f"{paced.seconds:.0f}s"]
        environment = os.environ | {"PERIOD_S": str(paced.every_ms / 1000)}
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, env=environment)
        with (Path(folder) / "locust_stats.csv").open(encoding="utf-8", newline="") as lines:
            total = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    return LocustReport(int(total["Request Count"]), {name: float(total[title]) for name, title in _COLUMNS.items()})


def _program(name: str) -> Path:
    return _ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin") / name


def _output(*command: str | Path) -> str:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
