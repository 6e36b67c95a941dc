"""`config.phases`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate

SEND = {"send": "x"}


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ({"duration": 60, "arrivalRate": 10}, Rate(name="phase 1", duration_s=60, rate=10)),
        ({"duration": "5m", "arrivalRate": "2.5"}, Rate(name="phase 1", duration_s=300, rate=2.5)),
        (
            {"duration": 1, "arrivalRate": 1, "mode": "poisson"},
            Rate(name="phase 1", duration_s=1, rate=1, poisson=True),
        ),
        (
            {"name": "Peak", "duration": 9, "arrivalRate": 1, "rampTo": 5, "maxVusers": 7},
            Ramp(name="Peak", duration_s=9, start_rate=1, end_rate=5, max_users=7),
        ),
        ({"duration": 9, "rampTo": 5}, Ramp(name="phase 1", duration_s=9, start_rate=0, end_rate=5)),
        ({"duration": 9, "arrivalRate": 0, "rampTo": 5}, Ramp(name="phase 1", duration_s=9, start_rate=0, end_rate=5)),
        ({"duration": 9, "arrivalCount": 5}, Count(name="phase 1", duration_s=9, count=5)),
        ({"duration": 0, "arrivalCount": 5}, Count(name="phase 1", duration_s=0, count=5)),
        ({"pause": 9}, Pause(name="phase 1", duration_s=9)),
        ({"duration": 9, "arrivalRate": 0}, Pause(name="phase 1", duration_s=9)),
        ({"duration": 9, "users": 5}, Population(name="phase 1", duration_s=9, start_users=5, end_users=5)),
        ({"duration": 9, "rampUsersTo": 5}, Population(name="phase 1", duration_s=9, start_users=0, end_users=5)),
        (
            {"duration": 9, "users": 2, "rampUsersTo": 5},
            Population(name="phase 1", duration_s=9, start_users=2, end_users=5),
        ),
    ],
)
def test_a_phase_has_the_load_shape_that_its_keys_ask_for(read: Read, phase: Any, expected: Phase) -> None:
    assert read(script_of(SEND, phases=[phase])).plan.phases == (expected,)


@pytest.mark.parametrize("phases", [{}, {"phases": []}, {"phases": None}])
def test_without_phases_one_user_arrives_within_a_second(read: Read, phases: Any) -> None:
    assert read(script_of(SEND, **phases)).plan.phases == (Count(name="phase 1", duration_s=1, count=1),)


def test_config_mode_counts_for_plain_rates_that_have_none_of_their_own(read: Read) -> None:
    own = {"duration": 1, "arrivalRate": 1, "mode": "uniform"}
    phases = [{"duration": 1, "arrivalRate": 1}, own, {"duration": 1, "rampTo": 4}]
    plan = read(script_of(SEND, phases=phases, mode="poisson")).plan
    assert [getattr(phase, "poisson", None) for phase in plan.phases] == [True, False, None]


@pytest.mark.parametrize(
    ("phase", "problem"),
    [
        ({"duration": 1, "arrivalRate": 1, "arrivalCount": 1}, "arrivalCount and arrivalRate stand in one phase"),
        ({"duration": 1, "arrivalRate": 1, "pause": 1}, "pause and arrivalRate stand in one phase"),
        ({"duration": 1, "users": 1, "rampTo": 1}, "users and rampTo stand in one phase"),
        ({"duration": 1}, "the phase does not say who arrives"),
        ({"arrivalRate": 1}, "the phase has no duration"),
        ({"arrivalRate": 1, "duration": 0}, "the phase has a duration of 0"),
        ({"arrivalRate": "many", "duration": 1}, "'arrivalRate' of the phase must be a number"),
        ({"arrivalRate": True, "duration": 1}, "'arrivalRate' of the phase must be a number of at least 0, not true"),
        ({"arrivalCount": 1.5, "duration": 1}, "'arrivalCount' of the phase must be a whole number"),
        ({"arrivalRate": 1, "duration": "1 fortnight"}, "'duration' of the phase must be a duration"),
        ({"arrivalRate": 1, "duration": 1, "maxVusers": 0}, "'maxVusers' of the phase must be a whole number"),
        ({"arrivalRate": 1, "duration": 1, "mode": "random"}, "'mode' of the phase must be uniform or poisson"),
        ({"users": 1, "duration": 1, "maxVusers": 5}, "maxVusers has no meaning beside users"),
        (
            {"arrivalrate": 1, "duration": 1, "pause": 1},
            "unknown key 'arrivalrate' in the phase (did you mean 'arrivalRate'?",
        ),
        (None, "the phase is empty"),
        ("fast", "the phase must be a map, not the text 'fast'"),
        ({"arrivalRate": 1, "duration": "9000 years"}, "The plan lasts longer than a century"),
    ],
)
def test_a_mistake_in_a_phase_is_one_problem(problems: Problems, phase: Any, problem: str) -> None:
    found = problems(script_of(SEND, phases=[phase]))
    assert len(found) == 1, found
    assert problem in found[0]


@pytest.mark.parametrize(
    ("phase", "warning"),
    [
        ({"duration": 1, "arrivalRate": 0}, "Artillery skips a phase with arrivalRate 0"),
        ({"duration": 1.5, "arrivalRate": 1}, "Artillery takes no fractions of a second"),
        ({"duration": "1.5", "arrivalRate": 1}, "Artillery reads the text '1.5' as milliseconds"),
        ({"duration": 1, "arrivalRate": 1, "maxVusers": 3}, "Artillery splits maxVusers over its workers"),
        ({"duration": 1, "users": 3}, "Artillery does not know 'users'"),
        ({"duration": 1, "arrivalCount": 3, "mode": "poisson"}, "'mode' is only read in a phase with a plain"),
    ],
)
def test_a_phase_that_artillery_runs_otherwise_is_warned_of(read: Read, phase: Any, warning: str) -> None:
    warnings = read(script_of(SEND, phases=[phase])).warnings
    assert len(warnings) == 1
    assert warning in warnings[0].message


def test_a_rendezvous_beside_a_held_population_is_a_mistake(problems: Problems) -> None:
    script = script_of({"rendezvous": {}}, phases=[{"duration": 1, "users": 5}])
    assert problems(script) == [
        "script.yml:1: 'rendezvous' cannot know how many users a held population has (use arrivalCount)"
    ]
