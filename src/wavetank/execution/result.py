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
        return exit_code(self.summary, interrupted=self.interrupted, strict=strict)


def exit_code(summary: Summary, *, interrupted: bool, strict: bool = False) -> Exit:
    """The exit code of a run, from its summary; `interrupted`: a person ended it."""
    counters = summary.overall.counters
    attempts = counters.get("websocket.connects", 0)
    if interrupted:
        return Exit.INTERRUPTED
    if attempts and counters.get("websocket.connect_failed", 0) >= attempts:
        return Exit.NOT_CARRIED_OUT
    if summary.lost and len({loss.worker for loss in summary.lost}) >= summary.lost[0].of:
        return Exit.NOT_CARRIED_OUT
    if summary.verdict == "critical" or (strict and summary.verdict == "warning"):
        return Exit.CRITICAL
    return Exit.OK if summary.trust.ok else Exit.NOT_TRUSTED
