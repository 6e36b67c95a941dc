"""Phases to stretches of time: what the figures of a phase are the figures of."""

from __future__ import annotations

from collections.abc import Sequence

from wavetank.metrics.bounded import printable
from wavetank.metrics.stretches import Stretch
from wavetank.plan.arrivals import phase_bounds
from wavetank.plan.phases import Phase

AFTER = "after the last phase"
"""The name of the stretch from the end of the last phase until all users have ended."""

_NAME_LENGTH = 100


def phase_stretches(phases: Sequence[Phase]) -> tuple[Stretch, ...]:
    """A stretch for each phase, and one for what comes after the last; they follow one another from 0 on.

    In a phase without duration nothing can be measured: what its users do is measured in the stretch that follows,
    which carries both names. Raises ValueError for phases that cannot be.
    """
    stretches: list[Stretch] = []
    pending: list[str] = []
    end_ns = 0
    for phase, (start_ns, end_ns) in zip(phases, phase_bounds(phases), strict=True):
        pending.append(printable(phase.name, _NAME_LENGTH))
        if start_ns < end_ns:
            stretches.append(Stretch(_joined(pending), start_ns, end_ns, len(pending)))
            pending = []
    return (*stretches, Stretch(_joined([*pending, AFTER]), end_ns, None, 0))


def _joined(names: list[str]) -> str:
    return " + ".join(names) if len(names) <= 3 else f"{names[0]} ... {names[-2]} + {names[-1]}"
