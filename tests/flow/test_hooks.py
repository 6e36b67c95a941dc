from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.actor import lived
from wavetank.errors import Where
from wavetank.flow.mistake import Mistake, mistake_in
from wavetank.plan.steps import Function

HERE = Where("s.yml", 2)


@pytest.fixture
def processor(tmp_path: Path) -> Path:
    return tmp_path / "processor.py"


def test_a_function_sees_the_user_and_keeps_what_it_sets(processor: Path) -> None:
    processor.write_text(
        "def first(context, events):\n"
        "    context.vars['name'] = context.scenario['name'] + str(context.random.randrange(1))\n"
        "async def second(context):\n"
        "    context.ws.send({'type': 'hello', 'name': context.vars['name']})\n"
        "    context.ws.send('text', name='plain')\n"
        "    context.ws.send(b'bytes')\n"
        "    context.vars['at'] = round(context.now_ms())\n"
        "def third(context, events, done):\n"
        "    events.emit('counter', 'greeted')\n"
        "    events.emit('customStat', 'old', 2)\n"
        "    events.emit('histogram', 'took', 1.5)\n"
        "    done()\n"
    )
    actor = lived(*(Function(where=HERE, name=name) for name in ("first", "second", "third")), processor=processor)
    assert actor.vars["name"] == "scenario0"
    assert actor.vars["at"] == 1000
    assert actor.done == [
        ("transmit", "hello", b'{"type":"hello","name":"scenario0"}', True),
        ("transmit", "plain", b"text", True),
        ("transmit", "function", b"bytes", False),
        ("emit", "counter", "greeted", 1),
        ("emit", "counter", "old", 2),
        ("emit", "histogram", "took", 1.5),
    ]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_exception_of_a_function_fails_the_user_with_its_type_place_and_words(processor: Path, kind: str) -> None:
    processor.write_text(f"{kind} broken(context, events):\n    return context.vars['missing']\n")
    with pytest.raises(KeyError) as error:
        lived(Function(where=HERE, name="broken"), processor=processor)
    assert mistake_in(error.value) == Mistake(
        "KeyError at processor.py:2", "broken() raised KeyError: 'missing'", "processor.py:2"
    )


def test_a_step_after_a_function_is_planned_for_when_the_function_ended(processor: Path) -> None:
    processor.write_text("def quick(context):\n    pass\nasync def slow(context):\n    pass\n")
    assert lived(Function(where=HERE, name="quick"), processor=processor).planned_at > 0
    assert lived(Function(where=HERE, name="slow"), processor=processor).planned_at > 0
