from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.actor import lived
from wavetank.errors import UserFailure, Where
from wavetank.plan.steps import Log, Loop, Pace, Send, Think

HERE = Where("s.yml", 9)
SAY = Log(where=HERE, text="{{ $loopCount }}")


def said(*steps: Loop, **options: object) -> list[str]:
    return [entry[1] for entry in lived(*steps, **options).done if entry[0] == "log"]  # type: ignore[arg-type]


def test_a_count_loop_counts_from_its_first_number() -> None:
    assert said(Loop(where=HERE, steps=(SAY,), count=3)) == ["0", "1", "2"]
    assert said(Loop(where=HERE, steps=(SAY,), count=3, first=5)) == ["5", "6", "7"]
    assert said(Loop(where=HERE, steps=(SAY,), count=0)) == []


def test_a_count_may_be_a_template_and_must_be_a_number() -> None:
    assert said(Loop(where=HERE, steps=(SAY,), count="{{ n }}"), variables={"n": "2"}) == ["0", "1"]
    with pytest.raises(UserFailure, match=r"bad_count.*'many'.*s\.yml:9"):
        said(Loop(where=HERE, steps=(SAY,), count="{{ n }}"), variables={"n": "many"})


def test_over_goes_through_a_list_or_the_variable_that_holds_one() -> None:
    say = Log(where=HERE, text="{{ $loopCount }}={{ $loopElement }}")
    assert said(Loop(where=HERE, steps=(say,), over=("a", "b"))) == ["0=a", "1=b"]
    assert said(Loop(where=HERE, steps=(say,), over="rooms"), variables={"rooms": ["x"]}) == ["0=x"]
    assert said(Loop(where=HERE, steps=(say,), over="rooms"), variables={"rooms": "not a list"}) == []


def test_names_of_the_loop_variables_can_be_chosen() -> None:
    say = Log(where=HERE, text="{{ i }}={{ room }}")
    loop = Loop(where=HERE, steps=(say,), over=("a",), value_name="i", element_name="room")
    assert said(loop) == ["0=a"]


@pytest.mark.parametrize(
    "source",
    [
        "def more(context, done):\n    done(context.vars['$loopCount'] < 2)\n",
        "def more(context, events):\n    return context.vars['$loopCount'] < 2\n",
        "async def more(context):\n    return context.vars['$loopCount'] < 2\n",
    ],
    ids=["done", "return", "async"],
)
def test_while_true_asks_after_each_round(tmp_path: Path, source: str) -> None:
    processor = tmp_path / "p.py"
    processor.write_text(source)
    assert said(Loop(where=HERE, steps=(SAY,), while_true="more"), processor=processor) == ["0", "1", "2"]


def test_an_endless_loop_goes_on_while_it_may_and_lets_others_run() -> None:
    actor = lived(Loop(where=HERE, steps=(SAY,)), continues=3)
    assert actor.done == [("log", "0"), ("pause",), ("log", "1"), ("pause",), ("log", "2"), ("pause",)]


def test_a_loop_whose_body_waits_lets_others_run_by_that_alone() -> None:
    actor = lived(Loop(where=HERE, steps=(Think(where=HERE, duration=1),)), continues=2)
    assert [kind for kind, *_ in actor.done] == ["think", "think"]


def test_loops_nest() -> None:
    inner = Loop(where=HERE, steps=(Log(where=HERE, text="{{ i }}{{ j }}"),), count=2, value_name="j")
    assert said(Loop(where=HERE, steps=(inner,), count=2, value_name="i")) == ["00", "01", "10", "11"]


def test_a_paced_loop_plans_its_rounds_by_the_schedule_alone() -> None:
    """The actor's thinks move nobody's clock, so the schedule is seen as it was planned."""
    step = Pace(where=HERE, steps=(Send(where=HERE, payload="x", encoding="text", name="m"),), count=3, interval_s=3600)
    actor = lived(Think(where=HERE, duration=0.5), step)
    rounds = [entry[1] for entry in actor.done if entry[0] == "round"]
    assert [later - rounds[0] for later in rounds] == [0, 3600 * 10**9, 2 * 3600 * 10**9]
    assert sum(entry[0] == "transmit" for entry in actor.done) == 3
