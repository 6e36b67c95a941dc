"""Which part of a run its figures are about: the steady state, without warming up and cooling down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wavetank.metrics.stretches import Measured, Stretch
from wavetank.plan.arrivals import phase_bounds
from wavetank.plan.phases import Phase

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """From `from_s` to `to_s` seconds after the run's start (None: to its end); or, if there are any, in `phases`.

    `phases` are names of phases; all phases of such a name are meant.
    """

    from_s: float = 0.0
    to_s: float | None = None
    phases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.phases and (self.from_s or self.to_s is not None):
            raise ValueError("what is measured is given by phases or by times, not by both")
        if self.from_s < 0:
            raise ValueError(f"measuring begins at {self.from_s:g} s, before the run")
        if self.to_s is not None and self.to_s <= self.from_s:
            raise ValueError(f"measuring ends at {self.to_s:g} s, which is not after its begin at {self.from_s:g} s")


def measured_part(measure: Measure, phases: Sequence[Phase]) -> Measured:
    """The part of the time that is measured. Raises ValueError where no phase with a duration has such a name."""
    if not measure.phases:
        to_ns = None if measure.to_s is None else round(measure.to_s * _NS)
        return Measured((Stretch("", round(measure.from_s * _NS), to_ns),))
    wanted = set(measure.phases)
    stretches = tuple(
        Stretch(phase.name, start_ns, end_ns)
        for phase, (start_ns, end_ns) in zip(phases, phase_bounds(phases), strict=True)
        if phase.name in wanted and start_ns < end_ns
    )
    for name in measure.phases:
        if all(stretch.name != name for stretch in stretches):
            known = any(phase.name == name for phase in phases)
            problem = "has a duration of 0, in which nothing can be measured" if known else "does not exist"
            raise ValueError(f"the phase {name!r} {problem}")
    return Measured(stretches, measure.phases)
