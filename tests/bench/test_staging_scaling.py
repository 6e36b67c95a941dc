"""The YMERA plan, scaled."""

from __future__ import annotations

import pytest
from bench.staging.scaling import Scale, with_rounds
from hypothesis import given, settings
from hypothesis import strategies as st

from wavetank.plan.arrivals import duration_s, total_arrivals
from wavetank.plan.forecast import session_seconds
from wavetank.plan.phases import Ramp, Rate


def rates(scale: Scale) -> list[float]:
    found = []
    for phase in scale.plan().phases:
        assert isinstance(phase, Ramp | Rate)
        found.append(phase.start_rate if isinstance(phase, Ramp) else phase.rate)
    return found


def test_a_third_in_length_leaves_the_rates_and_the_sessions() -> None:
    whole, third = Scale(100, shorten=1).plan(), Scale(100, shorten=3).plan()
    assert duration_s(whole.phases) == 2640
    assert duration_s(third.phases) == 880
    assert rates(Scale(100, shorten=3)) == [10, 100, 1000, 1000, 2000]
    assert third.scenarios == whole.scenarios
    assert third.thresholds == whole.thresholds


@settings(max_examples=10, deadline=None)
@given(st.integers(min_value=1, max_value=10))
def test_a_share_of_the_rates_is_that_share_of_the_users(tenth: int) -> None:
    scaled, whole = Scale(10 * tenth).plan(), Scale(100).plan()
    assert total_arrivals(scaled.phases) == pytest.approx(
        total_arrivals(whole.phases) * tenth / 10, abs=len(whole.phases)
    )


def test_the_last_arrivals_and_the_names_of_the_phases_stay() -> None:
    scaled, whole = Scale(30).plan(), Scale(100, shorten=1).plan()
    assert [phase.name for phase in scaled.phases] == [phase.name for phase in whole.phases]


def test_rounds_make_sessions_short_for_a_quick_proof() -> None:
    (scenario,) = Scale(100, rounds=1).plan().scenarios
    assert session_seconds(scenario.steps) == 15
    (scenario,) = Scale(100).plan().scenarios
    assert session_seconds(scenario.steps) == 167


def test_only_loops_get_rounds() -> None:
    steps = [{"send": {"count": 3}}, {"loop": [{"think": 1}, {"loop": [], "count": 4}], "count": 20}]
    changed = with_rounds(steps, 2)
    assert changed == [{"send": {"count": 3}}, {"loop": [{"think": 1}, {"loop": [], "count": 2}], "count": 2}]


def test_what_a_server_asks_of_the_configuration_stands_beside_the_phases() -> None:
    config = Scale(10).overrides({"config": {"ws": {"localAddress": "127.16.0.0/12"}}})["config"]
    assert config["ws"] == {"localAddress": "127.16.0.0/12"}
    assert config["phases"] == Scale(10).overrides()["config"]["phases"]
