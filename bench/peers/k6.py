"""k6: Go, with users written in JavaScript.

Built from its Go module, so nothing is needed but Go. It uses the cores that its process may run on, and so is told
the number by pinning it. Its documentation recommends `k6/websockets`, whose event loop lets one user hold many
connections; a user for each connection costs it more memory and time.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.installing import TOOLS, output_of
from bench.peers.peer import NoOutcome, PeerOutcome, notes
from bench.peers.work import Work

_VERSION = "v1.8.1"
_FOLDER = TOOLS / "k6"
_USERS = Path(__file__).parent / "scripts" / "k6_users.js"
_CONNECTIONS_PER_USER = 10
_QUIET = {"K6_NO_USAGE_REPORT": "true", "K6_AUTO_EXTENSION_RESOLUTION": "false"}


@dataclass(frozen=True, slots=True)
class K6:
    """A `Peer`."""

    name: str = "k6"

    def install(self) -> str:
        """Builds it if need be, which takes minutes; gives its version. Raises NotInstalled."""
        program = _program()
        if not program.exists():
            _FOLDER.mkdir(parents=True, exist_ok=True)
            environment = os.environ | {"GOBIN": str(_FOLDER), "GOFLAGS": "-buildvcs=false"}
            output_of("go", "install", f"go.k6.io/k6@{_VERSION}", folder=_FOLDER, environment=environment)
        return " ".join(output_of(program, "version").split()[:2])

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """See `Peer`."""
        settings = {
            "URL": url,
            "FOLDER": folder.as_posix(),
            "USERS": max(1, work.connections // _CONNECTIONS_PER_USER),
            "CONNECTIONS": work.connections,
            "OPENING_MS": work.opening_s * 1000,
            "CONNECT_MS": work.connect_s * 1000,
            "MEASURE_MS": work.seconds * 1000,
            "THINK_MS": work.think_s * 1000,
            "PAYLOAD": work.payload,
            "REPLY_TYPE": work.reply_type,
        }
        work.write(folder)
        # Without an address for its API, two of them on a machine do not get in each other's way.
        command = [str(_program()), "run", "--quiet", "--no-color", "--address", "", "--no-thresholds"]
        for name, value in settings.items():
            command += ["--env", f"{name}={value}"]
        return [*command, str(_USERS)]

    def environment(self) -> dict[str, str]:
        """See `Peer`."""
        return os.environ | _QUIET

    def outcome(self, folder: Path) -> PeerOutcome:
        """See `Peer`."""
        work = Work.read(folder)
        try:
            metrics = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["metrics"]
        except (OSError, ValueError, KeyError) as error:
            raise NoOutcome(f"k6 left no summary behind: {error}") from error
        connections, failures = int(_value(metrics, "opened", "count")), int(_value(metrics, "failures", "count"))
        return PeerOutcome(
            round_trips=int(_value(metrics, "reply_time", "count")),
            seconds=work.seconds,
            connections=connections,
            failures=failures,
            began_at=_value(metrics, "began_at", "value") / 1000,
            note=notes(work, connections, failures),
        )


def _program() -> Path:
    return _FOLDER / ("k6.exe" if sys.platform == "win32" else "k6")


def _value(metrics: dict[str, Any], name: str, field: str) -> float:
    """0 where nothing was ever added to the metric: k6 leaves it out then."""
    return float(metrics[name]["values"][field]) if name in metrics else 0.0
