"""A load given in a few words beside the plan: so many users, so many a second, for so long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from wavetank.metrics.thresholds import Threshold, mistake_in
from wavetank.plan.arrivals import duration_s, total_arrivals
from wavetank.plan.durations import format_seconds, seconds
from wavetank.plan.measure import Measure
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Phase, Population, Ramp, Rate
from wavetank.plan.steps import Rendezvous, every_step

AT_ONCE_PER_S = 1000.0
"""How fast users come who come at once: as the stress test opens its connections.

In one instant they would queue in the generator, and the figures would tell of that queue.
"""

_SHORTEST_S = 0.001
_NUMBER = r"(\d+\.?\d*|\.\d+)"
_RATE = re.compile(rf"\s*{_NUMBER}\s*(?:/s)?\s*(?::\s*{_NUMBER}\s*(?:/s)?\s*)?", re.ASCII)


def load_shape(
    users: int | None = None, rate: float | str | None = None, duration: float | str | None = None
) -> tuple[Phase, ...]:
    """The phases of a load; none where nothing is said.

    `users` for a `duration` (`30s`, or seconds): so many are there at once, each who ends is replaced. `users` alone:
    so many come, a thousand a second, and each runs its scenario once. `rate` (users per second, `5:20` from 5 to 20)
    for a `duration`: they arrive whatever the server does; with `users` beside it, so many are there at once at most,
    and who would be one too many is skipped.

    Raises ValueError, with a sentence, for anything else.

    >>> load_shape(users=200, duration="30s")
    (Population(name='200 users', duration_s=30.0, start_users=200, end_users=200),)
    """
    if users is not None and (isinstance(users, bool) or not isinstance(users, int) or users < 1):
        raise ValueError(f"{users!r} is not a number of users: it must be whole, and 1 or more.")
    length_s = None if duration is None else seconds(duration)
    if length_s is not None and length_s < _SHORTEST_S:
        raise ValueError(f"The duration is {duration}: a load takes a millisecond at least.")
    if rate is not None:
        if length_s is None:
            raise ValueError("A rate needs a duration: say for how long users arrive, such as 30s.")
        return (_arriving(*_rates(rate), length_s, users),)
    if users is None:
        if length_s is not None:
            raise ValueError("A duration needs a number of users, or a rate: say what is to happen all that time.")
        return ()
    name = f"{users:,} user{'' if users == 1 else 's'}"
    phase: Phase
    if length_s is None:
        phase = Count(name=name, duration_s=users / AT_ONCE_PER_S, count=users)
    else:
        phase = Population(name=name, duration_s=length_s, start_users=users, end_users=users)
    duration_s([phase])  # it says so if the phase cannot be
    return (phase,)


def with_phases(plan: Plan, phases: Sequence[Phase]) -> Plan:
    """The plan with these phases instead of its own; as it is where there are none.

    Its `measure` is dropped (and None then) if it names phases, or begins after the new ones have ended. Raises
    ValueError, with a sentence, where the plan's scenarios do not go with them.
    """
    if not phases:
        return plan
    if any(isinstance(phase, Population) for phase in phases) and _has_rendezvous(plan):
        raise ValueError(
            "A scenario has a rendezvous, which cannot know how many users there will be where so many are held for a "
            "duration: give users without a duration, or a rate."
        )
    measure = plan.measure if plan.measure is not None and _still_measures(plan.measure, phases) else None
    return replace(plan, phases=tuple(phases), measure=measure)


def with_thresholds(plan: Plan, thresholds: Sequence[Threshold]) -> Plan:
    """The plan with these thresholds in addition to its own.

    Raises ValueError, with a sentence, for a metric that a run of the plan cannot have.
    """
    for threshold in thresholds:
        if mistake := mistake_in(threshold.metric, own=plan.runs_own_code):
            raise ValueError(mistake)
    return replace(plan, thresholds=(*plan.thresholds, *thresholds))


def _arriving(first: float, last: float, length_s: float, most: int | None) -> Phase:
    capped = "" if most is None else f", {most:,} at once at most"
    phase: Rate | Ramp
    if first == last:
        name = f"{first:g} users/s{capped}"
        phase = Rate(name=name, duration_s=length_s, rate=first, max_users=most)
    else:
        name = f"{first:g} to {last:g} users/s{capped}"
        phase = Ramp(name=name, duration_s=length_s, start_rate=first, end_rate=last, max_users=most)
    if total_arrivals([phase]) == 0:
        raise ValueError(f"At {first:g} users per second nobody arrives within {format_seconds(length_s)}.")
    return phase


def _rates(rate: float | str) -> tuple[float, float]:
    """The rate at the beginning, and at the end."""
    if isinstance(rate, int | float) and not isinstance(rate, bool):
        return float(rate), float(rate)
    found = _RATE.fullmatch(rate) if isinstance(rate, str) else None
    if found is None:
        raise ValueError(f"{rate!r} is not a rate: write users per second (20), or two such numbers to ramp (5:20).")
    first = float(found[1])
    return first, first if found[2] is None else float(found[2])


def _has_rendezvous(plan: Plan) -> bool:
    return any(isinstance(step, Rendezvous) for each in plan.scenarios for step in every_step(each.steps))


def _still_measures(measure: Measure, phases: Sequence[Phase]) -> bool:
    return not measure.phases and measure.from_s < duration_s(phases)
