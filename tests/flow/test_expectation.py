from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import UserFailure
from wavetank.flow.expectation import Memory, compile_expectation
from wavetank.plan.steps import Capture, Expect, JsonSelector, Match, RegexpSelector


class Known(Memory):
    """A user who has these variables, and draws the random numbers of a seed."""

    def __init__(self, variables: dict[str, object], seed: int = 1) -> None:
        self.vars = variables
        self._seed = seed

    def random(self) -> random.Random:
        return random.Random(self._seed)


def accepts(
    expect: Expect, message: str | bytes, variables: dict[str, object] | None = None, *, strict: bool = True
) -> bool:
    compiled = compile_expectation(expect, timeout_s=10, label="step 'x' (s.yml:1)", strict=strict)
    return compiled.accepts(message, Known({} if variables is None else variables))


def match(path: str, value: object, **options: bool) -> Expect:
    return Expect(matches=(Match(selector=JsonSelector(path=path), value=value, **options),))


@pytest.mark.parametrize(
    ("path", "value", "message", "expected"),
    [
        ("$.type", "pong", '{"type":"pong"}', True),
        ("$.type", "pong", b'{"type":"pong"}', True),
        ("$.type", "pong", '{"type":"ping"}', False),
        ("$.type", "pong", "not json", False),
        ("$.type", "pong", '"pong"', False),
        ("$.type", "pong", '[{"type":"pong"}]', False),
        ("$.a.b", "x", '{"a":{"b":"x"}}', True),
        ("$.a.b", "x", '{"a":"b"}', False),
        ("$.a[1]", 2, '{"a":[1,2]}', True),
        ("$..id", 7, '{"a":[{"id":6},{"id":7}]}', True),
        ("$.n", 1, '{"n":1.0}', True),
        ("$.n", 1, '{"n":true}', False),
        ("$.n", True, '{"n":1}', False),
        ("$.n", "1", '{"n":1}', False),
        ("$.n", None, '{"n":null}', True),
        ("$.n", None, "{}", False),
        ("$", "text", '"text"', False),
    ],
)
def test_a_json_match_compares_by_value_and_by_type(
    path: str, value: object, message: str | bytes, expected: bool
) -> None:
    assert accepts(match(path, value), message) is expected


@given(st.text(), st.dictionaries(st.text(), st.integers()))
def test_no_message_of_a_server_can_break_a_match(text: str, body: dict[str, int]) -> None:
    import json

    for expect in (match("$.type", "pong"), match("$..a", 1), match("$.a.b.c", "{{ x }}")):
        assert accepts(expect, text, {"x": "?"}) in (True, False)
        assert accepts(expect, json.dumps(body), {"x": "?"}) in (True, False)
        assert accepts(expect, text.encode("utf-8", "replace"), {"x": "?"}) in (True, False)


def test_the_value_of_a_match_may_be_a_template() -> None:
    expect = match("$.id", "{{ id }}")
    assert accepts(expect, '{"id":7}', {"id": 7})
    assert not accepts(expect, '{"id":"7"}', {"id": 7})
    with pytest.raises(UserFailure, match="undefined_variable"):
        accepts(expect, '{"id":7}', {})


def test_every_match_and_every_capture_must_hold_or_nothing_is_captured() -> None:
    expect = Expect(
        matches=(Match(selector=JsonSelector(path="$.type"), value="joined"),),
        captures=(
            Capture(selector=JsonSelector(path="$.room"), variable="room"),
            Capture(selector=JsonSelector(path="$.token"), variable="token"),
        ),
    )
    variables: dict[str, object] = {}
    assert not accepts(expect, '{"type":"joined","room":"a"}', variables)
    assert not accepts(expect, '{"type":"joined","room":"a","token":""}', variables)
    assert not accepts(expect, '{"type":"left","room":"a","token":"t"}', variables)
    assert variables == {}
    assert accepts(expect, '{"type":"joined","room":"a","token":"t"}', variables)
    assert variables == {"room": "a", "token": "t"}


def test_what_is_not_strict_is_taken_if_it_is_there() -> None:
    expect = Expect(
        matches=(Match(selector=JsonSelector(path="$.type"), value="x", strict=False),),
        captures=(Capture(selector=JsonSelector(path="$.id"), variable="id", strict=False),),
    )
    variables: dict[str, object] = {}
    assert accepts(expect, '{"type":"y"}', variables)
    assert variables == {}
    assert accepts(expect, '{"type":"y","id":0}', variables)
    assert variables == {"id": 0}


def test_of_several_hits_one_is_drawn_unless_the_first_is_asked_for() -> None:
    message = '{"items":[{"id":1},{"id":2},{"id":3}]}'

    def captured(multiple: bool) -> set[object]:
        capture = Capture(selector=JsonSelector(path="$..id", multiple=multiple), variable="id")
        compiled = compile_expectation(Expect(captures=(capture,)), timeout_s=1, label="", strict=True)
        found: set[object] = set()
        for seed in range(40):
            variables: dict[str, object] = {}
            assert compiled.accepts(message, Known(variables, seed))
            found.add(variables["id"])
        return found

    assert captured(multiple=False) == {1}
    assert captured(multiple=True) == {1, 2, 3}


def test_a_regular_expression_captures_a_group_of_a_text() -> None:
    selector = RegexpSelector(pattern=r"^room (?P<name>\w+)", flags="im", group="name")
    expect = Expect(captures=(Capture(selector=selector, variable="room"),))
    variables: dict[str, object] = {}
    assert accepts(expect, "hello\nRoom blue", variables)
    assert variables == {"room": "blue"}
    assert not accepts(expect, "no such thing")
    assert not accepts(expect, b"\xff\xfe")


def test_the_own_timeout_of_a_step_wins_over_the_plans() -> None:
    own = compile_expectation(Expect(timeout_s=0.5), timeout_s=10, label="", strict=True)
    plans = compile_expectation(Expect(), timeout_s=10, label="", strict=True)
    assert (own.timeout_ns, plans.timeout_ns) == (500_000_000, 10_000_000_000)
