"""Locust: Python, a greenlet for each user.

It has an environment of its own, since it brings a great deal with it and patches the standard library. For
WebSockets its documentation asks for a `User` with a client library (websocket-client here) that fires the `request`
event; for more than one core it asks for a process on each.
"""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from bench.peers.installing import output_of
from bench.peers.peer import NoOutcome, NotInstalled, PeerOutcome, notes
from bench.peers.work import Work

_ENVIRONMENT = Path(__file__).parents[1] / ".venv" / "locust"
_REQUIREMENTS = ("locust>=2.30,<3", "websocket-client>=1.8,<2")
_VERSIONS = """
from importlib.metadata import version as v
print(f"Locust {v('locust')}, gevent {v('gevent')}, websocket-client {v('websocket-client')}")
"""
_USERS = Path(__file__).parent / "scripts" / "locust_users.py"


def program(name: str) -> Path:
    """A program of Locust's own environment."""
    return _ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin") / name


@dataclass(frozen=True, slots=True)
class Locust:
    """A `Peer`."""

    name: str = "Locust"

    def install(self) -> str:
        """Makes the environment if need be; gives the versions in it. Raises NotInstalled."""
        python = program("python")
        try:
            return output_of(python, "-c", _VERSIONS)
        except NotInstalled:
            pass
        try:
            venv.create(_ENVIRONMENT, with_pip=True)
        except OSError as error:
            raise NotInstalled(str(error)) from error
        output_of(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_REQUIREMENTS)
        return output_of(python, "-c", _VERSIONS)

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """See `Peer`."""
        command = [str(program("python")), "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING"]
        command += ["--locustfile", str(_USERS), "--host", url, "--csv", str(folder / "locust")]
        command += ["--work", str(work.write(folder)), "--users", str(work.connections)]
        command += ["--spawn-rate", f"{work.connections / work.opening_s:g}"]
        command += ["--run-time", f"{math.ceil(work.length_s + 0.5)}s", "--exit-code-on-error", "0"]
        return command if work.workers == 1 else [*command, "--processes", str(work.workers)]

    def environment(self) -> dict[str, str]:
        """See `Peer`."""
        return dict(os.environ)

    def outcome(self, folder: Path) -> PeerOutcome:
        """See `Peer`."""
        work = Work.read(folder)
        try:
            with (folder / "locust_stats.csv").open(encoding="utf-8", newline="") as lines:
                rows = {row["Name"]: row for row in csv.DictReader(lines)}
            began_at = float(json.loads((folder / "window.json").read_text(encoding="utf-8"))["began_at"])
        except (OSError, ValueError, KeyError) as error:
            raise NoOutcome(f"Locust left no statistics behind: {error}") from error
        connections = _right(rows, "connect")
        failures = sum(int(row["Failure Count"]) for name, row in rows.items() if name != "Aggregated")
        return PeerOutcome(
            round_trips=_right(rows, "round trip"),
            seconds=work.seconds,
            connections=connections,
            failures=failures,
            began_at=began_at,
            note=notes(work, connections, failures),
        )


def _right(rows: dict[str, dict[str, str]], name: str) -> int:
    row = rows.get(name)
    return 0 if row is None else int(row["Request Count"]) - int(row["Failure Count"])
