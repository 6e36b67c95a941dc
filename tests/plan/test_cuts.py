from __future__ import annotations

from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.plan.cuts import INTERVAL_NS, boundaries, cuts
from wavetank.plan.measure import Measure
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Pause, Phase, Rate

SECOND = 10**9
instants = st.lists(st.integers(1, 20 * SECOND), unique=True, max_size=20).map(sorted)


def a_plan(*phases: Phase, measure: Measure | None = None) -> Plan:
    return Plan(name="p", target="ws://localhost", phases=phases, scenarios=(), measure=measure)


def seconds(*values: float) -> list[int]:
    return [round(value * SECOND) for value in values]


@pytest.mark.parametrize(
    ("given_s", "expected_s"),
    [
        ((), (1, 2, 3)),
        ((2.5,), (1, 2, 2.5, 3, 4)),
        ((2.0,), (1, 2, 3)),
        ((0.2, 0.4), (0.2, 0.4, 1, 2)),
        ((0.95, 1.95, 2.0, 2.05), (0.95, 1.95, 2.0, 2.05, 3)),
        ((2.9, 3.1), (1, 2, 2.9, 3, 3.1, 4)),
        ((2.91, 3.09), (1, 2, 2.91, 3.09, 4)),
    ],
)
def test_there_is_a_cut_each_second_and_at_each_boundary(
    given_s: tuple[float, ...], expected_s: tuple[float, ...]
) -> None:
    assert list(islice(cuts(seconds(*given_s)), len(expected_s))) == seconds(*expected_s)


@given(instants)
def test_every_boundary_is_a_cut_and_no_stretch_between_cuts_is_long(given_ns: list[int]) -> None:
    found = list(takewhile(lambda instant: instant <= 30 * SECOND, cuts(given_ns)))
    assert set(given_ns) <= set(found)
    gaps = [later - earlier for earlier, later in zip([0, *found], found, strict=False)]
    assert all(0 < gap <= INTERVAL_NS * 1.2 for gap in gaps)


@given(instants)
def test_what_is_no_boundary_is_a_whole_second_far_from_one(given_ns: list[int]) -> None:
    for cut in takewhile(lambda instant: instant <= 30 * SECOND, cuts(given_ns)):
        if cut not in given_ns:
            assert cut % SECOND == 0
            assert all(abs(cut - boundary) >= SECOND // 10 for boundary in given_ns)


def test_boundaries_are_those_of_phases_and_of_what_is_measured() -> None:
    phases = (
        Rate(name="a", duration_s=2.5, rate=1),
        Count(name="b", duration_s=0, count=9),
        Pause(name="c", duration_s=1),
    )
    assert boundaries(a_plan(*phases)) == seconds(2.5, 3.5)
    assert boundaries(a_plan(*phases, measure=Measure(from_s=1.25, to_s=60))) == seconds(1.25, 2.5, 3.5, 60)
    assert boundaries(a_plan(*phases, measure=Measure(from_s=3))) == seconds(2.5, 3, 3.5)
    assert boundaries(a_plan(*phases, measure=Measure(phases=("c",)))) == seconds(2.5, 3.5)
    assert boundaries(a_plan()) == []
