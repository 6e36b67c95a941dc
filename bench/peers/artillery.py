"""Artillery: JavaScript on Node.js, whose script format Wavetank reads.

It takes a worker thread for each core of the machine but one, and cannot be told another number. Its engine for
WebSockets measures no response times, so it is spared that part of the work.
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

_VERSION = "2.0.34"
_NODE = "22"
"""The Node.js that this version asks for, from npm like itself: that of the machine may be older."""

_FOLDER = TOOLS / "artillery"
_PROCESSOR = Path(__file__).parent / "scripts" / "artillery_users.js"
_QUIET = {"ARTILLERY_DISABLE_TELEMETRY": "true", "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}
_NOT_MEASURED = "measures no response times on WebSockets"


@dataclass(frozen=True, slots=True)
class Artillery:
    """A `Peer`."""

    name: str = "Artillery"

    def install(self) -> str:
        """Installs it with a Node.js beside it if need be; gives both versions. Raises NotInstalled."""
        if not _installed():
            _FOLDER.mkdir(parents=True, exist_ok=True)
            packages = (f"artillery@{_VERSION}", f"node@{_NODE}")
            options = ("--no-audit", "--no-fund", "--loglevel", "error", "--prefix", str(_FOLDER))
            npm = "npm.cmd" if sys.platform == "win32" else "npm"
            output_of(npm, "install", *options, *packages, folder=_FOLDER, environment=self.environment())
        return f"Artillery {_VERSION}, Node.js {output_of(_node(), '--version')}"

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """See `Peer`."""
        work.write(folder)
        script = folder / "script.json"
        script.write_text(json.dumps(script_of(work, url, folder), indent=2), encoding="utf-8")
        return [str(_node()), str(_program()), "run", "--quiet", "--output", str(folder / "report.json"), str(script)]

    def environment(self) -> dict[str, str]:
        """See `Peer`."""
        return os.environ | _QUIET

    def outcome(self, folder: Path) -> PeerOutcome:
        """See `Peer`."""
        work = Work.read(folder)
        try:
            counters = json.loads((folder / "report.json").read_text(encoding="utf-8"))["aggregate"]["counters"]
            began_at = min(float(path.read_text(encoding="utf-8")) for path in folder.glob("began-*")) / 1000
        except (OSError, ValueError, KeyError) as error:
            raise NoOutcome(f"Artillery left no report behind: {error}") from error
        connections = int(counters.get("bench.opened", 0))
        failures = int(counters.get("vusers.failed", 0))
        return PeerOutcome(
            round_trips=int(counters.get("bench.round_trips", 0)),
            seconds=work.seconds,
            connections=connections,
            failures=failures,
            began_at=began_at,
            note=notes(work, connections, failures, _NOT_MEASURED),
        )


def script_of(work: Work, url: str, folder: Path) -> dict[str, Any]:
    """The work as a script of Artillery's.

    A reply is waited for by `match`, which takes the next message and fails the user if it is not the one. The rate
    is given instead of a count, because a count is carried by one worker alone.
    """
    steps: list[dict[str, Any]] = [
        {"send": {"payload": work.payload, "match": {"json": "$.type", "value": work.reply_type}}}
    ]
    if work.think_s:
        # As a text with a unit: a number with a fraction would be taken for milliseconds.
        steps.append({"think": f"{work.think_s * 1000:g}ms"})
    return {
        "config": {
            "target": url,
            "processor": str(_PROCESSOR),
            "phases": [{"duration": f"{work.opening_s * 1000:g}ms", "arrivalRate": work.connections / work.opening_s}],
            "variables": {
                "benchFolder": folder.as_posix(),
                "connectMs": work.connect_s * 1000,
                "measureMs": work.seconds * 1000,
            },
        },
        "scenarios": [
            {
                "engine": "ws",
                "flow": [{"function": "opened"}, {"loop": steps, "whileTrue": "again"}, {"function": "ended"}],
            }
        ],
    }


def _node() -> Path:
    binary = "node.exe" if sys.platform == "win32" else "bin/node"
    return _FOLDER / "node_modules" / "node" / binary


def _program() -> Path:
    return _FOLDER / "node_modules" / "artillery" / "bin" / "run"


def _installed() -> bool:
    package = _FOLDER / "node_modules" / "artillery" / "package.json"
    try:
        version = json.loads(package.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(version == _VERSION) and _node().exists()
