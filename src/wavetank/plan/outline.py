"""What a report says about the plan of a run: little enough to be kept in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wavetank.metrics.bounded import safe_name
from wavetank.plan.arrivals import duration_s
from wavetank.plan.model import Plan
from wavetank.plan.pushes import Clock
from wavetank.plan.steps import Send, every_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The plan in a few words.

    `phases` is how many there are, `planned_s` how many seconds they last. `answered` are the names of messages that
    every send in the plan expects a reply to, in order. `push_clock` says who makes the timestamps of pushes; None:
    the plan has no rules for pushes.
    """

    name: str
    target: str
    phases: int
    planned_s: float
    seed: int = 0
    answered: tuple[str, ...] = ()
    push_clock: Clock | None = None

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        """The outline of a plan; its target may still hold secrets."""
        flows = [*(scenario.steps for scenario in plan.scenarios), plan.before, plan.after]
        sends = [step for steps in flows for step in every_step(steps) if isinstance(step, Send)]
        silent = {safe_name(send.name) for send in sends if send.expect is None and send.correlation is None}
        return cls(
            name=plan.name,
            target=plan.target,
            phases=len(plan.phases),
            planned_s=duration_s(plan.phases),
            seed=plan.seed,
            answered=tuple(sorted({safe_name(send.name) for send in sends} - silent)),
            push_clock=None if plan.push is None else plan.push.clock,
        )

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON; `from_dict` restores an equal outline. Nothing is masked in it."""
        return {
            "name": self.name,
            "target": self.target,
            "phases": self.phases,
            "planned_s": self.planned_s,
            "seed": self.seed,
            "answered": list(self.answered),
            "push_clock": self.push_clock,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outline:
        """Restores what `to_dict` wrote. Raises ValueError where `data` is not that."""
        try:
            push_clock = data["push_clock"]
            if push_clock not in (None, "fleet", "server"):
                raise ValueError(f"{push_clock!r} makes no timestamps")
            return cls(
                name=str(data["name"]),
                target=str(data["target"]),
                phases=int(data["phases"]),
                planned_s=float(data["planned_s"]),
                seed=int(data["seed"]),
                answered=tuple(str(name) for name in data["answered"]),
                push_clock=push_clock,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is not the outline of a plan: {error!r}") from error
