from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from tests.report.summaries import a_plan
from wavetank.plan.outline import Outline
from wavetank.plan.pushes import PushRules


def test_the_outline_of_a_plan_survives_json() -> None:
    outline = Outline.of(replace(a_plan(), push=PushRules(matches=(), clock="server")))
    assert Outline.from_dict(orjson.loads(orjson.dumps(outline.to_dict()))) == outline
    assert (outline.phases, outline.planned_s, outline.seed) == (2, 15.0, 7)
    assert outline.push_clock == "server"


def test_a_message_is_answered_only_if_every_send_of_its_name_expects_a_reply() -> None:
    plan = a_plan()
    assert Outline.of(plan).answered == ("agent_message", "subscribe")
    (scenario,) = plan.scenarios
    silent = replace(scenario.steps[1], expect=None)  # type: ignore[call-arg]  # this step is a send
    plan = replace(plan, scenarios=(replace(scenario, steps=(*scenario.steps, silent)),))
    assert Outline.of(plan).answered == ("agent_message",)


@pytest.mark.parametrize("entry", [{"push_clock": "mine"}, {"phases": None}, {"answered": 3}, {"seed": "x"}])
def test_what_is_no_outline_is_told(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Outline.from_dict(Outline.of(a_plan()).to_dict() | entry)
    with pytest.raises(ValueError, match="not the outline of a plan"):
        Outline.from_dict({})
