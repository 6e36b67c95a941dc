"""A load in a few words: what it makes of a plan, and how mistakes in it are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import Where
from wavetank.flow.python.decorators import scenario
from wavetank.flow.python.user import User
from wavetank.metrics.thresholds import Bound, Threshold, threshold_of
from wavetank.plan.arrivals import duration_s, total_arrivals
from wavetank.plan.load_shape import load_shape, with_phases, with_thresholds
from wavetank.plan.measure import Measure
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Phase, Population, Ramp, Rate
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Connect, Loop, Rendezvous

AT = Where("script.yml", 3)


async def talk(user: User) -> None:
    """A scenario in Python."""


OWN = (Rate(name="steady", duration_s=60, rate=1),)
HELD = load_shape(users=5, duration=10)


def plan(**fields: Any) -> Plan:
    scenarios = (Scenario(name="session", steps=(Connect(where=AT),)),)
    return replace(Plan(name="p", target="ws://x", phases=OWN, scenarios=scenarios), **fields)


@pytest.mark.parametrize(
    ("given", "phase"),
    [
        (
            {"users": 200, "duration": "30s"},
            Population(name="200 users", duration_s=30, start_users=200, end_users=200),
        ),
        ({"users": 1, "duration": 2.5}, Population(name="1 user", duration_s=2.5, start_users=1, end_users=1)),
        ({"users": 1}, Count(name="1 user", duration_s=0.001, count=1)),
        ({"users": 5000}, Count(name="5,000 users", duration_s=5, count=5000)),
        ({"rate": "20", "duration": "1m"}, Rate(name="20 users/s", duration_s=60, rate=20)),
        ({"rate": 0.5, "duration": "1m"}, Rate(name="0.5 users/s", duration_s=60, rate=0.5)),
        ({"rate": "5/s", "duration": 10}, Rate(name="5 users/s", duration_s=10, rate=5)),
        ({"rate": "5:5", "duration": 10}, Rate(name="5 users/s", duration_s=10, rate=5)),
        (
            {"rate": " 0 : 12.5 ", "duration": "1m"},
            Ramp(name="0 to 12.5 users/s", duration_s=60, start_rate=0, end_rate=12.5),
        ),
        (
            {"users": 1000, "rate": "20", "duration": 10},
            Rate(name="20 users/s, 1,000 at once at most", duration_s=10, rate=20, max_users=1000),
        ),
        (
            {"users": 8, "rate": "2:9", "duration": 10},
            Ramp(name="2 to 9 users/s, 8 at once at most", duration_s=10, start_rate=2, end_rate=9, max_users=8),
        ),
    ],
    ids=str,
)
def test_a_load_is_the_phase_that_it_says(given: dict[str, Any], phase: Phase) -> None:
    assert load_shape(**given) == (phase,)


def test_nothing_said_is_no_load() -> None:
    assert load_shape() == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"users": 0}, "0 is not a number of users"),
        ({"users": 2.5}, "2.5 is not a number of users: it must be whole"),
        ({"users": True}, "True is not a number of users"),
        ({"users": 10**10, "duration": 1}, "between 0 and 1,000,000,000"),
        ({"users": 5, "duration": "soon"}, "'soon' is not a duration"),
        ({"users": 5, "duration": -1}, "is negative"),
        ({"users": 5, "duration": "0s"}, "The duration is 0s: a load takes a millisecond at least"),
        ({"users": 5, "duration": 1e-300}, "a load takes a millisecond at least"),
        ({"duration": "30s"}, "A duration needs a number of users, or a rate"),
        ({"rate": "20"}, "A rate needs a duration"),
        ({"rate": "20", "users": 5}, "A rate needs a duration"),
        ({"rate": "fast", "duration": 1}, "'fast' is not a rate: write users per second"),
        ({"rate": "1:2:3", "duration": 1}, "is not a rate"),
        ({"rate": "-5", "duration": 1}, "is not a rate"),
        ({"rate": -5, "duration": 1}, "between 0 and"),
        ({"rate": float("nan"), "duration": 1}, "between 0 and"),
        ({"rate": True, "duration": 1}, "True is not a rate"),
        ({"rate": "0", "duration": 1}, "At 0 users per second nobody arrives within 1s"),
        ({"rate": "0.1", "duration": 5}, "At 0.1 users per second nobody arrives within 5s"),
    ],
    ids=str,
)
def test_what_is_no_load_is_refused_with_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_shape(**given)


whole = st.none() | st.integers(-2, 1000)
words = st.none() | st.floats() | st.text(st.sampled_from("0123456789.:e/s mh-"), max_size=8)


def made_or_refused(*given: Any) -> tuple[tuple[Phase, ...] | None, str]:
    try:
        return load_shape(*given), ""
    except ValueError as error:
        return None, str(error)


@given(whole, words, words)
def test_whatever_is_given_is_a_load_with_users_or_a_sentence(users: Any, rate: Any, duration: Any) -> None:
    phases, refusal = made_or_refused(users, rate, duration)
    assert phases is not None or refusal.endswith(".")
    if phases is None:
        return
    assert bool(phases) == any(each is not None for each in (users, rate, duration))
    for phase in phases:
        assert 0 < duration_s(phases) == pytest.approx(phase.duration_s, abs=1e-9)
        assert isinstance(phase, Population) or duration_s(phases) > 10**4 or total_arrivals(phases) > 0


def test_the_phases_of_a_plan_are_replaced_and_nothing_else() -> None:
    assert with_phases(plan(), HELD) == plan(phases=HELD)
    assert with_phases(plan(), ()) == plan()


@pytest.mark.parametrize(
    ("measure", "stays"),
    [
        (None, True),
        (Measure(from_s=2), True),
        (Measure(from_s=2, to_s=100), True),
        (Measure(from_s=10), False),
        (Measure(phases=("steady",)), False),
    ],
    ids=str,
)
def test_a_part_to_be_measured_stays_only_if_the_new_load_has_it(measure: Measure | None, stays: bool) -> None:
    assert with_phases(plan(measure=measure), HELD).measure == (measure if stays else None)
    assert with_phases(plan(measure=measure), ()).measure == measure


def test_a_rendezvous_does_not_go_with_users_who_are_held() -> None:
    steps = (Loop(where=AT, count=1, steps=(Rendezvous(where=AT),)),)
    meeting = plan(scenarios=(Scenario(name="s", steps=steps),))
    with pytest.raises(ValueError, match="A scenario has a rendezvous"):
        with_phases(meeting, HELD)
    assert with_phases(meeting, load_shape(users=5)).phases == load_shape(users=5)


def test_thresholds_come_after_those_of_the_script() -> None:
    first = Threshold("vusers.failed", Bound("<", 1), where=AT)
    second = threshold_of("websocket.response_time.p95 < 50ms")
    assert with_thresholds(plan(thresholds=(first,)), [second]).thresholds == (first, second)


def test_a_metric_of_the_scripts_own_needs_a_script_that_can_have_one() -> None:
    orders = threshold_of("orders > 10")
    with pytest.raises(ValueError, match="unknown metric 'orders'"):
        with_thresholds(plan(), [orders])
    assert with_thresholds(plan(processor=Path("processor.py")), [orders]).thresholds == (orders,)
    in_python = plan(scenarios=(scenario(talk),))
    assert with_thresholds(in_python, [orders]).thresholds == (orders,)
