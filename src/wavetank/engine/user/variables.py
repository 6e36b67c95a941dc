"""The variables that a user begins with."""

from __future__ import annotations

from collections.abc import Mapping

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
        variables["$uuid"] = uuid4_of(bits(self._seed, index, "uuid high"), bits(self._seed, index, "uuid low"))
        return variables


def uuid4_of(high: int, low: int) -> str:
    """The text of a random UUID (RFC 9562, 5.4) of 128 bits, six of which say what it is.

    `uuid.UUID` takes more than twice as long for the same, and every user has one.
    """
    digits = f"{high & ~0xF000 | 0x4000:016x}{low & ~(0b11 << 62) | 0b10 << 62:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _is_choice(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0
