from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.expressions import Expression, ExpressionError


def refusal_of(text: str) -> ExpressionError | None:
    try:
        Expression.parse(text)
    except ExpressionError as error:
        return error
    return None


def value(text: str, **values: float) -> Any:
    return Expression.parse(text).evaluate(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("10 / 4", 2.5),
        ("10 % 4", 2),
        ("2 ^ 3", 8),
        ("-2 + 5", 3),
        ("--2", 2),
        ("-2 * -3", 6),
        (".5 + 1.5e1", 15.5),
        ("1 < 2", True),
        ("2 <= 1", False),
        ("1 < 3 <= 3", True),
        ("1 < 3 < 2", False),
        ("1 == 1 and 2 != 2 or 3 > 2", True),
        ("not 1 > 2", True),
        ("not (1 < 2 or 1 > 2)", False),
        ("not not 1 < 2", True),
        ("max(1, 2 + 3, 4) == 5", True),
        ("min(7)", 7),
        ("round(2.6) + abs(-1) + floor(1.9) + ceil(0.1) + sqrt(9)", 9),
        ("a < 5 and b.c >= 2", True),
        (" a ", 3),
    ],
)
def test_expressions_mean_what_they_say(text: str, expected: float) -> None:
    assert value(text, **{"a": 3, "b.c": 2}) == expected


numbers = st.integers(0, 1000)


@given(numbers, numbers, numbers, st.sampled_from("+-*"), st.sampled_from("+-*"))
def test_arithmetic_agrees_with_python(a: int, b: int, c: int, first: str, second: str) -> None:
    text = f"{a} {first} {b} {second} {c}"
    assert value(text) == eval(text)


@given(st.text(st.sampled_from("ab.1-+*/%^()<>=!&|'\" ,andornt_$é\t"), max_size=25))
def test_any_text_is_either_read_or_refused_with_an_explanation(text: str) -> None:
    refusal = refusal_of(text)
    if refusal is not None:
        assert str(refusal)
        assert 1 <= refusal.position <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("websocket.response_time.agent-message.p95 < 5", ["websocket.response_time.agent-message.p95"]),
        ("websocket.messages_sent.step-3 == 3", ["websocket.messages_sent.step-3"]),
        ("websocket.response_time.p99.9 < 5", ["websocket.response_time.p99.9"]),
        ("my-own-metric > 1", ["my-own-metric"]),
        ("vusers.created - vusers.completed < 5", ["vusers.created", "vusers.completed"]),
        ("vusers.created-vusers.completed < 5", ["vusers.created", "vusers.completed"]),
        ("vusers.created-5 < 5", ["vusers.created"]),
        ("vusers.created-(5) < 5", ["vusers.created"]),
        (
            "websocket.response_time.a-b.p95-websocket.response_time.p50 < 1",
            ["websocket.response_time.a-b.p95", "websocket.response_time.p50"],
        ),
        ("'vusers.created_by_name.A user' > \"it's\"", ["vusers.created_by_name.A user", "it's"]),
        ("a < 1 and a > 0", ["a"]),
        ("1 < 2", []),
        ("android > 1 or nothing > 1", ["android", "nothing"]),
    ],
)
def test_the_names_in_an_expression(text: str, names: list[str]) -> None:
    assert list(Expression.parse(text).names) == names


def test_a_minus_without_spaces_subtracts_where_it_stands_between_metrics() -> None:
    assert value("vusers.created-vusers.completed-2", **{"vusers.created": 9, "vusers.completed": 4}) == 3


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("1 +", 4, "ends at position 4"),
        ("(1", 3, "'\\)' is missing"),
        ("1 2", 3, "expected an operator"),
        ("a = 1", 3, "write '=='"),
        ("a && b", 3, "write 'and'"),
        ("!a", 1, "write 'not'"),
        ("a < # 3", 5, "cannot read '# 3'"),
        ("1 < 5ms", 5, "cannot read"),
        ("'unended", 1, "cannot read"),
        ("and 1", 1, "expected a number"),
        ("evil(1)", 1, "no function 'evil'"),
        ("sqrt(1, 2)", 7, "expected '\\)'"),
        ("a == ()", 7, "expected a number"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, position: int, said: str) -> None:
    with pytest.raises(ExpressionError, match=said) as caught:
        Expression.parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize("text", ["(" * 5000, "-" * 5000 + "1", "not " * 5000 + "1", "max(" * 5000])
def test_endless_nesting_is_refused_and_does_not_exhaust_the_stack(text: str) -> None:
    with pytest.raises(ExpressionError, match="nested more than 30 deep"):
        Expression.parse(text)


def test_long_chains_are_no_nesting() -> None:
    assert value(" + ".join(["1"] * 5000)) == 5000
    assert value(" and ".join(["1 < 2"] * 5000)) is True
    assert value("-".join(["vusers.created"] * 5000), **{"vusers.created": 1}) == -4998


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "no value"),
        ("sqrt(-1)", "no value"),
        ("10 ^ 400", "no value"),
        ("0 ^ -1", "no value"),
    ],
)
def test_arithmetic_without_a_result_says_so(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        value(text)
