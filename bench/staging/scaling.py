"""The plan with a share of its rates, in a part of its time; what its users do stays as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wavetank.plan.artillery import read_script
from wavetank.plan.model import Plan
from wavetank.plan.phases import Phase, Ramp, Rate

SCRIPT = Path(__file__).parents[2] / "examples" / "ymera" / "artillery_websocket.yml"
_TARGET = "ws://127.0.0.1"
"""Stands in where a plan is only looked at."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`percent` of the rates; phases `shorten` times as short; `rounds` of the users' loops instead of their own.

    Shorter phases leave the users at once as they are while a phase lasts longer than a session. `rounds` are for a
    quick proof alone: they change what a user does.
    """

    percent: int = 100
    shorten: float = 3.0
    rounds: int | None = None

    def overrides(self, others: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As `wavetank run --overrides` takes it; `others`, of the configuration, are added."""
        raw = yaml.safe_load(SCRIPT.read_text(encoding="utf-8"))
        phases = [self._scaled(phase) for phase in _original().phases]
        changes: dict[str, Any] = {"config": {**(others or {}).get("config", {}), "phases": phases}}
        if self.rounds is not None:
            changes["scenarios"] = with_rounds(raw["scenarios"], self.rounds)
        return changes

    def plan(self) -> Plan:
        """The plan that comes of it, to be looked at."""
        return _read(self.overrides())

    def _scaled(self, phase: Phase) -> dict[str, Any]:
        share = self.percent / 100
        scaled: dict[str, Any] = {"name": phase.name, "duration": f"{1000 * phase.duration_s / self.shorten:.0f}ms"}
        match phase:
            case Rate():
                return scaled | {"arrivalRate": phase.rate * share}
            case Ramp():
                return scaled | {"arrivalRate": phase.start_rate * share, "rampTo": phase.end_rate * share}
        raise ValueError(f"the phase {phase.name!r} has no rate that could be scaled")


def with_rounds(value: Any, rounds: int) -> Any:
    """The same scenarios with so many rounds in every loop."""
    if isinstance(value, Mapping):
        changed = {key: with_rounds(part, rounds) for key, part in value.items()}
        return changed | {"count": rounds} if "loop" in value else changed
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [with_rounds(part, rounds) for part in value]
    return value


def _original() -> Plan:
    return _read({})


def _read(overrides: Mapping[str, object]) -> Plan:
    return read_script(SCRIPT, target=_TARGET, overrides=overrides, env=os.environ).plan
