from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from tests.plan.test_arrivals import plans
from wavetank.metrics.stretches import Stretch
from wavetank.plan.arrivals import phase_bounds
from wavetank.plan.phases import Count, Pause, Phase, Rate
from wavetank.plan.stretches import AFTER, phase_stretches

SECOND = 10**9


def test_each_phase_is_a_stretch_and_so_is_what_comes_after_the_last() -> None:
    phases = (Rate(name="a", duration_s=1, rate=1), Pause(name="b", duration_s=2))
    assert phase_stretches(phases) == (
        Stretch("a", 0, SECOND),
        Stretch("b", SECOND, 3 * SECOND),
        Stretch(AFTER, 3 * SECOND, None, 0),
    )


def test_a_phase_without_duration_is_in_the_stretch_that_follows() -> None:
    burst = Count(name="burst", duration_s=0, count=5)
    phases = (burst, Pause(name="rest", duration_s=1), burst, burst, burst, burst)
    assert phase_stretches(phases) == (
        Stretch("burst + rest", 0, SECOND, 2),
        Stretch(f"burst ... burst + {AFTER}", SECOND, None, 0),
    )
    assert phase_stretches(()) == (Stretch(AFTER, 0, None, 0),)


@given(plans)
def test_stretches_follow_one_another_without_a_gap(phases: list[Phase]) -> None:
    stretches = phase_stretches(phases)
    assert stretches[0].start_ns == 0
    assert all(earlier.end_ns == later.start_ns for earlier, later in pairwise(stretches))
    ends = {end for _, end in phase_bounds(phases)} - {0}
    assert [stretch.end_ns for stretch in stretches] == [*sorted(ends), None]
