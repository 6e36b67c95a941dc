from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import UserFailure
from wavetank.plan.template import Template, TemplateError, compile_json, compile_template, text_of

VARIABLES: dict[str, object] = {
    "name": "Ada",
    "number": 7,
    "whole": 1.0,
    "half": 0.5,
    "yes": True,
    "nothing": None,
    "empty": "",
    "list": ["a", {"c": 3, "d e": [10, 20]}],
    "user": {"id": 5, "first-name": "Ada", "0": "zero", "tags": ("x", "y")},
    "numbered": {1: "one"},
    "braces": "{{ name }}",
    "a.b": "dotted",
    "first name": "Grace",
    "$env": {"HOME": "/home/ada"},
    "$loopCount": 3,
}


def no_random() -> NoReturn:
    raise AssertionError("this template draws no random numbers")


def render(value: object, variables: Mapping[str, object] = VARIABLES, *, strict: bool = True) -> Any:
    return compile_template(value, strict=strict).render(variables, no_random)


def drawn(value: object, variables: Mapping[str, object] = VARIABLES) -> Any:
    generator = random.Random(5)
    return compile_template(value).render(variables, lambda: generator)


@pytest.mark.parametrize("name", ["number", "whole", "yes", "nothing", "empty", "list", "user"])
def test_a_text_that_is_one_variable_keeps_the_type_of_its_value(name: str) -> None:
    assert render(f"{{{{ {name} }}}}") is VARIABLES[name]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("hello {{ name }}!", "hello Ada!"),
        ("{{name}}{{ number }}", "Ada7"),
        ("{{{ name }}}", "Ada"),
        ("<{{{name}}}>", "<Ada>"),
        (" {{ number }}", " 7"),
        ("n={{ whole }} h={{ half }} y={{ yes }} z={{ nothing }} e={{ empty }}", "n=1 h=0.5 y=true z=null e="),
        ("{{ list }} {{ user.tags }}", '["a",{"c":3,"d e":[10,20]}] ["x","y"]'),
        ("}} {{ name }} }}", "}} Ada }}"),
    ],
)
def test_within_a_text_values_are_written_as_javascript_writes_them(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"a":{"b":{{ number }}}}', '{"a":{"b":7}}'),
        ('{"a":{{{ number }}', '{"a":{7'),
        ('{"a":{{ number }}}', '{"a":7}'),
    ],
)
def test_the_braces_of_json_beside_a_placeholder_are_left_alone(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("list[0]", "a"),
        ("list[1].c", 3),
        ("list.1.c", 3),
        ("list[1]['d e'][1]", 20),
        ('list[1]["d e"].0', 10),
        ("list.length", 2),
        ("name.length", 3),
        ("name[1]", "d"),
        ("user.first-name", "Ada"),
        ("user[0]", "zero"),
        ("user[id]", 5),
        ("['user'].id", 5),
        ("numbered[1]", "one"),
        ("a.b", "dotted"),
        ("first name", "Grace"),
        ("$env.HOME", "/home/ada"),
        ("$loopCount", 3),
        ("\n user . id\n", 5),
    ],
)
def test_paths_are_read_as_lodash_reads_them(path: str, value: object) -> None:
    assert render("{{ " + path + " }}") == value


@pytest.mark.parametrize(
    "path", ["missing", "missing.x", "user.missing", "user.id.x", "list[2]", "list[9999999999999999999999]", "list.x"]
)
def test_a_missing_variable_is_a_failure_that_names_it(path: str) -> None:
    with pytest.raises(UserFailure, match=rf"The variable {path.replace('[', '.').replace(']', '.')} is not") as caught:
        render("value: {{ " + path + " }}")
    assert caught.value.kind == "undefined_variable"


def test_where_templates_are_not_strict_a_missing_variable_is_undefined() -> None:
    assert render("value: {{ missing.x }} {{ user.y }}", strict=False) == "value: undefined undefined"
    assert render("{{ missing }}", strict=False) is None
    assert render({"a": ["{{ missing }}"]}, strict=False) == {"a": [None]}
    assert compile_json({"a": "{{ missing }}"}, strict=False).render({}, no_random) == b'{"a":null}'


