"""When a worker takes its snapshots: each second, and at every boundary that figures are told for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from wavetank.plan.arrivals import phase_bounds
from wavetank.plan.measure import measured_part
from wavetank.plan.model import Plan

INTERVAL_NS = 1_000_000_000
"""The time between two snapshots, where no boundary lies between them."""

_NEAR_NS = INTERVAL_NS // 10


def boundaries(plan: Plan) -> list[int]:
    """The ends of all phases and of the part that is measured, in order: nanoseconds after the run's start.

    Raises ValueError for a plan that cannot be.
    """
    instants = {instant for bound in phase_bounds(plan.phases) for instant in bound}
    if plan.measure is not None:
        for stretch in measured_part(plan.measure, plan.phases).stretches:
            instants.add(stretch.start_ns)
            if stretch.end_ns is not None:
                instants.add(stretch.end_ns)
    return sorted(instants - {0})


def cuts(instants: Iterable[int]) -> Iterator[int]:
    """The instants of snapshots, without end and strictly ascending: the boundaries given, and each whole second.

    A whole second that is less than a tenth of one away from a boundary is left out: readings of so short an interval
    (the processor's load) would say nothing.
    """
    seconds = count(INTERVAL_NS, INTERVAL_NS)
    second = next(seconds)
    last = -INTERVAL_NS
    for boundary in instants:
        while second <= boundary - _NEAR_NS:
            if second >= last + _NEAR_NS:
                yield second
            second = next(seconds)
        yield boundary
        last = boundary
    while True:
        if second >= last + _NEAR_NS:
            yield second
        second = next(seconds)
