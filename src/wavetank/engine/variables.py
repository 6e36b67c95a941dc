"""The variables that a user begins with."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from wavetank.plan.chance import bits, position
from wavetank.plan.model import Plan


class UserVariables:
    """Makes each user's variables; later ones win: the run's, those of `before`, CSV rows, the script's, `$uuid`."""

    def __init__(self, plan: Plan, left_by_before: Mapping[str, object]) -> None:
        self._seed = plan.seed
        self._payloads = plan.payloads
        self._common: dict[str, object] = {
            "target": plan.target,
            "$environment": plan.environment,
            **left_by_before,
            "$dirname": str(plan.script.parent) if plan.script else "",
            "$scenarioFile": str(plan.script) if plan.script else "",
        }
        self._fixed = {name: value for name, value in plan.variables.items() if not _is_choice(value)}
        self._choices = {name: value for name, value in plan.variables.items() if _is_choice(value)}

    def of(self, index: int) -> dict[str, object]:
        """The variables of the user of that arrival: the same on any worker for the same seed."""
        variables = dict(self._common)
        for payload in self._payloads:
            variables.update(payload.variables_for(index, self._seed))
        variables.update(self._fixed)
        for name, values in self._choices.items():
            assert isinstance(values, list | tuple)
            variables[name] = values[position(len(values), self._seed, index, f"variable {name}")]
        low, high = bits(self._seed, index, "uuid low"), bits(self._seed, index, "uuid high")
        variables["$uuid"] = str(UUID(int=high << 64 | low, version=4))
        return variables


def _is_choice(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0
