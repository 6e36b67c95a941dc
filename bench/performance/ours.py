"""Wavetank by its command line, as one more tool."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.accuracy.surroundings import versions
from bench.peers.peer import NoOutcome, PeerOutcome, notes
from bench.peers.work import Work
from bench.performance.native import PLAIN, Channel


class _Wavetank(ABC):
    """What both kinds of script have in common: how they are run, and what comes of it."""

    __slots__ = ()

    def install(self) -> str:
        """It is installed, or this would not run; gives the versions of what does its work."""
        return versions()

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """See `Peer`."""
        work.write(folder)
        script = self.script(work, url, folder)
        command = [sys.executable, "-m", "wavetank", "run", str(script), "--quiet", "-o", str(folder / "run")]
        return [*command, "--workers", str(work.workers)]

    @abstractmethod
    def script(self, work: Work, url: str, folder: Path) -> Path:
        """Writes the work as a script into the folder."""

    def environment(self) -> dict[str, str]:
        """See `Peer`."""
        return dict(os.environ)

    def outcome(self, folder: Path) -> PeerOutcome:
        """See `Peer`. Of the whole run, of which every reply counts."""
        work = Work.read(folder)
        try:
            summary = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NoOutcome(f"Wavetank left no summary behind: {error}") from error
        counters = summary["counters"]
        replies = int(counters.get("websocket.replies", 0))
        rate = float(summary["rates"].get("websocket.throughput", 0.0))
        connects = int(counters.get("websocket.connects", 0))
        failures = sum(error["count"] for error in summary["errors"])
        return PeerOutcome(
            round_trips=replies,
            seconds=replies / rate if rate else 0.0,
            connections=connects,
            failures=failures,
            began_at=datetime.fromisoformat(summary["started_at"]).timestamp() + work.connect_s,
            note=notes(work, connects, failures),
        )


@dataclass(frozen=True, slots=True)
class WavetankScript(_Wavetank):
    """A `Peer`: a YAML script, with everything measured that a run measures."""

    channel: Channel = PLAIN
    name: str = "Wavetank, YAML script"

    def script(self, work: Work, url: str, folder: Path) -> Path:
        """See `_Wavetank`."""
        path = folder / "script.json"
        path.write_text(json.dumps(script_of(work, url, self.channel), indent=2), encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True)
class WavetankPython(_Wavetank):
    """A `Peer`: the same user, written in Python."""

    name: str = "Wavetank, Python scenario"

    def script(self, work: Work, url: str, folder: Path) -> Path:
        """See `_Wavetank`."""
        path = folder / "scenario.py"
        path.write_text(module_of(work, url), encoding="utf-8")
        return path


def module_of(work: Work, url: str) -> str:
    """The work as a Python module: users go on until the last phase is over."""
    think = f"            await user.think({work.think_s!r})\n" if work.think_s else ""
    return f"""\
from wavetank import Count, Pause, Plan, User, scenario

MESSAGE = {json.loads(work.payload)!r}
plan = Plan(
    target={url!r},
    phases=(Count(duration_s={work.connect_s!r}, count={work.connections}), Pause(duration_s={work.seconds!r})),
)


@scenario
async def user(user: User) -> None:
    async with user.connect() as ws:
        while user.is_wanted:
            await ws.request(MESSAGE, match={{"type": {work.reply_type!r}}}, name="request")
{think}"""


def script_of(work: Work, url: str, channel: Channel = PLAIN) -> dict[str, Any]:
    """The work as a script: an endless loop ends with the time of the last phase."""
    request = {
        "name": "request",
        "payload": json.loads(work.payload),
        "match": {"json": "$.type", "value": work.reply_type},
    }
    steps: list[dict[str, Any]] = [{"send": request}]
    if work.think_s:
        steps.append({"think": f"{1000 * work.think_s:g}ms"})
    base, _, path = url.removeprefix("wss://").removeprefix("ws://").partition("/")
    config: dict[str, Any] = {
        "target": f"{url.split(':')[0]}://{base}",
        "phases": [
            {"duration": f"{1000 * work.connect_s:g}ms", "arrivalCount": work.connections},
            {"pause": f"{1000 * work.seconds:g}ms"},
        ],
    }
    if channel.certificate is not None:
        config["tls"] = {"rejectUnauthorized": False}
    if channel.deflate:
        terms = {"clientNoContextTakeover": True, "serverNoContextTakeover": True}
        config["ws"] = {"perMessageDeflate": {"threshold": 0, **terms}}
    return {"config": config, "scenarios": [{"flow": [{"connect": f"/{path}"}, {"loop": steps, "count": -1}]}]}
