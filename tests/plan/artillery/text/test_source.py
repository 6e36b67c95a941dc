"""Text to nodes: every value keeps its line, and a bad file is told in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import ScriptError
from wavetank.plan.artillery.text import json_source, yaml_source
from wavetank.plan.artillery.text.source import read_source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),  # YAML 1.1 would have it true
        ("off", "off"),
        ("true", True),
        ("12:30", "12:30"),  # and this 750
        ("2024-01-31", "2024-01-31"),
        ("1e3", 1000),
        ("5.0", 5),  # JavaScript has one kind of number
        ("0.5", 0.5),
        ("0x1F", 31),
        ("007", 7),
        ("~", None),
        ("", None),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ('"\\ud83d\\ude00"', "😀"),
        ("1_000", "1_000"),
    ],
)
def test_a_yaml_scalar_is_what_its_author_sees(text: str, value: object) -> None:
    tree = yaml_source.read(f"a: {text}\n", "f")
    assert tree.plain() == {"a": value}
    assert type(tree.plain()["a"]) is type(value)  # type: ignore[index]  # it was compared with a map


def test_every_value_and_key_knows_its_line() -> None:
    tree = yaml_source.read("a: 1\nb:\n  - x\n  - c: |\n      text\n    d: [1,\n      2]\n", "f")
    assert tree.map is not None
    assert tree.keys["b"].line == 2
    rows = tree.map["b"].items
    assert rows is not None
    assert [row.where.line for row in rows] == [3, 4]
    assert rows[1].keys["d"].line == 6
    inner = rows[1].map
    assert inner is not None
    assert inner["d"].items is not None
    assert [element.where.line for element in inner["d"].items] == [6, 7]


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    text = "x: &base {a: 1, b: 2}\ny: {<<: *base, b: 3}\nz: {<<: [{a: 4}, *base]}\nl: *base\n"
    assert yaml_source.read(text, "f").plain() == {
        "x": {"a": 1, "b": 2},
        "y": {"a": 1, "b": 3},
        "z": {"a": 4, "b": 2},
        "l": {"a": 1, "b": 2},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: the key 'a' is given twice, first in line 1"),
        ("a:\n\t- b\n", "f:2: this is not valid YAML: a tab stands where YAML wants spaces (indent with spaces)"),
        ("a: [1\nb: 2\n", "f:2: this is not valid YAML: expected ',' or ']'"),
        ("a: > 99\n", "f:1: this is not valid YAML: expected a comment or a line break, but found '9' (put quotes"),
        ("a: 1\n---\nb: 2\n", "f:2: this is not valid YAML"),
        ("a: *nobody\n", "f:1: this is not valid YAML: found undefined alias"),
        ("a: &a [1, *a]\n", "f:1: an alias stands inside the very value that it repeats"),
        ("a: !!python/name:os.system x\n", "f:1: the tag !!python/name:os.system has no meaning"),
        ("a: {{ x }}\n", "f:1: a list or a map cannot be a key (put quotes around a text with {{ … }})"),
        ("a: \x07\n", "f:1: there is a character that YAML does not allow"),
        ("a: 1\nb: '\\x'\nc: \"\\q\"\n", "f:3: this is not valid YAML"),
        ('a: "\\ud800"\n', "f:1: this text has half a surrogate pair in it"),
        ("[" * 5000, "f: the script is nested too deeply"),
        ("[" * 120 + "]" * 120, "f:1: the script is nested more than 100 levels deep"),
        ("a: !!int x\n", "f:1: 'x' is not a value of the kind !!int"),
        ("a: " + "9" * 5000, "f:1: '9999"),
        ("<<: 5\n", "f:1: '<<' takes a map or a list of maps, not the number 5"),
        ("# nothing\n", "f: the file is empty"),
    ],
)
def test_a_mistake_in_yaml_is_told_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        yaml_source.read(text, "f")
    assert str(caught.value).startswith(problem)


def test_aliases_that_stand_for_more_values_than_memory_holds_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ScriptError, match="more than 1,000,000 values"):
        yaml_source.read("\n".join(lines), "f")


def test_two_duplicate_keys_are_told_at_once() -> None:
    with pytest.raises(ScriptError) as caught:
        yaml_source.read("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f")
    assert [problem.where.line for problem in caught.value.problems] == [2, 3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1,\n "a": 2}', "f:2: the key 'a' is given twice, first in line 1"),
        ('{"a":\n}', "f:2: this is not valid JSON: Expecting value"),
        ("[NaN]", "f: this is not valid JSON: NaN is no JSON number"),
        ("[" * 100_000, "f: the script is nested more than 100 levels deep"),
        ("[" * 200 + "]" * 200, "f:1: the script is nested more than 100 levels deep"),
        ('{"a": "\\ud800"}', "f:1: this text has half a surrogate pair"),
        ('{"\\ud800": 1}', "f:1: this key has half a surrogate pair"),
        ("{} {}", "f:1: this is not valid JSON: Extra data"),
    ],
)
def test_a_mistake_in_json_is_told_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        json_source.read(text, "f")
    assert str(caught.value).startswith(problem)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_python_reads_it(value: Any, indent: int | str | None) -> None:
    assert json_source.read(json.dumps(value, indent=indent), "f").plain() == value


def test_json_knows_the_line_of_keys_and_values() -> None:
    tree = json_source.read('{\n\t"a": [\n1, {"b":\n 2}]}', "f")
    assert tree.keys["a"].line == 2
    assert tree.map is not None
    rows = tree.map["a"].items
    assert rows is not None
    assert [row.where.line for row in rows] == [3, 3]
    assert rows[1].map is not None
    assert rows[1].map["b"].where.line == 4


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    def problem(name: str) -> str:
        with pytest.raises(ScriptError) as caught:
            read_source(tmp_path / name)
        return caught.value.problems[0].message

    (tmp_path / "directory.yml").mkdir()
    (tmp_path / "latin.yml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    (tmp_path / "empty.yml").write_text(" \n", encoding="utf-8")
    assert problem("missing.yml") == "there is no such file"
    assert problem("directory.yml") == "this is a directory, not a script"
    assert problem("latin.yml") == "the file is not text in UTF-8"
    assert problem("empty.yml") == "the file is empty"
    assert problem("script.py").startswith("the file name does not end in .yml")
    assert problem("script.ts").startswith("the file name does not end in .yml")


def test_a_byte_order_mark_is_no_part_of_the_script(tmp_path: Path) -> None:
    path = tmp_path / "s.YAML"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_source(path).plain() == {"a": 1, "b": 2}
