"""One execution of a plan, and what it says to whoever started it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary
from wavetank.plan.model import Plan


class Exit(IntEnum):
    """What the command's exit code says (DESIGN.md, 6)."""

    OK = 0
    CRITICAL = 1
    SCRIPT_ERROR = 2
    NOT_CARRIED_OUT = 3
    NOT_TRUSTED = 4
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was run and what came of it. `timeline` holds a snapshot for each second and worker."""

    plan: Plan
    summary: Summary
    timeline: tuple[Snapshot, ...]
    folder: Path | None
    interrupted: bool

    def exit_code(self, *, strict: bool = False) -> Exit:
        """The exit code; with `strict` a warning counts like a critical verdict."""
        counters = self.summary.overall.counters
        attempts = counters.get("websocket.connects", 0)
        if self.interrupted:
            return Exit.INTERRUPTED
        if attempts and counters.get("websocket.connect_failed", 0) >= attempts:
            return Exit.NOT_CARRIED_OUT
        if self.summary.verdict == "critical" or (strict and self.summary.verdict == "warning"):
            return Exit.CRITICAL
        if not self.summary.trust.ok:
            return Exit.NOT_TRUSTED
        return Exit.OK
