"""What a plan asks for."""

from __future__ import annotations

import pytest

from wavetank.errors import Where
from wavetank.plan.forecast import forecast, session_seconds
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate
from wavetank.plan.steps import Expect, Loop, Pace, Send, Step, Think

AT = Where("s")


def think(duration: float | str) -> Think:
    return Think(where=AT, duration=duration)


def plan(*phases: Phase, session_s: float = 10) -> Plan:
    scenario = Scenario(name="s", steps=(think(session_s),))
    return Plan(name="p", target="ws://h", phases=phases, scenarios=(scenario,))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (think(2.5), 2.5),
        (think("500ms"), 0.5),
        (think("{{ pause }}"), 0),
        (Loop(where=AT, steps=(think(2), think(1)), count=20), 60),
        (Loop(where=AT, steps=(think(2),), over=(1, 2, 3)), 6),
        (Loop(where=AT, steps=(think(2),), over="names"), 0),
        (Loop(where=AT, steps=(think(2),), while_true="more"), 2),
        (Loop(where=AT, steps=(think(2),), count="{{ n }}"), 0),
        (Pace(where=AT, steps=(think(0.1),), count=20, interval_s=0.5), 10),
        (Pace(where=AT, steps=(think(1),), count=20, interval_s=0.5), 20),
    ],
)
def test_a_session_takes_what_its_steps_take_by_themselves(step: Step, expected: float) -> None:
    assert session_seconds([step]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("phases", "peak_users", "peak_rate"),
    [
        ((Rate(name="r", duration_s=100, rate=5),), 50, 5),
        ((Rate(name="r", duration_s=4, rate=5),), 20, 5),
        ((Rate(name="r", duration_s=100, rate=5, max_users=30),), 30, 5),
        ((Ramp(name="r", duration_s=100, start_rate=0, end_rate=10),), 95, 10),
        ((Count(name="c", duration_s=0, count=70),), 70, 70),
        ((Count(name="c", duration_s=35, count=70),), 20, 2),
        ((Population(name="p", duration_s=60, start_users=5, end_users=25),), 25, 0),
        ((Pause(name="p", duration_s=60),), 0, 0),
        ((Rate(name="a", duration_s=5, rate=4), Count(name="b", duration_s=0, count=9)), 29, 9),
        ((), 0, 0),
    ],
)
def test_the_peak_is_that_of_all_who_are_there_at_once(
    phases: tuple[Phase, ...], peak_users: int, peak_rate: float
) -> None:
    planned = forecast(plan(*phases))
    assert planned.peak_users == peak_users
    assert planned.peak_rate == peak_rate


def test_scenarios_count_by_their_weight() -> None:
    scenarios = (
        Scenario(name="long", steps=(think(30),), weight=1),
        Scenario(name="short", steps=(think(10),), weight=3),
    )
    planned = forecast(
        Plan(name="p", target="ws://h", phases=(Rate(name="r", duration_s=100, rate=4),), scenarios=scenarios)
    )
    assert planned.session_s == 15
    assert planned.peak_users == 60
    assert planned.users == 400


PING = Send(where=AT, payload="ping", encoding="text", name="ping", expect=Expect())


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((PING, think(5)), 20 / 5),
        ((Loop(where=AT, steps=(PING, think(2)), count=10), think(5)), 20 * 10 / 25),
        ((Pace(where=AT, steps=(PING,), count=10, interval_s=0.5),), 20 * 10 / 5),
        ((Loop(where=AT, steps=(PING, think(2))),), 20 / 2),
        ((PING,), float("inf")),
        ((think(5),), 0),
        ((Send(where=AT, payload="x", encoding="text", name="x"), think(5)), 0),
    ],
)
def test_the_replies_asked_for_are_those_of_the_users_at_the_peak(steps: tuple[Step, ...], expected: float) -> None:
    made = Plan(
        name="p",
        target="ws://h",
        phases=(Count(name="c", duration_s=0, count=20),),
        scenarios=(Scenario(name="s", steps=steps),),
    )
    assert forecast(made).peak_replies_per_s == pytest.approx(expected)


def test_a_plan_without_users_asks_for_nothing() -> None:
    made = Plan(name="p", target="ws://h", phases=(), scenarios=(Scenario(name="s", steps=(PING,)),))
    assert forecast(made).peak_replies_per_s == 0


def test_users_who_go_on_until_arrivals_end_are_all_there_at_the_end() -> None:
    endless = Scenario(name="s", steps=(Loop(where=AT, steps=(think(1),)),))
    held = Plan(name="p", target="ws://h", phases=(Rate(name="r", duration_s=100, rate=5),), scenarios=(endless,))
    assert forecast(held).peak_users == 500
    assert forecast(held).session_s == 100