def test_values_are_never_expanded_twice() -> None:
    assert render("{{ braces }}") == "{{ name }}"
    assert render("<{{ braces }}>") == "<{{ name }}>"


def test_template_expands_a_value_once_and_no_further() -> None:
    assert render("<{{ $template(braces) }}>") == "<Ada>"
    assert render("{{ $template(number) }}") == "7"
    with pytest.raises(UserFailure, match="must not call"):
        render("{{ $template(x) }}", {"x": "{{ $template(x) }}"})
    with pytest.raises(UserFailure, match="is no template: The placeholder"):
        render("{{ $template(x) }}", {"x": "{{ oh"})


def test_maps_and_lists_are_rendered_to_any_depth_keys_included_and_in_order() -> None:
    value = {"z": 1, "{{ name }}": [{"{{ number }}": "{{ number }}"}, ("{{ half }}", 2)], "a": None, 3: "{{ name }}"}
    rendered = render(value)
    assert rendered == {"z": 1, "Ada": [{"7": 7}, [0.5, 2]], "a": None, 3: "Ada"}
    assert list(rendered) == ["z", "Ada", "a", 3]


@pytest.mark.parametrize("value", ["text", 5, None, True, b"{{ name }}", [1, ["}}"]], {"a": {}}, (), object()])
def test_a_constant_gives_the_value_itself(value: object) -> None:
    template = compile_template(value)
    assert template.constant
    assert template.names == frozenset()
    assert template.render({}, no_random) is value


def test_rendering_leaves_the_template_as_it_was() -> None:
    template = compile_template({"a": ["{{ number }}"], "b": {"c": "{{ number }}"}})
    assert not template.constant
    first = template.render({"number": 1}, no_random)
    assert template.render({"number": 2}, no_random) == {"a": [2], "b": {"c": 2}}
    assert first == {"a": [1], "b": {"c": 1}}


def test_the_variables_that_a_template_reads_are_known() -> None:
    value = {"{{ key }}": ["{{ user.id }} {{ list[0] }}", "{{ $randomNumber(low, 9) }}", "{{ $env.X }}", "{{['q'].r}}"]}
    names = {"key", "user", "list", "low", "$env", "q"}
    assert compile_template(value).names == compile_json(value).names == names


def test_random_numbers_include_both_bounds_and_are_text() -> None:
    template = compile_template("{{ $randomNumber(1, 3) }}")
    generator = random.Random(1)
    assert {template.render({}, lambda: generator) for _ in range(200)} == {"1", "2", "3"}
    assert {drawn("{{$randomNumber(-2,-2)}}"), drawn("{{ $randomNumber( 9 , 9 ) }}")} == {"-2", "9"}


@pytest.mark.parametrize(
    ("call", "low", "high"),
    [("()", 0, 1), ("(5)", 0, 5), ("(9, 2)", 2, 9), ("(number, 9)", 7, 9), (f"(0, {2**70})", 0, 2**70)],
)
def test_bounds_of_random_numbers_mean_what_they_mean_in_lodash(call: str, low: int, high: int) -> None:
    for _ in range(20):
        assert low <= int(drawn("{{ $randomNumber" + call + " }}")) <= high


def test_random_strings_have_ten_letters_and_digits_unless_told_otherwise() -> None:
    assert len(drawn("{{ $randomString() }}")) == 10
    assert len(drawn("x{{ $randomString(number) }}")) == 8
    assert drawn("{{ $randomString(0) }}") == ""
    assert drawn("{{ $randomString(500) }}").isalnum()
    assert drawn("{{ $randomString(500) }}").isascii()


def test_each_rendering_draws_anew_from_the_users_own_generator() -> None:
    template = compile_template("{{ $randomString(8) }}")
    first, second = random.Random(1), random.Random(1)
    ours = [template.render({}, lambda: first) for _ in range(3)]
    assert len(set(ours)) == 3
    assert ours == [template.render({}, lambda: second) for _ in range(3)]


