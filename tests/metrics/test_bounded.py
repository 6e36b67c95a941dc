from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics.bounded import OTHER, BoundedNames, printable, printable_lines, safe_name

any_text = st.text(st.characters(), max_size=200)


@given(any_text)
def test_a_safe_name_fits_into_a_metric_name_and_into_json(text: str) -> None:
    name = safe_name(text)
    assert 1 <= len(name) <= 64
    assert name.isprintable()
    assert not set(name) & set(". \t\n")
    assert safe_name(name) == name
    orjson.dumps(name)


def test_a_readable_name_stays_as_it_is() -> None:
    assert safe_name("agent-message") == "agent-message"
    assert safe_name("grüße/2") == "grüße/2"
    assert safe_name("a.b c\n") == "a_b_c"
    assert safe_name("  ") == "unnamed"
    assert safe_name("\ud800x") == "_x"


@given(any_text, st.integers(1, 50))
def test_a_printable_line_keeps_to_its_length(text: str, length: int) -> None:
    line = printable(text, length)
    assert len(line) <= length
    assert line.isprintable()
    orjson.dumps(line)


@given(any_text, st.integers(30, 100))
def test_printable_lines_keep_to_their_length_and_to_their_ends(text: str, length: int) -> None:
    lines = printable_lines(text, length)
    assert len(lines) <= length
    assert lines.replace("\n", "").isprintable()
    orjson.dumps(lines)


def test_of_many_lines_the_first_and_the_last_are_kept_whole() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    kept = printable_lines(text, 100).split("\n")
    assert kept[:2] == ["line 0", "line 1"]
    assert kept[-2:] == ["line 98", "line 99"]
    assert kept.count("[...]") == 1
    assert set(kept) - {"[...]"} <= set(text.split("\n"))
    assert printable_lines("a\r\n\tb\x00 \n\n", 100) == "a\n b"


def test_the_hundredth_new_name_goes_to_other_and_the_old_ones_stay() -> None:
    bounded = BoundedNames(100)
    first = [bounded.admit(f"name{n}") for n in range(99)]
    assert first == [f"name{n}" for n in range(99)]
    assert bounded.admit("name99") == OTHER
    assert bounded.admit("name100") == OTHER
    assert bounded.admit("name5") == "name5"
    assert bounded.admit("name99") == OTHER


def test_memory_stays_bounded_however_many_texts_come() -> None:
    bounded = BoundedNames(10)
    for n in range(1000):
        bounded.admit(" " * n + "same")
        bounded.admit(f"different{n}")
    assert len(bounded._admitted) <= 40
    assert bounded.admit(" " * 999 + "same") == "same"
