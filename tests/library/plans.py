"""Small plans for the tests of the library: users who ping the reference target."""

from __future__ import annotations

from wavetank.errors import Where
from wavetank.plan.model import Plan
from wavetank.plan.phases import Count, Phase, Population
from wavetank.plan.scenario import Scenario
from wavetank.plan.steps import Close, Connect, Expect, JsonSelector, Log, Loop, Match, Send, Step, Think

WHERE = Where("plans.py", 1)
PONG = Match(selector=JsonSelector(path="$.type"), value="pong")


def pings(count: int = 5, every_s: float = 0.01, *steps: Step) -> Scenario:
    """A user who sends so many pings, each answered by a pong."""
    ping = Send(
        where=WHERE,
        payload={"type": "ping"},
        encoding="json",
        name="ping",
        expect=Expect(matches=(PONG,), timeout_s=5),
    )
    think = Think(where=WHERE, duration=every_s)
    return Scenario(
        name="pings",
        steps=(
            Connect(where=WHERE),
            *steps,
            Loop(where=WHERE, count=count, steps=(ping, think)),
            Close(where=WHERE),
        ),
    )


def a_plan(url: str, *phases: Phase, scenario: Scenario | None = None) -> Plan:
    """Ten users, if nothing else is said."""
    return Plan(
        name="pings",
        target=f"{url}/ws",
        phases=phases or (Count(name="ten", duration_s=0.1, count=10),),
        scenarios=(scenario or pings(),),
        seed=3,
    )


def an_endless_plan(url: str) -> Plan:
    """Ten users who stay for an hour."""
    phase = Population(name="all day", duration_s=3600, start_users=10, end_users=10)
    return a_plan(url, phase, scenario=pings(1_000_000, 0.05))


def a_talkative_user(text: str) -> Scenario:
    """It logs a line, and pings once."""
    return pings(1, 0.0, Log(where=WHERE, text=text))