def test_an_argument_that_is_no_number_fails_the_user() -> None:
    with pytest.raises(UserFailure, match="needs a whole number") as caught:
        drawn("{{ $randomNumber(name, 5) }}")
    assert caught.value.kind == "bad_template_argument"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ name", "is not closed"),
        ("{{ name }", "is not closed"),
        ("ok {{ name }} {{", "is not closed"),
        ("{{ {a} }}", "is not closed by }}, or has braces in it"),
        ("{{ }}", "is empty"),
        ("{{ a + b }}", "is neither a variable"),
        ("{{ a. }}", "is neither a variable"),
        ("{{ .a }}", "is neither a variable"),
        ("{{ a[ }}", "is neither a variable"),
        ("{{ a..b }}", "is neither a variable"),
        ("{{ $randomNumbr(1, 2) }}", "did you mean \\$randomNumber"),
        ("{{ uuid() }}", "did you mean \\$randomNumber, \\$randomString, \\$template"),
        ("{{ $randomNumber(1,2,3) }}", "at most 2 arguments, not 3"),
        ("{{ $randomString(1,2) }}", "at most 1 argument, not 2"),
        ("{{ $randomString(-1) }}", "negative length"),
        ("{{ $randomNumber(1.5, 2) }}", "1.5 is neither"),
        ("{{ $template() }}", "takes 1 argument, not 0"),
        ("{{ $template(5) }}", "needs the name of a variable"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_compiled(template: str, message: str) -> None:
    for value in (template, {template: 1}, [{"a": template}]):
        with pytest.raises(TemplateError, match=message):
            compile_template(value)
        with pytest.raises(TemplateError, match=message):
            compile_json(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(TemplateError, match="contains itself"):
        compile_template(value)
    with pytest.raises(TemplateError, match="contains itself"):
        compile_json(value)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=True),
    st.text(st.characters(codec="utf-8", exclude_characters="{}")),
    st.sampled_from(
        ["{{ name }}", "{{ number }}", "<{{ user }}>", "{{ list[1] }}", '"{{ name }}\n{{ half }}', "{{nothing}}"]
    ),
)
keys = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=5),
    st.sampled_from(["{{ name }}", "k{{ number }}", "Ada", "k7", 1, "1"]),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


@given(values)
def test_json_is_the_same_as_encoding_what_the_template_gives(value: object) -> None:
    json = compile_json(value)
    rendered = render(value)
    assert json.render(VARIABLES, no_random) == orjson.dumps(rendered, option=orjson.OPT_NON_STR_KEYS)
    assert json.constant == compile_template(value).constant


@given(st.text(st.characters(codec="utf-8")))
def test_whatever_a_variable_holds_the_message_stays_json(text: str) -> None:
    message = compile_json({"a": "{{ x }}", "b": "<{{ x }}>", "{{ x }}": 1}).render({"x": text}, no_random)
    assert orjson.loads(message) == {"a": text, "b": f"<{text}>", text: 1}


def test_json_takes_maps_and_tuples_of_any_kind() -> None:
    frozen = MappingProxyType({"b": (1, "{{ x }}"), "c": MappingProxyType({})})
    json = compile_json({"a": frozen})
    assert json.render({"x": MappingProxyType({"y": 1})}, no_random) == b'{"a":{"b":[1,{"y":1}],"c":{}}}'


def test_a_value_that_json_cannot_carry_fails_the_user_and_a_constant_is_refused_beforehand() -> None:
    with pytest.raises(UserFailure, match="cannot be sent as JSON") as caught:
        compile_json({"a": "{{ x }}"}).render({"x": {1, 2}}, no_random)
    assert caught.value.kind == "not_json"
    with pytest.raises(UserFailure, match="cannot be sent as JSON"):
        compile_json("{{ x }}").render({"x": "\ud800"}, no_random)
    with pytest.raises(TemplateError, match="cannot be sent as JSON"):
        compile_json({"a": 2**70})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (-0.0, "0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (b"bytes", "bytes"),
        ({"a": {1: None}}, '{"a":{"1":null}}'),
        (("x", 1.5), '["x",1.5]'),
    ],
)
def test_texts_of_values_are_javascripts(value: object, text: str) -> None:
    assert text_of(value) == text


def test_a_template_says_what_it_is() -> None:
    template = compile_template("{{ name }}")
    assert isinstance(template, Template)
    assert not template.constant
    assert template.names == {"name"}
