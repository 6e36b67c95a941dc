"""`measure`: the part of the run that figures are about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.plan.measure import Measure

SEND = {"send": "x"}
PHASES = [
    {"name": "warm-up", "duration": 10, "arrivalRate": 1},
    {"name": "burst", "duration": 0, "arrivalCount": 5},
    {"name": "steady", "duration": 50, "arrivalRate": 5},
]


def script(measure: object) -> dict[str, Any]:
    return script_of(SEND, phases=PHASES, measure=measure)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ({"from": "10s", "to": "1min"}, Measure(from_s=10, to_s=60)),
        ({"from": 2.5}, Measure(from_s=2.5)),
        ({"to": "500ms"}, Measure(to_s=0.5)),
        ({"phase": "steady"}, Measure(phases=("steady",))),
        ({"phases": ["steady", "warm-up", "steady"]}, Measure(phases=("steady", "warm-up"))),
    ],
)
def test_a_part_is_given_by_times_or_by_names_of_phases(read: Read, measure: object, expected: Measure) -> None:
    reading = read(script(measure))
    assert reading.plan.measure == expected
    assert [each.message for each in reading.warnings if "measure" in each.message] == [
        "Artillery does not know 'measure' in config; it is ours"
    ]


def test_without_it_the_whole_run_is_measured(read: Read) -> None:
    assert read(script_of(SEND)).plan.measure is None


@pytest.mark.parametrize(
    ("measure", "problem"),
    [
        ({"phase": "stedy"}, "unknown phase 'stedy' in 'measure' (did you mean 'steady'?)"),
        ({"phases": ["steady", "x"]}, "unknown phase 'x' in 'measure' (known: burst, steady and warm-up)"),
        ({"phase": "burst"}, "the phase 'burst' has a duration of 0, in which nothing can be measured (give from)"),
        ({"phases": []}, "'phases' of 'measure' is empty (name a phase)"),
        ({"phases": [{}]}, "'measure' takes names of phases, and a map is none"),
        ({"phases": "steady"}, "'phases' of 'measure' must be a list, not the text 'steady'"),
        ({"from": 5, "to": 5}, "'measure' ends at 5s, which is not after its begin at 5s (both count from"),
        ({"to": 0}, "'measure' ends at 0s, which is not after its begin at 0s"),
        ({"from": "soon"}, "'from' of 'measure' must be a duration"),
        ({"from": 1, "phase": "steady"}, "from and phase stand in one 'measure' (give from and to, phase, or phases)"),
        ({"phase": "a", "phases": ["b"]}, "phase and phases stand in one 'measure'"),
        ({}, "'measure' does not say what is measured (give from and to, phase, or phases)"),
        ({"form": 3}, "unknown key 'form' in 'measure' (did you mean 'from'?)"),
        ("steady", "'measure' must be a map, not the text 'steady'"),
    ],
)
def test_a_mistake_is_told_at_its_line(problems: Problems, measure: object, problem: str) -> None:
    found = problems(script(measure))
    assert found[0].startswith("script.yml:1: ")
    assert problem in found[0]


@pytest.mark.parametrize(
    ("measure", "warning"),
    [
        ({"from": 60}, "'measure' begins at 1m, and the last phase ends at 1m: there may be nothing left to measure"),
        (
            {"from": 10, "to": 61},
            "'measure' ends at 1m 1s, and the last phase ends at 1m: what users still do after it is measured too",
        ),
    ],
)
def test_measuring_beyond_the_last_phase_is_worth_a_look(read: Read, measure: object, warning: str) -> None:
    assert warning in [each.message for each in read(script(measure)).warnings]


def test_phases_that_cannot_be_are_told_without_a_second_complaint(problems: Problems) -> None:
    endless = [{"name": "x", "duration": "200y", "arrivalRate": 1}]
    found = problems(script_of(SEND, phases=endless, measure={"from": 1}))
    assert len(found) == 1
    assert "longer than a century" in found[0]
