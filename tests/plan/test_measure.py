from __future__ import annotations

import pytest

from wavetank.metrics.stretches import Stretch
from wavetank.plan.measure import Measure, measured_part
from wavetank.plan.phases import Count, Pause, Rate

SECOND = 10**9
PHASES = (
    Rate(name="warm-up", duration_s=1, rate=5),
    Rate(name="steady", duration_s=2.5, rate=5),
    Count(name="burst", duration_s=0, count=5),
    Pause(name="rest", duration_s=1),
    Rate(name="steady", duration_s=3, rate=5),
)


def test_times_are_one_stretch() -> None:
    part = measured_part(Measure(from_s=1.5, to_s=4), PHASES)
    assert part.stretches == (Stretch("", 3 * SECOND // 2, 4 * SECOND),)
    assert measured_part(Measure(from_s=2), PHASES).stretches[0].end_ns is None


def test_all_phases_of_a_name_are_meant() -> None:
    part = measured_part(Measure(phases=("steady",)), PHASES)
    assert part.stretches == (
        Stretch("steady", SECOND, 7 * SECOND // 2),
        Stretch("steady", 9 * SECOND // 2, 15 * SECOND // 2),
    )
    assert part.phases == ("steady",)


@pytest.mark.parametrize(
    ("end_s", "reached_s"), [(10, [(1, 3.5), (4.5, 7.5)]), (5, [(1, 3.5), (4.5, 5)]), (2, [(1, 2)]), (1, [])]
)
def test_a_run_that_ends_early_measures_only_what_it_reached(
    end_s: float, reached_s: list[tuple[float, float]]
) -> None:
    part = measured_part(Measure(phases=("steady",)), PHASES)
    assert part.until(round(end_s * SECOND)) == tuple(
        (round(start * SECOND), round(end * SECOND)) for start, end in reached_s
    )


@pytest.mark.parametrize(("name", "problem"), [("nobody", "does not exist"), ("burst", "has a duration of 0")])
def test_a_phase_that_cannot_be_measured_is_refused(name: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"the phase '{name}' {problem}"):
        measured_part(Measure(phases=("steady", name)), PHASES)


@pytest.mark.parametrize(
    "fields", [{"from_s": 5, "to_s": 5}, {"from_s": -1}, {"to_s": 0}, {"from_s": 1, "phases": ("steady",)}]
)
def test_what_is_no_part_of_a_run_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^(measuring|what is measured) "):
        Measure(**fields)  # type: ignore[arg-type]  # what a careless caller may do
